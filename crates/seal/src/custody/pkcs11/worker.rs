//! One thread for all calls into a module.
//!
//! A module is foreign code that may wait for a network or a card for ever, and nothing can interrupt a call into it. So
//! the calls are made by a thread of their own, and whoever asks waits for a bounded time only.

use crate::SealError;
use crate::custody::Trouble;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// The thread, and how long it is waited for.
pub(super) struct Worker<S> {
    who: &'static str,
    patience: Duration,
    jobs: Sender<Job<S>>,
}

impl<S: 'static> Worker<S> {
    /// Starts the thread; `make` runs in it. It ends by itself when the worker is dropped.
    pub(super) fn start(
        who: &'static str,
        patience: Duration,
        make: impl FnOnce() -> S + Send + 'static,
    ) -> Result<Self, SealError> {
        let (jobs, queue) = mpsc::channel::<Job<S>>();
        let run = move || {
            let mut state = make();
            for job in queue {
                job(&mut state);
            }
        };
        let started = thread::Builder::new().name("custodian".to_owned()).spawn(run);
        started.map_err(|error| SealError::Custodian { who, trouble: Trouble::Unreachable(error.to_string()) })?;
        Ok(Self { who, patience, jobs })
    }

    /// Has the thread do something. What was given up before it began never happens; what had begun may.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut S) -> Result<T, SealError> + Send + 'static,
    ) -> Result<T, SealError> {
        let trouble = |trouble| SealError::Custodian { who: self.who, trouble };
        let gone = || trouble(Trouble::Unreachable("its thread ended; start the program again".to_owned()));
        let phase = Arc::new(AtomicU8::new(WAITING));
        let step = |from: &AtomicU8, to| from.compare_exchange(WAITING, to, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        let (answer, answered) = mpsc::sync_channel(1);
        let theirs = Arc::clone(&phase);
        let boxed: Job<S> = Box::new(move |state| {
            if step(&theirs, BEGUN) {
                // Nobody listening any more is no trouble of this thread.
                drop(answer.send(job(state)));
            }
        });
        self.jobs.send(boxed).map_err(|_| gone())?;
        match answered.recv_timeout(self.patience) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
            Err(RecvTimeoutError::Timeout) => {
                step(&phase, GIVEN_UP);
                Err(trouble(Trouble::Silent(self.patience.as_secs())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent<T>(answer: &Result<T, SealError>) -> bool {
        matches!(answer, Err(SealError::Custodian { trouble: Trouble::Silent(_), .. }))
    }

    #[test]
    fn whoever_asks_a_module_that_hangs_gets_an_error_and_later_asks_are_answered_again() {
        let worker = Worker::start("module", Duration::from_millis(50), Vec::new).unwrap();
        let (release, hold) = mpsc::channel::<()>();
        let hangs = worker.ask(move |seen: &mut Vec<&str>| {
            seen.push("hung");
            hold.recv().map_err(|_| SealError::Random)
        });
        assert!(silent(&hangs));
        // Queued behind what hangs, given up before it began: never done.
        let given_up = worker.ask(|seen| {
            seen.push("given up");
            Ok(())
        });
        assert!(silent(&given_up));
        release.send(()).unwrap();
        let patient = Worker { patience: Duration::from_mins(1), ..worker };
        assert_eq!(patient.ask(|seen| Ok(seen.clone())).unwrap(), ["hung"]);
    }

    #[test]
    fn a_thread_that_ended_is_an_error() {
        let worker = Worker::start("module", Duration::from_mins(1), || ()).unwrap();
        let died = worker.ask(|()| -> Result<(), SealError> { panic!("as a faulty module might") });
        assert!(matches!(died, Err(SealError::Custodian { trouble: Trouble::Unreachable(_), .. })));
        assert!(worker.ask(|()| Ok(())).is_err());
    }
}
