//! Both nodes write, read and search at once, while keys and terms change under them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tacebo_identity::Identity;
use tacebo_ledger::audit;
use tacebo_store::{AuditSource, PartNo};
use tacebo_vault::policy::{Purpose, Role};
use tacebo_vault::{Denial, Door, Refused};

use super::{Node, Place, gateway, observation, of, people, staff, whom};

/// Documents that are written again and again.
const DOCUMENTS: u64 = 12;

/// One document and the highest value that was acknowledged.
#[derive(Default)]
struct Known(Vec<AtomicU64>);

fn value(document: &tacebo_vault::Document) -> u64 {
    document.body.pointer("/valueQuantity/value").and_then(serde_json::Value::as_u64).unwrap()
}

/// What another node's destruction of a key at the same moment answers: ask again.
fn passing(refused: &Refused) -> bool {
    matches!(refused.denial(), Denial::Unavailable(_) | Denial::Raced)
}

/// Writes and reads one's own documents at either node in turns. Every read sees at least what was acknowledged before it
/// began, by whomever.
async fn hammer(nodes: Arc<[Node; 2]>, known: Arc<Known>, task: u64, stop: Arc<AtomicBool>) -> (u64, u64) {
    let (mut dice, mut refusals) = (task, 0);
    let mut done = 0;
    while !stop.load(Ordering::Relaxed) {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = dice >> 33;
        let node = &nodes[usize::from(random % 2 == 1)];
        let no = (random >> 1) % DOCUMENTS;
        let (id, of) = (format!("d-{no}"), format!("p{}", no % 3));
        let slot = &known.0[usize::try_from(no).unwrap()];
        // Each document has one writer, so that its values rise; everybody reads it.
        if random & 0x100 == 0 && no % 4 == task {
            let next = slot.load(Ordering::SeqCst) + 1;
            match node.put(observation(&id, &of, next)).await {
                Ok(_) => slot.store(next, Ordering::SeqCst),
                Err(refused) if passing(&refused) => {
                    refusals += 1;
                    continue;
                }
                Err(refused) => panic!("{refused}"),
            }
        } else if random & 0x600 == 0 {
            match found(node, &format!("p{}", no % 3)).await {
                Ok(found) => assert_eq!(found, 1, "p{} is not found", no % 3),
                Err(503) => refusals += 1,
                Err(status) => panic!("{status}"),
            }
        } else {
            let before = slot.load(Ordering::SeqCst);
            match node.get(&gateway(), "Observation", &id).await {
                Ok(found) => assert!(value(&found) >= before, "{id}: {} after {before}", value(&found)),
                Err(refused) if passing(&refused) => refusals += 1,
                Err(refused) => panic!("{id}: {refused}"),
            }
        }
        done += 1;
    }
    (done, refusals)
}

/// How many patients are found under a number: by blind terms, over everybody. Or the status of the refusal.
async fn found(node: &Node, id: &str) -> Result<u64, u16> {
    let query = format!("identifier=urn:mrn%7CM-{id}");
    let answer = node.app.fhir().search(&gateway(), "Patient", None, &query, false).await;
    let answer = answer.map_err(|failed| failed.status())?.into_parts().0;
    Ok(answer.body.unwrap().pointer("/total").and_then(serde_json::Value::as_u64).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_anywhere_is_seen_everywhere_while_roots_terms_and_keys_change() {
    let (place, a) = Place::new().await;
    let people = people(&a).await;
    for id in ["p0", "p1", "p2"] {
        a.take_in(id).await;
    }
    for no in 0..DOCUMENTS {
        a.put(observation(&format!("d-{no}"), &format!("p{}", no % 3), 0)).await.unwrap();
    }
    let b = place.node("b");
    let nodes = Arc::new([a, b]);
    let known = Arc::new(Known((0..DOCUMENTS).map(|_| AtomicU64::new(0)).collect()));
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..4)
        .map(|task| tokio::spawn(hammer(Arc::clone(&nodes), Arc::clone(&known), task, Arc::clone(&stop))))
        .collect();
    let house = Identity::house(Door::Job);
    let officer = staff(of(&people, "ye.qinglan"), Purpose::Compliance);
    assert!(of(&people, "ye.qinglan").account.roles.contains(&Role::PrivacyOfficer));
    let rounds = if crate::long() { 40 } else { 3 };
    let mut signed = Vec::new();
    for round in 0..rounds {
        let (one, other) = (&nodes[round % 2], &nodes[(round + 1) % 2]);
        one.vault.turn_root(&house).await.unwrap();
        other.vault.begin_term_epoch(&house).await.unwrap();
        one.vault.make_terms_anew(&house).await.unwrap();
        let _ = other.vault.renew_keys(&officer, &whom("p1")).await.unwrap();
        for node in nodes.iter() {
            node.vault.sign_now().await.unwrap();
            signed.push(node.vault.checkpoint().unwrap().unwrap());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let (mut done, mut refusals) = (0, 0);
    for task in tasks {
        let (of_task, refused) = task.await.unwrap();
        (done, refusals) = (done + of_task, refusals + refused);
    }
    assert!(done > 50 && refusals * 10 <= done, "{done} done, {refusals} refused");
    // Nothing is lost: everything opens at both nodes, with its last acknowledged value, and is found.
    for node in nodes.iter() {
        for (no, last) in known.0.iter().enumerate() {
            let document = node.get(&gateway(), "Observation", &format!("d-{no}")).await.unwrap();
            assert_eq!(value(&document), last.load(Ordering::SeqCst));
        }
    }
    assert_eq!(nodes[0].vault.term_state().unwrap().epoch, u32::try_from(rounds).unwrap() + 1);
    assert_eq!(nodes[1].vault.term_state().unwrap().progress, None);
    for (node, id) in nodes.iter().zip(["p0", "p1"]) {
        assert_eq!(found(node, id).await, Ok(1));
    }
    let fits = nodes[1].vault.compare(&house, Duration::ZERO).await.unwrap();
    assert_eq!(fits.unlike, None);
    // One tree: whatever either of them signed on the way is in it.
    for node in nodes.iter() {
        node.vault.sign_now().await.unwrap();
    }
    let part: i32 = place.sql("SELECT part FROM part_state").parse().unwrap();
    let source = AuditSource::open(&place.at("auditor", None), PartNo(part)).unwrap();
    let verifier = nodes[0].vault.log_vkey().unwrap().parse().unwrap();
    let older: Vec<&[u8]> = signed.iter().map(String::as_bytes).collect();
    let report = audit::audit(&source, &verifier, &older, &mut |_| {}).unwrap();
    assert_eq!(report.older, older.len());
    println!("{done} reads and writes on two nodes, {refusals} answered with `ask again`, {} entries", report.size);
}
