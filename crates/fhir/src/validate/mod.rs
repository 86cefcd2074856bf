//! Structural validation: properties, cardinality, lexical rules, choices, references, required codes, and the invariants of
//! `rules`. Diagnostics never repeat a value.

mod lexical;
mod narrative;
mod path;
mod rules;

use serde_json::{Map, Value};

use crate::issue::{Issue, IssueType};
use crate::tables::{Element, ElementType, NodeId, Primitive, Shape, Tables};
use crate::walker::text;

use path::At;

/// More issues than this help nobody.
const MAX_ISSUES: usize = 100;

/// Everything that is wrong with a resource; empty if nothing is.
pub fn validate(tables: &Tables, resource: &Value) -> Vec<Issue> {
    let mut check = Check { tables, root: resource, held: Vec::new(), issues: Vec::new() };
    check.resource(resource, None);
    check.issues
}

struct Check<'a> {
    tables: &'a Tables,
    /// The outermost resource that is not a bundle: where `#x` is looked up.
    root: &'a Value,
    /// Ids in its `contained`, with their types.
    held: Vec<(&'a str, &'a str)>,
    issues: Vec<Issue>,
}

impl<'a> Check<'a> {
    fn error(&mut self, code: IssueType, at: &At<'_>, diagnostics: impl Into<String>) {
        if self.issues.len() < MAX_ISSUES {
            self.issues.push(Issue::error(code, at.to_string(), diagnostics));
        }
    }

    fn resource(&mut self, value: &'a Value, parent: Option<&At<'_>>) {
        let nowhere = At::Root("Resource");
        let Some(object) = value.as_object() else {
            return self.error(IssueType::Structure, parent.unwrap_or(&nowhere), "a resource is a JSON object");
        };
        let kind = object.get("resourceType").and_then(Value::as_str).unwrap_or_default();
        let Some(of) = self.tables.resource(kind) else {
            return self.error(
                IssueType::Structure,
                parent.unwrap_or(&nowhere),
                "resourceType is missing or is not a type of FHIR R4",
            );
        };
        let own = At::Root(&of.name);
        let at = parent.copied().unwrap_or(own);
        let contained = matches!(at, At::Item(At::Property(_, "contained"), _));
        let outer = (self.root, std::mem::take(&mut self.held));
        if contained {
            self.held.clone_from(&outer.1);
        } else {
            self.root = value;
            let held = object.get("contained").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            self.held = held
                .iter()
                .map(|c| (text(c, "id").unwrap_or_default(), text(c, "resourceType").unwrap_or_default()))
                .collect();
        }
        self.object(of.node, object, &at, true);
        rules::resource(self, value, &at, contained);
        (self.root, self.held) = outer;
    }

    fn object(&mut self, node: NodeId, object: &'a Map<String, Value>, at: &At<'_>, resource: bool) {
        let Some(node) = self.tables.node(node) else { return };
        if object.is_empty() {
            return self.error(IssueType::Invariant, at, "ele-1: an element has a value or children");
        }
        // Which elements have been seen, and by which JSON name (for choices).
        let mut seen: u128 = 0;
        let mut chosen: [u16; 4] = [0; 4];
        let mut choices = 0usize;
        for (key, value) in object {
            if resource && key == "resourceType" {
                continue;
            }
            let (name, sibling) = match key.strip_prefix('_') {
                Some(name) => (name, true),
                None => (key.as_str(), false),
            };
            let Some((index, element, of)) = node.property(name) else {
                self.unknown(key, at);
                continue;
            };
            let here = At::Property(at, key);
            let bit = 1u128.checked_shl(u32::try_from(index).unwrap_or(127)).unwrap_or(0);
            if element.choice {
                // The same element under another name is a second value of the choice; `_x` beside `x` is not.
                let which = element.types.iter().position(|t| std::ptr::eq(t, of)).unwrap_or(0);
                let tag = u16::try_from(index << 8 | which).unwrap_or(u16::MAX);
                if seen & bit != 0 && !chosen.iter().take(choices).any(|c| *c == tag) {
                    self.error(IssueType::Structure, &here, "only one of the types of a choice may be given");
                }
                if let Some(slot) = chosen.get_mut(choices) {
                    *slot = tag;
                    choices += 1;
                }
            }
            seen |= bit;
            if sibling {
                self.sibling(value, object.get(name), element, of, &here);
            } else {
                self.property(value, object, key, element, of, &here);
            }
        }
        for (index, element) in node.elements.iter().enumerate() {
            let bit = 1u128.checked_shl(u32::try_from(index).unwrap_or(127)).unwrap_or(0);
            if element.min > 0 && seen & bit == 0 {
                let here = At::Property(at, &element.name);
                self.error(IssueType::Required, &here, "a required element is missing");
            }
        }
    }

    /// The name is repeated only if it looks like a name: it may be data in the wrong place.
    fn unknown(&mut self, key: &str, at: &At<'_>) {
        let shown = key.len() <= 40 && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
        let here = if shown { At::Property(at, key) } else { *at };
        self.error(IssueType::Structure, &here, "unknown property");
    }

    fn property(
        &mut self,
        value: &'a Value,
        object: &'a Map<String, Value>,
        key: &str,
        element: &'a Element,
        of: &'a ElementType,
        at: &At<'_>,
    ) {
        if !element.repeats() {
            if value.is_array() {
                return self.error(IssueType::Structure, at, "is not a list");
            }
            return self.single(value, element, of, at);
        }
        let Some(items) = value.as_array() else {
            return self.error(IssueType::Structure, at, "is a list");
        };
        if items.is_empty() {
            return self.error(IssueType::Structure, at, "a list is not empty");
        }
        self.bounds(items.len(), element, at);
        for (index, item) in items.iter().enumerate() {
            let here = At::Item(at, index);
            if item.is_null() {
                let extended = matches!(of.shape, Shape::Primitive(_))
                    && object.get(&format!("_{key}")).and_then(|s| s.get(index)).is_some_and(Value::is_object);
                if !extended {
                    self.error(IssueType::Structure, &here, "null stands only for a value that has extensions");
                }
                continue;
            }
            self.single(item, element, of, &here);
        }
    }

    fn bounds(&mut self, count: usize, element: &Element, at: &At<'_>) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if count > element.max || count < element.min {
            self.error(IssueType::Structure, at, "too many or too few values");
        }
    }

    fn single(&mut self, value: &'a Value, element: &'a Element, of: &'a ElementType, at: &At<'_>) {
        match of.shape {
            Shape::Primitive(primitive) => {
                if let Err(rule) = lexical::check(primitive, value) {
                    return self.error(IssueType::Value, at, rule);
                }
                if let (Primitive::Code, Some(set), Some(code)) = (primitive, element.binding, value.as_str())
                    && self.tables.code_set(set).is_some_and(|s| !s.has_code(code))
                {
                    self.error(IssueType::CodeInvalid, at, "is not a code of the required value set");
                }
            }
            Shape::Complex(node) => {
                let Some(object) = value.as_object() else {
                    return self.error(IssueType::Structure, at, "is an object");
                };
                self.object(node, object, at, false);
                rules::element(self, value, element, of, at);
            }
            Shape::Resource => self.resource(value, Some(at)),
        }
    }

    /// `_name`: id and extensions of a primitive.
    fn sibling(&mut self, value: &'a Value, plain: Option<&Value>, element: &Element, of: &ElementType, at: &At<'_>) {
        if !matches!(of.shape, Shape::Primitive(_)) {
            return self.error(IssueType::Structure, at, "unknown property");
        }
        let Some(node) = self.tables.type_of("Element").map(|t| t.node) else { return };
        if !element.repeats() {
            return match value.as_object() {
                Some(object) => self.object(node, object, at, false),
                None => self.error(IssueType::Structure, at, "is an object"),
            };
        }
        let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
            return self.error(IssueType::Structure, at, "is a list");
        };
        match plain.and_then(Value::as_array) {
            Some(values) if values.len() != items.len() => {
                self.error(IssueType::Structure, at, "has as many items as the values");
            }
            Some(_) => {}
            None => self.bounds(items.len(), element, at),
        }
        for (index, item) in items.iter().enumerate() {
            let here = At::Item(at, index);
            match item {
                Value::Object(object) => self.object(node, object, &here, false),
                Value::Null if plain.and_then(|p| p.get(index)).is_some_and(|v| !v.is_null()) => {}
                _ => self.error(IssueType::Structure, &here, "is an object, or null beside a value"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
