//! Console and portal, by browsers that take plain forms.

mod accounts;
mod counter;
mod doors;
mod oversight;
mod story;
pub(crate) mod ward;
