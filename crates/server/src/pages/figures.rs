//! Figures of law and of the house's procedures that pages name in words; the rooms below hold them, with their sources.

/// What the sentences of the pages put in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Hours until an emergency access is reviewed.
    pub review_hours: u32,
    /// Working days until a request for access is answered.
    pub answer_workdays: u32,
    /// Days until a question or complaint is answered.
    pub complaint_days: u32,
    /// Whether that figure is confirmed; else the page says that it is not.
    pub complaint_sure: bool,
    /// Years that outpatient records are kept after the last visit.
    pub outpatient_years: u32,
    /// Years that inpatient records are kept after the last discharge.
    pub inpatient_years: u32,
    /// Age under which a parent or guardian answers.
    pub guardian_under: u32,
    /// Age from which nobody acts for a person.
    pub majority: u32,
}
