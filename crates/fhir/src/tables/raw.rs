//! The shape of the checked-in table file, shared with the generator.
//!
//! `xtask fhir-tables` writes it (postcard, then zstd) and [`super::Tables`] reads it. Numbers are indices into the lists of
//! [`Raw`], so that each name is kept once.

use serde::{Deserialize, Serialize};

/// First bytes of the file: a reader refuses another layout by name.
pub const MAGIC: &[u8; 8] = b"TCBR4\0\0\x01";

/// Everything that is generated from the FHIR definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raw {
    /// `4.0.1`.
    pub fhir_version: String,
    /// Resource and data types.
    pub types: Vec<RawType>,
    /// Property sets: one per type and one per backbone element.
    pub nodes: Vec<RawNode>,
    /// Value sets of required bindings, as expanded codes.
    pub code_sets: Vec<RawCodeSet>,
    /// Search parameters in the order of their urls; the position is the number kept in index records.
    pub params: Vec<RawParam>,
    /// Patient compartment: resource type and the search parameters that put it there.
    pub patient_compartment: Vec<(String, Vec<String>)>,
    /// Code systems that say that their codes are case sensitive.
    pub case_sensitive: Vec<String>,
}

/// What a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RawClass {
    /// Has no properties of its own, only a lexical form.
    Primitive,
    /// `HumanName`, `Dosage` …
    Complex,
    /// `Patient` …
    Resource,
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawType {
    /// `Patient`, `HumanName`, `code`.
    pub name: String,
    /// What it is.
    pub class: RawClass,
    /// Abstract types are never instantiated.
    pub is_abstract: bool,
    /// Type it specialises, if any.
    pub base: String,
    /// Its properties.
    pub node: u32,
}

/// A set of properties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawNode {
    /// Path as in the definitions, `Patient.contact`.
    pub path: String,
    /// Properties in the order of the definitions.
    pub elements: Vec<RawElement>,
}

/// A property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawElement {
    /// Name without `[x]`.
    pub name: String,
    /// `value[x]`.
    pub choice: bool,
    /// Fewest occurrences.
    pub min: u32,
    /// Most occurrences, 0 for `*`.
    pub max: u32,
    /// Permitted types (empty for backbone elements and content references).
    pub types: Vec<RawElementType>,
    /// Properties of a backbone element, own or referred to by contentReference.
    pub node: Option<u32>,
    /// Required binding.
    pub binding: Option<u32>,
}

/// A permitted type of a property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawElementType {
    /// Type name.
    pub code: String,
    /// Types that a reference may point at; empty is any.
    pub targets: Vec<String>,
}

/// Codes of a required binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawCodeSet {
    /// Canonical url without version.
    pub url: String,
    /// Code system and its codes.
    pub systems: Vec<(String, Vec<String>)>,
}

/// A search parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawParam {
    /// Canonical url.
    pub url: String,
    /// Name in a query.
    pub code: String,
    /// `token`, `date` …
    pub kind: String,
    /// Types it applies to (`Resource` and `DomainResource` mean all).
    pub base: Vec<String>,
    /// Expression; empty for `_text`, `_content`, `_query`.
    pub expression: String,
    /// Types that a reference parameter may point at.
    pub targets: Vec<String>,
    /// Parts of a composite: position of the parameter and expression below the base.
    pub components: Vec<(u16, String)>,
}
