//! The patient's own pages, made for the phone first.

use askama::Template;
use jiff::Timestamp;

use super::{
    Field, Outcome, Pager, Purpose, Shell,
    chart::Bars,
    doctor::{Lab, Medication, Problem, Visit},
    reception::ConsentPast,
};

/// Something that is kept about the person.
#[derive(Clone)]
pub struct Kept {
    /// What, in plain words.
    pub what: String,
    /// How many documents.
    pub count: u64,
    /// Why.
    pub why: String,
    /// Until when.
    pub until: String,
}

/// One disclosure, as the person sees it.
#[derive(Clone)]
pub struct SeenRow {
    /// Number of the log entry.
    pub entry: u64,
    /// When.
    pub at: Timestamp,
    /// Role, in words.
    pub role: String,
    /// Department.
    pub department: String,
    /// What was looked at, in plain words.
    pub what: String,
    /// What for.
    pub purpose: Purpose,
    /// How it ended: refused tries are shown too.
    pub outcome: Outcome,
    /// Whether it was an emergency access.
    pub emergency: bool,
    /// Whether it was the person's own look.
    pub own: bool,
}

/// A message to the person (an emergency access, a changed notice).
#[derive(Clone)]
pub struct Letter {
    /// When.
    pub at: Timestamp,
    /// Title.
    pub title: String,
    /// What it means and what one can do now.
    pub text: String,
    /// Where to look.
    pub href: Option<String>,
}

/// The portal's start page: three sentences and the ways on.
#[derive(Template)]
#[template(path = "portal/me.html")]
pub struct Me {
    /// The frame.
    pub shell: Shell,
    /// What to call the person.
    pub name: String,
    /// The child whose record it is, where a parent or guardian looks.
    pub child: Option<String>,
    /// What is kept, why, until when.
    pub kept: Vec<Kept>,
    /// Looks lately (without the person's own).
    pub seen_month: u64,
    /// How many days that is.
    pub seen_days: u32,
    /// The latest looks, three or so.
    pub seen: Vec<SeenRow>,
    /// Departments limited.
    pub limited: u64,
    /// Messages.
    pub letters: Vec<Letter>,
}

/// Who saw it.
#[derive(Template)]
#[template(path = "portal/seen.html")]
pub struct Seen {
    /// The frame.
    pub shell: Shell,
    /// Looks, the latest first.
    pub rows: Vec<SeenRow>,
    /// How many by department.
    pub bars: Option<Bars>,
    /// Where in the list.
    pub pager: Pager,
}

/// One disclosure with its proof.
#[derive(Template)]
#[template(path = "portal/seen_entry.html")]
pub struct SeenEntry {
    /// The frame.
    pub shell: Shell,
    /// The disclosure.
    pub row: SeenRow,
    /// What the house could check itself just now: whether the entry is in the tree.
    pub held: bool,
    /// Size of the tree the proof is for.
    pub size: u64,
    /// Root hash, in hex.
    pub root: String,
    /// The log's public key.
    pub public_key: String,
}

/// A department to limit or not.
#[derive(Clone)]
pub struct DepartmentChoice {
    /// Code; the form value of `department`.
    pub code: String,
    /// Name.
    pub name: String,
    /// Whether it is limited now.
    pub limited: bool,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Visits there, in words, so that the person knows it.
    pub visits: u64,
}

/// My choices. Each switch posts to [`super::url::CHOICES`]: `department`, `limit` (`on` | `off`).
#[derive(Template)]
#[template(path = "portal/choices.html")]
pub struct Choices {
    /// The frame.
    pub shell: Shell,
    /// Departments.
    pub departments: Vec<DepartmentChoice>,
    /// Notices given at the counter and what was answered, the latest first.
    pub past: Vec<ConsentPast>,
}

/// The person's own record in short.
#[derive(Template)]
#[template(path = "portal/record.html")]
pub struct MyRecord {
    /// The frame; `receipt` set.
    pub shell: Shell,
    /// Conditions.
    pub problems: Vec<Problem>,
    /// Medications.
    pub medications: Vec<Medication>,
    /// Results.
    pub labs: Vec<Lab>,
    /// Visits, the latest first.
    pub visits: Vec<Visit>,
}

/// The result of checking a proof.
#[derive(Clone)]
pub struct ProofResult {
    /// Whether it holds.
    pub held: bool,
    /// Why not, in words.
    pub fault: Option<String>,
    /// What it proves, field by field, in words.
    pub fields: Vec<(String, String)>,
    /// Number of the entry.
    pub entry: Option<u64>,
}

/// Check a proof. Posts to [`super::url::CHECK_PROOF`]: `proof` (text of the file).
#[derive(Template)]
#[template(path = "portal/check_proof.html")]
pub struct CheckProof {
    /// The frame.
    pub shell: Shell,
    /// The text of the proof.
    pub proof: Field,
    /// The result; `None` before.
    pub result: Option<ProofResult>,
    /// The log's public key, for checking elsewhere.
    pub public_key: String,
    /// Name of the log.
    pub origin: String,
}

super::no_content_in_debug!(
    Kept,
    SeenRow,
    Letter,
    Me,
    Seen,
    SeenEntry,
    DepartmentChoice,
    Choices,
    MyRecord,
    ProofResult,
    CheckProof,
);
