//! The doors: HTTP for FHIR, OAuth, console, portal and administration.
