//! Whether an indexed value is what a clause wants (R4 §3.1.1.4).

use crate::tables::Tables;
use crate::values::decimal::Decimal;
use crate::values::reference::Target;
use crate::values::text::{phone, same_folded};
use crate::values::time::Span;
use crate::walker::record::{Entries, Indexed, RefForm};

use super::Modifier;
use super::wanted::{Prefix, System, Wanted, below};

/// What matching needs besides the two values.
#[derive(Clone, Copy)]
pub(crate) struct Matcher<'a> {
    pub(crate) tables: &'a Tables,
    pub(crate) base: &'a str,
    pub(crate) modifier: &'a Modifier,
}

impl Matcher<'_> {
    pub(crate) fn matches(&self, wanted: &Wanted, found: &Indexed<'_>) -> bool {
        match (wanted, found) {
            (Wanted::Token { system, code }, Indexed::Token { system: has, implied, code: is }) => {
                let system_fits = match system {
                    System::Any => true,
                    System::Absent => has.is_none() || *implied,
                    System::Is(s) => *has == Some(s.as_str()),
                };
                // The digits of a telephone number stand beside the number as written.
                let dialled = |c: &str| *implied && has.is_none() && phone(c).as_deref() == Some(*is);
                system_fits && code.as_deref().is_none_or(|c| self.same_code(*has, c, is) || dialled(c))
            }
            (Wanted::Token { system, code }, Indexed::RefIdentifier { system: has, value }) => {
                let system_fits = match system {
                    System::Any => true,
                    System::Absent => has.is_none(),
                    System::Is(s) => *has == Some(s.as_str()),
                };
                *self.modifier == Modifier::Identifier
                    && system_fits
                    && code.as_deref().is_none_or(|c| same_folded(c, value))
            }
            (Wanted::OfType { system, code, value }, Indexed::OfType { system: s, code: c, value: v }) => {
                system == s && self.same_code(Some(s), code, c) && same_folded(value, v)
            }
            (Wanted::Text { normal, .. }, Indexed::Display(words)) => {
                *self.modifier == Modifier::Text && words.starts_with(normal.as_str())
            }
            (Wanted::Text { normal, exact }, Indexed::Text { normal: has, original }) => match self.modifier {
                Modifier::Exact => *original == Some(exact.as_str()),
                Modifier::Contains => has.contains(normal.as_str()),
                _ => has.starts_with(normal.as_str()),
            },
            (Wanted::Local { kind, id }, Indexed::Reference { form, target }) => {
                let local = match form {
                    RefForm::Local => Some(*target),
                    RefForm::Absolute => below(self.base, target),
                    RefForm::Canonical | RefForm::Other => None,
                };
                match local.map(Target::of) {
                    Some(Target::Local { kind: k, id: i }) => {
                        i == id && kind.as_deref().is_none_or(|wanted| wanted == k)
                    }
                    // A canonical or urn that happens to look like an id.
                    _ => kind.is_none() && *form != RefForm::Absolute && *target == id.as_str(),
                }
            }
            (Wanted::Address(address), Indexed::Reference { form, target }) => match form {
                RefForm::Canonical => {
                    *target == address.as_str() || target.split_once('|').is_some_and(|(url, _)| url == address)
                }
                _ => *target == address.as_str(),
            },
            (Wanted::Time { prefix, span, slack, .. }, Indexed::Time(target)) => time(*prefix, *span, *slack, *target),
            (Wanted::Number { prefix, value }, Indexed::Number { low, high }) => number(*prefix, *value, *low, *high),
            (
                Wanted::Quantity { prefix, value, system, code },
                Indexed::Quantity { low, high, system: s, code: c, unit },
            ) => {
                let unit_fits = match (system, code) {
                    (Some(system), code) => system == s && code.as_deref().is_none_or(|code| code == *c),
                    (None, Some(code)) => code == c || code == unit,
                    (None, None) => true,
                };
                unit_fits && number(*prefix, *value, *low, *high)
            }
            (Wanted::Uri(uri), Indexed::Uri(has)) => match self.modifier {
                Modifier::Below => is_below(has, uri),
                Modifier::Above => is_below(uri, has),
                _ => uri == has,
            },
            (Wanted::Composite(parts), Indexed::Composite(instance)) => {
                let inner = Matcher { modifier: &Modifier::None, ..*self };
                let mut found = Entries::parts(instance);
                parts.iter().all(|(_, wanted)| {
                    found.next().is_some_and(|mut part| part.any(|(_, v)| inner.matches(wanted, &v)))
                })
            }
            _ => false,
        }
    }

    fn same_code(&self, system: Option<&str>, a: &str, b: &str) -> bool {
        if system.is_some_and(|s| self.tables.case_sensitive(s)) { a == b } else { same_folded(a, b) }
    }
}

/// Whether `uri` is `of` or lies under it as a path.
fn is_below(uri: &str, of: &str) -> bool {
    uri.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || of.ends_with('/'))
}

/// Comparison of ranges: `eq` contains, `gt` and `lt` overlap the range beyond, `sa` and `eb` lie beyond (R4 §3.1.1.4.5).
pub(crate) fn time(prefix: Prefix, search: Span, slack: i64, target: Span) -> bool {
    let equal = search.from <= target.from && target.to <= search.to;
    match prefix {
        Prefix::Eq => equal,
        Prefix::Ne => !equal,
        Prefix::Gt => target.to > search.to,
        Prefix::Lt => target.from < search.from,
        Prefix::Ge => equal || target.to > search.to,
        Prefix::Le => equal || target.from < search.from,
        Prefix::Sa => target.from >= search.to,
        Prefix::Eb => target.to <= search.from,
        Prefix::Ap => target.from < search.to.saturating_add(slack) && target.to > search.from.saturating_sub(slack),
    }
}

/// Numbers compare as values; only `eq` and `ne` respect the precision of the search value. `None` is an open end.
pub(crate) fn number(prefix: Prefix, wanted: Decimal, low: Option<Decimal>, high: Option<Decimal>) -> bool {
    let equal = || {
        let (from, to) = wanted.span();
        low.is_some_and(|l| l >= from) && high.is_some_and(|h| h < to)
    };
    match prefix {
        Prefix::Eq => equal(),
        Prefix::Ne => !equal(),
        Prefix::Gt => high.is_none_or(|h| h > wanted),
        Prefix::Lt => low.is_none_or(|l| l < wanted),
        Prefix::Ge => high.is_none_or(|h| h >= wanted),
        Prefix::Le => low.is_none_or(|l| l <= wanted),
        Prefix::Sa => low.is_some_and(|l| l > wanted),
        Prefix::Eb => high.is_some_and(|h| h < wanted),
        Prefix::Ap => {
            let (from, to) = wanted.about();
            low.is_none_or(|l| l <= to) && high.is_none_or(|h| h >= from)
        }
    }
}
