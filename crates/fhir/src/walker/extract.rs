//! Values into index entries, by the kind of parameter and the type of value.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::tables::{ParamKind, Tables};
use crate::values::decimal::Decimal;
use crate::values::pinyin::readings;
use crate::values::reference::Target;
use crate::values::text::{has_han, normalise, phone};
use crate::values::time::{Span, span};

use super::Zone;
use super::program::Leaf;
use super::record::{Indexed, RefForm, Writer};

/// Where entries of one parameter go.
pub(crate) struct Sink<'a> {
    pub(crate) tables: &'a Tables,
    pub(crate) zone: Zone,
    pub(crate) out: &'a mut Writer,
    pub(crate) param: u16,
}

impl Sink<'_> {
    fn put(&mut self, value: &Indexed<'_>) {
        self.out.put(self.param, value);
    }

    /// Indexes one value. A value that cannot be compared leaves a mark, so that `:missing` is right.
    pub(crate) fn value(&mut self, kind: ParamKind, leaf: Leaf, name: bool, value: &Value) {
        let done = match kind {
            ParamKind::Token => self.token(leaf, value),
            ParamKind::String => self.string(leaf, name, value),
            ParamKind::Reference => self.reference(leaf, value),
            ParamKind::Date => self.time(leaf, value),
            ParamKind::Number => self.number(leaf, value),
            ParamKind::Quantity => self.quantity(leaf, value),
            ParamKind::Uri => value.as_str().map(|uri| self.put(&Indexed::Uri(uri))),
            ParamKind::Composite | ParamKind::Special => None,
        };
        if done.is_none() && !value.is_null() {
            self.put(&Indexed::Present);
        }
    }

    fn token(&mut self, leaf: Leaf, value: &Value) -> Option<()> {
        match leaf {
            Leaf::Coding => self.coding(value.as_object()?),
            Leaf::CodeableConcept => {
                let mut any = None;
                for coding in list(value, "coding") {
                    any = coding.as_object().and_then(|c| self.coding(c)).or(any);
                }
                self.display(value, "text").or(any)
            }
            Leaf::Identifier => {
                let code = text(value, "value");
                for coding in value.get("type").map(|t| list(t, "coding")).unwrap_or_default() {
                    if let (Some(code), Some(of)) = (code, text(coding, "code")) {
                        let system = text(coding, "system").unwrap_or_default();
                        self.put(&Indexed::OfType { system, code: of, value: code });
                    }
                }
                value.get("type").and_then(|t| self.display(t, "text"));
                self.put(&Indexed::Token { system: text(value, "system"), implied: false, code: code? });
                Some(())
            }
            Leaf::ContactPoint => {
                let code = text(value, "value")?;
                self.put(&Indexed::Token { system: None, implied: false, code });
                if text(value, "system").is_some_and(|s| s != "email" && s != "url")
                    && let Some(digits) = phone(code).filter(|d| d != code)
                {
                    self.put(&Indexed::Token { system: None, implied: true, code: &digits });
                }
                Some(())
            }
            Leaf::Boolean => {
                let code = if value.as_bool()? { "true" } else { "false" };
                self.put(&Indexed::Token { system: None, implied: false, code });
                Some(())
            }
            Leaf::Code(binding) => {
                let code = value.as_str()?;
                let system = binding.and_then(|at| self.tables.code_set(at)).and_then(|set| set.system_of(code));
                self.put(&Indexed::Token { system, implied: true, code });
                Some(())
            }
            Leaf::Number => {
                self.put(&Indexed::Token { system: None, implied: false, code: number(value)? });
                Some(())
            }
            _ => {
                self.put(&Indexed::Token { system: None, implied: false, code: value.as_str()? });
                Some(())
            }
        }
    }

    fn coding(&mut self, coding: &Map<String, Value>) -> Option<()> {
        if let Some(display) = coding.get("display").and_then(Value::as_str) {
            self.put(&Indexed::Display(&normalise(display)));
        }
        let code = coding.get("code").and_then(Value::as_str)?;
        self.put(&Indexed::Token { system: coding.get("system").and_then(Value::as_str), implied: false, code });
        Some(())
    }

    fn display(&mut self, value: &Value, key: &str) -> Option<()> {
        let words = text(value, key)?;
        self.put(&Indexed::Display(&normalise(words)));
        Some(())
    }

    fn string(&mut self, leaf: Leaf, name: bool, value: &Value) -> Option<()> {
        match leaf {
            Leaf::HumanName => self.human_name(value),
            Leaf::Address => {
                let mut any = None;
                for key in ["text", "city", "district", "state", "postalCode", "country"] {
                    any = text(value, key).map(|t| self.text(t, false)).or(any);
                }
                for line in list(value, "line") {
                    any = line.as_str().map(|t| self.text(t, false)).or(any);
                }
                any
            }
            Leaf::CodeableConcept => {
                let mut any = text(value, "text").map(|t| self.text(t, false));
                for coding in list(value, "coding") {
                    any = text(coding, "display").map(|t| self.text(t, false)).or(any);
                }
                any
            }
            _ => value.as_str().map(|t| self.text(t, name)),
        }
    }

    fn human_name(&mut self, value: &Value) -> Option<()> {
        let mut any = None;
        for key in ["text", "family"] {
            any = text(value, key).map(|t| self.text(t, true)).or(any);
        }
        for key in ["given", "prefix", "suffix"] {
            for part in list(value, key) {
                any = part.as_str().map(|t| self.text(t, key == "given")).or(any);
            }
        }
        // 张 + 三 is also found as 张三, unless the text already says so.
        if let Some(whole) = joined_han_name(value) {
            self.put(&Indexed::Text { normal: &whole, original: None });
            self.readings(&whole);
        }
        any
    }

    fn text(&mut self, original: &str, name: bool) {
        let normal = normalise(original);
        self.put(&Indexed::Text { normal: &normal, original: Some(original) });
        if name {
            self.readings(original);
        }
    }

    fn readings(&mut self, name: &str) {
        if !has_han(name) {
            return;
        }
        if let Some((full, initials)) = readings(name) {
            self.put(&Indexed::Text { normal: &full, original: None });
            self.put(&Indexed::Text { normal: &initials, original: None });
        }
    }

    fn reference(&mut self, leaf: Leaf, value: &Value) -> Option<()> {
        match leaf {
            Leaf::Reference => {
                let mut any = None;
                if let Some(identifier) = value.get("identifier")
                    && let Some(number) = text(identifier, "value")
                {
                    self.put(&Indexed::RefIdentifier { system: text(identifier, "system"), value: number });
                    any = Some(());
                }
                let Some(reference) = text(value, "reference") else { return any };
                match Target::of(reference) {
                    Target::Local { kind, id } => {
                        let mut target = String::with_capacity(kind.len() + id.len() + 1);
                        let _ = write!(target, "{kind}/{id}");
                        self.put(&Indexed::Reference { form: RefForm::Local, target: &target });
                    }
                    Target::Absolute { url, .. } => {
                        self.put(&Indexed::Reference { form: RefForm::Absolute, target: url });
                    }
                    Target::Fragment(_) => return any,
                    Target::Conditional { .. } | Target::Other(_) => {
                        self.put(&Indexed::Reference { form: RefForm::Other, target: reference });
                    }
                }
                Some(())
            }
            Leaf::Resource => {
                let target = format!("{}/{}", text(value, "resourceType")?, text(value, "id")?);
                self.put(&Indexed::Reference { form: RefForm::Local, target: &target });
                Some(())
            }
            _ => {
                self.put(&Indexed::Reference { form: RefForm::Canonical, target: value.as_str()? });
                Some(())
            }
        }
    }

    fn time(&mut self, leaf: Leaf, value: &Value) -> Option<()> {
        let zone = self.zone;
        let at = |t: Option<&str>| t.and_then(|t| span(t, zone));
        let found = match leaf {
            Leaf::Period => period(value, zone)?,
            Leaf::Timing => {
                let events = list(value, "event").iter().filter_map(|e| at(e.as_str()));
                let bounds = value.pointer("/repeat/boundsPeriod").and_then(|p| period(p, zone));
                events.chain(bounds).reduce(|a, b| Span { from: a.from.min(b.from), to: a.to.max(b.to) })?
            }
            _ => at(value.as_str())?,
        };
        self.put(&Indexed::Time(found));
        Some(())
    }

    fn number(&mut self, leaf: Leaf, value: &Value) -> Option<()> {
        let (low, high) = if leaf == Leaf::Range {
            range(value)?
        } else {
            let n = Decimal::parse(number(value)?)?;
            (Some(n), Some(n))
        };
        self.put(&Indexed::Number { low, high });
        Some(())
    }

    fn quantity(&mut self, leaf: Leaf, value: &Value) -> Option<()> {
        match leaf {
            Leaf::Quantity => {
                let n = decimal(value, "value")?;
                let (low, high) = match text(value, "comparator") {
                    Some("<" | "<=") => (None, Some(n)),
                    Some(">" | ">=") => (Some(n), None),
                    _ => (Some(n), Some(n)),
                };
                self.amount(low, high, value);
            }
            Leaf::Money => {
                let n = decimal(value, "value");
                n?;
                let code = text(value, "currency").unwrap_or_default();
                self.put(&Indexed::Quantity { low: n, high: n, system: "urn:iso:std:iso:4217", code, unit: code });
            }
            Leaf::Range => {
                let (low, high) = range(value)?;
                self.amount(low, high, value.get("low").or_else(|| value.get("high"))?);
            }
            _ => return None,
        }
        Some(())
    }

    fn amount(&mut self, low: Option<Decimal>, high: Option<Decimal>, unit: &Value) {
        let of = |key| text(unit, key).unwrap_or_default();
        self.put(&Indexed::Quantity { low, high, system: of("system"), code: of("code"), unit: of("unit") });
    }
}

/// A Chinese name put together, family first, unless `text` is that already.
pub(crate) fn joined_han_name(value: &Value) -> Option<String> {
    let family = text(value, "family")?;
    if !has_han(family) {
        return None;
    }
    let mut whole = normalise(family);
    for given in list(value, "given").iter().filter_map(Value::as_str) {
        whole.push_str(&normalise(given));
    }
    (text(value, "text").map(normalise).as_deref() != Some(whole.as_str())).then_some(whole)
}

fn period(value: &Value, zone: Zone) -> Option<Span> {
    let end = |key| text(value, key).map(|t| span(t, zone));
    let (start, stop) = (end("start"), end("end"));
    if start.is_none() && stop.is_none() {
        return None;
    }
    Some(Span {
        from: start.map_or(Some(i64::MIN), |s| s.map(|s| s.from))?,
        to: stop.map_or(Some(i64::MAX), |s| s.map(|s| s.to))?,
    })
}

fn range(value: &Value) -> Option<(Option<Decimal>, Option<Decimal>)> {
    let end = |key| value.get(key).and_then(|q| decimal(q, "value"));
    let (low, high) = (end("low"), end("high"));
    (low.is_some() || high.is_some()).then_some((low, high))
}

fn decimal(value: &Value, key: &str) -> Option<Decimal> {
    Decimal::parse(number(value.get(key)?)?)
}

/// The digits as written.
fn number(value: &Value) -> Option<&str> {
    match value {
        Value::Number(n) => Some(n.as_str()),
        _ => None,
    }
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
