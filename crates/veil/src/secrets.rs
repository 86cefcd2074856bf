//! What was hidden, so that a copy of it elsewhere in the document is found.

use serde_json::{Map, Value};

/// Hidden texts of one document; they never leave this module.
#[derive(Default)]
pub(crate) struct Secrets(Vec<String>);

/// Letters and digits only, lower case, so that 138-1234 1234 is found as 13812341234.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Secrets {
    /// Remembers a text that is long enough to mean somebody: two Chinese characters or four others.
    pub(crate) fn learn(&mut self, text: &str) {
        let text = plain(text);
        let enough = if text.is_ascii() { 4 } else { 2 };
        if text.chars().count() >= enough && !self.0.contains(&text) {
            self.0.push(text);
        }
    }

    pub(crate) fn learn_name(&mut self, name: &str) {
        self.learn(name);
        if name.is_ascii() {
            for part in name.split_whitespace() {
                self.learn(part);
            }
        }
    }

    pub(crate) fn learn_structured_name(&mut self, text: &str, family: &str, given: &[&str]) {
        self.learn_name(text);
        let given_all = given.concat();
        self.learn(&format!("{family}{given_all}"));
        self.learn(&format!("{given_all}{family}"));
        self.learn(&given_all);
        for part in given {
            self.learn(part);
        }
        // A Chinese family name stays visible; others do not.
        if family.is_ascii() {
            self.learn(family);
        }
    }

    pub(crate) fn learn_phone(&mut self, number: &str) {
        self.learn(number);
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        self.learn(&digits);
        if let Some(national) = digits.strip_prefix("86").filter(|national| national.len() == 11) {
            self.learn(national);
        }
    }

    /// Every string inside.
    pub(crate) fn learn_leaves(&mut self, value: &Value) {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::String(text) => self.learn(text),
                Value::Array(items) => open.extend(items),
                Value::Object(object) => open.extend(object.values()),
                _ => {}
            }
        }
    }

    /// What a removed part tells of people: names, numbers, streets.
    pub(crate) fn learn_all(&mut self, value: &Value) {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(object) => {
                    self.learn_person(object);
                    open.extend(object.values());
                }
                _ => {}
            }
        }
    }

    fn learn_person(&mut self, object: &Map<String, Value>) {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let given: Vec<&str> =
            object.get("given").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        if object.contains_key("family") || object.contains_key("given") {
            self.learn_structured_name(text("text"), text("family"), &given);
        }
        for key in ["line", "telecom", "identifier"] {
            if let Some(inner) = object.get(key) {
                let values = inner.as_array().into_iter().flatten().filter_map(|item| item.get("value").or(Some(item)));
                for value in values.filter_map(Value::as_str) {
                    self.learn_phone(value);
                }
            }
        }
    }

    /// Removes every string that holds one of them. Addresses of documents (`reference`, `id`) and
    /// the kind stay: a house that puts resident ids into ids has lost before this.
    pub(crate) fn scrub(&self, document: &mut Map<String, Value>, paths: &mut Vec<String>) {
        if self.0.is_empty() {
            return;
        }
        document.retain(|key, value| {
            matches!(key.as_str(), "resourceType" | "id" | "meta") || self.clean(key, value, &format!("/{key}"), paths)
        });
    }

    fn tells(&self, text: &str) -> bool {
        let text = plain(text);
        self.0.iter().any(|secret| text.contains(secret.as_str()))
    }

    /// Whether the value may stay.
    fn clean(&self, key: &str, value: &mut Value, path: &str, paths: &mut Vec<String>) -> bool {
        match value {
            Value::String(text) => {
                let stays = key == "reference" || !self.tells(text);
                if !stays {
                    paths.push(path.to_owned());
                }
                stays
            }
            Value::Number(number) => {
                let stays = !self.tells(&number.to_string());
                if !stays {
                    paths.push(path.to_owned());
                }
                stays
            }
            Value::Array(items) => {
                let mut at = 0;
                items.retain_mut(|item| {
                    at += 1;
                    self.clean(key, item, &format!("{path}/{}", at - 1), paths)
                });
                !items.is_empty()
            }
            Value::Object(object) => {
                object.retain(|name, child| {
                    !self.tells(name) && self.clean(name, child, &format!("{path}/{name}"), paths)
                });
                !object.is_empty()
            }
            Value::Null | Value::Bool(_) => true,
        }
    }
}
