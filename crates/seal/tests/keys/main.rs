//! A realm's keys: unlocked, moved, destroyed, in either suite.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod international {
    const SUITE: Suite = Suite::International;
    include!("cases.rs");
}

mod shangmi {
    const SUITE: Suite = Suite::Shangmi;
    include!("cases.rs");
}
