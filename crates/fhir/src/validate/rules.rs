//! The invariants that matter for every resource: containment, references, extensions, codes, periods.

use serde_json::Value;

use crate::issue::IssueType;
use crate::tables::{Element, ElementType};
use crate::values::reference::{Target, is_id};
use crate::values::time::span;
use crate::walker::{Zone, list, text};

use super::Check;
use super::path::At;

/// Rules of a whole resource.
pub(super) fn resource<'a>(check: &mut Check<'a>, value: &'a Value, at: &At<'_>, contained: bool) {
    // The definitions call Resource.id a string; the text of the specification makes it an id.
    if text(value, "id").is_some_and(|id| !is_id(id)) {
        check.error(IssueType::Value, &At::Property(at, "id"), "an id has 1 to 64 letters, digits, - and .");
    }
    if contained {
        if value.get("contained").is_some() {
            check.error(IssueType::Invariant, at, "dom-2: a contained resource contains no other");
        }
        if value.pointer("/meta/versionId").is_some() || value.pointer("/meta/lastUpdated").is_some() {
            check.error(IssueType::Invariant, at, "dom-4: a contained resource has no versionId and no lastUpdated");
        }
        if value.pointer("/meta/security").is_some() {
            check.error(IssueType::Invariant, at, "dom-5: a contained resource has no security label");
        }
        if text(value, "id").is_none() {
            check.error(IssueType::Invariant, at, "a contained resource has an id");
        }
        return;
    }
    let held = list(value, "contained");
    if !held.is_empty() {
        containment(check, value, held, at);
    }
    match text(value, "resourceType") {
        Some("Observation") => observation(check, value, at),
        Some("Bundle") => bundle(check, value, at),
        _ => {}
    }
}

/// dom-3: each contained resource is referred to, or refers to its container; ids are unique.
fn containment(check: &mut Check<'_>, value: &Value, held: &[Value], at: &At<'_>) {
    let mut used = Vec::new();
    fragments(value, &mut used);
    for (index, one) in held.iter().enumerate() {
        let Some(id) = text(one, "id") else { continue };
        let list = At::Property(at, "contained");
        let here = At::Item(&list, index);
        if held.iter().take(index).any(|other| text(other, "id") == Some(id)) {
            check.error(IssueType::Invariant, &here, "ids of contained resources are unique");
        }
        let mut inner = Vec::new();
        fragments(one, &mut inner);
        if !used.contains(&id) && !inner.contains(&"") {
            check.error(
                IssueType::Invariant,
                &here,
                "dom-3: a contained resource is referred to from elsewhere in the resource",
            );
        }
    }
}

/// All `#id` of references and canonicals.
fn fragments<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => out.extend(text.strip_prefix('#')),
        Value::Array(items) => items.iter().for_each(|v| fragments(v, out)),
        Value::Object(map) => map.values().for_each(|v| fragments(v, out)),
        _ => {}
    }
}

fn observation(check: &mut Check<'_>, value: &Value, at: &At<'_>) {
    let object = value.as_object();
    let has_value = object.is_some_and(|o| o.keys().any(|k| k.starts_with("value")));
    if has_value && value.get("dataAbsentReason").is_some() {
        check.error(IssueType::Invariant, at, "obs-6: dataAbsentReason is given only if there is no value");
    }
}

/// bdl-7: an address occurs once, unless versions differ.
fn bundle(check: &mut Check<'_>, value: &Value, at: &At<'_>) {
    if matches!(text(value, "type"), Some("history")) {
        return;
    }
    let mut urls: Vec<(&str, Option<&Value>)> = list(value, "entry")
        .iter()
        .filter_map(|e| Some((text(e, "fullUrl")?, e.pointer("/resource/meta/versionId"))))
        .collect();
    urls.sort_by(|a, b| a.0.cmp(b.0));
    let twice = urls.windows(2).any(|pair| matches!(pair, [a, b] if a.0 == b.0 && a.1 == b.1));
    if twice {
        let here = At::Property(at, "entry");
        check.error(IssueType::Invariant, &here, "bdl-7: a fullUrl occurs once");
    }
}

/// Rules of an element.
pub(super) fn element<'a>(check: &mut Check<'a>, value: &'a Value, element: &Element, of: &ElementType, at: &At<'_>) {
    match &*of.code {
        "Reference" => reference(check, value, of, at),
        "Extension" => extension(check, value, at),
        "Period" => {
            let end = |key| text(value, key).and_then(|t| span(t, Zone::UTC));
            if let (Some(start), Some(stop)) = (end("start"), end("end"))
                && start.from >= stop.to
            {
                check.error(IssueType::Invariant, at, "per-1: a period does not end before it starts");
            }
        }
        "Coding" | "CodeableConcept" if element.binding.is_some() => binding(check, value, element, of, at),
        _ => {}
    }
}

/// A required binding of a Coding or CodeableConcept: one coding is of the value set.
fn binding(check: &mut Check<'_>, value: &Value, element: &Element, of: &ElementType, at: &At<'_>) {
    let Some(set) = element.binding.and_then(|at| check.tables.code_set(at)) else { return };
    let codings = if &*of.code == "Coding" { std::slice::from_ref(value) } else { list(value, "coding") };
    let member = |c: &Value| match (text(c, "system"), text(c, "code")) {
        (Some(system), Some(code)) => set.has(system, code),
        _ => false,
    };
    if !codings.iter().any(member) && !codings.is_empty() {
        check.error(IssueType::CodeInvalid, at, "no code is of the required value set");
    }
}

fn reference(check: &mut Check<'_>, value: &Value, of: &ElementType, at: &At<'_>) {
    let Some(written) = text(value, "reference") else { return };
    let kind = match Target::of(written) {
        Target::Fragment("") => return,
        Target::Fragment(id) => {
            if let Some((_, kind)) = check.held.iter().find(|(held, _)| *held == id) {
                *kind
            } else {
                check.error(IssueType::Invariant, at, "ref-1: a local reference points at a contained resource");
                return;
            }
        }
        Target::Local { kind, .. } | Target::Conditional { kind, .. } => {
            if check.tables.resource(kind).is_none() {
                check.error(IssueType::Invalid, at, "the reference names a type that FHIR R4 does not have");
                return;
            }
            kind
        }
        Target::Absolute { kind, .. } if check.tables.resource(kind).is_some() => kind,
        Target::Absolute { .. } | Target::Other(_) => return,
    };
    if !of.targets.is_empty() && !of.targets.iter().any(|t| &**t == kind) {
        check.error(IssueType::Invalid, at, format!("a reference here does not point at a {kind}"));
    }
}

/// ext-1: either extensions or a value.
fn extension(check: &mut Check<'_>, value: &Value, at: &At<'_>) {
    let Some(object) = value.as_object() else { return };
    let values = object.keys().any(|k| k.starts_with("value") || k.starts_with("_value"));
    let inner = object.contains_key("extension");
    if values == inner {
        check.error(IssueType::Invariant, at, "ext-1: an extension has either a value or extensions");
    }
}
