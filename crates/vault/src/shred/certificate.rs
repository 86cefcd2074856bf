//! The certificate of a destruction: a statement, and the proof that the log holds its digest.
//!
//! It speaks of nobody but of who asked and who approved: what was destroyed it gives in kinds and numbers, and whom it
//! concerned the asker knows by the reference given.

use aws_lc_rs::digest;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tacebo_policy::Action;
use tacebo_store::{Change, CommitError, EntryQuery, Rests};

use super::{SHRED_KIND, ShredAct, ShredRoot, ShredStage, ShredTarget, Shredding};
use crate::asker::Asker;
use crate::decide::Leave;
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::entry::{Class, Draft, Outcome, field};
use crate::nodes::Forgotten;
use crate::root::{GoneRoot, OVERTAKEN};
use crate::vault::{Inner, Vault};

/// Format of the file.
pub const CERTIFICATE: &str = "tacebo-destruction-certificate/v1";
/// How long after it was written an entry is committed at the latest, microseconds.
const COMMITTED_WITHIN_US: i64 = 3_600_000_000;
/// Entries looked through for the one that certifies, where its place was not written down.
const LOOKED_THROUGH: usize = 5_000;

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    /// The statement, to the byte as its digest was taken.
    statement: String,
    /// C2SP tlog-proof of the entry that holds the digest.
    proof: String,
    /// Public key of the log, for those who have it from nowhere better.
    vkey: String,
}

/// What an entry's detail says that certifies a statement.
fn detail(id: &str, statement: &str) -> String {
    let digest = digest::digest(&digest::SHA256, statement.as_bytes());
    format!("destruction {id} certified, sha256 {}", hex::encode(digest))
}

/// Checks a certificate offline: the statement it makes, if the log whose key is given holds it.
///
/// # Errors
/// A sentence that says what is wrong with the file.
pub fn certified(file: &[u8], log: &tacebo_ledger::LogVerifier) -> Result<(Value, tacebo_ledger::Proved), String> {
    let file: File = serde_json::from_slice(file).map_err(|_| "this is no certificate of a destruction".to_owned())?;
    if file.format != CERTIFICATE {
        return Err("this is no certificate of a destruction that this program knows".into());
    }
    let statement: Value =
        serde_json::from_str(&file.statement).map_err(|_| "the statement cannot be read".to_owned())?;
    let proved = tacebo_ledger::Evidence::verify(file.proof.as_bytes(), log).map_err(|error| error.to_string())?;
    let id = statement.get("id").and_then(Value::as_str).unwrap_or_default();
    let wanted = detail(id, &file.statement);
    let says = |name: &str, value: &[u8]| {
        proved.disclosures.iter().any(|field| field.name() == name && field.value() == value)
    };
    if !says(field::DETAIL, wanted.as_bytes()) || !says(field::ACTION, Action::Administer.code().as_bytes()) {
        return Err("the entry that is proved certifies another statement".into());
    }
    Ok((statement, proved))
}

impl Vault {
    /// The certificate of a destruction, as a file (JSON).
    ///
    /// # Errors
    /// [`Refused`], recorded; not found as long as it is not final.
    pub async fn certificate(&self, asker: &Asker, id: &str) -> Result<Disclosed<String>, Refused> {
        self.sign_now().await?;
        let inner = &*self.0;
        let leave = inner.leave_for_house(asker, Action::Review, SHRED_KIND).await?;
        let Some(text) = inner.certificate(id, &leave)? else {
            let receipts = inner.log(&[Draft::new(asker, Action::Review, Outcome::NotFound, Class::Refusal)]).await?;
            return Err(Refused::new(Denial::NotFound, receipts));
        };
        let mut draft = Draft::new(asker, Action::Review, Outcome::Done, Class::Disclosure).by(&leave);
        draft.put(field::DETAIL, format!("certificate of destruction {id}"));
        let receipts = inner.log(&[draft]).await?;
        Ok(Disclosed::new(text, &[leave], receipts))
    }
}

impl Inner {
    /// Certifies, in the change that tells of these root keys' end, every destruction that waited for it.
    pub(crate) fn certify(
        &self,
        change: &mut Change,
        asker: &Asker,
        leave: &Leave,
        gone: &[GoneRoot],
        forgotten: Option<Forgotten>,
    ) -> Result<Vec<(String, usize)>, VaultFault> {
        let mut certified = Vec::new();
        let now_us = (self.clock)();
        for mut one in self.shreddings_kept()? {
            let Some(epoch) = one.done.as_ref().map(|done| done.epoch) else { continue };
            let Some(root) = gone.iter().find(|root| root.epoch == epoch) else { continue };
            if one.stage != ShredStage::Pending {
                continue;
            }
            one.stage = ShredStage::Final;
            one.root = Some(ShredRoot::of(root, now_us));
            one.nodes = forgotten;
            let statement = self.statement(&one)?;
            let mut draft = Draft::new(asker, Action::Administer, Outcome::Done, Class::House).by(leave);
            draft.put(field::DETAIL, detail(&one.id, &statement));
            one.statement = Some(statement);
            self.keep_shredding(change, &one)?;
            certified.push((one.id.clone(), change.entries.len()));
            change.entries.push(self.seal_entry(&draft, None)?);
        }
        Ok(certified)
    }

    /// Writes down which entry certifies: without it the entry is looked for.
    pub(crate) async fn remember_certified(&self, certified: Vec<(String, u64)>) -> Result<(), VaultFault> {
        if certified.is_empty() {
            return Ok(());
        }
        let _one = self.shredding.lock().await;
        for _ in 0..OVERTAKEN {
            let mut change = Change::new(self.part);
            change.rests = Some(Rests { seen: self.follow()?, ..Rests::default() });
            for (id, entry) in &certified {
                if let Some(mut one) = self.shredding_kept(id)? {
                    one.entry = Some(*entry);
                    self.keep_shredding(&mut change, &one)?;
                }
            }
            match self.store.commit(change).await {
                Err(CommitError::Overtaken) => {}
                done => return Ok(done.map(drop)?),
            }
        }
        Err(CommitError::Overtaken.into())
    }

    fn statement(&self, one: &Shredding) -> Result<String, VaultFault> {
        let (Some(done), Some(root)) = (&one.done, &one.root) else { return Err(VaultFault::Decode("destruction")) };
        let act = |act: &ShredAct| json!({ "name": act.name, "roles": act.roles, "at": moment(act.at_us) });
        let what = match &one.target {
            ShredTarget::Person => json!({ "what": "person" }),
            ShredTarget::Category(category) => json!({ "what": "category", "category": category }),
            ShredTarget::Document { kind, .. } => json!({ "what": "document", "kind": kind }),
        };
        let statement = json!({
            "format": CERTIFICATE,
            "id": one.id,
            "institution": self.institution.name,
            "log": self.institution.origin,
            "target": what,
            "ground": one.ground,
            "reason": one.reason,
            "reference": one.reference,
            "asked": act(&one.asked),
            "approved": one.answered.as_ref().map(act),
            "destroyed": {
                "at": moment(done.at_us),
                "documents": done.documents,
                "versions": done.versions,
                "keys": done.keys,
                "accounts": done.accounts.len(),
            },
            "root": {
                "epoch": root.epoch,
                "key": root.fingerprint,
                "receipt": root.worth.is_some(),
                "worth": root.worth,
                "at": moment(root.at_us),
            },
            "final": {
                "from": moment(final_from(one).unwrap_or(root.at_us)),
                "copies_days": done.copies_days,
                "copies_confirmed": done.copies_sure,
                "custodian_days": done.window_days,
            },
            "nodes": one.nodes.map(|nodes| json!({ "forgot": nodes.acknowledged, "silent": nodes.silent })),
            "kept": { "log_until": done.log_until_us.map(moment) },
        });
        serde_json::to_string_pretty(&statement).map_err(|_| VaultFault::Decode("statement"))
    }

    fn certificate(&self, id: &str, leave: &Leave) -> Result<Option<String>, VaultFault> {
        let Some(one) = self.shredding_kept(id)? else { return Ok(None) };
        let (Some(statement), Some(root)) = (&one.statement, &one.root) else { return Ok(None) };
        let wanted = detail(id, statement);
        let found = match one.entry {
            Some(index) => self.store.entry(self.part, index)?,
            None => self.look_for(&wanted, root.at_us)?,
        };
        let Some(row) = found else { return Err(VaultFault::Decode("the entry that certifies")) };
        let body = self.open_entry(&row)?.ok_or(VaultFault::Decode("the entry that certifies"))?;
        let proof = self.prove(&row, &body, leave)?;
        let file =
            File { format: CERTIFICATE.into(), statement: statement.clone(), proof: proof.text, vkey: proof.vkey };
        serde_json::to_string_pretty(&file).map(Some).map_err(|_| VaultFault::Decode("certificate"))
    }

    /// The entry that says this, at or after a moment: the program was stopped before it wrote down which.
    fn look_for(&self, wanted: &str, from_us: i64) -> Result<Option<tacebo_store::EntryRow>, VaultFault> {
        let class = Some(Class::House as u8);
        let (from_us, before_us) = (Some(from_us), Some(from_us.saturating_add(COMMITTED_WITHIN_US)));
        let query = EntryQuery { class, from_us, before_us, limit: LOOKED_THROUGH, ..EntryQuery::default() };
        for row in self.store.entries(self.part, &query)?.into_iter().rev().filter(|row| row.subject.is_none()) {
            let body = self.open_entry(&row)?;
            if body
                .is_some_and(|body| body.fields.iter().any(|(name, value)| *name == field::DETAIL && value == wanted))
            {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

impl Shredding {
    /// The moment from which nothing can bring it back, microseconds since the Unix epoch: no copy of a key that opens it
    /// is kept for longer.
    pub fn final_from_us(&self) -> Option<i64> {
        final_from(self)
    }
}

fn final_from(one: &Shredding) -> Option<i64> {
    let (done, root) = (one.done.as_ref()?, one.root.as_ref()?);
    let days = i64::from(done.copies_days.max(done.window_days));
    let at = Timestamp::from_microsecond(root.at_us).ok()?;
    Some(at.checked_add((24 * days).hours()).ok()?.as_microsecond())
}

fn moment(at_us: i64) -> String {
    let at = Timestamp::from_microsecond(at_us).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
