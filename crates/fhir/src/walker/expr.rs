//! The language of R4's search expressions: seven constructs, and nothing else.
//!
//! Paths, `(X as T)`, `.as(T)`, `.where(resolve() is T)`, `.where(k='v')`, `[0]` and
//! `X.exists() and X != false`. A general FHIRPath engine is hundreds of times slower and stricter than R4's own expressions
//! (it throws on `as` over repeating elements, that is on every blood pressure panel).

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A property by its name in the definitions.
    Name(String),
    /// Values of one type only.
    As(String),
    /// Values with a property of a given value.
    WhereEq(String, String),
    /// References to one type.
    WhereTarget(String),
    /// The first value.
    First,
    /// Whether there is a value other than `false`.
    ExistsNotFalse,
}

/// One member of a union: an optional root (`Patient`, `Resource`, `%resource`) and steps.
pub(crate) type Path = Vec<Step>;

/// Why an expression is outside the language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("search expressions may use paths, as, where(resolve() is T), where(k='v'), [0] and exists(): not `{0}`")]
pub struct ExpressionError(pub String);

/// Takes a union apart.
pub(crate) fn parse(expression: &str) -> Result<Vec<Path>, ExpressionError> {
    expression.split('|').map(str::trim).filter(|m| !m.is_empty()).map(member).collect()
}

fn member(text: &str) -> Result<Path, ExpressionError> {
    let bad = || ExpressionError(text.to_owned());
    if let Some((left, right)) = text.split_once(" and ") {
        let path = left.trim().strip_suffix(".exists()").ok_or_else(bad)?;
        if right.trim().strip_suffix("!= false").map(str::trim) != Some(path) {
            return Err(bad());
        }
        let mut steps = member(path)?;
        steps.push(Step::ExistsNotFalse);
        return Ok(steps);
    }
    let mut steps = Vec::new();
    let mut rest = text;
    if let Some(inner) = text.strip_prefix('(') {
        let (inner, behind) = inner.split_once(')').ok_or_else(bad)?;
        let (path, kind) = inner.split_once(" as ").ok_or_else(bad)?;
        steps = member(path.trim())?;
        steps.push(Step::As(kind.trim().to_owned()));
        rest = behind;
        if !rest.is_empty() {
            rest = rest.strip_prefix('.').ok_or_else(bad)?;
        }
    }
    while !rest.is_empty() {
        let end = rest.find(['.', '[', '(']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at_checked(end).ok_or_else(bad)?;
        let clean = name.strip_prefix('%').unwrap_or(name);
        if clean.is_empty() || !clean.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(bad());
        }
        rest = behind;
        if let Some(call) = rest.strip_prefix('(') {
            let (argument, behind) = argument(call).ok_or_else(bad)?;
            steps.push(function(name, argument).ok_or_else(bad)?);
            rest = behind;
        } else {
            steps.push(Step::Name(name.to_owned()));
        }
        if let Some(behind) = rest.strip_prefix("[0]") {
            steps.push(Step::First);
            rest = behind;
        }
        if !rest.is_empty() {
            rest = rest.strip_prefix('.').filter(|r| !r.is_empty()).ok_or_else(bad)?;
        }
    }
    if steps.is_empty() { Err(bad()) } else { Ok(steps) }
}

/// The text up to the closing bracket, and what follows it.
fn argument(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0usize;
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'(' => depth += 1,
            b')' if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn function(name: &str, argument: &str) -> Option<Step> {
    let word = |t: &str| (!t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| t.to_owned());
    match name {
        "as" => Some(Step::As(word(argument.trim())?)),
        "where" => {
            if let Some(kind) = argument.trim().strip_prefix("resolve() is ") {
                return Some(Step::WhereTarget(word(kind.trim())?));
            }
            let (key, value) = argument.split_once('=')?;
            let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            Some(Step::WhereEq(word(key.trim())?, value.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_r4_expression_is_in_the_language() {
        let t = crate::Tables::r4();
        for kind in t.resources() {
            for p in t.params_of(kind) {
                assert!(parse(&p.expression).is_ok(), "{}", p.expression);
                for (_, e) in &p.components {
                    assert!(parse(e).is_ok(), "{e}");
                }
            }
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "Patient.name.first()",
            "Patient.name.where(use='a' and b)",
            "Patient.",
            "(Patient.x",
            "Patient.name[1]",
            "a.b(c",
            "Patient.where(exists())",
            "a.exists() and b != false",
            "1 + 1",
            "Patient..name",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in r"[A-Za-z.()\[\]|'= %0!]{0,40}") {
            let _ = parse(&text);
        }
    }
}
