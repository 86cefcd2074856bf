//! The door for JSON from outside: strict, bounded, and about as fast as serde_json.
//!
//! serde_json alone keeps the last of two equal keys (so two readers may see two documents), and its
//! arbitrary-precision numbers can be forged by an object with a magic key. This reader refuses the first and is not open to the
//! second; it bounds size and depth before anything is built.

use std::str::FromStr;

use serde_json::{Map, Number, Value};

use crate::issue::{Issue, IssueType};

/// Deepest nesting that is read. The deepest official example has 19 levels.
pub const MAX_DEPTH: usize = 64;

/// Limits of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes.
    pub bytes: usize,
    /// Deepest nesting.
    pub depth: usize,
}

impl Default for Limits {
    /// 64 MiB and [`MAX_DEPTH`].
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: MAX_DEPTH }
    }
}

/// Why a document was refused. Positions are byte offsets; no content is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Larger than the limit.
    #[error("the document has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Nested deeper than the limit.
    #[error("nested deeper than {limit} levels at byte {at}")]
    TooDeep {
        /// Where.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// Two properties of one object have the same name.
    #[error("duplicate property name at byte {at}")]
    DuplicateKey {
        /// Where the second name ends.
        at: usize,
    },
    /// Not UTF-8.
    #[error("not UTF-8 at byte {at}")]
    Utf8 {
        /// Where.
        at: usize,
    },
    /// Something after the document.
    #[error("unexpected content after the end of the document at byte {at}")]
    Trailing {
        /// Where.
        at: usize,
    },
    /// The document stops early.
    #[error("the document ends too early at byte {at}")]
    Truncated {
        /// Where.
        at: usize,
    },
    /// A number that JSON does not have.
    #[error("not a number at byte {at}")]
    Number {
        /// Where it begins.
        at: usize,
    },
    /// A control character, a bad escape or half a surrogate pair in a string.
    #[error("not a string at byte {at}")]
    Text {
        /// Where.
        at: usize,
    },
    /// Anything else.
    #[error("expected {expected} at byte {at}")]
    Expected {
        /// What was expected.
        expected: &'static str,
        /// Where.
        at: usize,
    },
}

impl JsonError {
    /// As an issue of an OperationOutcome.
    pub fn issue(&self) -> Issue {
        let code = match self {
            Self::TooLarge { .. } | Self::TooDeep { .. } => IssueType::TooLong,
            _ => IssueType::Structure,
        };
        Issue::error(code, "", self.to_string())
    }
}

/// Reads one document with the default limits.
pub fn read(bytes: &[u8]) -> Result<Value, JsonError> {
    read_within(bytes, Limits::default())
}

/// Reads one document.
pub fn read_within(bytes: &[u8], limits: Limits) -> Result<Value, JsonError> {
    if bytes.len() > limits.bytes {
        return Err(JsonError::TooLarge { size: bytes.len(), limit: limits.bytes });
    }
    let text = std::str::from_utf8(bytes).map_err(|e| JsonError::Utf8 { at: e.valid_up_to() })?;
    let mut reader = Reader { text, bytes, at: 0, depth: limits.depth };
    reader.space();
    let value = reader.value(limits.depth)?;
    reader.space();
    if reader.at < bytes.len() {
        return Err(JsonError::Trailing { at: reader.at });
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        if self.at >= self.bytes.len() {
            JsonError::Truncated { at: self.at }
        } else {
            JsonError::Expected { expected, at: self.at }
        }
    }

    fn value(&mut self, left: usize) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'{') => self.object(self.deeper(left)?),
            Some(b'[') => self.array(self.deeper(left)?),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn deeper(&self, left: usize) -> Result<usize, JsonError> {
        left.checked_sub(1).ok_or(JsonError::TooDeep { at: self.at, limit: self.depth })
    }

    fn word(&mut self, word: &'static str, value: Value) -> Result<Value, JsonError> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            Ok(value)
        } else if self.bytes.get(self.at..).is_some_and(|rest| word.as_bytes().starts_with(rest)) {
            Err(JsonError::Truncated { at: self.bytes.len() })
        } else {
            Err(self.expected("a value"))
        }
    }

    fn object(&mut self, left: usize) -> Result<Value, JsonError> {
        self.at += 1;
        let mut map = Map::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(map));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected("a property name"));
            }
            let key = self.string()?;
            let key_end = self.at;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.expected("a colon"));
            }
            self.at += 1;
            self.space();
            let value = self.value(left)?;
            if map.insert(key, value).is_some() {
                return Err(JsonError::DuplicateKey { at: key_end });
            }
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(map));
                }
                _ => return Err(self.expected("a comma or the end of the object")),
            }
        }
    }

    fn array(&mut self, left: usize) -> Result<Value, JsonError> {
        self.at += 1;
        let mut list = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(list));
        }
        loop {
            list.push(self.value(left)?);
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(list));
                }
                _ => return Err(self.expected("a comma or the end of the array")),
            }
        }
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let from = self.at;
        let bad = JsonError::Number { at: from };
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || (zero && whole > 1) {
            return Err(if self.at >= self.bytes.len() { JsonError::Truncated { at: self.at } } else { bad });
        }
        let mut plain = !(negative && zero) && whole <= 18;
        if self.peek() == Some(b'.') {
            plain = false;
            self.at += 1;
            if self.digits() == 0 {
                return Err(bad);
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            plain = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(bad);
            }
        }
        let text = self.text.get(from..self.at).ok_or(bad)?;
        if plain {
            return text.parse::<i64>().map(Value::from).map_err(|_| bad);
        }
        Number::from_str(text).map(Value::Number).map_err(|_| bad)
    }

    /// From the opening quote to behind the closing one.
    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let from = self.at;
        self.plain_run();
        if self.peek() == Some(b'"') {
            let whole = self.text.get(from..self.at).ok_or(JsonError::Text { at: from })?;
            self.at += 1;
            return Ok(whole.to_owned());
        }
        let mut out = String::from(self.text.get(from..self.at).ok_or(JsonError::Text { at: from })?);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(JsonError::Text { at: self.at }),
                None => return Err(JsonError::Truncated { at: self.at }),
            }
            let run = self.at;
            self.plain_run();
            out.push_str(self.text.get(run..self.at).ok_or(JsonError::Text { at: run })?);
        }
    }

    /// Skips to the next quote, backslash or control character.
    fn plain_run(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let run = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len());
        self.at += run;
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let bad = JsonError::Text { at: self.at };
        self.at += 1;
        let kind = self.peek().ok_or(JsonError::Truncated { at: self.at })?;
        self.at += 1;
        Ok(match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex(bad)?;
                let code = if (0xd800..0xdc00).contains(&first) {
                    if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
                        return Err(bad);
                    }
                    self.at += 2;
                    let second = self.hex(bad)?;
                    if !(0xdc00..0xe000).contains(&second) {
                        return Err(bad);
                    }
                    0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                } else {
                    first
                };
                char::from_u32(code).ok_or(bad)?
            }
            _ => return Err(bad),
        })
    }

    fn hex(&mut self, bad: JsonError) -> Result<u32, JsonError> {
        let text =
            self.text.get(self.at..self.at + 4).filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit())).ok_or(bad)?;
        self.at += 4;
        u32::from_str_radix(text, 16).map_err(|_| bad)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn ordinary_documents_come_back_as_written() {
        let text = r#"{"resourceType":"Observation","valueQuantity":{"value":6.0},"a":[1,-2,0.5e-3,true,false,null],"s":"\u5f20\ud83d\ude00\n/\/"}"#;
        let value = read(text.as_bytes()).unwrap();
        assert_eq!(value["valueQuantity"]["value"].to_string(), "6.0");
        assert_eq!(value["s"], json!("张😀\n//"));
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn what_json_does_not_have_is_refused_with_its_place() {
        let deep = "[".repeat(65);
        let cases: &[(&[u8], JsonError)] = &[
            (b"{\"a\":1,\"a\":2}", JsonError::DuplicateKey { at: 10 }),
            (b"{} {}", JsonError::Trailing { at: 3 }),
            (b"{\"a\":", JsonError::Truncated { at: 5 }),
            (b"\"\xff\"", JsonError::Utf8 { at: 1 }),
            (b"[01]", JsonError::Number { at: 1 }),
            (b"[1.]", JsonError::Number { at: 1 }),
            (b"\"\\ud800\"", JsonError::Text { at: 1 }),
            (b"\"\n\"", JsonError::Text { at: 1 }),
            (b"[1 2]", JsonError::Expected { expected: "a comma or the end of the array", at: 3 }),
            (b"\xef\xbb\xbf{}", JsonError::Expected { expected: "a value", at: 0 }),
            (b"tru", JsonError::Truncated { at: 3 }),
            (b"", JsonError::Truncated { at: 0 }),
            (deep.as_bytes(), JsonError::TooDeep { at: 64, limit: 64 }),
        ];
        for (bytes, wanted) in cases {
            assert_eq!(read(bytes), Err(*wanted), "{}", String::from_utf8_lossy(bytes));
        }
        let limits = Limits { bytes: 2, depth: 1 };
        assert_eq!(read_within(b"{ }", limits), Err(JsonError::TooLarge { size: 3, limit: 2 }));
    }

    #[test]
    fn a_number_cannot_be_forged_by_an_object() {
        let value = read(br#"{"$serde_json::private::Number":"1 or anything"}"#).unwrap();
        assert!(value.is_object());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn json_like_text_agrees_with_serde_json(text in r#"([\[\]{},:"\\0-9a-eu. -]|true|null|"a":|\\u[0-9a-f]{4}){0,24}"#) {
            let ours = read(text.as_bytes());
            let theirs = serde_json::from_str::<Value>(&text);
            match (&ours, &theirs) {
                (Ok(a), Ok(b)) => prop_assert_eq!(a, b),
                (Err(JsonError::DuplicateKey { .. }), _) | (Err(_), Err(_)) => {}
                _ => prop_assert!(false, "{:?} {:?}", ours, theirs),
            }
        }
    }
}
