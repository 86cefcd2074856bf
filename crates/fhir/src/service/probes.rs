//! What a search would find out about what it may not see.
//!
//! Somebody who is shown 张* must not learn the rest by asking whether the name begins with 张三. Each
//! search parameter that tests a masked thing is therefore a probe: the vault lets no document match on
//! which that mask would lie.

use tacebo_vault::veil::{Mask, MaskSet};

use crate::search::Query;

/// Parameters that test nothing hidden, whatever the type: what a document is, whose, when and where.
const PLAIN: &[&str] = &[
    "_id",
    "_lastUpdated",
    "_count",
    "_total",
    "_summary",
    "_sort",
    "_tag",
    "_profile",
    "_security",
    "_source",
    "_language",
    "active",
    "actor",
    "appointment",
    "based-on",
    "date",
    "encounter",
    "episode-of-care",
    "general-practitioner",
    "link",
    "location",
    "managing-organization",
    "organization",
    "part-of",
    "part-status",
    "participant",
    "patient",
    "performer",
    "period",
    "practitioner",
    "service-provider",
    "slot",
    "status",
    "subject",
];

/// Parameters of people.
const OF_PEOPLE: &[(&str, Mask)] = &[
    ("name", Mask::Name),
    ("family", Mask::Name),
    ("given", Mask::Name),
    ("phonetic", Mask::Name),
    ("birthdate", Mask::BirthDate),
    ("death-date", Mask::Clinical),
    ("phone", Mask::Phone),
    ("telecom", Mask::Phone),
    ("email", Mask::Contact),
    ("address", Mask::Address),
    ("address-city", Mask::Address),
    ("address-country", Mask::Address),
    ("address-postalcode", Mask::Address),
    ("address-state", Mask::Address),
    ("address-use", Mask::Address),
];

/// Masks that a query looks behind.
///
/// An identifier asked for whole is no probe: the caller has it in hand (a card at the counter) and
/// learns only that there is such a patient. Everything else that is not plain counts as clinical.
pub fn probes(query: &Query) -> MaskSet {
    let mut found = MaskSet::NONE;
    for pair in query.self_query().split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (code, modifier) = match key.split_once(':').or_else(|| key.split_once("%3A")) {
            Some((code, modifier)) => (code, Some(modifier)),
            None => (key, None),
        };
        if code == "_sort" {
            for part in value.split(',').flat_map(|part| part.split("%2C")) {
                found = add(found, query.kind(), part.trim_start_matches('-'), true);
            }
        }
        let guesses = modifier.is_some() || value.ends_with("%7C") || value.ends_with('|');
        found = add(found, query.kind(), code, guesses);
    }
    found
}

fn add(found: MaskSet, kind: &str, code: &str, guesses: bool) -> MaskSet {
    if PLAIN.contains(&code) {
        return found;
    }
    if code == "identifier" {
        return if guesses { found.with(Mask::Identifier) } else { found };
    }
    let person = matches!(kind, "Patient" | "Person" | "RelatedPerson");
    match OF_PEOPLE.iter().find(|(known, _)| *known == code) {
        // A telephone number asked for whole, like an identifier.
        Some((_, Mask::Phone)) if person && !guesses => found,
        Some((_, mask)) if person => found.with(*mask),
        _ if person && matches!(code, "gender" | "language" | "deceased") => found,
        _ => found.with(Mask::Clinical).with(Mask::FreeText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::SearchContext;

    fn of(kind: &str, query: &str) -> Vec<Mask> {
        probes(&Query::parse(&SearchContext::of_tests(), kind, query).unwrap()).iter().collect()
    }

    #[test]
    fn a_name_or_birth_date_tests_what_reception_sees_masked() {
        assert_eq!(of("Patient", "name=张三"), [Mask::Name]);
        assert_eq!(of("Patient", "family:exact=张&birthdate=1980"), [Mask::Name, Mask::BirthDate]);
        assert_eq!(of("Patient", "_sort=-birthdate,name&_id=1"), [Mask::Name, Mask::BirthDate]);
    }

    #[test]
    fn a_whole_identifier_in_hand_is_no_guess_but_its_presence_is() {
        assert_eq!(of("Patient", "identifier=urn:x|1"), []);
        assert_eq!(of("Patient", "phone=13800138000"), []);
        assert_eq!(of("Patient", "identifier:missing=false"), [Mask::Identifier]);
        assert_eq!(of("Patient", "identifier=urn:x|"), [Mask::Identifier]);
        assert_eq!(of("Patient", "phone:missing=true"), [Mask::Phone]);
    }

    #[test]
    fn whatever_is_not_known_to_be_plain_counts_as_clinical() {
        assert_eq!(of("Appointment", "patient=1&date=2026&status=booked"), []);
        assert_eq!(of("Appointment", "patient=1&reason-code=x"), [Mask::FreeText, Mask::Clinical]);
        assert_eq!(of("Observation", "patient=1&_sort=-code"), [Mask::FreeText, Mask::Clinical]);
    }
}
