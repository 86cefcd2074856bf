//! The value side of a search: what a clause wants, parsed by the kind of parameter.

use crate::tables::{ParamKind, SearchParam};
use crate::values::decimal::Decimal;
use crate::values::reference::{Target, is_id};
use crate::values::text::normalise;
use crate::values::time::{Span, span};

use super::text::{split, unescape};
use super::{Modifier, SearchContext};

/// Comparison prefix of ordered values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
    Ap,
}

/// What a token says of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum System {
    Any,
    Absent,
    Is(String),
}

/// One alternative of a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    Token { system: System, code: Option<String> },
    OfType { system: String, code: String, value: String },
    Text { normal: String, exact: String },
    Local { kind: Option<String>, id: String },
    Address(String),
    Time { prefix: Prefix, span: Span, slack: i64, text: String },
    Number { prefix: Prefix, value: Decimal },
    Quantity { prefix: Prefix, value: Decimal, system: Option<String>, code: Option<String> },
    Uri(String),
    Composite(Vec<(u16, Wanted)>),
}

impl Wanted {
    /// The date as asked for, if it is a year, month or day.
    pub(crate) fn date_text(&self) -> Option<String> {
        match self {
            Self::Time { text, .. } if matches!(text.len(), 4 | 7 | 10) => Some(text.clone()),
            _ => None,
        }
    }
}

/// Parses one alternative; the error is a sentence that does not repeat it.
pub(crate) fn parse(
    ctx: &SearchContext<'_>,
    param: &SearchParam,
    modifier: &Modifier,
    value: &str,
) -> Result<Wanted, &'static str> {
    match (param.kind, modifier) {
        (ParamKind::Token, Modifier::OfType) => of_type(value),
        (ParamKind::Token, Modifier::Text) | (ParamKind::String, _) => Ok(string(value)),
        (ParamKind::Token, _) | (ParamKind::Reference, Modifier::Identifier) => Ok(token(value)),
        (ParamKind::Reference, Modifier::Type(kind)) => reference(ctx, Some(kind), value),
        (ParamKind::Reference, _) => reference(ctx, None, value),
        (ParamKind::Date, _) => time(ctx, value),
        (ParamKind::Number, _) => {
            let (prefix, rest) = prefix(value);
            Ok(Wanted::Number { prefix, value: Decimal::parse(rest.trim()).ok_or("not a number")? })
        }
        (ParamKind::Quantity, _) => quantity(value),
        (ParamKind::Uri, _) => Ok(Wanted::Uri(unescape(value))),
        (ParamKind::Composite, _) => composite(ctx, param, value),
        (ParamKind::Special, _) => Err("this parameter is not supported"),
    }
}

fn prefix(value: &str) -> (Prefix, &str) {
    let Some((head, rest)) = value.split_at_checked(2) else { return (Prefix::Eq, value) };
    let prefix = match head {
        "eq" => Prefix::Eq,
        "ne" => Prefix::Ne,
        "gt" => Prefix::Gt,
        "lt" => Prefix::Lt,
        "ge" => Prefix::Ge,
        "le" => Prefix::Le,
        "sa" => Prefix::Sa,
        "eb" => Prefix::Eb,
        "ap" => Prefix::Ap,
        _ => return (Prefix::Eq, value),
    };
    (prefix, rest)
}

fn token(value: &str) -> Wanted {
    match split(value, b'|').as_slice() {
        [system, code] => {
            let code = Some(unescape(code)).filter(|c| !c.is_empty());
            let system = if system.is_empty() { System::Absent } else { System::Is(unescape(system)) };
            Wanted::Token { system, code }
        }
        // A second bar belongs to the code: identifiers may contain it.
        [system, _, ..] if !system.is_empty() => {
            let code = value.get(system.len() + 1..).map(unescape);
            Wanted::Token { system: System::Is(unescape(system)), code }
        }
        _ => Wanted::Token { system: System::Any, code: Some(unescape(value)) },
    }
}

fn of_type(value: &str) -> Result<Wanted, &'static str> {
    match split(value, b'|').as_slice() {
        [system, code, value] if !system.is_empty() && !code.is_empty() && !value.is_empty() => {
            Ok(Wanted::OfType { system: unescape(system), code: unescape(code), value: unescape(value) })
        }
        _ => Err("of-type needs system|code|value"),
    }
}

fn string(value: &str) -> Wanted {
    let exact = unescape(value);
    Wanted::Text { normal: normalise(&exact), exact }
}

fn reference(ctx: &SearchContext<'_>, kind: Option<&str>, value: &str) -> Result<Wanted, &'static str> {
    let value = unescape(value);
    let local = |found: &str, id: &str| match kind {
        Some(wanted) if wanted != found => Err("the reference is of another type than the modifier"),
        _ => Ok(Wanted::Local { kind: Some(found.to_owned()), id: id.to_owned() }),
    };
    match Target::of(&value) {
        Target::Local { kind, id } => local(kind, id),
        Target::Absolute { url, kind: found, id } => match below(ctx.base, url) {
            Some(_) => local(found, id),
            None => Ok(Wanted::Address(url.to_owned())),
        },
        _ if is_id(&value) => Ok(Wanted::Local { kind: kind.map(str::to_owned), id: value }),
        _ if kind.is_some() => Err("not a reference"),
        _ => Ok(Wanted::Address(value)),
    }
}

/// The part of an address below the base of this server.
pub(crate) fn below<'a>(base: &str, url: &'a str) -> Option<&'a str> {
    if base.is_empty() { None } else { url.strip_prefix(base)?.strip_prefix('/') }
}

fn time(ctx: &SearchContext<'_>, value: &str) -> Result<Wanted, &'static str> {
    let (prefix, rest) = prefix(value);
    // A `+` of a zone arrives as a space from clients that do not encode it.
    let text = rest.trim().replace(' ', "+");
    let span = span(&text, ctx.zone).ok_or("not a date")?;
    // `ap`: a tenth of the distance to now (R4 §3.1.1.4.6).
    let slack = if prefix == Prefix::Ap { ctx.now_us.abs_diff(span.from) / 10 } else { 0 };
    Ok(Wanted::Time { prefix, span, slack: i64::try_from(slack).unwrap_or(i64::MAX), text })
}

fn quantity(value: &str) -> Result<Wanted, &'static str> {
    let parts = split(value, b'|');
    let (number, system, code) = match parts.as_slice() {
        [number] => (*number, None, None),
        [number, system, code] => (*number, Some(unescape(system)), Some(unescape(code))),
        _ => return Err("a quantity is number, or number|system|code"),
    };
    let (prefix, number) = prefix(number);
    let value = Decimal::parse(number.trim()).ok_or("not a number")?;
    let some = |t: Option<String>| t.filter(|t| !t.is_empty());
    Ok(Wanted::Quantity { prefix, value, system: some(system), code: some(code) })
}

fn composite(ctx: &SearchContext<'_>, param: &SearchParam, value: &str) -> Result<Wanted, &'static str> {
    let parts = split(value, b'$');
    if parts.len() != param.components.len() || parts.iter().any(|p| p.is_empty()) {
        return Err("a composite has one value for each of its parts, joined by $");
    }
    let mut out = Vec::with_capacity(parts.len());
    for ((no, _), part) in param.components.iter().zip(parts) {
        let of = ctx.tables.param(*no).ok_or("this parameter is not supported")?;
        out.push((*no, parse(ctx, of, &Modifier::None, part)?));
    }
    Ok(Wanted::Composite(out))
}
