//! A person is destroyed at one node: the others answer as for nobody at once, and have forgotten before it is final.

use std::time::{Duration, Instant};

use serde_json::Value;
use tacebo_identity::Handed;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Denial, Refused, ShredAsk, ShredStage, ShredTarget, Vault};

use super::wire::Wire;
use super::{Node, Place, TERM, gateway, of, people, staff, until, whom};

/// Asks for the destruction of a person at a node and approves it there.
async fn approve(node: &Node, people: &[Handed], id: &str) -> String {
    let terms = node.app.governance().library().shred_terms();
    let ask = ShredAsk {
        whom: whom(id),
        target: ShredTarget::Person,
        ground: "registered-in-error".into(),
        reason: "a slip".into(),
        reference: "1".into(),
        name: "x".into(),
    };
    let officer = |login| staff(of(people, login), Purpose::Compliance);
    let id = node.vault.ask_shredding(&officer("ye.qinglan"), ask, &terms).await.unwrap().into_parts().0;
    let _ = node.vault.answer_shredding(&officer("he.shuang"), &id, true, "y", &terms).await.unwrap();
    id
}

async fn stage(node: &Node, people: &[Handed], id: &str) -> ShredStage {
    let terms = node.app.governance().library().shred_terms();
    let officer = staff(of(people, "ye.qinglan"), Purpose::Compliance);
    node.vault.shredding(&officer, id, &terms).await.unwrap().value().shredding.stage
}

/// The statement of a certificate.
async fn certificate(vault: &Vault, people: &[Handed], id: &str) -> Value {
    let officer = staff(of(people, "ye.qinglan"), Purpose::Compliance);
    let file = vault.certificate(&officer, id).await.unwrap().into_parts().0;
    let file: Value = serde_json::from_str(&file).unwrap();
    serde_json::from_str(file["statement"].as_str().unwrap()).unwrap()
}

fn words(refused: &Refused) -> String {
    refused.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ret_04_whoever_is_destroyed_at_one_node_is_nobody_at_the_others_and_forgotten_by_them_before_it_is_final() {
    let (place, a) = Place::new().await;
    let b = place.node("b");
    let people = people(&a).await;
    a.take_in("p1").await;
    let numbers = place.numbers();
    a.take_in("p2").await;
    for id in ["o-p1", "o-p2"] {
        b.get(&gateway(), "Observation", id).await.unwrap();
    }
    let held = |node: &Node| numbers.iter().any(|no| node.vault.holds_keys_of(*no));
    assert!(held(&b), "nothing was remembered");
    let id = approve(&a, &people, "p1").await;
    a.app.carry_out_destructions().await.unwrap();
    // Before anything else is done: the very next answer.
    let gone = b.get(&gateway(), "Observation", "o-p1").await.unwrap_err();
    let never = b.get(&gateway(), "Observation", "o-zz").await.unwrap_err();
    assert_eq!(words(&gone), words(&never));
    assert!(!held(&b));
    assert_eq!(stage(&b, &people, &id).await, ShredStage::Pending);
    a.app.settle_keys().await.unwrap();
    assert_eq!(stage(&b, &people, &id).await, ShredStage::Final);
    assert!(!held(&a) && !held(&b));
    let said = certificate(&b.vault, &people, &id).await;
    assert_eq!((said["nodes"]["forgot"].as_u64(), said["nodes"]["silent"].as_u64()), (Some(2), Some(0)), "{said}");
    // Both go on, under the root of now.
    assert_eq!((a.vault.root_epoch().unwrap(), b.vault.root_epoch().unwrap()), (2, 2));
    for node in [&a, &b] {
        node.take_in("p3").await;
        node.get(&gateway(), "Observation", "o-p2").await.unwrap();
        node.get(&gateway(), "Observation", "o-p3").await.unwrap();
    }
    // The other one turns what the first has turned, and carries out what was approved at the first.
    let id = approve(&a, &people, "p2").await;
    b.app.settle_keys().await.unwrap();
    assert_eq!(stage(&a, &people, &id).await, ShredStage::Final);
    assert_eq!((a.vault.root_epoch().unwrap(), b.vault.root_epoch().unwrap()), (3, 3));
    a.get(&gateway(), "Observation", "o-p2").await.unwrap_err();
    a.get(&gateway(), "Observation", "o-p3").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ret_04_a_node_that_is_cut_off_is_waited_for_until_it_has_forgotten_by_itself_and_answers_nothing() {
    let (place, a) = Place::new().await;
    let wire = Wire::new();
    let vault = Vault::open_at(&place.at("b", Some(wire.port)), place.opening()).unwrap();
    let b = Node::of(vault);
    let people = people(&a).await;
    a.take_in("p1").await;
    let numbers = place.numbers();
    a.take_in("p2").await;
    b.get(&gateway(), "Observation", "o-p1").await.unwrap();
    assert!(b.vault.holds_ring() && numbers.iter().any(|no| b.vault.holds_keys_of(*no)));
    let id = approve(&a, &people, "p1").await;
    wire.cut();
    let begin = Instant::now();
    a.app.carry_out_destructions().await.unwrap();
    // It has not forgotten yet, and answers nothing all the same.
    let silent = b.get(&gateway(), "Observation", "o-p2").await.unwrap_err();
    assert!(matches!(silent.denial(), Denial::Unavailable(_)), "{silent}");
    a.app.settle_keys().await.unwrap();
    assert!(begin.elapsed() > TERM.saturating_sub(Duration::from_millis(500)), "{:?}", begin.elapsed());
    assert_eq!(stage(&a, &people, &id).await, ShredStage::Final);
    // By now it has forgotten everything by itself.
    assert!(!b.vault.holds_ring() && numbers.iter().all(|no| !b.vault.holds_keys_of(*no)));
    assert!(b.vault.ready().is_err());
    let said = certificate(&a.vault, &people, &id).await;
    assert_eq!((said["nodes"]["forgot"].as_u64(), said["nodes"]["silent"].as_u64()), (Some(1), Some(1)), "{said}");
    wire.mend();
    until("the node does not come back", || b.vault.ready().is_ok()).await;
    let gone = b.get(&gateway(), "Observation", "o-p1").await.unwrap_err();
    let never = b.get(&gateway(), "Observation", "o-zz").await.unwrap_err();
    assert_eq!(words(&gone), words(&never));
    b.get(&gateway(), "Observation", "o-p2").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ret_04_a_destruction_that_its_node_did_not_finish_is_finished_by_another() {
    let (place, a) = Place::new().await;
    let people = people(&a).await;
    a.take_in("p1").await;
    let id = approve(&a, &people, "p1").await;
    a.app.carry_out_destructions().await.unwrap();
    drop(a);
    let b = place.node("b");
    assert_eq!(stage(&b, &people, &id).await, ShredStage::Pending);
    b.app.settle_keys().await.unwrap();
    assert_eq!(stage(&b, &people, &id).await, ShredStage::Final);
}
