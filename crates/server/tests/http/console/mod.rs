//! Console and portal, by browsers that take plain forms.

mod accounts;
mod counter;
mod destructions;
mod doors;
mod guardian;
mod oversight;
mod portal_accounts;
mod requests;
mod roots;
mod story;
pub(crate) mod ward;
