use tacebo_identity::{AccountChange, AccountState, IdentityError, NewAccount, PasswordProblem};
use tacebo_vault::Denial;
use tacebo_vault::policy::{Assurance, Purpose, Role};

use crate::fixture::*;

fn roles(roles: &[Role]) -> AccountChange {
    AccountChange { roles: Some(roles.iter().copied().collect()), ..Default::default() }
}

#[tokio::test]
async fn the_first_accounts_are_made_once() {
    let house = House::new().await;
    assert!(!house.identity.is_set_up().unwrap());
    let (doctor, admin) = house.people().await;
    assert!(house.identity.is_set_up().unwrap());
    assert_ne!(doctor.account.number, admin.account.number);
    assert!(doctor.account.number > 0 && doctor.account.number < 1 << 63);
    let again = house.identity.bootstrap(&[crate::fixture::doctor()]).await;
    assert!(matches!(again, Err(IdentityError::AlreadySetUp)));
    assert_eq!(house.words_since(0).await, ["account-created", "account-created"]);
}

#[tokio::test]
async fn a_login_name_is_one_person_s_even_when_two_ask_at_once() {
    let house = House::new().await;
    house.people().await;
    let me = crate::fixture::house();
    let again = NewAccount::staff("ＤＲＷＡＮＧ", "n", "d", [Role::Nurse]);
    assert!(matches!(house.identity.create(&me, &again).await, Err(IdentityError::NameTaken)));
    let new = NewAccount::staff("hushi", "n", "d", [Role::Nurse]);
    let (one, two) = tokio::join!(house.identity.create(&me, &new), house.identity.create(&me, &new));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    let id = one.or(two).unwrap().into_parts().0.account.id;
    let rename = |to: &str| AccountChange { login: Some(to.to_owned()), ..Default::default() };
    let taken = house.identity.update(&me, &id, None, &rename("drwang")).await;
    assert!(matches!(taken, Err(IdentityError::NameTaken)));
    drop(house.identity.update(&me, &id, None, &rename("hushi2")).await.unwrap());
    drop(house.identity.create(&me, &new).await.unwrap());
}

#[tokio::test]
async fn acc_14_two_of_the_three_administrators_are_refused_and_the_attempt_is_in_the_log() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let me = crate::fixture::house();
    let both = NewAccount::staff("both", "n", "d", [Role::SystemAdmin, Role::AuditAdmin]);
    assert!(matches!(house.identity.create(&me, &both).await, Err(IdentityError::RolesConflict(..))));
    let change = roles(&[Role::SecurityAdmin, Role::AuditAdmin]);
    let tried = house.identity.update(&me, &doctor.account.id, None, &change).await;
    assert!(matches!(tried, Err(IdentityError::RolesConflict(..))));

    // The same person under two account names.
    let one = NewAccount {
        practitioner: Some("Practitioner/x".into()),
        ..NewAccount::staff("one", "n", "d", [Role::SystemAdmin])
    };
    let two = NewAccount {
        practitioner: Some("Practitioner/x".into()),
        ..NewAccount::staff("two", "n", "d", [Role::AuditAdmin])
    };
    drop(house.identity.create(&me, &one).await.unwrap());
    assert!(matches!(house.identity.create(&me, &two).await, Err(IdentityError::RolesConflict(..))));
    let entries = house.entries().await;
    let attempts: Vec<_> = entries.iter().filter(|entry| entry.get("detail") == "three-administrators").collect();
    assert_eq!(attempts.len(), 3);
    assert!(attempts.iter().all(|entry| entry.get("outcome") == "refused"));
}

#[tokio::test]
async fn one_member_of_staff_has_one_account_in_use() {
    let house = House::new().await;
    drop(house.people().await);
    let me = crate::fixture::house();
    let of = |login: &str| NewAccount {
        practitioner: Some("Practitioner/x".into()),
        ..NewAccount::staff(login, "n", "d", [Role::Nurse])
    };
    let first = house.identity.create(&me, &of("first")).await.unwrap().into_parts().0.account.id;
    assert!(matches!(house.identity.create(&me, &of("second")).await, Err(IdentityError::PractitionerTaken)));
    // Who has left makes room, and comes back only when there is room.
    drop(house.identity.set_state(&me, &first, AccountState::Disabled).await.unwrap());
    let second = house.identity.create(&me, &of("second")).await.unwrap().into_parts().0.account.id;
    let back = house.identity.set_state(&me, &first, AccountState::Active).await;
    assert!(matches!(back, Err(IdentityError::PractitionerTaken)));
    let other = AccountChange { practitioner: Some(Some("Practitioner/p1".into())), ..Default::default() };
    let taken = house.identity.update(&me, &second, None, &other).await;
    assert!(matches!(taken, Err(IdentityError::PractitionerTaken)), "the doctor's own");
}

#[tokio::test]
async fn nobody_administers_himself_and_policy_says_who_administers() {
    let house = House::new().await;
    let (doctor, admin) = house.people().await;
    let session = house.log_in(&admin).await;
    let auth = house.session(&session).unwrap();
    let asker = auth.asker(Purpose::SystemAdmin, from("10.0.0.1")).unwrap();
    let own = house.identity.update(&asker, &admin.account.id, None, &roles(&[Role::Auditor])).await;
    assert!(matches!(own, Err(IdentityError::OwnAccount)));
    assert!(matches!(house.identity.reset_factor(&asker, &admin.account.id).await, Err(IdentityError::OwnAccount)));

    let doctor_session = house.log_in(&doctor).await;
    let wrong = house.session(&doctor_session).unwrap().asker(Purpose::SystemAdmin, from("10.0.0.1")).unwrap();
    let before = house.entries().await.len();
    match house.identity.reset_password(&wrong, &admin.account.id).await {
        Err(IdentityError::Refused(refused)) => assert!(matches!(refused.denial(), Denial::Forbidden(_))),
        _ => panic!("a doctor administers accounts"),
    }
    let entries = house.entries().await;
    assert_eq!(entries.len(), before + 1);
    assert_eq!(entries[before].get("outcome"), "refused");
    assert!(house.session(&session).is_some(), "nothing was changed");
}

#[tokio::test]
async fn acc_04_the_security_administrator_creates_changes_and_lists_accounts() {
    let house = House::new().await;
    let (_, admin) = house.people().await;
    let session = house.log_in(&admin).await;
    let asker = house.session(&session).unwrap().asker(Purpose::SystemAdmin, from("10.0.0.1")).unwrap();
    let new = NewAccount::staff("hushi", "n", "护士", [Role::Nurse]);
    let nurse = house.identity.create(&asker, &new).await.unwrap().into_parts().0;
    let seen = nurse.account.changed_us;
    house.pass(SECOND);
    let after = house.identity.update(&asker, &nurse.account.id, Some(seen), &roles(&[Role::Doctor])).await.unwrap();
    assert_eq!(after.value().roles, [Role::Doctor].into());
    let stale = house.identity.update(&asker, &nurse.account.id, Some(seen), &roles(&[Role::Nurse])).await;
    assert!(matches!(stale, Err(IdentityError::Changed)));
    let list = house.identity.list(&asker).await.unwrap();
    let logins: Vec<&str> = list.value().iter().map(|line| line.account.login.as_str()).collect();
    assert_eq!(logins, ["anquan", "drwang", "hushi"]);
    assert!(list.value().iter().all(|line| line.has_factor));
}

#[tokio::test]
async fn until_handed_out_secrets_are_changed_an_account_has_no_rights() {
    let house = House::new().await;
    let new =
        NewAccount { grants: ["genetic".to_owned()].into(), ..NewAccount::staff("hushi", "n", "d", [Role::Nurse]) };
    let nurse = house.identity.bootstrap(&[new]).await.unwrap().remove(0);
    let session = house.log_in(&nurse).await;
    let auth = house.session(&session).unwrap();
    assert!(auth.must_change.password && auth.must_change.factor);
    assert!(auth.who.roles.is_empty() && auth.who.grants.is_empty());
    assert_eq!(auth.who.assurance, Assurance::One);

    let origin = from("10.0.0.1");
    let old = nurse.password.clone().unwrap();
    let change = async |present: &str, new: &str| {
        house.identity.change_password(&auth, Some(&present.to_owned().into()), &new.to_owned().into(), &origin).await
    };
    let problem = |of: Result<_, IdentityError>| match of {
        Err(IdentityError::Password(problem)) => problem,
        _ => panic!("a bad password was taken"),
    };
    assert_eq!(problem(change(old.expose(), "short").await.map(drop)), PasswordProblem::Short);
    assert_eq!(problem(change(old.expose(), "woaini1314").await.map(drop)), PasswordProblem::Common);
    assert_eq!(problem(change(old.expose(), old.expose()).await.map(drop)), PasswordProblem::Same);
    assert!(matches!(change("wrong", "a green iron gate").await, Err(IdentityError::OldPassword)));
    let renewed = change(old.expose(), "a green iron gate").await.unwrap();
    assert!(house.session(&session).is_none(), "the id changed");
    let auth = house.session(&renewed).unwrap();
    assert!(!auth.must_change.password && auth.must_change.factor);
    assert!(auth.who.roles.is_empty());

    let (offer, slip) = house.identity.offer_factor(&auth).unwrap();
    let present = "a green iron gate".to_owned().into();
    let wrong = house.identity.adopt_factor(&auth, Some(&present), &slip, "000000", &origin).await;
    assert!(matches!(wrong, Err(IdentityError::CodeWrong)));
    let code = offer.code_at(house.now()).unwrap();
    let done = house.identity.adopt_factor(&auth, Some(&present), &slip, &code, &origin).await.unwrap();
    let auth = house.session(&done).unwrap();
    assert!(!auth.must_change.any());
    assert_eq!(auth.who.roles, [Role::Nurse].into());
    assert_eq!(auth.who.assurance, Assurance::Two);

    house.pass(MINUTE);
    assert!(house.password("hushi", old.expose(), "10.0.0.1").await.is_err());
    let first = house.password("hushi", "a green iron gate", "10.0.0.1").await.unwrap();
    let stale = nurse.factor.unwrap().code_at(house.now()).unwrap();
    assert!(house.identity.second_step(&first.ticket, BROWSER, &stale, None, &origin).await.is_err());
    let code = offer.code_at(house.now()).unwrap();
    assert!(house.identity.second_step(&first.ticket, BROWSER, &code, None, &origin).await.is_ok());
}

#[tokio::test]
async fn guessing_the_present_password_in_a_stolen_session_is_counted_too() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let auth = house.session(&house.log_in(&doctor).await).unwrap();
    let origin = from("10.0.0.66");
    let guess = async |present: &str| {
        let new = "a green iron gate".to_owned().into();
        house.identity.change_password(&auth, Some(&present.to_owned().into()), &new, &origin).await
    };
    for _ in 0..5 {
        assert!(matches!(guess("wrong guess").await, Err(IdentityError::OldPassword)));
    }
    assert!(matches!(guess(PASSWORD).await, Err(IdentityError::LogInFailed)));
}

#[tokio::test]
async fn a_reset_between_the_two_steps_ends_the_first() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let first = house.password("drwang", PASSWORD, "10.0.0.1").await.unwrap();
    drop(house.identity.reset_password(&crate::fixture::house(), &doctor.account.id).await.unwrap());
    let code = doctor.factor.unwrap().code_at(house.now()).unwrap();
    let done = house.identity.second_step(&first.ticket, BROWSER, &code, None, &from("10.0.0.1")).await;
    assert!(matches!(done, Err(IdentityError::TicketGone)));
}

#[tokio::test]
async fn a_patient_logs_in_with_both_factors_too() {
    let house = House::new().await;
    let new = NewAccount { must_change: false, ..NewAccount::patient("zhangsan@example.cn", "张三", "p-1") };
    let patient = house.identity.bootstrap(&[new]).await.unwrap().remove(0);
    let auth = house.session(&house.log_in(&patient).await).unwrap();
    assert_eq!(auth.who.patient.as_deref(), Some("p-1"));
    assert_eq!(auth.who.assurance, Assurance::Two);
    assert_eq!(auth.name, "张三");
}

#[tokio::test]
async fn a_person_confirms_again_by_password_or_by_a_code_that_was_not_used() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let session = house.log_in(&doctor).await;
    let auth = house.session(&session).unwrap();
    let again =
        async |given: &str| house.identity.confirm_again(&auth, &given.to_owned().into(), &from("10.0.0.1")).await;
    let code = || doctor.factor.as_ref().unwrap().code_at(house.now()).unwrap();
    let before = house.entries().await.len();
    assert!(matches!(again(&code()).await, Err(IdentityError::CodeWrong)), "the log-in used it");
    house.pass(30 * SECOND);
    again(&code()).await.unwrap();
    assert!(matches!(again(&code()).await, Err(IdentityError::CodeWrong)), "each is good once");
    again(PASSWORD).await.unwrap();
    assert!(matches!(again("another password").await, Err(IdentityError::OldPassword)));
    assert_eq!(
        house.words_since(before).await,
        [
            "log-in-failed code-used-twice",
            "confirmed-again code",
            "log-in-failed code-used-twice",
            "confirmed-again password",
            "log-in-failed present-password",
        ]
    );
    // The same code does not log in either.
    let first = house.password("drwang", PASSWORD, "10.0.0.1").await.unwrap();
    let second = house.identity.second_step(&first.ticket, BROWSER, &code(), None, &from("10.0.0.1")).await;
    assert!(matches!(second, Err(IdentityError::CodeWrong)));
    assert!(house.session(&session).is_some(), "the session went on");
}

#[tokio::test]
async fn guessing_at_a_confirmation_is_locked_like_a_log_in() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let auth = house.session(&house.log_in(&doctor).await).unwrap();
    let origin = from("10.0.0.66");
    for guess in ["000000", "wrong guess", "000 001", "111111", "wrong again"] {
        assert!(house.identity.confirm_again(&auth, &guess.to_owned().into(), &origin).await.is_err());
    }
    house.pass(30 * SECOND);
    let code = doctor.factor.as_ref().unwrap().code_at(house.now()).unwrap();
    for right in [PASSWORD, &code] {
        let shut = house.identity.confirm_again(&auth, &right.to_owned().into(), &origin).await;
        assert!(matches!(shut, Err(IdentityError::LogInFailed)));
    }
    assert!(house.password("drwang", PASSWORD, "10.0.0.66").await.is_err(), "one count for both");
}
