//! Declaring an emergency ("breaking the glass"): a reason, a limit, and what follows from it, in words.

use askama::Template;

use super::{Choice, Field, Shell, lang::Messages};

/// Why the glass is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Danger to life or limb, now.
    LifeThreatening,
    /// The patient cannot speak for themselves.
    Unconscious,
    /// Nobody of the treating team can be reached.
    NoTeam,
    /// Taken over at night, on transfer, from outside.
    Transfer,
    /// Danger to others (infection, poisoning).
    PublicDanger,
    /// Something else, told in the text.
    Other,
}

impl Reason {
    /// Every reason, in the order shown.
    pub const ALL: [Self; 6] =
        [Self::LifeThreatening, Self::Unconscious, Self::NoTeam, Self::Transfer, Self::PublicDanger, Self::Other];

    /// The code in forms and on the ticket.
    pub const fn code(self) -> &'static str {
        match self {
            Self::LifeThreatening => "life-threatening",
            Self::Unconscious => "unconscious",
            Self::NoTeam => "no-team",
            Self::Transfer => "transfer",
            Self::PublicDanger => "public-danger",
            Self::Other => "other",
        }
    }

    /// Reads the code of a form.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.code() == code)
    }

    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::LifeThreatening => t.reason_life_threatening(),
            Self::Unconscious => t.reason_unconscious(),
            Self::NoTeam => t.reason_no_team(),
            Self::Transfer => t.reason_transfer(),
            Self::PublicDanger => t.reason_public_danger(),
            Self::Other => t.reason_other(),
        }
    }
}

/// The form. Posts to [`super::url::emergency`]: `reason`, `text`, `minutes`, `code`.
#[derive(Template)]
#[template(path = "emergency/declare.html")]
pub struct Declare {
    /// The frame.
    pub shell: Shell,
    /// The id that was asked for.
    pub patient: String,
    /// The reason chosen before, if the form comes back.
    pub reason: Option<Reason>,
    /// Whether a reason was missing.
    pub reason_missing: bool,
    /// The reason in one's own words.
    pub text: Field,
    /// Minutes offered, the shortest first; one is chosen.
    pub minutes: Vec<Choice>,
    /// The password or one-time code, asked for once more; its value stays empty.
    pub code: Field,
}

impl Declare {
    pub(crate) fn is_chosen(&self, reason: &Reason) -> bool {
        self.reason == Some(*reason)
    }
}

super::no_content_in_debug!(Declare);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_code_reads_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(Reason::from_code("curious"), None);
    }
}
