//! Why somebody asks.

use crate::code::codes;

codes! {
    /// Purpose of use (HL7 v3 ActReason, PurposeOfUse). There is no default: an ask without one
    /// cannot be built.
    "purpose of use"
    pub enum Purpose {
        /// Treatment.
        Treat = "TREAT",
        /// Emergency treatment: the purpose under which a break-glass ticket works.
        EmergencyTreat = "ETREAT",
        /// Payment.
        Payment = "HPAYMT",
        /// Running the institution.
        Operations = "HOPERAT",
        /// Research.
        Research = "HRESCH",
        /// Public health reporting.
        PublicHealth = "PUBHLTH",
        /// The patient's own request.
        PatientRequest = "PATRQT",
        /// A guardian's or relative's request.
        FamilyRequest = "FAMRQT",
        /// Registration, appointments, notices.
        PatientAdmin = "PATADMIN",
        /// Compliance: reviews, audits, the law.
        Compliance = "HCOMPL",
        /// Administration of the system itself.
        SystemAdmin = "HSYSADMIN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acc_11_an_unknown_purpose_is_an_error_and_never_a_default() {
        assert_eq!("TREAT".parse::<Purpose>(), Ok(Purpose::Treat));
        for wrong in ["", "treat", " TREAT", "TREATMENT", "*"] {
            assert!(wrong.parse::<Purpose>().is_err(), "{wrong}");
        }
    }
}
