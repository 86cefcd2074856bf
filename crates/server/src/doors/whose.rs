//! Which patient a door is spoken to about: by the id of the record, or by a number on a card.

use tacebo_fhir::values::text::fold;
use tacebo_vault::{PatientId, VaultFault};

use crate::app::App;

/// The patient meant by what was typed. What nobody has stays as it was typed, and is asked about
/// like any other: the answer does not tell the difference.
pub(super) fn whose(app: &App, typed: &str) -> Result<PatientId, VaultFault> {
    let as_id = PatientId::new(typed);
    if app.vault().has_heard_of(&as_id)? {
        return Ok(as_id);
    }
    let by_number = app.vault().patient_under("Patient.identifier", &fold(typed))?;
    Ok(by_number.unwrap_or(as_id))
}
