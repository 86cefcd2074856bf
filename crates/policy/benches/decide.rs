//! What a decision costs: remembered, and the first time.

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use tacebo_policy::{Action, Ask, Basis, Engine, Fact, PersonKind, Profile, Purpose, Role, What, Who};

#[expect(clippy::expect_used, reason = "a bench with broken rules measures nothing")]
fn decide(criterion: &mut Criterion) {
    let engine = Engine::load().expect("the shipped rules load");
    let who = Who {
        roles: BTreeSet::from([Role::Doctor]),
        practitioner: Some("Practitioner/d".into()),
        department: Some("Organization/heart".into()),
        ..Who::new(PersonKind::Staff, "d", 7, "主治医师")
    };
    let now = Timestamp::UNIX_EPOCH;
    let facts = (0..20)
        .map(|visit| Fact::Relation {
            with: if visit == 9 { "Practitioner/d" } else { "Practitioner/x" }.into(),
            evidence: format!("Encounter/{visit}"),
            basis: Basis::Encounter,
            from: Some(now),
            until: None,
            open: true,
        })
        .collect();
    let profile = Profile { patient: Some("p".into()), facts, tickets: Vec::new() };
    let whose = engine.whose(&profile, &who, Purpose::Treat, now);
    let what = What { kind: "Observation", labels: engine.labeller().of_kind("Observation") };
    let ask = Ask { who: &who, why: Purpose::Treat, how: Action::Read, what, whose: &whose };
    assert!(engine.decide(&ask).is_ok());
    criterion.bench_function("decide, remembered", |bench| bench.iter(|| engine.decide(black_box(&ask))));
    criterion.bench_function("decide, first time", |bench| bench.iter(|| engine.decide_anew(black_box(&ask))));
    criterion.bench_function("whose, 20 relations", |bench| {
        bench.iter(|| engine.whose(black_box(&profile), &who, Purpose::Treat, now));
    });
}

criterion_group!(benches, decide);
criterion_main!(benches);
