use tacebo_identity::{IdentityError, Settings};

use crate::fixture::*;

#[tokio::test]
async fn two_steps_make_a_session_and_one_entry() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let before = house.entries().await.len();
    let first = house.password("ＤrＷang", PASSWORD, "10.0.0.1").await.unwrap();
    let code = doctor.factor.as_ref().unwrap().code_at(house.now()).unwrap();
    let done = house.identity.second_step(&first.ticket, BROWSER, &code, None, &from("10.0.0.1")).await.unwrap();
    assert_eq!(done.authenticated.who.account, doctor.account.id);
    assert_eq!(done.authenticated.who.roles, doctor.account.roles);
    assert!(!done.authenticated.must_change.any());
    assert_eq!(house.session(&done).unwrap().who, done.authenticated.who);
    let entries = house.entries().await;
    assert_eq!(entries.len(), before + 1);
    let entry = entries.last().unwrap();
    assert_eq!((entry.get("detail"), entry.get("outcome")), ("logged-in", "done"));
    assert_eq!(entry.get("actor"), doctor.account.id);
    assert_eq!(entry.actor, doctor.account.number);
    assert_eq!(entry.get("address"), "10.0.0.1");
}

#[tokio::test]
async fn whatever_is_wrong_sounds_the_same_and_costs_the_same() {
    let house = House::new().await;
    let (doctor, admin) = house.people().await;
    house
        .identity
        .set_state(&crate::fixture::house(), &admin.account.id, tacebo_identity::AccountState::Disabled)
        .await
        .unwrap()
        .into_parts();
    let long = "x".repeat(5_000);
    let tries = [
        ("drwang", "wrong password"),
        ("nobody", PASSWORD),
        ("not a name!", PASSWORD),
        ("", ""),
        ("drwang", long.as_str()),
        ("anquan", secret(&admin)),
        (long.as_str(), PASSWORD),
    ];
    let before = house.entries().await.len();
    let work = house.identity.password_work();
    for (login, password) in tries {
        let error = house.password(login, password, "10.0.0.1").await.unwrap_err();
        assert!(matches!(error, IdentityError::LogInFailed), "{login:.10}: {error}");
        assert_eq!(error.key(), "identity-log-in-failed");
    }
    assert_eq!(house.identity.password_work(), work + 7, "one password hash for each try, known name or not");
    let entries = house.entries().await;
    assert_eq!(entries.len(), before + 7, "one entry for each try");
    for entry in &entries[before..] {
        assert!(entry.get("detail").starts_with("log-in-failed"));
        for (_, text) in entry.fields.as_ref().unwrap() {
            assert!(!text.contains("nobody") && !text.contains("wrong password"), "{text}");
        }
    }
    assert_eq!(entries[before].get("actor"), doctor.account.id);
    assert_eq!(entries[before + 1].get("actor"), "house");
}

#[tokio::test]
async fn a_code_is_good_once_and_one_step_early_or_late() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let factor = doctor.factor.clone().unwrap();
    let enter = async |shift: i64| {
        let first = house.password("drwang", PASSWORD, "10.0.0.1").await.unwrap();
        let code = factor.code_at(house.now() + shift * SECOND).unwrap();
        house.identity.second_step(&first.ticket, BROWSER, &code, None, &from("10.0.0.1")).await
    };
    assert!(matches!(enter(-60).await, Err(IdentityError::CodeWrong)));
    assert!(enter(-30).await.is_ok());
    assert!(matches!(enter(-30).await, Err(IdentityError::CodeWrong)), "used already");
    assert!(enter(30).await.is_ok());
    assert!(matches!(enter(0).await, Err(IdentityError::CodeWrong)), "older than the last one used");
    assert!(matches!(enter(60).await, Err(IdentityError::CodeWrong)));
    let words = house.words_since(2).await;
    assert_eq!(
        words,
        [
            "log-in-failed code",
            "logged-in",
            "log-in-failed code-used-twice",
            "logged-in",
            "log-in-failed code-used-twice",
            "log-in-failed code"
        ]
    );
}

#[tokio::test]
async fn a_used_code_stays_used_over_a_restart() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    house.log_in(&doctor).await;
    let house = house.restart();
    let first = house.password("drwang", PASSWORD, "10.0.0.1").await.unwrap();
    let code = doctor.factor.unwrap().code_at(house.now()).unwrap();
    let again = house.identity.second_step(&first.ticket, BROWSER, &code, None, &from("10.0.0.1")).await;
    assert!(matches!(again, Err(IdentityError::CodeWrong)));
}

#[tokio::test]
async fn the_first_step_is_good_in_its_browser_for_five_minutes_and_an_unused_one_is_told() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let factor = doctor.factor.unwrap();
    let first = house.password("drwang", PASSWORD, "10.0.0.1").await.unwrap();
    let code = factor.code_at(house.now()).unwrap();
    let step = async |browser: &str, code: &str| {
        house.identity.second_step(&first.ticket, browser, code, None, &from("10.0.0.1")).await
    };
    assert!(matches!(step("another browser", &code).await, Err(IdentityError::TicketGone)));
    house.pass(5 * MINUTE);
    let code = factor.code_at(house.now()).unwrap();
    assert!(matches!(step(BROWSER, &code).await, Err(IdentityError::TicketGone)));
    house.identity.tick().await.unwrap();
    house.identity.tick().await.unwrap();
    let words = house.words_since(2).await;
    assert_eq!(words, ["log-in-failed no-first-step", "log-in-failed no-first-step", "log-in-abandoned"]);
}

#[tokio::test]
async fn five_failures_lock_the_address_and_the_lock_grows_and_survives_a_restart() {
    let house = House::new().await;
    house.people().await;
    let fail = async |house: &House, times: usize| {
        for _ in 0..times {
            assert!(house.password("drwang", "wrong", "10.0.0.9").await.is_err());
        }
    };
    fail(&house, 5).await;
    assert!(house.password("drwang", PASSWORD, "10.0.0.9").await.is_err(), "locked");
    assert!(house.password("drwang", PASSWORD, "10.0.0.1").await.is_ok(), "the doctor at the own desk is not");
    let house = house.restart();
    assert!(house.password("drwang", PASSWORD, "10.0.0.9").await.is_err(), "locked over a restart");
    house.pass(15 * MINUTE);
    fail(&house, 5).await;
    house.pass(15 * MINUTE);
    assert!(house.password("drwang", PASSWORD, "10.0.0.9").await.is_err(), "twice as long");
    house.pass(15 * MINUTE);
    assert!(house.password("drwang", PASSWORD, "10.0.0.9").await.is_ok());
    let locks = house.words_since(2).await.iter().filter(|word| word.ends_with(" locked")).count();
    assert_eq!(locks, 2);
}

#[tokio::test]
async fn a_right_password_does_not_forgive_wrong_codes() {
    let house = House::new().await;
    house.people().await;
    let mut wrong = 0;
    let first = house.password("drwang", PASSWORD, "10.0.0.1").await.unwrap();
    loop {
        let done = house.identity.second_step(&first.ticket, BROWSER, "000000", None, &from("10.0.0.1")).await;
        wrong += 1;
        if matches!(done, Err(IdentityError::LogInFailed)) {
            break;
        }
        assert!(matches!(done, Err(IdentityError::CodeWrong)));
        // A new first step in between changes nothing.
        house.password("drwang", PASSWORD, "10.0.0.1").await.unwrap();
    }
    assert_eq!(wrong, 5);
    assert!(house.password("drwang", PASSWORD, "10.0.0.1").await.is_err());
}

#[tokio::test]
async fn many_addresses_lock_the_account_and_only_an_administrator_lifts_the_hard_stop() {
    let limits = Settings { fails_per_account: 6, hard_stop: 18, ..Settings::default() };
    let house = House::with(limits).await;
    let (doctor, _) = house.people().await;
    let locked = async || {
        let list = house.identity.list(&crate::fixture::house()).await.unwrap();
        let list = list.value().clone();
        list.into_iter().find(|line| line.account.login == "drwang").unwrap()
    };
    let mut n = 0;
    while locked().await.locked_until_us != Some(i64::MAX) {
        for _ in 0..6 {
            n += 1;
            assert!(house.password("drwang", "wrong", &format!("10.0.1.{n}")).await.is_err());
        }
        assert!(house.password("drwang", PASSWORD, "10.0.0.1").await.is_err());
        house.pass(24 * HOUR);
    }
    assert_eq!(n, 18);
    assert_eq!(locked().await.failures, 18);
    assert!(house.password("drwang", PASSWORD, "10.0.0.1").await.is_err(), "for good");
    house
        .identity
        .set_state(&crate::fixture::house(), &doctor.account.id, tacebo_identity::AccountState::Active)
        .await
        .unwrap()
        .into_parts();
    assert!(house.password("drwang", PASSWORD, "10.0.0.1").await.is_ok());
}

#[tokio::test]
async fn tries_at_the_same_moment_are_counted_like_tries_one_after_another() {
    let house = House::new().await;
    house.people().await;
    let tries: Vec<_> = (0..12)
        .map(|n| {
            let identity = house.identity.clone();
            let password = if n == 11 { PASSWORD } else { "wrong" };
            tokio::spawn(async move {
                identity.first_step("drwang", &password.to_owned().into(), BROWSER, &from("10.0.0.1")).await.is_ok()
            })
        })
        .collect();
    for one in tries {
        assert!(!one.await.unwrap());
    }
    let words = house.words_since(2).await;
    assert_eq!(words.len(), 12);
    assert_eq!(words.iter().filter(|word| word.starts_with("log-in-failed password")).count(), 5);
    assert_eq!(words.iter().filter(|word| *word == "log-in-failed too-many-tries").count(), 7);
}

#[tokio::test]
async fn acc_05_without_a_second_factor_log_in_is_refused() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let id = &doctor.account.id;
    house.identity.remove_factor(&crate::fixture::house(), id).await.unwrap().into_parts();
    assert!(matches!(house.password("drwang", PASSWORD, "10.0.0.1").await, Err(IdentityError::FactorMissing)));
    assert!(matches!(house.password("drwang", "wrong", "10.0.0.1").await, Err(IdentityError::LogInFailed)));
    let new = house.identity.reset_factor(&crate::fixture::house(), id).await.unwrap().into_parts().0;
    assert!(new.password.is_none());
    assert!(house.password("drwang", PASSWORD, "10.0.0.1").await.is_ok());
}
