//! The two languages of the pages and the typed messages behind them.

use std::sync::OnceLock;

mod generated {
    #![expect(
        missing_docs,
        clippy::unwrap_used,
        reason = "written by the build script from locales/; each function is one message"
    )]
    include!(concat!(env!("OUT_DIR"), "/l10n.rs"));
}

pub(crate) use generated::L10nLanguage as Messages;

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Simplified Chinese, the default.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Reads a language tag as written in a cookie, a query or `Accept-Language`; `None` when it names neither.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_', ';']).next()?;
        match primary.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The tag for `<html lang>` and for the `lang` cookie.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// The other language, for the switch in the page head.
    pub const fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }

    /// The language's own name.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Zh => "中文",
            Self::En => "English",
        }
    }

    /// The messages in this language. Parsed once per process.
    pub(crate) fn t(self) -> &'static Messages {
        static ZH: OnceLock<Messages> = OnceLock::new();
        static EN: OnceLock<Messages> = OnceLock::new();
        match self {
            Self::Zh => ZH.get_or_init(|| generated::L10n::ZhCN.load()),
            Self::En => EN.get_or_init(|| generated::L10n::En.load()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_of_browsers_are_understood() {
        assert_eq!(Lang::from_tag("zh-CN"), Some(Lang::Zh));
        assert_eq!(Lang::from_tag("zh_Hans"), Some(Lang::Zh));
        assert_eq!(Lang::from_tag("EN-gb;q=0.8"), Some(Lang::En));
        assert_eq!(Lang::from_tag("fr"), None);
    }

    #[test]
    fn the_same_message_differs_between_the_languages() {
        assert_ne!(Lang::Zh.t().nav_my_patients(), Lang::En.t().nav_my_patients());
    }
}
