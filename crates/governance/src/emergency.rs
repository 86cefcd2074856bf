//! Break-glass reviews: each declared emergency is looked at within 24 hours (ACC-12).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tacebo_vault::policy::Action;
use tacebo_vault::{Emergency, Expect, Keep, Look, PatientId, RecordKind, Refused};

use crate::Governance;

/// What a reviewer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The emergency was one.
    Justified,
    /// It was not; to be followed up.
    Unjustified,
    /// More has to be asked.
    Unclear,
}

/// A review, kept beside its ticket under the patient's key.
#[derive(Clone, Serialize, Deserialize)]
pub struct Review {
    /// The ticket.
    pub ticket: String,
    /// Account of the reviewer.
    pub by: String,
    /// What was found.
    pub verdict: Verdict,
    /// In words.
    pub words: String,
    /// When, microseconds since the Unix epoch.
    pub at_us: i64,
}

impl std::fmt::Debug for Review {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Review").field("ticket", &self.ticket).field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

/// One emergency and its newest review.
#[derive(Debug, Clone)]
pub struct Case {
    /// The declaration.
    pub emergency: Emergency,
    /// The newest review, if any.
    pub review: Option<Review>,
}

impl Case {
    /// Whether somebody still has to look at it.
    pub fn is_open(&self) -> bool {
        self.review.as_ref().is_none_or(|review| review.verdict == Verdict::Unclear)
    }
}

impl Governance {
    /// All emergencies, those waiting longest first.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn emergencies(look: &mut Look<'_>) -> Result<Vec<Case>, Refused> {
        let tickets = look.records::<Emergency>(Action::Review, RecordKind::Ticket, None)?;
        let reviews = look.records::<Review>(Action::Review, RecordKind::Review, None)?;
        let mut newest: HashMap<String, Review> = HashMap::new();
        for review in reviews {
            let review = review.value;
            match newest.get(&review.ticket) {
                Some(seen) if seen.at_us >= review.at_us => {}
                _ => {
                    newest.insert(review.ticket.clone(), review);
                }
            }
        }
        let mut cases: Vec<Case> = tickets
            .into_iter()
            .map(|ticket| Case { review: newest.remove(&ticket.value.id), emergency: ticket.value })
            .collect();
        cases.sort_by_key(|case| (!case.is_open(), case.emergency.review_by_us));
        Ok(cases)
    }

    /// Records a review in the commit at the end of the ask.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn review(
        &self,
        look: &mut Look<'_>,
        emergency: &Emergency,
        verdict: Verdict,
        words: &str,
    ) -> Result<(), Refused> {
        let ticket = emergency.id.as_str();
        let review = Review {
            ticket: ticket.to_owned(),
            by: look.asker().who.account.clone(),
            verdict,
            words: words.trim().to_owned(),
            at_us: self.vault.now_us(),
        };
        let id = format!("{ticket}.{}", review.at_us);
        let patient = PatientId::new(emergency.patient.as_str());
        let keep = Keep {
            patient: Some(patient.into()),
            expect: Expect::Absent,
            ..Keep::new(RecordKind::Review, &id, &review, Action::Review, "emergency-reviewed")
        };
        look.keep(&keep)
    }
}
