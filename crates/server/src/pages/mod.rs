//! The faces: every page of console and portal as a plain view structure with its template.
//!
//! A view holds only what its page shows, already disclosed and masked by the rooms below: strings, numbers, enums and
//! timestamps. It reaches nothing by itself. A handler fills the structure and calls [`html`]; words come from the
//! message files through [`Lang::t`], addresses from [`url`], colours and sizes from the style sheets.
//!
//! Every page works without a script: forms post to the addresses in [`url`] and the handler redirects. The names of
//! the form fields are told in each view's documentation.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass by reference")]

use std::fmt;

/// `Debug` that tells the type and nothing inside it: views hold patient data.
macro_rules! no_content_in_debug {
    ($($view:ty),+ $(,)?) => {$(
        impl std::fmt::Debug for $view {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($view)).finish_non_exhaustive()
            }
        }
    )+};
}
pub(crate) use no_content_in_debug;

pub mod account;
pub mod accounts;
pub mod audit;
pub mod backups;
pub mod chart;
pub mod desk;
pub mod destruction;
pub mod doctor;
pub mod emergency;
mod fault;
pub mod field;
mod figures;
mod icon;
pub mod lang;
pub mod login;
pub mod message;
mod moments;
mod nav;
pub mod parts;
pub mod portal;
pub mod privacy;
pub mod reception;
pub mod request;
pub mod roots;
pub mod shell;
pub mod system;
pub mod url;
pub mod words;

pub use fault::{fault_words, unlike_words};
pub use field::{Choice, Field, FieldError};
pub use figures::Figures;
pub use icon::icon;
pub use lang::Lang;
pub use nav::Nav;
pub use parts::{Html, Pager};
pub use shell::{Flash, FlashKind, Me, Shell, Theme};
pub use words::{Flag, FlagKind, Outcome, Purpose, Relation, Role};

/// A page that could not be written: a fault of the template, never of the person's input.
#[derive(Debug, thiserror::Error)]
#[error("the page could not be written: {0}")]
pub struct PageError(#[from] askama::Error);

/// Writes a view as HTML. Answer it as `text/html; charset=utf-8` with `cache-control: no-store`.
pub fn html(view: &impl askama::Template) -> Result<String, PageError> {
    Ok(view.render()?)
}

/// The `content-security-policy` every page is answered with; nothing in a page needs more.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types htmx default";

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
