//! The walk through a document: rebuilds it from what may stay.

use serde_json::{Map, Value, json};

use crate::rules::{Carries, Element, Rules};
use crate::secrets::Secrets;
use crate::shape::{self, HIDDEN};
use crate::{Mask, MaskSet};

/// Deeper than any document of use; deeper parts are removed.
const DEPTH: usize = 64;

pub(crate) struct Walk<'r> {
    rules: &'r Rules,
    masks: MaskSet,
    pub(crate) secrets: Secrets,
    pub(crate) paths: Vec<String>,
    path: Vec<String>,
}

impl<'r> Walk<'r> {
    pub(crate) fn new(rules: &'r Rules, masks: MaskSet) -> Self {
        Self { rules, masks, secrets: Secrets::default(), paths: Vec::new(), path: Vec::new() }
    }

    /// The whole document.
    pub(crate) fn document(&mut self, kind: &str, document: Map<String, Value>) -> Map<String, Value> {
        let table = self.rules.kind(kind);
        let bare = table.is_none() && self.masks.contains(Mask::Clinical);
        let mut kept = Map::new();
        for (key, value) in document {
            self.path.push(key.clone());
            let value = match key.as_str() {
                "resourceType" => Some(value),
                "id" => Some(value).filter(|id| id.as_str().is_some_and(shape::is_token)),
                "meta" => Some(meta(&value)),
                "text" if value.is_object() => {
                    self.note();
                    Some(hidden_narrative())
                }
                _ if bare => self.bare(&key, value),
                _ => match table.map(|table| table.get(&key)) {
                    Some(None) => self.drop(&value),
                    Some(Some(Element::Under(mask))) if self.masks.contains(*mask) => self.drop(&value),
                    Some(Some(_)) | None => self.element(&key, value, false),
                },
            };
            self.path.pop();
            if let Some(value) = value {
                kept.insert(key, value);
            }
        }
        kept
    }

    /// An element of a kind without a table, clinical content hidden.
    fn bare(&mut self, key: &str, value: Value) -> Option<Value> {
        if self.rules.clinical.kept.contains(key) {
            return self.element(key, value, false);
        }
        let was_object = value.is_object();
        self.drop::<Value>(&value);
        (was_object && self.rules.clinical.absent.contains(key)).then(|| {
            json!({"extension": [{
                "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                "valueCode": "masked",
            }]})
        })
    }

    /// Removes a value, remembering what it told of the person.
    fn drop<T>(&mut self, value: &Value) -> Option<T> {
        self.secrets.learn_all(value);
        self.note();
        None
    }

    fn note(&mut self) {
        let mut pointer = String::new();
        for step in &self.path {
            pointer.push('/');
            pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        }
        self.paths.push(pointer);
    }

    /// One element by its name. `typed`: inside a data type whose strings may stay.
    fn element(&mut self, key: &str, value: Value, typed: bool) -> Option<Value> {
        if self.rules.is_removed(key) || self.path.len() > DEPTH {
            return self.drop(&value);
        }
        let Some(carries) = self.rules.carries(key) else {
            return self.inside(key, value, typed);
        };
        let mask = match carries {
            Carries::Name => Mask::Name,
            Carries::Identifier => Mask::Identifier,
            Carries::Address => Mask::Address,
            Carries::BirthDate => Mask::BirthDate,
            Carries::Photo => Mask::Photo,
            Carries::Contact => Mask::Contact,
            Carries::FreeText => {
                return if typed || !self.masks.contains(Mask::FreeText) {
                    self.inside(key, value, typed)
                } else {
                    self.drop(&value)
                };
            }
            Carries::Telecom => return self.each(value, Self::telecom),
        };
        if !self.masks.contains(mask) {
            // What is not hidden keeps its strings: a family name is not free text.
            return self.inside(key, value, true);
        }
        match carries {
            Carries::Name => self.each(value, Self::name),
            Carries::Identifier => self.each(value, Self::identifier),
            Carries::Address => self.each(value, Self::address),
            Carries::BirthDate => self.each(value, Self::birth_date),
            _ => self.drop(&value),
        }
    }

    /// Applies a masker to a value or to each item of a list.
    fn each(&mut self, value: Value, mask: fn(&mut Self, Value) -> Option<Value>) -> Option<Value> {
        let Value::Array(items) = value else {
            return mask(self, value);
        };
        let items: Vec<Value> = items
            .into_iter()
            .enumerate()
            .filter_map(|(at, item)| {
                self.path.push(at.to_string());
                let item = if item.is_array() { self.drop(&item) } else { mask(self, item) };
                self.path.pop();
                item
            })
            .collect();
        (!items.is_empty()).then_some(Value::Array(items))
    }

    /// Whatever has no name of its own on the lists.
    fn inside(&mut self, key: &str, value: Value, typed: bool) -> Option<Value> {
        match value {
            Value::Object(object) => self.object(object, typed),
            Value::Array(items) => {
                let items: Vec<Value> = items
                    .into_iter()
                    .enumerate()
                    .filter_map(|(at, item)| {
                        self.path.push(at.to_string());
                        let item =
                            if self.path.len() > DEPTH { self.drop(&item) } else { self.inside(key, item, typed) };
                        self.path.pop();
                        item
                    })
                    .collect();
                (!items.is_empty()).then_some(Value::Array(items))
            }
            Value::String(text) => {
                let stays = typed
                    || !self.masks.contains(Mask::FreeText)
                    || (self.rules.is_safe(key) && shape::is_token(&text));
                if stays { Some(Value::String(text)) } else { self.drop(&Value::String(text)) }
            }
            simple => Some(simple),
        }
    }

    fn object(&mut self, object: Map<String, Value>, typed: bool) -> Option<Value> {
        let public =
            object.get("reference").and_then(Value::as_str).is_some_and(|reference| self.rules.is_public(reference));
        let coding = object.get("code").is_some_and(Value::is_string)
            && object.get("system").is_some_and(Value::is_string)
            && !object.contains_key("reference");
        if object.contains_key("resourceType") {
            return self.drop(&Value::Object(object));
        }
        let mut kept = Map::new();
        for (key, value) in object {
            self.path.push(key.clone());
            let value = match key.as_str() {
                "id" if value.is_string() => None,
                "display" if (public || coding) && value.is_string() => Some(value),
                "div" => self.drop(&value),
                _ => self.element(&key, value, typed),
            };
            self.path.pop();
            if let Some(value) = value {
                kept.insert(key, value);
            }
        }
        (!kept.is_empty()).then_some(Value::Object(kept))
    }

    #[expect(clippy::needless_pass_by_value, reason = "the maskers share one signature")]
    fn name(&mut self, value: Value) -> Option<Value> {
        self.note();
        match &value {
            Value::String(text) => {
                self.secrets.learn_name(text);
                Some(Value::String(shape::name(text, &self.rules.compound)))
            }
            Value::Object(name) => {
                let parts = |key: &str| -> Vec<&str> {
                    name.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
                };
                let text = |key: &str| name.get(key).and_then(Value::as_str).unwrap_or_default();
                let given = parts("given");
                self.secrets.learn_structured_name(text("text"), text("family"), &given);
                let masked = self.masked_name(text("text"), text("family"), &given);
                let mut kept = code_fields(name, &["use"]);
                kept.insert("text".to_owned(), Value::String(masked));
                Some(Value::Object(kept))
            }
            _ => None,
        }
    }

    /// Chinese names start with the family name, others with the given one.
    fn masked_name(&self, text: &str, family: &str, given: &[&str]) -> String {
        let first = given.first().copied().unwrap_or_default();
        let whole = if family.is_ascii() {
            [first, text, family].into_iter().find(|part| !part.is_empty()).unwrap_or_default().to_owned()
        } else {
            format!("{family}{}", given.concat())
        };
        let whole = if family.is_empty() && !text.is_empty() { text.to_owned() } else { whole };
        shape::name(&whole, &self.rules.compound)
    }

    #[expect(clippy::needless_pass_by_value, reason = "the maskers share one signature")]
    fn identifier(&mut self, value: Value) -> Option<Value> {
        self.note();
        match &value {
            Value::String(text) => {
                self.secrets.learn(text);
                Some(Value::String(shape::identifier(text)))
            }
            Value::Object(identifier) => {
                let mut kept = code_fields(identifier, &["use", "system"]);
                if let Some(coding) =
                    identifier.get("type").and_then(|kind| kind.get("coding")).and_then(Value::as_array)
                {
                    let codes: Vec<Value> = coding
                        .iter()
                        .filter_map(Value::as_object)
                        .map(|coding| Value::Object(code_fields(coding, &["system", "code"])))
                        .collect();
                    if !codes.is_empty() {
                        kept.insert("type".to_owned(), json!({"coding": codes}));
                    }
                }
                if let Some(number) = identifier.get("value").and_then(Value::as_str) {
                    self.secrets.learn(number);
                    kept.insert("value".to_owned(), Value::String(shape::identifier(number)));
                }
                (!kept.is_empty()).then_some(Value::Object(kept))
            }
            _ => None,
        }
    }

    fn telecom(&mut self, value: Value) -> Option<Value> {
        let (phone, contact) = (self.masks.contains(Mask::Phone), self.masks.contains(Mask::Contact));
        let (number, system) = match &value {
            Value::String(text) => (text.as_str(), "phone"),
            Value::Object(point) => (
                point.get("value").and_then(Value::as_str).unwrap_or_default(),
                point.get("system").and_then(Value::as_str).unwrap_or_default(),
            ),
            _ => return self.drop(&value),
        };
        let dialled = matches!(system, "phone" | "fax" | "sms" | "pager")
            || number.bytes().filter(u8::is_ascii_digit).count() >= 7;
        let masked = match (dialled, phone, contact) {
            (true, true, _) => shape::phone(number),
            (true, false, false) | (false, _, false) => return self.inside("telecom", value, true),
            (true | false, _, true) => shape::contact(number),
        };
        self.note();
        self.secrets.learn_phone(number);
        match &value {
            Value::Object(point) => {
                let mut kept = code_fields(point, &["system", "use", "rank"]);
                kept.insert("value".to_owned(), Value::String(masked));
                Some(Value::Object(kept))
            }
            _ => Some(Value::String(masked)),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "the maskers share one signature")]
    fn address(&mut self, value: Value) -> Option<Value> {
        self.note();
        match &value {
            Value::String(text) => Some(Value::String(self.masked_address(text))),
            Value::Object(address) => {
                let mut kept = code_fields(address, &["use", "type"]);
                for key in ["country", "state", "city", "district"] {
                    if let Some(place) = address.get(key).and_then(Value::as_str).filter(|place| shape::is_place(place))
                    {
                        kept.insert(key.to_owned(), Value::String(place.to_owned()));
                    }
                }
                for key in ["line", "postalCode"] {
                    if let Some(hidden) = address.get(key) {
                        self.secrets.learn_leaves(hidden);
                    }
                }
                let masked = address.get("text").and_then(Value::as_str).map(|text| self.masked_address(text));
                kept.insert("text".to_owned(), Value::String(masked.unwrap_or_else(|| HIDDEN.to_owned())));
                Some(Value::Object(kept))
            }
            _ => None,
        }
    }

    fn masked_address(&mut self, text: &str) -> String {
        let masked = shape::address(text);
        let kept = masked.trim_end_matches('*');
        self.secrets.learn(text.trim().strip_prefix(kept).unwrap_or(text));
        masked
    }

    #[expect(clippy::needless_pass_by_value, reason = "the maskers share one signature")]
    fn birth_date(&mut self, value: Value) -> Option<Value> {
        self.note();
        let date = value.as_str()?;
        self.secrets.learn(date);
        shape::year(date).map(Value::String)
    }
}

/// The named fields of an object, as long as they are codes.
fn code_fields(object: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    names
        .iter()
        .filter_map(|name| {
            let value = object.get(*name)?;
            let stays = value.is_number() || value.as_str().is_some_and(shape::is_token);
            stays.then(|| ((*name).to_owned(), value.clone()))
        })
        .collect()
}

fn hidden_narrative() -> Value {
    json!({"status": "empty", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{HIDDEN}</div>")})
}

/// `meta` with nothing typed in it, and the tag that says the document is masked.
fn meta(value: &Value) -> Value {
    let mut kept = value.as_object().map_or_else(Map::new, |meta| code_fields(meta, &["versionId", "lastUpdated"]));
    for list in ["security", "tag"] {
        let codes: Vec<Value> = value
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .map(|coding| Value::Object(code_fields(coding, &["system", "code"])))
            .filter(|coding| coding.as_object().is_some_and(|coding| !coding.is_empty()))
            .collect();
        if !codes.is_empty() {
            kept.insert(list.to_owned(), Value::Array(codes));
        }
    }
    Value::Object(kept)
}
