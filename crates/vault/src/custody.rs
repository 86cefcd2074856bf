//! Whether the custodian of the root key is still there while the house is open, and for how long its keys may be used
//! when it is not.
//!
//! A custodian opens the house and is not needed again until the root is turned (or, where several nodes serve the
//! house, a node that was cut off takes up its keys). Taken away, it must not have opened it
//! for ever: it is asked over and over, and when it has not answered for the time that the institution set, the house is
//! to be closed and everything opened forgotten. Until then care goes on as before.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tacebo_policy::Action;
use tokio::time::Instant;

use crate::asker::Asker;
use crate::disclosed::VaultFault;
use crate::entry::{Class, Draft, Outcome, field};
use crate::root::{ROOT_KIND, asked};
use crate::vault::{Inner, Vault};

/// How often a custodian is asked, and how long its keys are used without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustodyTerms {
    /// Between two questions.
    pub every: Duration,
    /// From the last answer to the closing of the house.
    pub hold: Duration,
}

impl Default for CustodyTerms {
    /// Every minute, often enough that what happens to a custodian is in the log soon. A day: care goes on through the
    /// outage of a module or its network, and a module that was carried away opens nothing tomorrow.
    fn default() -> Self {
        Self { every: Duration::from_mins(1), hold: Duration::from_hours(24) }
    }
}

/// A custodian that does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodyTrouble {
    /// When it answered last, microseconds since the Unix epoch.
    pub answered_us: i64,
    /// When the house closes if it goes on like this, microseconds since the Unix epoch.
    pub closes_us: i64,
    /// What was wrong the last time.
    pub why: String,
}

/// Set while the custodian does not answer.
#[derive(Default)]
pub(crate) struct CustodyState(Mutex<Option<CustodyTrouble>>);

impl CustodyState {
    pub(crate) fn trouble(&self) -> Option<CustodyTrouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says what was so before.
    fn set(&self, now: Option<CustodyTrouble>) -> Option<CustodyTrouble> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

/// Tells when nothing of a closed house is in memory any more.
#[derive(Debug)]
pub struct Closing(Weak<Inner>);

impl Closing {
    /// Waits until the last user of the house has let go of it, `patience` at most. Whether that is so.
    pub async fn ended(self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while self.0.strong_count() > 0 {
            if Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }
}

impl Vault {
    /// To be asked for before the vault is dropped.
    pub fn closing(&self) -> Closing {
        Closing(Arc::downgrade(&self.0))
    }

    /// Asks the custodian over and over, until `stop` resolves (`false`) or it has not answered for the time given: then
    /// (`true`) the house is to be closed.
    pub async fn keep_asking_custodian(
        self,
        asker: Asker,
        terms: CustodyTerms,
        stop: impl Future<Output = ()>,
    ) -> bool {
        let mut stop = std::pin::pin!(stop);
        let (mut answered, mut answered_us) = (Instant::now(), self.now_us());
        loop {
            let left = terms.hold.saturating_sub(answered.elapsed());
            tokio::select! {
                () = &mut stop => return false,
                () = tokio::time::sleep(terms.every.min(left)) => {}
            }
            let began = Instant::now();
            match asked(&self.0.custodian, |custodian| custodian.answers()).await {
                Ok(()) => {
                    (answered, answered_us) = (began, self.now_us());
                    if self.0.custody.set(None).is_some() {
                        tracing::info!("the custodian of the root key answers again");
                        self.tell_custody(&asker, "the custodian of the root key answers again").await;
                    }
                }
                Err(fault) => {
                    let hold_us = i64::try_from(terms.hold.as_micros()).unwrap_or(i64::MAX);
                    let closes_us = answered_us.saturating_add(hold_us);
                    let trouble = CustodyTrouble { answered_us, closes_us, why: fault.to_string() };
                    if self.0.custody.set(Some(trouble)).is_none() {
                        tracing::error!(error = %fault, "the custodian of the root key does not answer");
                        self.tell_custody(&asker, "the custodian of the root key does not answer").await;
                    }
                    if answered.elapsed() >= terms.hold {
                        self.tell_custody(
                            &asker,
                            "the house closes: the custodian of the root key did not answer in time",
                        )
                        .await;
                        return true;
                    }
                }
            }
        }
    }

    /// Writes it into the log. That this fails is said in the program log and stops nothing: the house closes all the same.
    async fn tell_custody(&self, asker: &Asker, what: &str) {
        if let Err(error) = self.try_tell_custody(asker, what).await {
            tracing::error!(%error, "what became of the custodian could not be written into the log");
        }
    }

    async fn try_tell_custody(&self, asker: &Asker, what: &str) -> Result<(), VaultFault> {
        let leave = self.0.leave_for_house(asker, Action::Administer, ROOT_KIND).await?;
        let mut draft = Draft::new(asker, Action::Administer, Outcome::Done, Class::House).by(&leave);
        draft.put(field::DETAIL, what.to_owned());
        self.0.log(&[draft]).await?;
        Ok(())
    }
}
