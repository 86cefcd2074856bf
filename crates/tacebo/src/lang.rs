//! The two languages in which the program speaks to people at a terminal.

use std::sync::OnceLock;

mod generated {
    #![expect(
        dead_code,
        unreachable_pub,
        clippy::pedantic,
        clippy::derivable_impls,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "written by the build script from locales/; each function is one message"
    )]
    include!(concat!(env!("OUT_DIR"), "/l10n.rs"));
}

pub(crate) use generated::L10nLanguage as Messages;

/// Language of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Lang {
    /// 中文
    Zh,
    /// English
    En,
}

impl Lang {
    /// The one asked for, else what the terminal's locale says, else English.
    pub(crate) fn choose(asked: Option<Self>, locale: Option<&str>) -> Self {
        let of_locale = |text: &str| {
            if text.to_ascii_lowercase().starts_with("zh") { Self::Zh } else { Self::En }
        };
        asked.unwrap_or_else(|| locale.map_or(Self::En, of_locale))
    }

    /// The language of the pages, whose words for a broken log this program uses too.
    pub(crate) fn pages(self) -> tacebo_server::pages::Lang {
        match self {
            Self::Zh => tacebo_server::pages::Lang::Zh,
            Self::En => tacebo_server::pages::Lang::En,
        }
    }

    /// The messages.
    pub(crate) fn t(self) -> &'static Messages {
        static ZH: OnceLock<Messages> = OnceLock::new();
        static EN: OnceLock<Messages> = OnceLock::new();
        match self {
            Self::Zh => ZH.get_or_init(|| generated::L10n::ZhCN.load()),
            Self::En => EN.get_or_init(|| generated::L10n::En.load()),
        }
    }
}

/// The terminal's locale, by the usual order of variables.
pub(crate) fn locale() -> Option<String> {
    ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_asked_for_else_the_terminals() {
        assert_eq!(Lang::choose(Some(Lang::Zh), Some("en_GB.UTF-8")), Lang::Zh);
        assert_eq!(Lang::choose(None, Some("zh_CN.UTF-8")), Lang::Zh);
        assert_eq!(Lang::choose(None, Some("C")), Lang::En);
        assert_eq!(Lang::choose(None, None), Lang::En);
    }
}
