//! Labels, purposes, relations, consent, Cedar: an [`Ask`] becomes a [`Permit`] or a [`Refusal`].
//!
//! Pure: no storage, no clock, no network. The caller brings the facts about the patient
//! ([`Profile`]) and the time; [`Profile::whose`] sums up what the asker is to the patient, and
//! [`Engine::decide`] answers. Doubt means no.

mod action;
mod ask;
mod code;
mod data;
mod engine;
mod error;
mod fact;
mod label;
mod moment;
mod permit;
mod profile;
mod purpose;
mod refusal;
mod who;
mod whose;
mod windows;

pub use action::{Action, Manner};
pub use ask::{Ask, What};
pub use code::UnknownCode;
pub use engine::Engine;
pub use error::PolicyError;
pub use fact::{Basis, Fact, Ticket};
pub use label::{Category, Class, Confidentiality, Grade, Labeller, Labels, Sensitivity};
pub use permit::{Duty, Permit, Why};
pub use profile::Profile;
pub use purpose::Purpose;
pub use refusal::{Advice, Help, Refusal, RefusalCode};
pub use who::{Assurance, PersonKind, Role, Who, roles_conflict};
pub use whose::{ActiveTicket, Age, Bond, Evidence, Limit, Whose};
pub use windows::{Ages, Windows};

/// What a permit hides is named by the veil.
pub use tacebo_veil::{Mask, MaskSet};
