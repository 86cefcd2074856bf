//! Servers that tests need, started and stopped by them. Never one that runs on the machine already.
//!
//! A server lives as long as the test process: a guard process waits for the end of a pipe that this process holds, so the
//! server goes and its folder is removed however the tests end.

mod guard;
mod pgbouncer;
mod postgres;
mod s3_faults;
mod seaweed;

pub use pgbouncer::Pgbouncer;
pub use postgres::Postgres;
pub use s3_faults::{Fault, S3Faults};
pub use seaweed::Seaweed;
