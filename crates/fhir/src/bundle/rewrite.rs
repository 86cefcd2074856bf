//! References inside a bundle: from fullUrls and search criteria to what they became.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::tables::{NodeId, Primitive, Shape, Tables};
use crate::values::reference::Target as Refers;

use super::ConditionalReference;

/// What the addresses of a bundle became.
#[derive(Default)]
pub struct Renames(HashMap<String, String>);

impl Renames {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `from`, a fullUrl or conditional reference, is now `to` (`Patient/1`). An absolute fullUrl is also renamed where
    /// other entries refer to it relatively (R4 §2.36.4.1).
    pub fn add(&mut self, from: &str, to: &str) {
        if let Refers::Absolute { kind, id, .. } = Refers::of(from) {
            self.0.insert(format!("{kind}/{id}"), to.to_owned());
        }
        self.0.insert(from.to_owned(), to.to_owned());
    }

    /// What a reference became.
    pub fn to(&self, from: &str) -> Option<&str> {
        if let Some(to) = self.0.get(from) {
            return Some(to);
        }
        // A version of something that is new does not exist.
        let (plain, _) = from.split_once("/_history/")?;
        self.0.get(plain).map(String::as_str)
    }
}

impl std::fmt::Debug for Renames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Renames").field(&self.0.len()).finish()
    }
}

/// Replaces references by what they became: fullUrls and conditional references in Reference.reference, uri/url/oid/uuid
/// elements and narrative links. Canonicals stay. A resource that holds none is not touched.
pub fn rewrite(tables: &Tables, resource: &mut Arc<Value>, names: &Renames) {
    let may_change = |text: &str| text.contains('<') || names.to(text).is_some_and(|new| new != text);
    if !any_text(resource, &may_change) {
        return;
    }
    visit(tables, Arc::make_mut(resource), &mut |place, text| match place {
        Place::Reference | Place::Uri => {
            if let Some(new) = names.to(text) {
                new.clone_into(text);
            }
        }
        Place::Narrative => {
            if let Some(new) = links(text, names) {
                *text = new;
            }
        }
    });
}

/// The conditional references of a resource, each once, in order.
pub fn conditional_references(tables: &Tables, resource: &mut Arc<Value>) -> Vec<ConditionalReference> {
    let mut out: Vec<ConditionalReference> = Vec::new();
    if !any_text(resource, &|text| text.contains('?')) {
        return out;
    }
    visit(tables, Arc::make_mut(resource), &mut |place, text| {
        if let (Place::Reference, Refers::Conditional { kind, query }) = (place, Refers::of(text))
            && !out.iter().any(|r| r.reference == *text)
        {
            out.push(ConditionalReference { reference: text.clone(), kind: kind.to_owned(), query: query.to_owned() });
        }
    });
    out
}

/// Whether any text at any depth is so: cheaper than the walk by types, and most resources have nothing to do.
fn any_text(resource: &Value, so: &dyn Fn(&str) -> bool) -> bool {
    let mut open = vec![resource];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) if so(text) => return true,
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    false
}

#[derive(Clone, Copy)]
enum Place {
    Reference,
    Uri,
    Narrative,
}

type Visitor<'v> = dyn FnMut(Place, &mut String) + 'v;

fn visit(tables: &Tables, resource: &mut Value, then: &mut Visitor<'_>) {
    let Some(object) = resource.as_object_mut() else { return };
    let node =
        object.get("resourceType").and_then(Value::as_str).and_then(|kind| tables.resource(kind)).map(|t| t.node);
    if let Some(node) = node {
        object_of(tables, node, object, then);
    }
}

fn object_of(tables: &Tables, node: NodeId, object: &mut Map<String, Value>, then: &mut Visitor<'_>) {
    let Some(node) = tables.node(node) else { return };
    for (key, value) in object.iter_mut() {
        let (name, sibling) = key.strip_prefix('_').map_or((key.as_str(), false), |name| (name, true));
        let Some((_, _, of)) = node.property(name) else { continue };
        let shape = if sibling { element(tables) } else { Some(of.shape) };
        let Some(shape) = shape else { continue };
        let reference = &*of.code == "Reference" && !sibling;
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| one(tables, shape, reference, item, then)),
            single => one(tables, shape, reference, single, then),
        }
    }
}

/// `_name` holds an Element.
fn element(tables: &Tables) -> Option<Shape> {
    tables.type_of("Element").map(|t| Shape::Complex(t.node))
}

fn one(tables: &Tables, shape: Shape, reference: bool, value: &mut Value, then: &mut Visitor<'_>) {
    match (shape, value) {
        (Shape::Primitive(p), Value::String(text)) => match p {
            Primitive::Uri | Primitive::Url | Primitive::Oid | Primitive::Uuid => then(Place::Uri, text),
            Primitive::Xhtml => then(Place::Narrative, text),
            _ => {}
        },
        (Shape::Complex(node), Value::Object(object)) => {
            if let (true, Some(Value::String(text))) = (reference, object.get_mut("reference")) {
                then(Place::Reference, text);
            }
            object_of(tables, node, object, then);
        }
        (Shape::Resource, value) => visit(tables, value, then),
        _ => {}
    }
}

/// `href` and `src` of a narrative.
fn links(html: &str, names: &Renames) -> Option<String> {
    let mut out = String::with_capacity(html.len());
    let (mut rest, mut changed) = (html, false);
    loop {
        let next = ["href=\"", "href='", "src=\"", "src='"].iter().filter_map(|a| Some((rest.find(a)?, a))).min();
        let Some((at, attribute)) = next else { break };
        let quote = if attribute.ends_with('"') { '"' } else { '\'' };
        let (before, behind) = rest.split_at_checked(at + attribute.len())?;
        let end = behind.find(quote)?;
        let (link, tail) = behind.split_at_checked(end)?;
        out.push_str(before);
        match names.to(link) {
            Some(new) => {
                changed = true;
                out.push_str(new);
            }
            None => out.push_str(link),
        }
        rest = tail;
    }
    out.push_str(rest);
    changed.then_some(out)
}
