//! An answer made of a document that the vault did not disclose.
use http::StatusCode;
use tacebo_server::http::Reply;
use tacebo_vault::Document;

fn leak(document: Document) -> Reply {
    Reply::disclosed(StatusCode::OK, "application/fhir+json", document.body.to_string())
}

fn main() {}
