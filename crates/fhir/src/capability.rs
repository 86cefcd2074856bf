//! The CapabilityStatement, made from the tables, so that it says what the server does.

use serde_json::{Value, json};

use crate::tables::{ParamKind, SearchParam, Tables};

/// What the server says of itself.
#[derive(Debug, Clone)]
pub struct Statement<'a> {
    /// Address of the FHIR door.
    pub base: &'a str,
    /// `date`, as FHIR dateTime.
    pub date: &'a str,
    /// Version of the software.
    pub version: &'a str,
    /// Interactions that each type has, as codes (`read`, `vread`, `update`, `delete`, `history-instance`, `create`, `search-type`).
    pub interactions: &'a [&'a str],
    /// Interactions of the whole system (`transaction`, `batch`).
    pub system_interactions: &'a [&'a str],
}

/// The CapabilityStatement.
pub fn statement(tables: &Tables, about: &Statement<'_>) -> Value {
    let codes = |list: &[&str]| list.iter().map(|code| json!({ "code": code })).collect::<Vec<_>>();
    let resources: Vec<Value> = tables
        .resources()
        .filter(|kind| *kind != "Parameters")
        .map(|kind| {
            let params: Vec<Value> = tables
                .params_of(kind)
                .filter(|p| served(p))
                .map(|p| json!({ "name": p.code, "definition": p.url, "type": p.kind.name() }))
                .collect();
            json!({
                "type": kind,
                "profile": format!("http://hl7.org/fhir/StructureDefinition/{kind}"),
                "interaction": codes(about.interactions),
                "versioning": "versioned-update",
                "readHistory": true,
                "updateCreate": true,
                "conditionalCreate": true,
                "conditionalRead": "not-supported",
                "conditionalUpdate": false,
                "conditionalDelete": "not-supported",
                "referencePolicy": ["literal", "logical", "local"],
                "searchParam": params,
            })
        })
        .collect();
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": about.date,
        "kind": "instance",
        "software": { "name": "Tacebo", "version": about.version },
        "implementation": { "description": "Tacebo", "url": about.base },
        "fhirVersion": tables.fhir_version(),
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "security": {
                "cors": false,
                "service": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "OAuth" }] }],
                "description": "Every access needs a person or client, a purpose of use and a permit, and is logged."
            },
            "resource": resources,
            "interaction": codes(about.system_interactions),
        }]
    })
}

/// What a search really answers: not `_text`, `_content`, `_query`, nor `near`.
fn served(param: &SearchParam) -> bool {
    !param.expression.is_empty() && param.kind != ParamKind::Special
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Query, SearchContext};
    use crate::walker::Zone;

    #[test]
    fn the_statement_is_valid_and_every_parameter_in_it_is_accepted() {
        let t = Tables::r4();
        let about = Statement {
            base: "https://h/fhir",
            date: "2026-01-01",
            version: "0.1.0",
            interactions: &["read", "search-type"],
            system_interactions: &["transaction", "batch"],
        };
        let s = statement(t, &about);
        assert_eq!(crate::validate(t, &s), []);
        let ctx = SearchContext { tables: t, zone: Zone::UTC, base: "https://h/fhir", lenient: false, now_us: 0 };
        let mut count = 0;
        for r in s.pointer("/rest/0/resource").unwrap().as_array().unwrap() {
            let kind = r["type"].as_str().unwrap();
            for p in r["searchParam"].as_array().unwrap() {
                let q = format!("{}:missing=true", p["name"].as_str().unwrap());
                assert!(Query::parse(&ctx, kind, &q).is_ok(), "{kind}?{q}");
                count += 1;
            }
        }
        assert!(count > 2_300, "{count}");
    }
}
