//! What a stranger with a database can do to sealed messages: nothing, in either suite.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should stop; its lengths are small"
)]

mod international {
    const SUITE: Suite = Suite::International;
    include!("cases.rs");
}

mod shangmi {
    const SUITE: Suite = Suite::Shangmi;
    include!("cases.rs");
}
