//! What can be wrong with the rules themselves.

/// Errors of loading; a decision has none, only a refusal.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A policy or the schema does not parse or does not validate.
    #[error("policies do not hold together: {0}")]
    Policies(String),
    /// An annotation is missing, unknown or malformed.
    #[error("policy {policy}: annotation {annotation}: {problem}")]
    Annotation {
        /// The policy.
        policy: String,
        /// The annotation.
        annotation: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A data file is wrong.
    #[error("data file {file}: {problem}")]
    Data {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}
