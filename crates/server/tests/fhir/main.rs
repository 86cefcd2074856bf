//! The FHIR door, over a real house in a temporary folder.

mod bad_input;
mod bundles;
mod conditional;
mod entries;
mod find;
mod hidden;
mod house;
mod instance;
mod routes;
mod sample;
