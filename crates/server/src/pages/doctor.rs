//! What a doctor sees: own patients, a search, a record as a timeline.

use askama::Template;
use jiff::Timestamp;

use super::{Flag, FlagKind, Pager, Purpose, Relation, Shell, chart::Line, lang::Messages};

/// The narrow bar: what this person's access stands on.
#[derive(Clone, Default)]
pub struct AccessBar {
    /// Patients with a relation now.
    pub current: u64,
    /// Research projects with access.
    pub research: Vec<String>,
    /// Day until which the privacy training is valid.
    pub training_until: Option<String>,
    /// Whether the training has run out.
    pub training_over: bool,
}

/// A patient with whom there is a relation.
#[derive(Clone)]
pub struct PatientRow {
    /// Id, for [`super::url::patient`].
    pub id: String,
    /// Name as this person may see it.
    pub name: String,
    /// Sex, in words.
    pub sex: String,
    /// Age, in words (`67 岁`, `8 months`).
    pub age: String,
    /// Number of the record, as this person may see it.
    pub number: String,
    /// Why this person may see it.
    pub relation: Relation,
    /// Ward and bed, room or clinic.
    pub place: Option<String>,
    /// What the relation hangs on (`住院 · 心内科`).
    pub about: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Flags.
    pub flags: Vec<Flag>,
}

/// Something this person must do.
#[derive(Clone)]
pub struct MyItem {
    /// What, in words.
    pub title: String,
    /// Until when.
    pub due: Option<Timestamp>,
    /// Where to do it.
    pub href: String,
}

/// The doctor's start page.
#[derive(Template)]
#[template(path = "doctor/patients.html")]
pub struct MyPatients {
    /// The frame.
    pub shell: Shell,
    /// The narrow bar.
    pub bar: AccessBar,
    /// Patients, the latest first.
    pub patients: Vec<PatientRow>,
    /// At most five things to do.
    pub items: Vec<MyItem>,
    /// Where in the list.
    pub pager: Pager,
}

/// A patient found, whether or not the record may be opened.
#[derive(Clone)]
pub struct FoundRow {
    /// Id, for [`super::url::patient`].
    pub id: String,
    /// Name as this person may see it.
    pub name: String,
    /// Sex, in words.
    pub sex: String,
    /// Birth date or year, as this person may see it.
    pub born: String,
    /// Number of the record, as this person may see it.
    pub number: String,
    /// Why this person may open it; `None` when opening needs more.
    pub relation: Option<Relation>,
}

/// Search (`GET` `q`).
#[derive(Template)]
#[template(path = "doctor/find.html")]
pub struct FindPatient {
    /// The frame.
    pub shell: Shell,
    /// What was asked.
    pub query: String,
    /// What was found; `None` before a search.
    pub found: Option<Vec<FoundRow>>,
    /// Whether there are more than shown.
    pub more: bool,
}

/// Who the record is about.
#[derive(Clone)]
pub struct PatientHead {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Sex, in words.
    pub sex: String,
    /// Age, in words.
    pub age: String,
    /// Birth date.
    pub born: String,
    /// Number of the record.
    pub number: String,
    /// Resident identity number, as this person may see it.
    pub resident_id: Option<String>,
    /// Telephone, as this person may see it.
    pub phone: Option<String>,
    /// Allergies, in words; shown in red.
    pub allergies: Vec<String>,
}

/// Why the person may see the record.
#[derive(Clone)]
pub struct Why {
    /// The relation.
    pub relation: Relation,
    /// What it hangs on (`住院 2026-03-02 起 · 心内科`).
    pub about: Option<String>,
    /// What for.
    pub purpose: Purpose,
    /// Until when, if it ends by itself.
    pub until: Option<Timestamp>,
}

/// What the patient has limited, as far as it concerns this person.
#[derive(Clone)]
pub struct Limit {
    /// Which department or category, in words.
    pub what: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// A condition.
#[derive(Clone)]
pub struct Problem {
    /// Name.
    pub name: String,
    /// Since when, as written.
    pub since: String,
    /// Whether it is still there.
    pub active: bool,
    /// A flag on it.
    pub flag: Option<FlagKind>,
}

/// A medication.
#[derive(Clone)]
pub struct Medication {
    /// Name.
    pub name: String,
    /// How it is taken.
    pub dose: String,
    /// Since when, as written.
    pub since: String,
    /// Whether it is still taken.
    pub active: bool,
    /// A flag on it.
    pub flag: Option<FlagKind>,
}

/// Where a value stands to its reference range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Below.
    Low,
    /// Within, or no range known.
    Normal,
    /// Above.
    High,
}

impl Level {
    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Low => t.level_low(),
            Self::Normal => t.level_normal(),
            Self::High => t.level_high(),
        }
    }

    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// A series of one laboratory value or vital sign.
#[derive(Clone)]
pub struct Lab {
    /// Name.
    pub name: String,
    /// The latest value, as written.
    pub latest: String,
    /// Unit.
    pub unit: String,
    /// Reference range, as written.
    pub range: Option<String>,
    /// Where the latest value stands.
    pub level: Level,
    /// When the latest value was taken, as written.
    pub when: String,
    /// The drawing; one point is enough.
    pub chart: Line,
}

/// What an event of the timeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A condition was found.
    Condition,
    /// A medication was ordered or given.
    Medication,
    /// A report was written.
    Report,
    /// Something was measured.
    Observation,
    /// Something was done.
    Procedure,
    /// A vaccination.
    Immunization,
    /// A document or image.
    Document,
    /// Anything else.
    Other,
}

impl EventKind {
    pub(crate) fn icon(self) -> &'static str {
        match self {
            Self::Condition => "stethoscope",
            Self::Medication => "pill",
            Self::Report => "file-text",
            Self::Observation => "flask-conical",
            Self::Procedure => "activity",
            Self::Immunization => "syringe",
            Self::Document => "image",
            Self::Other => "clipboard-list",
        }
    }

    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Condition => t.event_condition(),
            Self::Medication => t.event_medication(),
            Self::Report => t.event_report(),
            Self::Observation => t.event_observation(),
            Self::Procedure => t.event_procedure(),
            Self::Immunization => t.event_immunization(),
            Self::Document => t.event_document(),
            Self::Other => t.event_other(),
        }
    }
}

/// One event of the timeline.
#[derive(Clone)]
pub struct Event {
    /// What it is.
    pub kind: EventKind,
    /// When, as written.
    pub when: String,
    /// What, in words.
    pub title: String,
    /// Value, dose, conclusion.
    pub detail: Option<String>,
    /// Where a value stands.
    pub level: Level,
    /// A flag on it.
    pub flag: Option<FlagKind>,
}

/// An encounter and what happened in it, or the events between encounters.
#[derive(Clone)]
pub struct Visit {
    /// What it was (`门诊`, `住院`), or what stands together.
    pub title: String,
    /// Department.
    pub department: Option<String>,
    /// Who was responsible.
    pub doctor: Option<String>,
    /// From when, as written.
    pub from: String,
    /// To when, as written; `None` while it lasts.
    pub to: Option<String>,
    /// Whether it lasts.
    pub running: bool,
    /// Why it took place.
    pub reason: Option<String>,
    /// What happened, the latest first.
    pub events: Vec<Event>,
}

/// The record.
#[derive(Template)]
#[template(path = "doctor/record.html")]
pub struct Record {
    /// The frame; `receipt` set.
    pub shell: Shell,
    /// Who it is about.
    pub patient: PatientHead,
    /// Why this person may see it.
    pub why: Why,
    /// Flags on the person.
    pub flags: Vec<Flag>,
    /// What the patient has limited.
    pub limits: Vec<Limit>,
    /// What is kept back from this person, in words, without telling content (`2 份受限文书`).
    pub kept_back: Vec<String>,
    /// Conditions.
    pub problems: Vec<Problem>,
    /// Medications.
    pub medications: Vec<Medication>,
    /// Laboratory values and vital signs.
    pub labs: Vec<Lab>,
    /// The timeline, the latest first.
    pub visits: Vec<Visit>,
    /// Where in the timeline.
    pub pager: Pager,
}

super::no_content_in_debug!(
    AccessBar,
    PatientRow,
    MyItem,
    MyPatients,
    FoundRow,
    FindPatient,
    PatientHead,
    Why,
    Limit,
    Problem,
    Medication,
    Lab,
    Event,
    Visit,
    Record,
);
