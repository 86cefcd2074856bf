//! The one path: ask, decide, open, veil, log, disclose; and commit.
