use std::collections::BTreeSet;

use tacebo_identity::{ClientChange, ClientState, IdentityError, NewClient, TokenHolder};
use tacebo_vault::policy::{PersonKind, Purpose, Role};

use crate::fixture::*;

fn his() -> NewClient {
    NewClient {
        id: "demo-his".into(),
        name: "示例 HIS".into(),
        purposes: [Purpose::Treat, Purpose::Operations].into(),
        grants: ["TREAT.read".to_owned(), "TREAT.write".to_owned()].into(),
    }
}

#[tokio::test]
async fn a_client_gets_tokens_for_its_purposes_and_every_ask_has_its_entry() {
    let house = House::new().await;
    let me = crate::fixture::house();
    let client = house.identity.register_client(&me, &his()).await.unwrap().into_parts().0;
    let ask = async |id: &str, secret: &str, purposes: Option<BTreeSet<Purpose>>| {
        house.identity.client_token(id, &secret.to_owned().into(), purposes, &from("10.0.0.5")).await
    };
    let secret = client.secret.expose();
    let token = ask("demo-his", secret, Some([Purpose::Treat].into())).await.unwrap();
    let known = house.identity.token(token.token.expose()).unwrap().unwrap();
    assert_eq!((known.who.kind, known.who.roles.clone()), (PersonKind::Client, [Role::Client].into()));
    assert_eq!(known.who.grants, his().grants);
    assert!(known.may_declare(Purpose::Treat) && !known.may_declare(Purpose::Operations));
    assert!(matches!(ask("demo-his", "wrong", None).await, Err(IdentityError::ClientRefused)));
    assert!(matches!(ask("nobody", secret, None).await, Err(IdentityError::ClientRefused)));
    let more = ask("demo-his", secret, Some([Purpose::Research].into())).await;
    assert!(matches!(more, Err(IdentityError::PurposeNotAllowed(Purpose::Research))));
    let words = house.words_since(0).await;
    assert_eq!(
        words,
        ["client-registered", "token-issued", "client-refused", "client-refused unknown", "client-refused purpose"]
    );
    house.pass(300 * SECOND);
    assert!(house.identity.token(token.token.expose()).unwrap().is_none());
}

#[tokio::test]
async fn a_client_s_tokens_end_with_its_registration_its_secret_or_one_by_one() {
    let house = House::new().await;
    let me = crate::fixture::house();
    let client = house.identity.register_client(&me, &his()).await.unwrap().into_parts().0;
    let holder = TokenHolder::Client("demo-his".into());
    let issue = async || house.identity.issue_token(&me, &holder, 24 * HOUR, "night job", None).await.unwrap();
    let good = |token: &tacebo_identity::Issued| house.identity.token(token.token.expose()).unwrap().is_some();

    let (one, two) = (issue().await, issue().await);
    assert!(good(&one) && good(&two));
    let told = house.identity.introspect(one.token.expose()).unwrap().unwrap();
    assert_eq!((told.holder, told.expires_us), (holder.clone(), one.expires_us));
    house.identity.revoke(one.token.expose(), &from("10.0.0.5")).await.unwrap();
    assert!(!good(&one) && good(&two));
    assert!(house.identity.introspect(one.token.expose()).unwrap().is_none());
    house.identity.revoke("tct_unknown", &from("10.0.0.5")).await.unwrap();

    let change = ClientChange { grants: Some(BTreeSet::new()), ..ClientChange::default() };
    drop(house.identity.update_client(&me, "demo-his", &change).await.unwrap());
    assert!(!good(&two));
    let three = issue().await;
    let renewed = house.identity.rotate_client_secret(&me, "demo-his").await.unwrap().into_parts().0;
    assert!(!good(&three));
    let ask = async |secret: &tacebo_identity::Secret| {
        house.identity.client_token("demo-his", secret, None, &from("10.0.0.5")).await
    };
    assert!(ask(&client.secret).await.is_err());
    let four = ask(&renewed.secret).await.unwrap();
    let off = ClientChange { state: Some(ClientState::Disabled), ..ClientChange::default() };
    drop(house.identity.update_client(&me, "demo-his", &off).await.unwrap());
    assert!(!good(&four));
    assert!(matches!(ask(&renewed.secret).await, Err(IdentityError::ClientRefused)));
    let dead = house.identity.issue_token(&me, &holder, HOUR, "", None).await;
    assert!(matches!(dead, Err(IdentityError::NotActive)));
}

#[tokio::test]
async fn a_token_survives_a_restart() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let me = crate::fixture::house();
    drop(house.identity.register_client(&me, &his()).await.unwrap());
    let both = [TokenHolder::Client("demo-his".into()), TokenHolder::Account(doctor.account.id.clone())];
    let mut tokens = Vec::new();
    for holder in &both {
        tokens.push(house.identity.issue_token(&me, holder, 24 * HOUR, "demo", None).await.unwrap());
    }
    let house = house.restart();
    house.pass(23 * HOUR);
    for token in &tokens {
        assert!(house.identity.token(token.token.expose()).unwrap().is_some());
    }
    house.pass(HOUR);
    for token in &tokens {
        assert!(house.identity.token(token.token.expose()).unwrap().is_none());
    }
}

#[tokio::test]
async fn an_administrator_makes_no_token_that_speaks_for_somebody_else() {
    let house = House::new().await;
    let (doctor, admin) = house.people().await;
    let session = house.log_in(&admin).await;
    let asker = house.session(&session).unwrap().asker(Purpose::SystemAdmin, from("10.0.0.1")).unwrap();
    let holder = TokenHolder::Account(doctor.account.id);
    assert!(house.identity.issue_token(&asker, &holder, HOUR, "", None).await.is_err());
    let entries = house.entries().await;
    let last = entries.last().unwrap();
    assert_eq!((last.get("detail"), last.get("outcome")), ("token-for-another-person", "refused"));
}

#[tokio::test]
async fn client_ids_have_one_form_and_one_owner() {
    let house = House::new().await;
    let me = crate::fixture::house();
    drop(house.identity.register_client(&me, &his()).await.unwrap());
    assert!(matches!(house.identity.register_client(&me, &his()).await, Err(IdentityError::NameTaken)));
    for wrong in ["", "ab", "Demo", "a b c", "a/../b", &"x".repeat(33)] {
        let new = NewClient { id: wrong.to_owned(), ..his() };
        assert!(matches!(house.identity.register_client(&me, &new).await, Err(IdentityError::NameForm)), "{wrong}");
    }
    assert_eq!(house.identity.clients(&me).await.unwrap().value().len(), 1);
}
