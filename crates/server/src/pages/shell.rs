//! The frame around every page: who is here, where, in which language and colours, and what just happened.

use jiff::{Timestamp, tz::TimeZone};

use super::Figures;
use super::{
    Html, Lang, Nav, Role, icon,
    lang::Messages,
    parts::{bytes, grouped},
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
    /// The ticket, for [`super::url::emergency_end`].
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
    /// Portal: the records to choose from, where this person stands for a child. Posts to [`super::url::ME_WHOSE`]: `person`.
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
    fn two_roles_share_one_navigation_without_repetition() {
        let mut shell = shell();
        shell.me =
            Some(Me { name: "A".into(), roles: vec![Role::Doctor, Role::Nurse, Role::Auditor], department: None });
        assert_eq!(shell.nav(), [Nav::MyPatients, Nav::FindPatient, Nav::Log, Nav::Verify]);
    }
}
