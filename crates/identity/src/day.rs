//! Days in records: `2026-03-11`, or none.

use jiff::civil::Date;
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de};

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde passes by reference")]
pub(crate) fn serialize<S: Serializer>(day: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
    day.map(|day| day.to_string()).serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    Option::<String>::deserialize(from)?.map(|day| day.parse().map_err(de::Error::custom)).transpose()
}
