//! Several stores over one database: what they hear of each other, what a change rests on, who lives, who does what.

use std::time::{Duration, Instant};

use tacebo_store::{
    BucketRow, Category, Change, CommitError, DocumentWrite, KeyDrop, NodeAt, PostgresAt, Rests, Store, StoreError,
    SubjectNo, Touched,
};

use crate::{
    harness::{Home, PART, SERVER, World, change, document, entry, id, key, of},
    postgres::{founded, open},
};

fn of_person(kind: &str, no: u64, version: u64, subject: u64) -> Change {
    of(vec![DocumentWrite { subject: Some(SubjectNo(subject)), ..document(kind, no, version) }])
}

async fn pair() -> (PostgresAt, Store, Store) {
    let (at, a) = founded().await;
    let b = open(&at).unwrap();
    (at, a, b)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_hears_what_others_changed_and_nothing_of_its_own_nor_of_the_log() {
    let (_, a, b) = pair().await;
    assert!(a.is_shared());
    a.commit(Change { entries: vec![entry(1)], ..change() }).await.unwrap();
    let begin = b.news(PART, 0).unwrap();
    assert_eq!((begin.seq, begin.head, begin.heard.len(), begin.behind), (0, 0, 0, false));
    let bucket = BucketRow { bucket: 9, epoch: 1, wrapped: b"w".to_vec() };
    let one = Change {
        keys: vec![key(5, 1, 1)],
        meta: vec![("name".to_owned(), b"v".to_vec())],
        buckets: vec![bucket],
        entries: vec![entry(2)],
        touches: vec![SubjectNo(77)],
        ..of_person("A", 1, 1, 5)
    };
    a.commit(one).await.unwrap();
    let heard = b.news(PART, 0).unwrap();
    let told = Touched {
        subjects: [5, 2, 77].map(SubjectNo).into(),
        names: [id(1).0].into(),
        keyed: [SubjectNo(5).bucket()].into(),
        buckets: [9].into(),
        meta: ["name".to_owned()].into(),
        ..Touched::default()
    };
    assert_eq!((heard.seq, heard.head, heard.heard), (1, 1, vec![(1, told)]));
    let own = a.news(PART, 0).unwrap();
    assert_eq!((own.seq, own.heard.len(), own.behind), (1, 0, false));
    let gone = KeyDrop { subject: SubjectNo(5), category: None };
    a.commit(Change { drop_keys: vec![gone], ..change() }).await.unwrap();
    let heard = b.news(PART, 1).unwrap().heard;
    assert!(heard[0].1.replaced && heard[0].1.destroyed.contains(&SubjectNo(5)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_that_is_too_old_to_be_told_is_told_to_be_missing() {
    let (at, a, b) = pair().await;
    for n in 0..4 {
        a.commit(of(vec![document("A", n, 1)])).await.unwrap();
    }
    assert_eq!(b.news(PART, 1).unwrap().heard.len(), 3);
    SERVER.run(&at.database, "UPDATE news SET at = at - interval '1 hour' WHERE seq <= 2");
    // A node sweeps once a minute, with a change of its own: this one has not done so yet.
    b.commit(of(vec![document("B", 1, 1)])).await.unwrap();
    assert_eq!(SERVER.run(&at.database, "SELECT min(seq) FROM news"), "3");
    assert!(b.news(PART, 1).unwrap().behind && b.news(PART, 0).unwrap().behind);
    let next = b.news(PART, 2).unwrap();
    assert_eq!((next.behind, next.heard.len(), next.seq), (false, 2, 5));
    SERVER.run(&at.database, "DELETE FROM news");
    assert!(b.news(PART, 4).unwrap().behind && !b.news(PART, 5).unwrap().behind);
    // Who is so far behind rests on nothing that he knows.
    let late = Change { rests: Some(Rests { seen: 4, ..Rests::default() }), ..of(vec![document("C", 1, 1)]) };
    assert_eq!(b.commit(late).await.unwrap_err(), CommitError::Overtaken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_fails_alone_where_another_node_touched_what_it_rests_on_and_only_there() {
    let (_, a, b) = pair().await;
    let rests = |seen, on| Some(Rests { seen, on });
    let seen = b.news(PART, 0).unwrap().seq;
    let subject = |n: u64| SubjectNo(n);
    // What the other node does; what this one rests on; whether that is overtaken.
    let drop_of = |n| vec![KeyDrop { subject: subject(n), category: Some(Category(1)) }];
    let bucket = |n: u16| vec![BucketRow { bucket: n, epoch: 1, wrapped: b"w".to_vec() }];
    let named = |name: &str| vec![(name.to_owned(), b"v".to_vec())];
    let on = |subjects: &[u64], metas: &[&str]| Touched {
        subjects: subjects.iter().copied().map(SubjectNo).collect(),
        meta: metas.iter().map(|name| (*name).to_owned()).collect(),
        ..Touched::default()
    };
    let entry_of = |n: u64| {
        let mut one = entry(n);
        one.subject = Some(subject(n));
        Change { entries: vec![one], ..change() }
    };
    let mut seen = seen;
    let mut no = 100;
    for (name, theirs, mine, overtaken) in [
        ("another person's document", of_person("A", 1, 1, 1), of_person("B", 1, 1, 2), false),
        ("a document of the same person", of_person("A", 2, 1, 1), of_person("B", 2, 1, 1), false),
        ("a destruction of that person", Change { drop_keys: drop_of(1), ..change() }, of_person("B", 3, 1, 1), true),
        ("a destruction of another", Change { drop_keys: drop_of(2), ..change() }, of_person("B", 4, 1, 1), false),
        ("an entry about a destroyed person", Change { drop_keys: drop_of(1), ..change() }, entry_of(1), true),
        ("an entry about another", Change { drop_keys: drop_of(1), ..change() }, entry_of(2), false),
        (
            "a key into a bucket that was re-keyed",
            Change { buckets: bucket(subject(3).bucket()), ..change() },
            Change { keys: vec![key(3, 1, 1)], ..change() },
            true,
        ),
        (
            "a key into another bucket",
            Change { buckets: bucket(subject(3).bucket() ^ 1), ..change() },
            Change { keys: vec![key(3, 1, 1)], ..change() },
            false,
        ),
        (
            "a bucket that gained a key",
            Change { keys: vec![key(4, 1, 1)], ..change() },
            Change { drop_keys: drop_of(4), ..change() },
            true,
        ),
        (
            "the same named value",
            Change { meta: named("x"), ..change() },
            Change { meta: named("x"), ..change() },
            true,
        ),
        (
            "another named value",
            Change { meta: named("x"), ..change() },
            Change { meta: named("y"), ..change() },
            false,
        ),
        (
            "a value that is only read",
            Change { meta: named("x"), ..change() },
            Change { rests: rests(0, on(&[], &["x"])), ..of(vec![document("D", 1, 1)]) },
            true,
        ),
        (
            "anything about a person",
            of_person("A", 5, 1, 6),
            Change { rests: rests(0, on(&[6], &[])), ..of(vec![document("D", 2, 1)]) },
            true,
        ),
    ] {
        a.commit(theirs).await.unwrap();
        let on = mine.rests.clone().map_or_else(Touched::default, |rests| rests.on);
        let mine = Change { rests: rests(seen, on), ..mine };
        no += 1;
        // Beside it in one group, one that rests on nothing.
        let free = of(vec![document("F", no, 1)]);
        let (done, beside) = tokio::join!(b.commit(mine.clone()), b.commit(free));
        beside.unwrap();
        assert_eq!(matches!(done, Err(CommitError::Overtaken)), overtaken, "{name}: {done:?}");
        // Who has followed is not overtaken any more.
        seen = b.news(PART, seen).unwrap().seq;
        if overtaken {
            let rests = mine.rests.clone().map(|rests| Rests { seen, ..rests });
            b.commit(Change { rests, ..mine }).await.unwrap();
            seen = b.news(PART, seen).unwrap().seq;
        }
    }
}

fn named(at: &PostgresAt, name: &str, term: Duration, alone: bool) -> PostgresAt {
    PostgresAt { node: Some(NodeAt { name: name.to_owned(), term, alone }), ..at.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_to_be_alone_is_alone_and_a_crashed_one_is_followed() {
    let (at, store) = founded().await;
    drop(store);
    let term = Duration::from_millis(1500);
    let first = open(&named(&at, "ward-1, process 1", term, true)).unwrap();
    for alone in [true, false] {
        let refused = open(&named(&at, "ward-2", term, alone)).unwrap_err();
        assert!(matches!(&refused, StoreError::NotAlone(holder) if holder == "ward-1, process 1"), "{refused}");
    }
    first.commit(Change { entries: vec![entry(1)], ..change() }).await.unwrap();
    // One that ends in order leaves nothing to wait for.
    drop(first);
    let begin = Instant::now();
    let both = [0, 1].map(|_| open(&named(&at, "ward-2", term, false)).unwrap());
    assert!(begin.elapsed() < Duration::from_mins(1));
    assert!(matches!(open(&named(&at, "tool", term, true)), Err(StoreError::NotAlone(name)) if name == "ward-2"));
    drop(both);
    // One that crashed is waited for until its term is over.
    SERVER.run(&at.database, "INSERT INTO node SELECT 0, 1000, now(), clock_timestamp(), 7, 0, '\\x01', 'crashed'");
    let begin = Instant::now();
    let tool = open(&named(&at, "tool", term, true)).unwrap();
    assert!(begin.elapsed() > Duration::from_millis(500));
    assert_eq!(tool.nodes(PART).unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_known_while_they_live_and_waited_for_until_they_have_followed() {
    let (at, store) = founded().await;
    drop(store);
    let term = Duration::from_millis(1200);
    let a = open(&named(&at, "a", term, false)).unwrap();
    let b = open(&named(&at, "b", term, false)).unwrap();
    let names: Vec<_> = a.nodes(PART).unwrap().into_iter().map(|node| (node.name, node.own, node.lives)).collect();
    assert_eq!(names, [("a".to_owned(), true, true), ("b".to_owned(), false, true)]);
    a.commit(of(vec![document("A", 1, 1)])).await.unwrap();
    let seq = a.news(PART, 0).unwrap().seq;
    let sum = a.acknowledged(PART, seq).unwrap();
    assert_eq!((sum.by, sum.waiting, sum.silent), (1, 1, 0));
    b.acknowledge(seq);
    let begin = Instant::now();
    while a.acknowledged(PART, seq).unwrap().waiting > 0 {
        assert!(begin.elapsed() < Duration::from_mins(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(a.acknowledged(PART, seq).unwrap().by, 2);
    // One that ends in order is known no more.
    drop(b);
    assert_eq!(a.nodes(PART).unwrap().len(), 1);
    assert!(!a.is_cut_off());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_one_node_s_until_it_is_given_back_or_its_term_is_over_and_fences_its_changes() {
    let (at, a, b) = pair().await;
    let long = Duration::from_mins(10);
    assert!(a.claim(PART, "work", long).unwrap() && a.claim(PART, "work", long).unwrap());
    assert!(!b.claim(PART, "work", long).unwrap() && b.claim(PART, "other", long).unwrap());
    let under = |n| Change { claim: Some("work"), ..of(vec![document("A", n, 1)]) };
    assert_eq!(b.commit(under(1)).await.unwrap_err(), CommitError::NotClaimed);
    a.commit(under(1)).await.unwrap();
    // Its term is over: it may not go on, even before somebody else has begun.
    SERVER.run(&at.database, "UPDATE claim SET until = clock_timestamp() - interval '1 second' WHERE name = 'work'");
    assert_eq!(a.commit(under(2)).await.unwrap_err(), CommitError::NotClaimed);
    assert!(b.claim(PART, "work", long).unwrap());
    assert_eq!(a.commit(under(2)).await.unwrap_err(), CommitError::NotClaimed);
    b.commit(under(2)).await.unwrap();
    b.release(PART, "work").unwrap();
    assert!(a.claim(PART, "work", long).unwrap());
}

#[tokio::test]
async fn over_a_folder_there_is_nobody_else() {
    let home = Home::folder();
    let store = World::default().store(&home).await;
    store.commit(of(vec![document("A", 1, 1)])).await.unwrap();
    assert!(!store.is_shared() && !store.is_cut_off());
    assert!(store.news(PART, 0).unwrap().heard.is_empty() && store.nodes(PART).unwrap().is_empty());
    assert!(store.claim(PART, "work", Duration::ZERO).unwrap());
    let rests = Some(Rests { seen: 0, on: Touched { everything: true, ..Touched::default() } });
    store.commit(Change { rests, claim: Some("work"), ..of(vec![document("A", 2, 1)]) }).await.unwrap();
}
