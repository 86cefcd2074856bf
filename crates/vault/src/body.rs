//! The body of a document: JSON text as it was sealed, parsed only when somebody looks inside.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::hot::Text;

/// A body. It reads like a [`Value`]; where nobody reads it, its text goes from the seal to the wire untouched.
#[derive(Clone, Default)]
pub struct Body {
    text: Option<Text>,
    value: OnceLock<Value>,
}

impl Body {
    /// What was unsealed.
    pub(crate) fn of(text: Text) -> Self {
        Self { text: Some(text), value: OnceLock::new() }
    }

    /// JSON text that a language has put together of the texts of others.
    pub fn from_text(text: Vec<u8>) -> Self {
        Self::of(std::sync::Arc::new(text.into()))
    }

    /// The body as JSON text.
    pub fn text(&self) -> Cow<'_, [u8]> {
        match &self.text {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(serde_json::to_vec(&**self).unwrap_or_default()),
        }
    }

    /// The body as a value of one's own.
    pub fn into_value(mut self) -> Value {
        // Parsed if it was not yet.
        let _: &Value = &self;
        self.value.take().unwrap_or_default()
    }
}

impl Deref for Body {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.value.get_or_init(|| {
            let Some(text) = &self.text else { return Value::Null };
            // The seal proves that this is what the house wrote, and it writes JSON.
            serde_json::from_slice(text).unwrap_or_else(|_| {
                tracing::error!("a sealed body is no JSON");
                Value::Null
            })
        })
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body(..)")
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self { text: None, value: OnceLock::from(value) }
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl PartialEq<Value> for Body {
    fn eq(&self, other: &Value) -> bool {
        **self == *other
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_and_value_of_a_body_are_the_same_whichever_it_was_made_of() {
        let of_text = Body::from_text(br#"{"a":[1.0,2]}"#.to_vec());
        let of_value = Body::from(serde_json::from_str::<Value>(r#"{"a":[1.0,2]}"#).unwrap());
        assert_eq!(of_text.text(), of_value.text());
        assert!(of_text == of_value);
        assert_eq!(of_text.clone().into_value(), of_value.into_value());
        assert_eq!(of_text["a"][1], json!(2));
        assert_eq!(Body::default().into_value(), Value::Null);
    }
}
