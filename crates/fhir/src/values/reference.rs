//! What a reference string points at, without resolving it.

/// A reference taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// `Patient/1`, `Patient/1/_history/2`.
    Local {
        /// Resource type.
        kind: &'a str,
        /// Logical id.
        id: &'a str,
    },
    /// `https://elsewhere/fhir/Patient/1`: the address without the version, and its type and id.
    Absolute {
        /// Whole address without version.
        url: &'a str,
        /// Resource type.
        kind: &'a str,
        /// Logical id.
        id: &'a str,
    },
    /// `#contained`.
    Fragment(&'a str),
    /// `Practitioner?identifier=…`.
    Conditional {
        /// Resource type.
        kind: &'a str,
        /// Search criteria.
        query: &'a str,
    },
    /// `urn:uuid:…` or anything else.
    Other(&'a str),
}

impl<'a> Target<'a> {
    /// Takes a reference apart. Type names are recognised by shape; whether the type exists is the caller's question.
    pub fn of(reference: &'a str) -> Self {
        if let Some(id) = reference.strip_prefix('#') {
            return Self::Fragment(id);
        }
        let absolute = reference.starts_with("http://") || reference.starts_with("https://");
        if let (false, Some((kind, query))) = (absolute, reference.split_once('?')) {
            return if is_kind(kind) { Self::Conditional { kind, query } } else { Self::Other(reference) };
        }
        let plain = reference.split_once("/_history/").map_or(reference, |(head, _)| head);
        let mut parts = plain.rsplitn(3, '/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(id), Some(kind), None) if is_kind(kind) && is_id(id) => Self::Local { kind, id },
            (Some(id), Some(kind), Some(_)) if absolute && is_kind(kind) && is_id(id) => {
                Self::Absolute { url: plain, kind, id }
            }
            _ => Self::Other(reference),
        }
    }

    /// Resource type, if the string tells.
    pub fn kind(self) -> Option<&'a str> {
        match self {
            Self::Local { kind, .. } | Self::Absolute { kind, .. } | Self::Conditional { kind, .. } => Some(kind),
            Self::Fragment(_) | Self::Other(_) => None,
        }
    }
}

/// Shape of a type name.
pub fn is_kind(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_uppercase) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Shape of a logical id (R4 §2.24.0.1).
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_apart_by_their_text() {
        assert_eq!(Target::of("Patient/1"), Target::Local { kind: "Patient", id: "1" });
        assert_eq!(Target::of("Patient/1/_history/2"), Target::Local { kind: "Patient", id: "1" });
        let url = "https://x.example/fhir/Patient/1";
        assert_eq!(Target::of(url), Target::Absolute { url, kind: "Patient", id: "1" });
        assert_eq!(Target::of("#p"), Target::Fragment("p"));
        assert_eq!(Target::of("Patient?a=b/c"), Target::Conditional { kind: "Patient", query: "a=b/c" });
        assert_eq!(Target::of("urn:uuid:0"), Target::Other("urn:uuid:0"));
        assert_eq!(Target::of("x/Patient/1"), Target::Other("x/Patient/1"));
    }
}
