//! Closed lists of codes, written once each.

/// A code that is on none of our lists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {list} {code:?}")]
pub struct UnknownCode {
    /// Which list was asked.
    pub list: &'static str,
    /// What was given.
    pub code: String,
}

/// An enum whose variants have a text code: `code()`, `ALL`, `FromStr`, `Display`, serde by code.
///
/// The order of variants is part of the stored format (postcard writes the index): append only.
macro_rules! codes {
    ($(#[$outer:meta])* $list:literal $vis:vis enum $type:ident { $($(#[$doc:meta])* $name:ident = $code:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        $vis enum $type { $($(#[$doc])* #[serde(rename = $code)] $name,)+ }

        impl $type {
            /// Every value, in order.
            $vis const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code used outside: headers, data files, policies.
            $vis const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::UnknownCode;

            fn from_str(code: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.code() == code)
                    .ok_or_else(|| $crate::UnknownCode { list: $list, code: code.to_owned() })
            }
        }
    };
}

pub(crate) use codes;
