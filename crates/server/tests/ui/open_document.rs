//! A document passed off as something that speaks of nobody.
use tacebo_server::http::Open;
use tacebo_vault::Document;

fn leak(document: Document) -> Open {
    Open::json("application/fhir+json", &document.body)
}

fn main() {}
