//! Rights, sessions and accounts over two nodes.

use tacebo_identity::{AccountState, IdentityError, Secret};
use tacebo_vault::policy::Purpose;

use super::{PASSWORD, Place, code, limit, log_in, of, origin, people, staff};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_written_on_one_node_binds_the_next_answer_on_every_node() {
    let (place, a) = Place::new().await;
    let b = place.node("b");
    let people = people(&a).await;
    a.take_in("p1").await;
    let doctor = staff(of(&people, "li.mingyuan"), Purpose::Treat);
    for node in [&a, &b] {
        node.get(&doctor, "Observation", "o-p1").await.unwrap();
    }
    for round in 0..40 {
        let (writes, on) = (if round % 3 == 0 { &a } else { &b }, round % 2 == 0);
        writes.put(limit("l1", "p1", on)).await.unwrap();
        // Both have answered before, and remember by which facts.
        for node in [&b, &a] {
            let answer = node.get(&doctor, "Observation", "o-p1").await;
            assert_eq!(answer.is_err(), on, "round {round}: {:?}", answer.err().map(|refused| refused.to_string()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_begins_at_one_node_and_ends_at_another_and_its_session_goes_on_at_both_until_it_ends_at_one() {
    let (place, a) = Place::new().await;
    let b = place.node("b");
    let people = people(&a).await;
    let li = of(&people, "li.mingyuan");
    let step = a.identity.first_step("li.mingyuan", &Secret::new(PASSWORD), "browser", &origin()).await.unwrap();
    // Only in the browser that began it.
    let other = b.identity.second_step(&step.ticket, "another", &code(li), None, &origin()).await;
    assert!(matches!(other, Err(IdentityError::TicketGone)));
    let logged = b.identity.second_step(&step.ticket, "browser", &code(li), None, &origin()).await.unwrap();
    for node in [&a, &b] {
        assert!(node.identity.session(logged.session.expose()).unwrap().is_some());
        // Used up, with its code, wherever it comes next.
        let again = node.identity.second_step(&step.ticket, "browser", &code(li), None, &origin()).await;
        assert!(matches!(again, Err(IdentityError::TicketGone | IdentityError::CodeWrong)), "{again:?}");
    }
    a.identity.log_out(logged.session.expose(), &origin()).await.unwrap();
    assert!(b.identity.session(logged.session.expose()).unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_code_at_two_nodes_at_once_one_session_comes() {
    let (place, a) = Place::new().await;
    let b = place.node("b");
    let people = people(&a).await;
    for login in ["li.mingyuan", "yuan.bowen", "ye.qinglan", "he.shuang", "dong.haoran"] {
        let who = of(&people, login);
        let first = |node: &super::Node| {
            let identity = node.identity.clone();
            async move { identity.first_step(login, &Secret::new(PASSWORD), "browser", &origin()).await.unwrap() }
        };
        let (one, two) = (first(&a).await, first(&b).await);
        let (code, origin) = (code(who), origin());
        let (x, y) = tokio::join!(
            a.identity.second_step(&one.ticket, "browser", &code, None, &origin),
            b.identity.second_step(&two.ticket, "browser", &code, None, &origin),
        );
        assert_eq!(u8::from(x.is_ok()) + u8::from(y.is_ok()), 1, "{x:?} {y:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_locked_or_changed_at_one_node_is_out_at_the_next_click_at_another() {
    let (place, a) = Place::new().await;
    let b = place.node("b");
    let people = people(&a).await;
    let admin = staff(of(&people, "yuan.bowen"), Purpose::SystemAdmin);
    let logged = log_in(&a, &b, of(&people, "li.mingyuan")).await;
    let id = &of(&people, "li.mingyuan").account.id;
    let open = |node: &super::Node| node.identity.session(logged.session.expose()).unwrap().is_some();
    assert!(open(&a) && open(&b));
    let _ = a.identity.set_state(&admin, id, AccountState::Locked).await.unwrap();
    assert!(!open(&b) && !open(&a));
    let _ = b.identity.set_state(&admin, id, AccountState::Active).await.unwrap();
    let step = a.identity.first_step("li.mingyuan", &Secret::new(PASSWORD), "browser", &origin()).await.unwrap();
    // The factor is taken away at the other node before the second step.
    let _ = b.identity.remove_factor(&admin, id).await.unwrap();
    let code = code(of(&people, "li.mingyuan"));
    let late = a.identity.second_step(&step.ticket, "browser", &code, None, &origin()).await;
    assert!(matches!(late, Err(IdentityError::TicketGone)), "{late:?}");
    // A name that was taken at one node is taken at the other.
    let new = tacebo_identity::NewAccount::staff("new.name", "x", "x", [tacebo_vault::policy::Role::Nurse]);
    let (x, y) = tokio::join!(a.identity.create(&admin, &new), b.identity.create(&admin, &new));
    assert_eq!(u8::from(x.is_ok()) + u8::from(y.is_ok()), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_own_secrets_are_set_at_whichever_node_the_next_page_comes_to() {
    let (place, a) = Place::new().await;
    let b = place.node("b");
    let people = people(&a).await;
    let admin = staff(of(&people, "yuan.bowen"), Purpose::SystemAdmin);
    let new = tacebo_identity::NewAccount {
        password: Some(Secret::new(PASSWORD)),
        ..tacebo_identity::NewAccount::staff("new.name", "x", "x", [tacebo_vault::policy::Role::Nurse])
    };
    let handed = a.identity.create(&admin, &new).await.unwrap().into_parts().0;
    let logged = log_in(&a, &b, &handed).await;
    assert!(logged.authenticated.must_change.any());
    let auth = a.identity.session(logged.session.expose()).unwrap().unwrap();
    let same = a.identity.change_password(&auth, None, &Secret::new(PASSWORD), &origin()).await;
    assert!(matches!(same, Err(IdentityError::Password(_))), "{same:?}");
    let logged =
        a.identity.change_password(&auth, None, &Secret::new("another long sentence"), &origin()).await.unwrap();
    let auth = b.identity.session(logged.session.expose()).unwrap().unwrap();
    let (offer, slip) = b.identity.offer_factor(&auth).unwrap();
    let at_a = a.identity.session(logged.session.expose()).unwrap().unwrap();
    assert_eq!(a.identity.offered_factor(&at_a, &slip).unwrap().unwrap().secret.expose(), offer.secret.expose());
    let now = jiff::Timestamp::now().as_microsecond();
    let done = a.identity.adopt_factor(&at_a, None, &slip, &offer.code_at(now).unwrap(), &origin()).await.unwrap();
    assert!(!done.authenticated.must_change.any());
    // With nothing due any more, the session stands for the password no longer.
    let auth = b.identity.session(done.session.expose()).unwrap().unwrap();
    let refused = b.identity.change_password(&auth, None, &Secret::new("yet another sentence"), &origin()).await;
    assert!(matches!(refused, Err(IdentityError::OldPassword)), "{refused:?}");
}
