//! Fields of forms: what was typed, and what is wrong with it, in words.

use super::lang::Messages;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldError {
    /// Nothing was typed and something must be.
    Required,
    /// Too few characters; the least number.
    TooShort(u32),
    /// Too many characters; the greatest number.
    TooLong(u32),
    /// Not a valid resident identity number (18 places, check digit).
    NotAResidentId,
    /// Not a telephone number.
    NotAPhone,
    /// Not a date, or a date that cannot be (in the future, before 1900).
    NotADate,
    /// Not one of the choices.
    NotAChoice,
    /// Somebody else has it already.
    Taken,
    /// The two do not match.
    NotTheSame,
    /// The present password is wrong.
    WrongPassword,
    /// The one-time code is wrong or was used already.
    WrongCode,
    /// The password is easy to guess or known from a leak.
    WeakPassword,
    /// The text of a checkpoint or proof could not be read.
    NotReadable,
    /// Already in the reader's language.
    Said(String),
}

impl FieldError {
    /// The sentence shown under the field.
    pub(crate) fn text(&self, t: &Messages) -> String {
        match self {
            Self::Required => t.field_required(),
            Self::TooShort(n) => t.field_too_short(*n),
            Self::TooLong(n) => t.field_too_long(*n),
            Self::NotAResidentId => t.field_not_resident_id(),
            Self::NotAPhone => t.field_not_phone(),
            Self::NotADate => t.field_not_date(),
            Self::NotAChoice => t.field_not_choice(),
            Self::Taken => t.field_taken(),
            Self::NotTheSame => t.field_not_same(),
            Self::WrongPassword => t.field_wrong_password(),
            Self::WrongCode => t.field_wrong_code(),
            Self::WeakPassword => t.field_weak_password(),
            Self::NotReadable => t.field_not_readable(),
            Self::Said(text) => text.clone(),
        }
    }
}

/// One field as it was sent.
#[derive(Clone, Default)]
pub struct Field {
    /// What was typed; shown again so that nobody types twice. Leave empty for secrets.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<FieldError>,
}

impl Field {
    /// A field with a value and nothing wrong.
    pub fn of(value: impl Into<String>) -> Self {
        Self { value: value.into(), error: None }
    }

    /// The same field, found wrong.
    #[must_use]
    pub fn wrong(mut self, error: FieldError) -> Self {
        self.error = Some(error);
        self
    }

    /// Whether something is wrong.
    pub fn is_wrong(&self) -> bool {
        self.error.is_some()
    }

    pub(crate) fn error_text(&self, t: &Messages) -> String {
        self.error.as_ref().map(|e| e.text(t)).unwrap_or_default()
    }
}

/// One of several values to choose from.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What is sent.
    pub code: String,
    /// What is shown.
    pub label: String,
    /// Whether it is the one chosen now.
    pub chosen: bool,
}

super::no_content_in_debug!(Field);
