//! FHIR R4: tables, validation, search semantics, bundles.
