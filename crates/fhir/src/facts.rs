//! What a resource says that decides access: who treats the patient, what the patient allows, who the patient is.
//!
//! Where a resource leaves room for doubt, the reading is the one that shows less: a denial whose scope is not understood covers
//! everything, a permission whose scope is not understood covers nothing, an unknown day of birth is the latest possible.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use tacebo_vault::policy::{Basis, Category, Fact, Purpose};

use crate::terms::{local, participants};
use crate::values::time::{Span, span};
use crate::walker::{Zone, list, text};

/// Kinds that [`facts`] reads.
pub const KINDS: &[&str] =
    &["Appointment", "CareTeam", "Consent", "Encounter", "EpisodeOfCare", "Flag", "Patient", "Person", "RelatedPerson"];

/// The facts of a resource.
pub fn facts(zone: Zone, kind: &str, resource: &Value) -> Vec<Fact> {
    match kind {
        "Encounter" | "Appointment" | "CareTeam" | "EpisodeOfCare" => relations(zone, kind, resource),
        "Consent" => consent(zone, resource),
        "Patient" => patient(zone, resource),
        "Flag" if text(resource, "status") == Some("active") => {
            resource.get("code").map(|code| marks(list(code, "coding"))).unwrap_or_default()
        }
        "Person" => colleague(resource),
        "RelatedPerson" => guardian(zone, resource),
        _ => Vec::new(),
    }
}

fn id_of(kind: &str, resource: &Value) -> String {
    format!("{kind}/{}", text(resource, "id").unwrap_or_default())
}

fn from(span: Option<Span>) -> Option<Timestamp> {
    span.filter(|s| s.from != i64::MIN).and_then(|s| Timestamp::from_microsecond(s.from).ok())
}

fn until(span: Option<Span>) -> Option<Timestamp> {
    span.filter(|s| s.to != i64::MAX).and_then(|s| Timestamp::from_microsecond(s.to).ok())
}

fn period(zone: Zone, value: Option<&Value>) -> (Option<Timestamp>, Option<Timestamp>) {
    let end = |key| value.and_then(|p| text(p, key)).and_then(|t| span(t, zone));
    (from(end("start")), until(end("end")))
}

/// What the status of the evidence says: still going on, over, or never was.
fn state(kind: &str, status: Option<&str>) -> Option<bool> {
    match (kind, status?) {
        ("Encounter", "planned" | "arrived" | "triaged" | "in-progress" | "onleave")
        | ("Appointment", "pending" | "booked" | "arrived" | "checked-in")
        | ("CareTeam" | "EpisodeOfCare", "active")
        | ("EpisodeOfCare", "planned" | "onhold") => Some(true),
        ("Encounter" | "EpisodeOfCare", "finished")
        | ("Appointment", "fulfilled")
        | ("CareTeam", "suspended" | "inactive") => Some(false),
        _ => None,
    }
}

fn relations(zone: Zone, kind: &str, resource: &Value) -> Vec<Fact> {
    let Some(open) = state(kind, text(resource, "status")) else { return Vec::new() };
    let basis = match kind {
        "Encounter" => Basis::Encounter,
        "Appointment" => Basis::Appointment,
        "CareTeam" => Basis::CareTeam,
        _ => Basis::EpisodeOfCare,
    };
    let evidence = id_of(kind, resource);
    let (begin, end) = match kind {
        "Appointment" => {
            let at = |key| text(resource, key).and_then(|t| span(t, zone));
            (from(at("start")), until(at("end")))
        }
        _ => period(zone, resource.get("period")),
    };
    let mut with: BTreeSet<String> = participants(kind, resource);
    if kind == "CareTeam" {
        with.insert(evidence.clone());
    }
    let treats = |r: &String| {
        ["Practitioner/", "PractitionerRole/", "Organization/", "CareTeam/"].iter().any(|p| r.starts_with(p))
    };
    with.into_iter()
        .filter(treats)
        .map(|with| {
            // Somebody's own part of the stay may be shorter than the stay.
            let (own_begin, own_end) = own_period(zone, resource, &with);
            let (from, until) = (own_begin.max(begin), earlier(own_end, end));
            Fact::Relation { with, evidence: evidence.clone(), basis, from, until, open }
        })
        .collect()
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The period of a participant, if he is listed exactly once.
fn own_period(zone: Zone, resource: &Value, with: &str) -> (Option<Timestamp>, Option<Timestamp>) {
    let of = |p: &&Value| {
        ["individual", "member", "actor"].iter().any(|k| p.get(*k).and_then(local).as_deref() == Some(with))
    };
    let mut own = list(resource, "participant").iter().filter(of);
    match (own.next(), own.next()) {
        (Some(only), None) => period(zone, only.get("period")),
        _ => (None, None),
    }
}

fn patient(zone: Zone, resource: &Value) -> Vec<Fact> {
    let mut out = resource.get("meta").map(|meta| marks(list(meta, "security"))).unwrap_or_default();
    if let Some(born) = text(resource, "birthDate").and_then(|t| span(t, Zone::UTC)) {
        // Only a month or year is known: the last day of it, so that a minor stays one.
        if let Ok(last) = Timestamp::from_microsecond(born.to - 1) {
            out.push(Fact::Born { on: last.to_zoned(TimeZone::UTC).date() });
        }
    }
    let dead = resource.get("deceasedBoolean") == Some(&Value::Bool(true))
        || text(resource, "deceasedDateTime").is_some_and(|t| span(t, zone).is_some());
    if dead {
        out.push(Fact::Deceased);
    }
    out
}

/// HL7 v3 ActCode: CEL(EB) celebrity, VIP; EMP employee.
fn marks(codings: &[Value]) -> Vec<Fact> {
    let mut out = Vec::new();
    for code in codings.iter().filter_map(|c| text(c, "code")) {
        let fact = match code {
            "CEL" | "CELEB" | "VIP" => Fact::Vip,
            "EMP" => Fact::Colleague { account: None, practitioner: None },
            _ => continue,
        };
        if !out.contains(&fact) {
            out.push(fact);
        }
    }
    out
}

/// A Person that is both a patient and a practitioner.
fn colleague(resource: &Value) -> Vec<Fact> {
    if resource.get("active") == Some(&Value::Bool(false)) {
        return Vec::new();
    }
    let linked: Vec<String> = list(resource, "link").iter().filter_map(|l| local(l.get("target")?)).collect();
    if !linked.iter().any(|r| r.starts_with("Patient/")) {
        return Vec::new();
    }
    let staff = linked.into_iter().filter(|r| r.starts_with("Practitioner/"));
    staff.map(|practitioner| Fact::Colleague { account: None, practitioner: Some(practitioner) }).collect()
}

/// Parents and guardians (v3 RoleCode). The fact names the RelatedPerson; that person's account names it too.
fn guardian(zone: Zone, resource: &Value) -> Vec<Fact> {
    const ROLES: &[&str] = &["GUARD", "PRN", "MTH", "FTH", "NMTH", "NFTH", "ADOPTP", "ADOPTM", "ADOPTF", "HPOWATT"];
    let roles = list(resource, "relationship").iter().flat_map(|r| list(r, "coding")).filter_map(|c| text(c, "code"));
    if resource.get("active") == Some(&Value::Bool(false)) || !roles.into_iter().any(|r| ROLES.contains(&r)) {
        return Vec::new();
    }
    let evidence = id_of("RelatedPerson", resource);
    let (from, until) = period(zone, resource.get("period"));
    vec![Fact::Guardian { evidence, from, until }]
}

/// The rules of a consent: the base provision and, flattened, its exceptions.
fn consent(zone: Zone, resource: &Value) -> Vec<Fact> {
    if text(resource, "status") != Some("active") {
        return Vec::new();
    }
    let id = id_of("Consent", resource);
    let base =
        match list(resource.get("policyRule").unwrap_or(&Value::Null), "coding").iter().find_map(|c| text(c, "code")) {
            Some("OPTOUT" | "OPTOUTE") => Some(true),
            Some("OPTIN" | "OPTINR") => Some(false),
            _ => None,
        };
    let mut out = Vec::new();
    let Some(provision) = resource.get("provision") else {
        if let Some(deny) = base {
            out.push(Rule { deny, ..Rule::default() }.fact(&id));
        }
        return out;
    };
    let root = Rule { deny: base.unwrap_or(false), ..Rule::default() };
    flatten(zone, &id, provision, &root, true, 0, &mut out);
    out
}

#[derive(Clone, Default)]
struct Rule {
    deny: bool,
    actors: Vec<String>,
    purposes: Vec<Purpose>,
    categories: Vec<Category>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Rule {
    fn fact(self, id: &str) -> Fact {
        let Self { deny, actors, purposes, categories, from, until } = self;
        Fact::Consent { id: id.to_owned(), deny, actors, purposes, categories, from, until }
    }
}

/// A nested provision inherits what it does not say; without a type it is an exception, the opposite of its parent.
fn flatten(zone: Zone, id: &str, provision: &Value, parent: &Rule, root: bool, depth: usize, out: &mut Vec<Fact>) {
    let told = match text(provision, "type") {
        Some("deny") => Some(true),
        Some("permit") => Some(false),
        _ => None,
    };
    let mut rule = parent.clone();
    rule.deny = told.unwrap_or(if root { parent.deny } else { !parent.deny });
    let understood = narrow(zone, provision, &mut rule);
    // A root without type and limits only carries exceptions.
    let speaks = told.is_some() || !root;
    if speaks && understood && about_access(provision) {
        out.push(rule.clone().fact(id));
    }
    if depth < 8 {
        for nested in list(provision, "provision") {
            flatten(zone, id, nested, &rule, false, depth + 1, out);
        }
    }
}

/// Reads the limits of a provision into a rule. False if a permission is limited by something that is not understood; a denial
/// then loses the limit instead.
fn narrow(zone: Zone, provision: &Value, rule: &mut Rule) -> bool {
    let (from, until) = period(zone, provision.get("period"));
    rule.from = from.or(rule.from);
    rule.until = until.or(rule.until);
    let mut understood = true;
    let actors = list(provision, "actor");
    if !actors.is_empty() {
        let known: Vec<String> = actors.iter().filter_map(|a| local(a.get("reference")?)).collect();
        understood &= known.len() == actors.len() || !known.is_empty();
        rule.actors = if rule.deny && known.len() < actors.len() { Vec::new() } else { known };
    }
    let purposes = list(provision, "purpose");
    if !purposes.is_empty() {
        let known: Vec<Purpose> = purposes.iter().filter_map(|p| text(p, "code")?.parse().ok()).collect();
        understood &= !known.is_empty();
        rule.purposes = if rule.deny && known.len() < purposes.len() { Vec::new() } else { known };
    }
    let classes: Vec<&Value> = list(provision, "class").iter().chain(list(provision, "securityLabel")).collect();
    if !classes.is_empty() {
        let known: Vec<Category> = classes.iter().filter_map(|c| text(c, "code")?.parse().ok()).collect();
        understood &= !known.is_empty();
        rule.categories = if rule.deny && known.len() < classes.len() { Vec::new() } else { known };
    }
    // Single codes, records and dates are finer than the rules we keep.
    let finer = ["code", "data", "dataPeriod"].iter().any(|k| provision.get(*k).is_some());
    rule.deny || (understood && !finer)
}

/// Whether a provision speaks of reading at all; one about collecting or correcting only does not.
fn about_access(provision: &Value) -> bool {
    let actions = list(provision, "action");
    let read = |code: &str| matches!(code, "access" | "use" | "disclose");
    actions.is_empty() || actions.iter().flat_map(|a| list(a, "coding")).filter_map(|c| text(c, "code")).any(read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(resource: &Value) -> Vec<Fact> {
        facts(Zone::CHINA, resource["resourceType"].as_str().unwrap(), resource)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_related_person_guards_by_kind_while_active_and_within_the_period() {
        let person = |code: &str, active: bool| {
            json!({ "resourceType": "RelatedPerson", "id": "r", "active": active, "patient": { "reference": "Patient/c" },
                "relationship": [{ "coding": [{ "code": "SIBCOUSN" }] }, { "coding": [{ "code": code }] }],
                "period": { "start": "2020-01-01", "end": "2026-06-30" } })
        };
        for code in ["MTH", "FTH", "GUARD"] {
            let guards = Fact::Guardian {
                evidence: "RelatedPerson/r".into(),
                from: Some(at("2020-01-01T00:00:00+08:00")),
                until: Some(at("2026-07-01T00:00:00+08:00")),
            };
            assert!(of(&person(code, true)) == [guards], "{code}");
            assert!(of(&person(code, false)).is_empty(), "{code}");
        }
        for code in ["AUNT", "SIB", "FRND"] {
            assert!(of(&person(code, true)).is_empty(), "{code}");
        }
    }

    #[test]
    fn a_stay_makes_relations_to_its_people_and_its_department() {
        let mut e = json!({ "resourceType": "Encounter", "id": "e1", "status": "in-progress", "subject": { "reference": "Patient/p" },
            "period": { "start": "2026-01-01T08:00:00+08:00" }, "serviceProvider": { "reference": "Organization/cardio" },
            "participant": [{ "individual": { "reference": "Practitioner/d" }, "period": { "start": "2026-01-02", "end": "2026-01-03" } },
                { "individual": { "reference": "RelatedPerson/r" } }] });
        let relation = |with: &str, from, until| Fact::Relation {
            with: with.into(),
            evidence: "Encounter/e1".into(),
            basis: Basis::Encounter,
            from,
            until,
            open: true,
        };
        let wanted = [
            relation("Organization/cardio", Some(at("2026-01-01T00:00:00Z")), None),
            relation("Practitioner/d", Some(at("2026-01-01T16:00:00Z")), Some(at("2026-01-03T16:00:00Z"))),
        ];
        assert!(of(&e) == wanted);
        e["status"] = json!("cancelled");
        assert!(of(&e).is_empty());
        e["status"] = json!("finished");
        assert!(of(&e).iter().all(|f| matches!(f, Fact::Relation { open: false, .. })));
    }

    #[test]
    fn a_team_is_a_relation_of_its_own_and_an_appointment_one_of_its_time() {
        let t = json!({ "resourceType": "CareTeam", "id": "t", "status": "active", "participant": [{ "member": { "reference": "Practitioner/d" } }] });
        let with: Vec<_> = of(&t)
            .into_iter()
            .filter_map(|f| if let Fact::Relation { with, .. } = f { Some(with) } else { None })
            .collect();
        assert_eq!(with, ["CareTeam/t", "Practitioner/d"]);
        let a = json!({ "resourceType": "Appointment", "id": "a", "status": "booked", "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:30:00Z",
            "participant": [{ "actor": { "reference": "Practitioner/d" } }, { "actor": { "reference": "Patient/p" } }] });
        assert!(
            matches!(of(&a).as_slice(), [Fact::Relation { with, basis: Basis::Appointment, open: true, from: Some(_), .. }] if with == "Practitioner/d")
        );
    }

    #[test]
    fn consents_are_flattened_and_doubt_denies_more_and_permits_less() {
        let c = |provision: Value| json!({ "resourceType": "Consent", "id": "c", "status": "active", "provision": provision });
        let rule = |deny, actors: &[&str], purposes: &[Purpose], categories: &[Category]| Fact::Consent {
            id: "Consent/c".into(),
            deny,
            actors: actors.iter().map(|a| (*a).to_owned()).collect(),
            purposes: purposes.to_vec(),
            categories: categories.to_vec(),
            from: None,
            until: None,
        };
        let nested = c(json!({ "type": "permit", "purpose": [{ "code": "TREAT" }],
            "provision": [{ "actor": [{ "role": { "text": "x" }, "reference": { "reference": "Organization/derma" } }] }] }));
        assert!(
            of(&nested)
                == [
                    rule(false, &[], &[Purpose::Treat], &[]),
                    rule(true, &["Organization/derma"], &[Purpose::Treat], &[])
                ]
        );
        let odd = |kind: &str| {
            c(json!({ "type": kind, "purpose": [{ "code": "MARKETING" }], "class": [{ "code": "genetic" }] }))
        };
        assert!(of(&odd("deny")) == [rule(true, &[], &[], &[Category::Genetic])]);
        assert!(of(&odd("permit")).is_empty());
        let collect = c(json!({ "type": "deny", "action": [{ "coding": [{ "code": "collect" }] }] }));
        assert!(of(&collect).is_empty());
        let opt_out = json!({ "resourceType": "Consent", "id": "c", "status": "active", "policyRule": { "coding": [{ "code": "OPTOUT" }] } });
        assert!(of(&opt_out) == [rule(true, &[], &[], &[])]);
        let draft = json!({ "resourceType": "Consent", "id": "c", "status": "draft", "provision": { "type": "deny" } });
        assert!(of(&draft).is_empty());
    }

    #[test]
    fn a_patient_is_known_by_birth_death_and_marks() {
        let p = json!({ "resourceType": "Patient", "id": "p", "birthDate": "2010-02", "deceasedDateTime": "2026",
            "meta": { "security": [{ "code": "CEL" }, { "code": "EMP" }] } });
        let wanted = [
            Fact::Vip,
            Fact::Colleague { account: None, practitioner: None },
            Fact::Born { on: "2010-02-28".parse().unwrap() },
            Fact::Deceased,
        ];
        assert!(of(&p) == wanted);
        let person = json!({ "resourceType": "Person", "id": "x", "link": [{ "target": { "reference": "Practitioner/n" } }, { "target": { "reference": "Patient/p" } }] });
        assert!(of(&person) == [Fact::Colleague { account: None, practitioner: Some("Practitioner/n".into()) }]);
    }
}
