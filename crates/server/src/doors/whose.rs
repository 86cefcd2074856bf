//! Which patient a door is spoken to about: by the id of the record, or by a number on a card.

use tacebo_fhir::values::text::fold;
use tacebo_vault::{Meant, VaultFault};

use crate::app::App;

/// The patient meant by what was typed: to be asked about, and not to be read. What nobody has is asked
/// about like any other: the answer does not tell the difference.
pub(super) fn whose(app: &App, typed: &str) -> Result<Meant, VaultFault> {
    app.vault().meant(typed, "Patient.identifier", &fold(typed))
}
