use tacebo_identity::{AccountChange, AccountState, BearerKind, IdentityError, Settings};
use tacebo_vault::policy::{Assurance, Purpose, Role};

use crate::fixture::*;

#[tokio::test]
async fn a_session_ends_when_idle_and_after_a_shift() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let idle = house.log_in(&doctor).await;
    house.pass(15 * MINUTE - 1);
    assert!(house.session(&idle).is_some());
    house.pass(15 * MINUTE - 1);
    assert!(house.session(&idle).is_some(), "use keeps it open");
    house.pass(15 * MINUTE);
    assert!(house.session(&idle).is_none());
    house.identity.tick().await.unwrap();

    let busy = house.log_in(&doctor).await;
    let opened = house.now();
    while house.now() - opened < 12 * HOUR - 10 * MINUTE {
        assert!(house.session(&busy).is_some());
        house.pass(10 * MINUTE);
    }
    assert!(house.session(&busy).is_some());
    house.pass(10 * MINUTE);
    assert!(house.session(&busy).is_none(), "twelve hours are the end");
    let words = house.words_since(2).await;
    assert_eq!(words, ["logged-in", "session-expired", "logged-in"]);
}

#[tokio::test]
async fn a_session_survives_a_restart_and_its_end_does_too() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let session = house.log_in(&doctor).await;
    house.pass(10 * MINUTE);
    assert!(house.session(&session).is_some());
    house.identity.flush().await.unwrap();
    let house = house.restart();
    house.pass(10 * MINUTE);
    assert!(house.session(&session).is_some(), "last use was kept");
    house.identity.log_out(session.session.expose(), &from("10.0.0.1")).await.unwrap();
    assert!(house.session(&session).is_none());
    house.identity.log_out(session.session.expose(), &from("10.0.0.1")).await.unwrap();
    let house = house.restart();
    assert!(house.session(&session).is_none());
    assert_eq!(house.words_since(2).await, ["logged-in", "session-seen", "logged-out"]);
}

#[tokio::test]
async fn the_id_changes_at_every_log_in_and_the_browser_s_old_session_ends() {
    let house = House::new().await;
    let (doctor, admin) = house.people().await;
    let old = house.log_in(&doctor).await;
    for who in [&doctor, &admin] {
        house.pass(30 * SECOND);
        let first = house.password(&who.account.login, secret(who), "10.0.0.1").await.unwrap();
        let code = who.factor.as_ref().unwrap().code_at(house.now()).unwrap();
        let previous = Some(old.session.expose());
        let new = house.identity.second_step(&first.ticket, BROWSER, &code, previous, &from("10.0.0.1")).await.unwrap();
        assert_ne!(new.session.expose(), old.session.expose());
        assert!(house.session(&new).is_some());
        assert!(house.session(&old).is_none());
    }
}

#[tokio::test]
async fn a_change_of_rights_ends_sessions_and_tokens_on_the_next_check() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let id = doctor.account.id.as_str();
    let roles = |roles: &[Role]| AccountChange { roles: Some(roles.iter().copied().collect()), ..Default::default() };
    let me = crate::fixture::house();
    for end in 0..5 {
        let session = house.log_in(&doctor).await;
        let auth = house.session(&session).unwrap();
        let token = house.identity.issue_own_token(&auth, HOUR, "script", None, &from("10.0.0.1")).await.unwrap();
        assert!(house.identity.token(token.token.expose()).unwrap().is_some());
        match end {
            0 => drop(house.identity.update(&me, id, None, &roles(&[Role::Nurse])).await.unwrap().into_parts()),
            1 => drop(house.identity.set_state(&me, id, AccountState::Locked).await.unwrap().into_parts()),
            2 => drop(house.identity.set_state(&me, id, AccountState::Disabled).await.unwrap().into_parts()),
            3 => drop(house.identity.end_sessions(&me, id).await.unwrap().into_parts()),
            _ => drop(house.identity.reset_factor(&me, id).await.unwrap().into_parts()),
        }
        assert!(house.session(&session).is_none(), "{end}");
        assert!(house.identity.token(token.token.expose()).unwrap().is_none(), "{end}");
        drop(house.identity.set_state(&me, id, AccountState::Active).await.unwrap().into_parts());
        assert!(house.session(&session).is_none(), "an unlocked account does not bring sessions back");
    }
}

#[tokio::test]
async fn a_new_department_is_in_force_on_the_next_request_of_the_same_session() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let session = house.log_in(&doctor).await;
    let change = AccountChange { department: Some(Some("Organization/d2".into())), ..Default::default() };
    drop(house.identity.update(&crate::fixture::house(), &doctor.account.id, None, &change).await.unwrap());
    assert_eq!(house.session(&session).unwrap().who.department.as_deref(), Some("Organization/d2"));
}

#[tokio::test]
async fn one_sees_and_ends_one_s_own_sessions() {
    let house = House::new().await;
    let (doctor, admin) = house.people().await;
    let (one, two, three) = (house.log_in(&doctor).await, house.log_in(&doctor).await, house.log_in(&doctor).await);
    let other = house.log_in(&admin).await;
    let auth = house.session(&three).unwrap();
    let lines = house.identity.own_open(&auth).unwrap();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].current && !lines[1].current && !lines[2].current);
    assert_eq!(lines[0].address.as_deref(), Some("10.0.0.1"));
    house.identity.end_own(&auth, Some(&lines[2].id), &from("10.0.0.1")).await.unwrap();
    assert!(house.session(&one).is_none());
    assert!(house.session(&two).is_some());
    let strange = house.identity.own_open(&house.session(&other).unwrap()).unwrap()[0].id.clone();
    let tried = house.identity.end_own(&auth, Some(&strange), &from("10.0.0.1")).await;
    assert!(matches!(tried, Err(IdentityError::Unknown)));
    house.identity.end_own(&auth, None, &from("10.0.0.1")).await.unwrap();
    assert!(house.session(&two).is_none());
    assert!(house.session(&three).is_some() && house.session(&other).is_some());
}

#[tokio::test]
async fn sessions_and_tokens_are_never_taken_for_each_other() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let session = house.log_in(&doctor).await;
    let auth = house.session(&session).unwrap();
    let only = Some([Purpose::Treat].into());
    let token = house.identity.issue_own_token(&auth, HOUR, "script", only, &from("10.0.0.1")).await.unwrap();
    assert!(house.identity.session(token.token.expose()).unwrap().is_none());
    assert!(house.identity.token(session.session.expose()).unwrap().is_none());
    let known = house.identity.token(token.token.expose()).unwrap().unwrap();
    assert_eq!((known.kind, known.assurance), (BearerKind::Token, Assurance::Two));
    assert!(known.asker_for("TREAT", from("10.0.0.1")).is_ok());
    assert!(matches!(known.asker_for("HOPERAT", from("10.0.0.1")), Err(IdentityError::PurposeNotAllowed(_))));
    for none in ["", "treat", "*"] {
        assert!(matches!(known.asker_for(none, from("10.0.0.1")), Err(IdentityError::PurposeUnknown)));
        assert!(matches!(auth.asker_for(none, from("10.0.0.1")), Err(IdentityError::PurposeUnknown)));
    }
    let more = house.identity.issue_own_token(&known, HOUR, "", None, &from("10.0.0.1")).await;
    assert!(matches!(more, Err(IdentityError::SessionNeeded)), "a token makes no tokens");
    let long = house.identity.issue_own_token(&auth, 13 * HOUR, "", None, &from("10.0.0.1")).await;
    assert!(matches!(long, Err(IdentityError::Lifetime)));
    house.pass(HOUR);
    assert!(house.identity.token(token.token.expose()).unwrap().is_none());
    for odd in ["", "x", &"y".repeat(10_000)] {
        assert!(house.identity.session(odd).unwrap().is_none());
        assert!(house.identity.token(odd).unwrap().is_none());
    }
}

#[tokio::test]
async fn the_oldest_session_gives_way_to_too_many() {
    let house = House::with(Settings { open_at_once: 4, ..Settings::default() }).await;
    let (doctor, _) = house.people().await;
    let first = house.log_in(&doctor).await;
    for _ in 0..house.identity.settings().open_at_once - 1 {
        house.log_in(&doctor).await;
        assert!(house.session(&first).is_some());
    }
    house.log_in(&doctor).await;
    assert!(house.session(&first).is_none());
}
