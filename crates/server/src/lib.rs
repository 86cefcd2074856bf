//! The doors: HTTP for FHIR, OAuth, console, portal and administration.

pub mod assets;
pub mod pages;
