//! The frame around every page: who is here, where, in which language and colours, and what just happened.

use jiff::{Timestamp, tz::TimeZone};

use super::Figures;
use super::{
    Html, Lang, Role, icon,
    lang::Messages,
    parts::{bytes, grouped},
    url,
};
use crate::assets;

/// Which colours the person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the machine is set.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Reads the `theme` cookie or form value; anything unknown is [`Theme::Auto`].
    pub fn from_code(code: &str) -> Self {
        match code {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }

    /// The value for the `theme` cookie.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What the switch in the page head changes to.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Auto => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::Auto,
        }
    }
}

/// Who is here.
#[derive(Clone)]
pub struct Me {
    /// The person's name as shown to themselves.
    pub name: String,
    /// Roles held; the navigation is the union of what each needs.
    pub roles: Vec<Role>,
    /// Department, where there is one.
    pub department: Option<String>,
}

/// How a short notice at the top of a page reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashKind {
    /// It was done.
    Done,
    /// Good to know.
    Note,
    /// Look again.
    Warning,
    /// It was not done.
    Fault,
}

/// A short notice at the top of a page, usually after a redirect.
#[derive(Clone)]
pub struct Flash {
    /// How it reads.
    pub kind: FlashKind,
    /// The sentence, in the reader's language.
    pub text: String,
}

impl Flash {
    pub(crate) fn class(&self) -> &'static str {
        match self.kind {
            FlashKind::Done => "done",
            FlashKind::Note => "note",
            FlashKind::Warning => "warning",
            FlashKind::Fault => "fault",
        }
    }

    pub(crate) fn icon(&self) -> &'static str {
        match self.kind {
            FlashKind::Done => "circle-check",
            FlashKind::Note => "info",
            FlashKind::Warning => "triangle-alert",
            FlashKind::Fault => "circle-x",
        }
    }
}

/// An emergency access that is running for the person who is here.
#[derive(Clone)]
pub struct RunningEmergency {
    /// The ticket, for [`url::emergency_end`].
    pub ticket: String,
    /// Whose record, as masked for this person.
    pub patient: String,
    /// Address of that record.
    pub href: String,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// A record that the person in the portal may choose.
#[derive(Clone)]
pub struct OneOf {
    /// Place among them, for the form.
    pub place: String,
    /// Id of the patient.
    pub id: String,
    /// The person's own; else a child's.
    pub own: bool,
    /// The one shown now.
    pub chosen: bool,
}

/// Places in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nav {
    /// The doctor's own patients.
    MyPatients,
    /// Find a patient.
    FindPatient,
    /// The counter: find, next step.
    Counter,
    /// Register a patient.
    Register,
    /// What the privacy officer must do today.
    PrivacyToday,
    /// Emergency accesses to review.
    Reviews,
    /// Who saw whom.
    WhoSaw,
    /// The log.
    Log,
    /// Verify the log now.
    Verify,
    /// Accounts and roles.
    Accounts,
    /// The state of the system.
    System,
    /// The person's own account.
    MyAccount,
    /// Portal: what is kept.
    Me,
    /// Portal: who saw it.
    Seen,
    /// Portal: my choices.
    Choices,
    /// Portal: my record.
    MyRecord,
}

impl Nav {
    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::MyPatients => t.nav_my_patients(),
            Self::FindPatient => t.nav_find_patient(),
            Self::Counter => t.nav_counter(),
            Self::Register => t.nav_register(),
            Self::PrivacyToday => t.nav_privacy_today(),
            Self::Reviews => t.nav_reviews(),
            Self::WhoSaw => t.nav_who_saw(),
            Self::Log => t.nav_log(),
            Self::Verify => t.nav_verify(),
            Self::Accounts => t.nav_accounts(),
            Self::System => t.nav_system(),
            Self::MyAccount => t.nav_my_account(),
            Self::Me => t.nav_me(),
            Self::Seen => t.nav_seen(),
            Self::Choices => t.nav_choices(),
            Self::MyRecord => t.nav_my_record(),
        }
    }

    pub(crate) fn href(self) -> &'static str {
        match self {
            Self::MyPatients => url::PATIENTS,
            Self::FindPatient => url::FIND,
            Self::Counter => url::RECEPTION,
            Self::Register => url::REGISTER,
            Self::PrivacyToday => url::PRIVACY,
            Self::Reviews => url::REVIEWS,
            Self::WhoSaw => url::WHO_SAW,
            Self::Log => url::AUDIT,
            Self::Verify => url::VERIFY,
            Self::Accounts => url::ACCOUNTS,
            Self::System => url::SYSTEM,
            Self::MyAccount => url::ACCOUNT,
            Self::Me => url::ME,
            Self::Seen => url::SEEN,
            Self::Choices => url::CHOICES,
            Self::MyRecord => url::MY_RECORD,
        }
    }

    pub(crate) fn icon(self) -> Html {
        icon(match self {
            Self::MyPatients => "users",
            Self::FindPatient => "user-search",
            Self::Counter => "id-card",
            Self::Register => "user-plus",
            Self::PrivacyToday => "inbox",
            Self::Reviews => "siren",
            Self::WhoSaw | Self::Seen => "eye",
            Self::Log => "list-tree",
            Self::Verify => "badge-check",
            Self::Accounts => "key-round",
            Self::System => "server",
            Self::MyAccount => "settings",
            Self::Me => "house",
            Self::Choices => "hand",
            Self::MyRecord => "heart-pulse",
        })
    }

    /// What a role needs, in the order it is shown.
    pub(crate) fn of_role(role: Role) -> &'static [Self] {
        match role {
            Role::Doctor | Role::Nurse | Role::Radiographer => &[Self::MyPatients, Self::FindPatient],
            Role::Receptionist => &[Self::Counter, Self::Register],
            Role::PrivacyOfficer => &[Self::PrivacyToday, Self::Reviews, Self::WhoSaw],
            Role::Auditor | Role::AuditAdministrator => &[Self::Log, Self::Verify],
            Role::SecurityAdministrator => &[Self::Accounts],
            Role::SystemAdministrator | Role::SecurityOfficer => &[Self::System],
            Role::Patient => &[Self::Me, Self::Seen, Self::Choices, Self::MyRecord],
        }
    }
}

/// The frame. Built once per request by the handler and moved into the view.
#[derive(Clone)]
pub struct Shell {
    /// Language of the page.
    pub lang: Lang,
    /// Colours of the page.
    pub theme: Theme,
    /// The hospital's name.
    pub institution: String,
    /// Now, for "4 hours left" and the like.
    pub now: Timestamp,
    /// The hospital's time zone, for every time shown.
    pub zone: TimeZone,
    /// Who is here; `None` before log-in.
    pub me: Option<Me>,
    /// The place in the navigation, if the page has one.
    pub here: Option<Nav>,
    /// Path and query of this page, to come back after a switch of language or colours.
    pub path: String,
    /// Short notices at the top.
    pub flashes: Vec<Flash>,
    /// Emergency accesses running now.
    pub emergencies: Vec<RunningEmergency>,
    /// Numbers beside places in the navigation (people or a law waiting).
    pub badges: Vec<(Nav, u64)>,
    /// Whether this is the sample hospital: every page says so.
    pub sample: bool,
    /// Receipt of the log entry this page's disclosure is written under, shown at the foot of the page.
    pub receipt: Option<String>,
    /// Portal: the records to choose from, where this person stands for a child. Posts to [`url::ME_WHOSE`]: `person`.
    pub people: Vec<OneOf>,
    /// Figures that the page's sentences name.
    pub figures: Figures,
}

impl Shell {
    /// A frame before log-in. China has one time zone and no summer time: UTC+8 is the default.
    pub fn new(lang: Lang, institution: impl Into<String>, now: Timestamp) -> Self {
        Self {
            lang,
            theme: Theme::Auto,
            institution: institution.into(),
            now,
            zone: TimeZone::fixed(jiff::tz::offset(8)),
            me: None,
            here: None,
            path: "/".to_owned(),
            flashes: Vec::new(),
            emergencies: Vec::new(),
            badges: Vec::new(),
            sample: false,
            receipt: None,
            people: Vec::new(),
            figures: Figures::default(),
        }
    }

    /// The messages of this page's language: `shell.t().some_message()`.
    pub(crate) fn t(&self) -> &'static Messages {
        self.lang.t()
    }

    /// Navigation of the person here, without repetitions.
    pub(crate) fn nav(&self) -> Vec<Nav> {
        let mut places = Vec::new();
        for role in self.me.iter().flat_map(|me| &me.roles) {
            for place in Nav::of_role(*role) {
                if !places.contains(place) {
                    places.push(*place);
                }
            }
        }
        places
    }

    pub(crate) fn badge(&self, nav: &Nav) -> u64 {
        self.badges.iter().find(|(n, _)| n == nav).map_or(0, |(_, n)| *n)
    }

    pub(crate) fn is_here(&self, nav: &Nav) -> bool {
        self.here == Some(*nav)
    }

    pub(crate) fn roles_text(&self) -> String {
        let t = self.t();
        let names: Vec<_> = self.me.iter().flat_map(|me| &me.roles).map(|r| r.label(t)).collect();
        names.join(&t.list_comma())
    }

    /// Day and minute: `2026-03-11 14:05`.
    pub fn when(&self, at: &Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The day: `2026-03-11`.
    pub fn day(&self, at: &Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d").to_string()
    }

    /// The minute of the day: `14:05`.
    pub fn minute(&self, at: &Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M").to_string()
    }

    /// The exact time for the `datetime` attribute.
    #[expect(clippy::unused_self, reason = "templates reach every helper through the shell")]
    pub(crate) fn machine(&self, at: &Timestamp) -> String {
        at.to_string()
    }

    /// How long until (or since) a moment, in the largest two units that matter.
    pub(crate) fn span(&self, at: &Timestamp) -> String {
        let t = self.t();
        let minutes = (at.as_second() - self.now.as_second()).unsigned_abs() / 60;
        // A message takes its arguments in the order in which it names them: the smaller unit selects the form.
        match minutes {
            0 => t.span_under_a_minute(),
            1..60 => t.span_minutes(minutes),
            60..1440 => t.span_hours_minutes(minutes % 60, minutes / 60),
            1440..4320 => t.span_days_hours(minutes % 1440 / 60, minutes / 1440),
            _ => t.span_days(minutes / 1440),
        }
    }

    /// "4 h 20 min left" or "3 h overdue".
    pub(crate) fn due(&self, at: &Timestamp) -> String {
        let span = self.span(at);
        if self.is_past(at) { self.t().due_over(span) } else { self.t().due_left(span) }
    }

    /// "2 h ago".
    pub(crate) fn ago(&self, at: &Timestamp) -> String {
        self.t().ago(self.span(at))
    }

    pub(crate) fn is_past(&self, at: &Timestamp) -> bool {
        *at <= self.now
    }

    /// Under four hours left or past: a person or a law is waiting.
    pub(crate) fn is_urgent(&self, at: &Timestamp) -> bool {
        at.as_second() - self.now.as_second() < 4 * 3600
    }

    /// Whether this is the patient's side.
    pub(crate) fn is_portal(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.roles == [Role::Patient])
    }

    /// The class of the page's body: which frame it has.
    pub(crate) fn frame(&self) -> &'static str {
        match &self.me {
            None => "is-door",
            Some(_) if self.is_portal() => "is-portal",
            Some(_) => "is-console",
        }
    }

    pub(crate) fn theme_icon(&self) -> Html {
        icon(match self.theme {
            Theme::Auto => "sun-moon",
            Theme::Light => "sun",
            Theme::Dark => "moon",
        })
    }

    /// The mark of the product, drawn beside the hospital's name.
    #[expect(clippy::unused_self, reason = "templates reach every helper through the shell")]
    pub(crate) fn mark(&self) -> Html {
        Html::trusted(include_str!("../../assets/favicon.svg").trim_end().replacen(
            "<svg ",
            "<svg class=\"mark\" aria-hidden=\"true\" focusable=\"false\" ",
            1,
        ))
    }

    #[expect(clippy::unused_self, reason = "templates reach every helper through the shell")]
    pub(crate) fn icon(&self, name: &str) -> Html {
        icon(name)
    }

    #[expect(clippy::unused_self, reason = "templates reach every helper through the shell")]
    pub(crate) fn number(&self, n: &u64) -> String {
        grouped(*n)
    }

    #[expect(clippy::unused_self, reason = "templates reach every helper through the shell")]
    pub(crate) fn bytes(&self, n: &u64) -> String {
        bytes(*n)
    }

    /// Address of an asset, with its content hash.
    #[expect(clippy::unused_self, reason = "templates reach every helper through the shell")]
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// Integrity value of an asset.
    #[expect(clippy::unused_self, reason = "templates reach every helper through the shell")]
    pub(crate) fn integrity(&self, name: &str) -> String {
        assets::integrity(name)
    }
}

super::no_content_in_debug!(Me, Flash, RunningEmergency, OneOf, Shell);

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> Shell {
        Shell::new(Lang::En, "Sample Hospital", "2026-03-11T06:00:00Z".parse().unwrap())
    }

    #[test]
    fn times_are_shown_in_the_hospitals_zone() {
        let at = "2026-03-11T16:30:00Z".parse().unwrap();
        assert_eq!(shell().when(&at), "2026-03-12 00:30");
        assert_eq!(shell().day(&at), "2026-03-12");
    }

    #[test]
    fn a_passed_deadline_reads_as_overdue() {
        let shell = shell();
        let past = "2026-03-11T03:00:00Z".parse().unwrap();
        let coming = "2026-03-11T10:20:00Z".parse().unwrap();
        assert_eq!(shell.due(&past), "3 h overdue");
        assert_eq!(shell.due(&coming), "4 h 20 min left");
        assert!(shell.is_urgent(&past));
        assert!(!shell.is_urgent(&coming));
    }

    #[test]
    fn two_roles_share_one_navigation_without_repetition() {
        let mut shell = shell();
        shell.me =
            Some(Me { name: "A".into(), roles: vec![Role::Doctor, Role::Nurse, Role::Auditor], department: None });
        assert_eq!(shell.nav(), [Nav::MyPatients, Nav::FindPatient, Nav::Log, Nav::Verify]);
    }
}
