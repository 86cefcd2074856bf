//! Writes `crates/fhir/src/tables/r4.bin` from the npm package `hl7.fhir.r4.examples` 4.0.1 (CC0-1.0).
//!
//! `npm pack hl7.fhir.r4.examples@4.0.1`, unpack, then `cargo xtask fhir-tables path/to/package`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

#[expect(unreachable_pub, reason = "shared with tacebo-fhir, where it is a private module of a library")]
#[path = "../../crates/fhir/src/tables/raw.rs"]
mod raw;

use raw::{MAGIC, Raw, RawClass, RawCodeSet, RawElement, RawElementType, RawNode, RawParam, RawType};

/// Where the tables lie, relative to the root of the repository.
const OUT: &str = "crates/fhir/src/tables/r4.bin";

/// Value sets whose published expansion is an excerpt of an open set (BCP 13 media types and the like).
const OPEN_SETS: &[&str] = &["http://hl7.org/fhir/ValueSet/mimetypes", "http://hl7.org/fhir/ValueSet/languages"];

/// R4 does not name a specialisation of these as resource types of their own.
const FHIR_TYPE: &str = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type";

/// Reads the definitions below `package_dir` and writes the table file.
pub(crate) fn run(package_dir: &Path) -> Result<()> {
    let resources = bundle(package_dir, "Bundle-resources.json")?;
    let types = bundle(package_dir, "Bundle-types.json")?;
    let params = bundle(package_dir, "Bundle-searchParams.json")?;
    let expansions = bundle(package_dir, "Bundle-valueset-expansions.json")?;
    let compartment = read(&package_dir.join("CompartmentDefinition-patient.json"))?;

    let mut out = Raw {
        fhir_version: "4.0.1".into(),
        types: Vec::new(),
        nodes: Vec::new(),
        code_sets: Vec::new(),
        params: search_params(&params)?,
        patient_compartment: patient_compartment(&compartment),
        case_sensitive: Vec::new(),
    };
    let sets: HashMap<String, &Value> = expansions
        .iter()
        .filter(|v| text(v, "resourceType") == "ValueSet")
        .map(|v| (text(v, "url").to_owned(), v))
        .collect();
    let mut used_sets = BTreeMap::new();
    for definition in types.iter().chain(&resources) {
        structure(definition, &sets, &mut used_sets, &mut out)?;
    }
    out.types.sort_by(|a, b| a.name.cmp(&b.name));

    let mut sensitive = BTreeSet::from(["http://unitsofmeasure.org".to_owned()]);
    for file in ["Bundle-valuesets.json", "Bundle-v3-valuesets.json", "Bundle-v2-valuesets.json"] {
        for system in bundle(package_dir, file)? {
            if text(&system, "resourceType") == "CodeSystem" && system.get("caseSensitive") == Some(&Value::Bool(true))
            {
                sensitive.insert(text(&system, "url").to_owned());
            }
        }
    }
    out.case_sensitive = sensitive.into_iter().collect();

    let plain = postcard::to_allocvec(&out)?;
    let packed = zstd::encode_all(plain.as_slice(), 19)?;
    let mut file = MAGIC.to_vec();
    file.extend_from_slice(&packed);
    std::fs::write(OUT, &file).with_context(|| format!("write {OUT} (run from the root of the repository)"))?;
    Ok(())
}

fn read(path: &Path) -> Result<Value> {
    let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("parse {}", path.display()))
}

fn bundle(dir: &Path, name: &str) -> Result<Vec<Value>> {
    let mut whole = read(&dir.join(name))?;
    let entries = whole.get_mut("entry").and_then(Value::as_array_mut).context("bundle without entries")?;
    Ok(entries.iter_mut().filter_map(|e| e.get_mut("resource").map(Value::take)).collect())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn strings(value: &Value, key: &str) -> Vec<String> {
    list(value, key).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn structure<'a>(
    definition: &'a Value,
    sets: &HashMap<String, &'a Value>,
    used_sets: &mut BTreeMap<String, u32>,
    out: &mut Raw,
) -> Result<()> {
    let class = match (text(definition, "resourceType"), text(definition, "kind")) {
        ("StructureDefinition", "primitive-type") => RawClass::Primitive,
        ("StructureDefinition", "complex-type") => RawClass::Complex,
        ("StructureDefinition", "resource") => RawClass::Resource,
        _ => return Ok(()),
    };
    let name = text(definition, "name").to_owned();
    let elements = definition.pointer("/snapshot/element").and_then(Value::as_array).context("no snapshot")?;
    let root = text(definition, "type").to_owned();

    // One node per element that has children; the first element is the type itself.
    let mut node_of: BTreeMap<String, u32> = BTreeMap::new();
    let mut parents: BTreeSet<&str> = BTreeSet::from([root.as_str()]);
    for element in elements {
        if let Some((parent, _)) = text(element, "path").rsplit_once('.') {
            parents.insert(parent);
        }
    }
    for element in elements {
        let path = text(element, "path");
        if parents.contains(path) {
            node_of.insert(path.to_owned(), u32::try_from(out.nodes.len())?);
            out.nodes.push(RawNode { path: path.to_owned(), elements: Vec::new() });
        }
    }
    let base = text(definition, "baseDefinition").rsplit('/').next().unwrap_or_default().to_owned();
    let node = *node_of.get(&root).with_context(|| format!("{name} has no root"))?;
    let is_abstract = definition.get("abstract") == Some(&Value::Bool(true));
    out.types.push(RawType { name, class, is_abstract, base, node });

    for element in elements {
        let path = text(element, "path");
        let Some((parent, last)) = path.rsplit_once('.') else {
            continue;
        };
        let choice = last.ends_with("[x]");
        let binding = required_binding(element, sets, used_sets, out)?;
        let node = match element.get("contentReference").and_then(Value::as_str) {
            Some(target) => {
                let target = target.trim_start_matches('#');
                Some(*node_of.get(target).with_context(|| format!("contentReference {target}"))?)
            }
            None => node_of.get(path).copied(),
        };
        let mut types = Vec::new();
        for t in list(element, "type") {
            let mut code = text(t, "code").to_owned();
            if code.starts_with("http://hl7.org/fhirpath/System.") {
                let told = list(t, "extension").iter().find(|e| text(e, "url") == FHIR_TYPE);
                told.map_or("string", |e| text(e, "valueUrl")).clone_into(&mut code);
            }
            let targets = list(t, "targetProfile")
                .iter()
                .filter_map(Value::as_str)
                .filter_map(|p| p.rsplit('/').next())
                .filter(|p| *p != "Resource")
                .map(str::to_owned)
                .collect();
            types.push(RawElementType { code, targets });
        }
        let min = element.get("min").and_then(Value::as_u64).unwrap_or(0);
        let max = match text(element, "max") {
            "*" => 0,
            "0" => continue,
            n => n.parse()?,
        };
        let owner = *node_of.get(parent).context("parent without node")?;
        let owner = out.nodes.get_mut(usize::try_from(owner)?).context("node")?;
        owner.elements.push(RawElement {
            name: last.trim_end_matches("[x]").to_owned(),
            choice,
            min: u32::try_from(min)?,
            max,
            types,
            node,
            binding,
        });
    }
    Ok(())
}

fn required_binding(
    element: &Value,
    sets: &HashMap<String, &Value>,
    used: &mut BTreeMap<String, u32>,
    out: &mut Raw,
) -> Result<Option<u32>> {
    let Some(binding) = element.get("binding") else {
        return Ok(None);
    };
    if text(binding, "strength") != "required" {
        return Ok(None);
    }
    let url = text(binding, "valueSet").split('|').next().unwrap_or_default();
    if OPEN_SETS.contains(&url) {
        return Ok(None);
    }
    if let Some(at) = used.get(url) {
        return Ok(Some(*at));
    }
    let Some(set) = sets.get(url) else {
        return Ok(None);
    };
    let mut systems: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    collect(set.pointer("/expansion/contains").and_then(Value::as_array).map_or(&[][..], |v| v), &mut systems);
    if systems.is_empty() {
        return Ok(None);
    }
    let at = u32::try_from(out.code_sets.len())?;
    out.code_sets.push(RawCodeSet {
        url: url.to_owned(),
        systems: systems.into_iter().map(|(s, c)| (s, c.into_iter().collect())).collect(),
    });
    used.insert(url.to_owned(), at);
    Ok(Some(at))
}

fn collect(contains: &[Value], systems: &mut BTreeMap<String, BTreeSet<String>>) {
    for item in contains {
        let code = text(item, "code");
        if !code.is_empty() && item.get("abstract") != Some(&Value::Bool(true)) {
            systems.entry(text(item, "system").to_owned()).or_default().insert(code.to_owned());
        }
        collect(list(item, "contains"), systems);
    }
}

fn search_params(all: &[Value]) -> Result<Vec<RawParam>> {
    let mut sorted: Vec<&Value> = all.iter().filter(|v| text(v, "resourceType") == "SearchParameter").collect();
    sorted.sort_by_key(|v| text(v, "url").to_owned());
    let at: HashMap<&str, usize> = sorted.iter().enumerate().map(|(i, v)| (text(v, "url"), i)).collect();
    let mut out = Vec::new();
    for v in &sorted {
        let mut components = Vec::new();
        for c in list(v, "component") {
            let definition = text(c, "definition");
            let Some(position) = at.get(definition) else { bail!("component {definition} is not defined") };
            components.push((u16::try_from(*position)?, text(c, "expression").to_owned()));
        }
        out.push(RawParam {
            url: text(v, "url").to_owned(),
            code: text(v, "code").to_owned(),
            kind: text(v, "type").to_owned(),
            base: strings(v, "base"),
            expression: text(v, "expression").to_owned(),
            targets: strings(v, "target"),
            components,
        });
    }
    Ok(out)
}

fn patient_compartment(definition: &Value) -> Vec<(String, Vec<String>)> {
    let mut out: Vec<(String, Vec<String>)> = list(definition, "resource")
        .iter()
        .map(|r| (text(r, "code").to_owned(), strings(r, "param")))
        .filter(|(code, params)| !params.is_empty() || code == "Patient")
        .collect();
    out.sort();
    out
}
