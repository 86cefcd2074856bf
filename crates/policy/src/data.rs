//! Reading the data files that ship inside the program.

use serde::de::DeserializeOwned;

use crate::PolicyError;

/// Parses one embedded TOML file; the name is for the message.
pub(crate) fn read<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<T, PolicyError> {
    toml::from_str(text).map_err(|error| wrong(file, error.message()))
}

/// An error about one data file.
pub(crate) fn wrong(file: &'static str, problem: impl Into<String>) -> PolicyError {
    PolicyError::Data { file, problem: problem.into() }
}
