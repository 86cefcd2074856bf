//! Break-glass: one patient, one actor, a reason, an end, a review (`design.md` §5).

use serde::{Deserialize, Serialize};
use tacebo_policy::{Action, Ages, Ticket};
use uuid::Uuid;

use crate::asker::Asker;
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::entry::Outcome;
use crate::meant::Meant;
use crate::records::{Keep, Record, RecordKind};
use crate::speech::PatientId;
use crate::vault::Vault;
use crate::write::Expect;

/// A declared emergency.
#[derive(Clone, Serialize, Deserialize)]
pub struct Emergency {
    /// The ticket's id.
    pub id: String,
    /// Account that declared it.
    pub account: String,
    /// Name of the person, for the review.
    pub name: String,
    /// Department, for the monthly rate.
    pub department: Option<String>,
    /// The patient's id.
    pub patient: String,
    /// The patient as the asker named him: by id, or by a number.
    pub named: String,
    /// Reason code from the list.
    pub reason: String,
    /// Reason in words.
    pub words: String,
    /// Start, microseconds since the Unix epoch.
    pub from_us: i64,
    /// End, microseconds since the Unix epoch.
    pub until_us: i64,
    /// When the review is due, microseconds since the Unix epoch.
    pub review_by_us: i64,
}

impl std::fmt::Debug for Emergency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emergency").field("id", &self.id).field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// What policy's data say of emergencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmergencyTerms {
    /// Longest time of one ticket.
    pub minutes: u32,
    /// Hours until the review is due.
    pub review_hours: u32,
}

/// A running emergency, as its own declarer is reminded of it.
#[derive(Clone)]
pub struct Running {
    /// The ticket's id.
    pub id: String,
    /// The patient as he named him.
    pub named: String,
    /// End, microseconds since the Unix epoch.
    pub until_us: i64,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Vault {
    /// How long an emergency may last, and when its review is due.
    pub fn emergency_terms(&self) -> EmergencyTerms {
        let windows = self.0.engine.windows();
        EmergencyTerms {
            minutes: u32::try_from(windows.ticket_limit().as_mins()).unwrap_or(0),
            review_hours: u32::try_from(windows.review_within().as_hours()).unwrap_or(0),
        }
    }

    /// Ages that decide who acts for a patient.
    pub fn ages(&self) -> Ages {
        self.0.engine.windows().ages()
    }

    /// Declares an emergency for one patient. The answer is the same whether or not
    /// the patient exists.
    ///
    /// # Errors
    /// [`Refused`]: the role may not declare, or the reason or time is missing.
    pub async fn declare_emergency(
        &self,
        asker: &Asker,
        patient: &Meant,
        reason: &str,
        words: &str,
        minutes: u32,
    ) -> Result<Disclosed<Emergency>, Refused> {
        let terms = self.emergency_terms();
        if reason.is_empty() || words.trim().is_empty() || minutes == 0 || minutes > terms.minutes {
            let why = format!("an emergency needs a reason in words and 1 to {} minutes", terms.minutes);
            return Err(Refused::new(Denial::Invalid(why), Vec::new()));
        }
        let from_us = self.now_us();
        let emergency = Emergency {
            id: Uuid::now_v7().to_string(),
            account: asker.who.account.clone(),
            name: asker.who.display.clone(),
            department: asker.who.department.clone(),
            patient: patient.id().as_str().to_owned(),
            named: patient.named().to_owned(),
            reason: reason.to_owned(),
            words: words.trim().to_owned(),
            from_us,
            until_us: from_us + i64::from(minutes) * 60_000_000,
            review_by_us: from_us + i64::from(terms.review_hours) * 3_600_000_000,
        };
        let params = emergency.ticket()?;
        let keep = Keep {
            patient: Some(patient.clone()),
            terms: vec![(ACTOR.into(), emergency.account.clone())],
            expect: Expect::Absent,
            ..Keep::new(RecordKind::Ticket, &emergency.id, &emergency, Action::DeclareBreakGlass, "emergency-declared")
        };
        let kept = self.keep_with(asker, &keep, params).await?;
        Ok(kept.map(|_| emergency))
    }

    /// The asker's own emergencies that are running now, in his own words: told to nobody else, and
    /// no more of the person than he named himself.
    ///
    /// # Errors
    /// The store failed.
    pub fn running_emergencies(&self, asker: &Asker) -> Result<Vec<Running>, VaultFault> {
        let own = self.own_emergencies(asker)?.into_iter().map(|record| record.value);
        Ok(own.map(|one| Running { id: one.id, named: one.named, until_us: one.until_us }).collect())
    }

    /// Ends one of the asker's own running emergencies before its time. The review stays due.
    ///
    /// # Errors
    /// [`Refused`]: no such ticket of the asker's is running.
    pub async fn end_emergency(&self, asker: &Asker, id: &str) -> Result<Disclosed<Emergency>, Refused> {
        let found = self.own_emergencies(asker)?.into_iter().find(|record| record.id == id);
        let Some(record) = found else {
            let receipts = self.note(asker, Action::DeclareBreakGlass, Outcome::NotFound, "emergency-ended").await?;
            return Err(Refused::new(Denial::NotFound, receipts));
        };
        let emergency = Emergency { until_us: self.now_us(), ..record.value };
        let params = emergency.ticket()?;
        let patient = PatientId::new(emergency.patient.as_str());
        let keep = Keep {
            patient: Some(patient.into()),
            terms: vec![(ACTOR.into(), emergency.account.clone())],
            expect: Expect::Version(record.version),
            ..Keep::new(RecordKind::Ticket, id, &emergency, Action::DeclareBreakGlass, "emergency-ended")
        };
        let kept = self.keep_with(asker, &keep, params).await?;
        Ok(kept.map(|_| emergency))
    }

    pub(crate) fn own_emergencies(&self, asker: &Asker) -> Result<Vec<Record<Emergency>>, VaultFault> {
        self.0.follow()?;
        let now_us = self.now_us();
        let mut records: Vec<Record<Emergency>> =
            self.0.records_under(RecordKind::Ticket, ACTOR, &asker.who.account)?;
        records.retain(|record| record.value.account == asker.who.account && record.value.until_us > now_us);
        Ok(records)
    }
}

/// Term under which the tickets of one account are found.
const ACTOR: &str = "actor";

impl Emergency {
    /// The ticket as decisions read it.
    fn ticket(&self) -> Result<Vec<u8>, VaultFault> {
        let ticket = Ticket {
            id: self.id.clone(),
            account: self.account.clone(),
            reason: self.reason.clone(),
            from: at(self.from_us)?,
            until: at(self.until_us)?,
        };
        postcard::to_allocvec(&ticket).map_err(|_| VaultFault::Decode("break-glass ticket"))
    }
}

fn at(time_us: i64) -> Result<jiff::Timestamp, VaultFault> {
    jiff::Timestamp::from_microsecond(time_us).map_err(|_| VaultFault::Decode("the house's clock"))
}
