//! Names for what documents refer to.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use tacebo_vault::Document;

use super::element::{list, text};
use crate::app::App;

/// Names of departments and staff by reference.
pub(in crate::doors) type Names = HashMap<String, String>;

/// What names a document asks for.
fn references(documents: &[Document]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for document in documents {
        let body = &document.body;
        let mut add = |path: &str| {
            let reference = text(body, path);
            if reference.starts_with("Practitioner/") || reference.starts_with("Organization/") {
                found.insert(reference.to_owned());
            }
        };
        add("/serviceProvider/reference");
        add("/managingOrganization/0/reference");
        for i in 0..list(body, "/participant").len() {
            add(&format!("/participant/{i}/individual/reference"));
        }
        for i in 0..list(body, "/provision/actor").len() {
            add(&format!("/provision/actor/{i}/reference/reference"));
        }
    }
    found
}

/// Names for what documents refer to.
pub(in crate::doors) async fn names(app: &App, documents: &[Document]) -> Names {
    let mut names = Names::new();
    for reference in references(documents) {
        if let Ok(name) = app.governance().directory().name(&reference).await
            && name != reference
        {
            names.insert(reference, name);
        }
    }
    names
}

pub(super) fn named(names: &Names, value: Option<&Value>) -> Option<String> {
    let value = value?;
    let display = text(value, "/display");
    if !display.is_empty() {
        return Some(display.to_owned());
    }
    names.get(text(value, "/reference")).cloned()
}
