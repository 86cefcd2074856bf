//! Labels: what a document is, as far as protection is concerned, and how it gets them.

mod kinds;
mod labeller;
mod rules;
mod set;

pub use kinds::Class;
pub(crate) use kinds::Kinds;
pub use labeller::Labeller;
pub use set::{Category, Confidentiality, Grade, Labels, Sensitivity};
