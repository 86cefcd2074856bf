//! The one path, driven from outside with a small language of its own, in either suite.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a step that fails fails the test")]

mod international {
    const SUITE: Suite = Suite::International;
    include!("cases.rs");
    include!("blobs.rs");
    include!("point.rs");
}

mod shangmi {
    const SUITE: Suite = Suite::Shangmi;
    include!("cases.rs");
    include!("blobs.rs");
    include!("point.rs");
}
