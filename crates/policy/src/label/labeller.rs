//! Labels from content.

use serde_json::{Map, Value};

use super::rules::{Rules, Said};
use super::{Class, Confidentiality, Grade, Kinds, Labels, Sensitivity};
use crate::PolicyError;

/// Sets labels when a document is written, by the tables that ship with the house.
#[derive(Debug)]
pub struct Labeller {
    kinds: Kinds,
    rules: Rules,
}

impl Labeller {
    /// The rules that ship with the house.
    pub fn shipped() -> Result<Self, PolicyError> {
        Ok(Self {
            kinds: Kinds::parse(include_str!("../../data/kinds.toml"))?,
            rules: Rules::parse(include_str!("../../data/labels.toml"))?,
        })
    }

    /// What policies call this kind.
    pub fn class_of(&self, kind: &str) -> Class {
        self.kinds.class(kind)
    }

    /// Labels of a kind before its content is known: what a decision about an unknown document
    /// uses.
    pub fn of_kind(&self, kind: &str) -> &Labels {
        self.kinds.labels(kind)
    }

    /// Labels of a document. Codes, typed words and contained documents raise them, and so do the
    /// labels that came with it; nothing lowers them. What cannot be read gets the strictest.
    pub fn label(&self, kind: &str, body: &Value) -> Labels {
        let Some(document) = body.as_object() else {
            return Labels::strictest();
        };
        match document.get("resourceType") {
            None => {}
            Some(Value::String(said)) if said == kind => {}
            Some(_) => return Labels::strictest(),
        }
        let mut labels = self.kinds.labels(kind).clone();
        // Documents about nobody stay as their kind is: a code system that lists B20 is no secret.
        if self.kinds.class(kind) == Class::Shared {
            return labels;
        }
        self.security(document, &mut labels);
        self.walk(body, &mut labels);
        labels
    }

    fn security(&self, document: &Map<String, Value>, labels: &mut Labels) {
        let Some(meta) = document.get("meta") else {
            return;
        };
        let Some(security) = meta.get("security") else {
            return;
        };
        let Some(entries) = security.as_array() else {
            unlisted(labels);
            return;
        };
        for entry in entries {
            let text = |name| entry.get(name).and_then(Value::as_str);
            match self.rules.security(text("system"), text("code")) {
                Said::Confidentiality(confidentiality) => {
                    labels.confidentiality = labels.confidentiality.max(confidentiality);
                }
                Said::Sensitivity(sensitivity) => {
                    labels.sensitivity.insert(sensitivity);
                    labels.confidentiality = labels.confidentiality.max(Confidentiality::Restricted);
                    labels.level = labels.level.max(4);
                    labels.grade = Grade::Core;
                }
                Said::Flag(flag) => {
                    labels.flags.insert(flag);
                }
                Said::Nothing => {}
                Said::Unlisted => unlisted(labels),
            }
        }
    }

    /// Looks at every coding and every text, at any depth, without recursion (documents come from
    /// outside).
    fn walk(&self, body: &Value, labels: &mut Labels) {
        let mut open = vec![body];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(object) => {
                    if let Some(code) = object.get("code").and_then(Value::as_str) {
                        let system = object.get("system").and_then(Value::as_str);
                        for raise in self.rules.coding(system, code) {
                            raise.apply(labels);
                        }
                    }
                    if let Some(contained) = object.get("contained").and_then(Value::as_array) {
                        self.contained(contained, labels);
                    }
                    for (name, child) in object {
                        // Bytes of an attachment are not text; `meta.security` is read on its own.
                        if name != "data" && name != "security" {
                            open.push(child);
                        }
                    }
                }
                Value::String(text) => {
                    for raise in self.rules.text(text) {
                        raise.apply(labels);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }

    fn contained(&self, contained: &[Value], labels: &mut Labels) {
        for inner in contained {
            let Some(inner) = inner.as_object() else {
                unlisted(labels);
                continue;
            };
            let kind = inner.get("resourceType").and_then(Value::as_str).unwrap_or_default();
            match self.kinds.class(kind) {
                Class::Unknown => unlisted(labels),
                Class::Shared => {}
                _ => {
                    let of_kind = self.kinds.labels(kind);
                    // An Observation that contains its Patient stays an Observation.
                    labels.category = labels.category.max(of_kind.category);
                    labels.grade = labels.grade.max(of_kind.grade);
                    labels.level = labels.level.max(of_kind.level);
                    labels.confidentiality = labels.confidentiality.max(of_kind.confidentiality);
                }
            }
            self.security(inner, labels);
        }
    }
}

/// A label that we do not know is treated as the strictest of its sort.
fn unlisted(labels: &mut Labels) {
    labels.sensitivity.insert(Sensitivity::Unlisted);
    labels.confidentiality = Confidentiality::VeryRestricted;
    labels.level = 5;
    labels.grade = Grade::Core;
}

#[cfg(test)]
#[path = "labeller_tests.rs"]
mod tests;
