//! The two languages of the pages and the typed messages behind them.

use std::sync::OnceLock;

mod generated {
    #![expect(
        dead_code,
        unreachable_pub,
        clippy::derivable_impls,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::pedantic,
        clippy::too_many_arguments,
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
    #[must_use]
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

    /// Names of all messages of a language, read from its files.
    fn names(lang: &str) -> std::collections::BTreeSet<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(lang);
        let mut names = std::collections::BTreeSet::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            names.extend(
                text.lines()
                    .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
                    .filter_map(|line| line.split_once(" ="))
                    .map(|(name, _)| name.to_owned()),
            );
        }
        names
    }

    /// All templates and sources of this room as one text.
    fn sources(folder: &std::path::Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else {
                into.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_messages_and_each_is_used() {
        let (zh, en) = (names("zh-CN"), names("en"));
        assert!(en.len() > 500);
        assert_eq!(zh, en);
        let mut text = String::new();
        let room = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        sources(&room.join("templates"), &mut text);
        sources(&room.join("src"), &mut text);
        let unused: Vec<_> =
            en.iter().filter(|name| !text.contains(&format!(".{}(", name.replace('-', "_")))).collect();
        assert!(unused.is_empty(), "no page says {unused:?}");
    }

    #[test]
    fn the_same_message_differs_between_the_languages() {
        assert_ne!(Lang::Zh.t().nav_my_patients(), Lang::En.t().nav_my_patients());
    }
}
