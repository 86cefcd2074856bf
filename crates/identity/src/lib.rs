//! Accounts, factors, sessions, client tokens: who stands before a door.
//!
//! A door hands over what the caller brought (a name and a password, a code, a cookie, a bearer token) and gets
//! [`Authenticated`] back, which it turns into a [`tacebo_vault::Asker`] with the purpose of use that the request
//! names. There is no default purpose. What somebody may do is never decided here; the vault asks policy.
//!
//! Everything is kept as house records of the vault, so every change has its log entry in the same commit. Secrets
//! are at rest only as hashes (passwords, session ids, tokens, client secrets) or sealed (TOTP secrets), and have no
//! `Debug`.

mod account;
mod administer;
mod bearer;
mod bootstrap;
mod changes;
mod client;
mod clients;
mod day;
mod error;
mod factor;
mod gone;
mod hasher;
mod identity;
mod login;
mod login_name;
mod own;
mod password;
mod portal;
mod secret;
mod sessions;
mod shelf;
mod throttle;
mod ticket;
mod tokens;

pub use account::{Account, AccountChange, AccountEntry, AccountState, Handed, NewAccount};
pub use bearer::{Authenticated, BearerKind, BearerView, MustChange};
pub use changes::Changed;
pub use client::{Client, ClientChange, ClientHanded, ClientState, NewClient};
pub use error::{IdentityError, PasswordProblem};
pub use factor::FactorOffer;
pub use identity::{HOUSE, Identity, Settings};
pub use login::{FirstStep, LoggedIn};
pub use login_name::normalise;
pub use portal::{PortalDeed, PortalOf};
pub use secret::Secret;
pub use tokens::{Introspection, Issued, TokenHolder};
