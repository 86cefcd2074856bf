//! Which pages may be answered without a disclosure, and how a page of disclosed data is made empty.

use std::fmt;

use askama::{FastWritable, Template, Values};

use crate::http::SpeaksOfNobody;
use crate::pages::account::MyAccount;
use crate::pages::accounts::AccountEdit;
use crate::pages::audit::Verify;
use crate::pages::doctor::FindPatient;
use crate::pages::emergency::Declare;
use crate::pages::login::{Enrol, LogIn, LogInCode, NewPassword};
use crate::pages::message::{Message, Refusal};
use crate::pages::portal::CheckProof;
use crate::pages::privacy::WhoSaw;
use crate::pages::reception::Register;

// Their fields hold words of the house and what the asker typed.
impl SpeaksOfNobody for LogIn {}
impl SpeaksOfNobody for LogInCode {}
impl SpeaksOfNobody for Message {}
impl SpeaksOfNobody for Refusal {}
impl SpeaksOfNobody for Declare {}
/// Hashes and signed heads.
impl SpeaksOfNobody for Verify {}
/// What it shows was in the file that the asker brought.
impl SpeaksOfNobody for CheckProof {}

/// A page that tells the person at the door about his own account.
pub(super) trait SpeaksToOneself: SpeaksOfNobody {}

impl SpeaksOfNobody for Enrol {}
impl SpeaksOfNobody for NewPassword {}
impl SpeaksOfNobody for MyAccount {}
impl SpeaksToOneself for Enrol {}
impl SpeaksToOneself for NewPassword {}
impl SpeaksToOneself for MyAccount {}

/// A page that can show disclosed data and shows none: its constructors leave those fields empty.
pub(super) struct Blank<V>(V);

impl<V> SpeaksOfNobody for Blank<V> {}

impl Blank<FindPatient> {
    /// Before a search.
    pub(super) fn find(view: FindPatient) -> Self {
        Self(FindPatient { found: None, more: false, ..view })
    }
}

impl Blank<WhoSaw> {
    /// Before a search.
    pub(super) fn who_saw(view: WhoSaw) -> Self {
        Self(WhoSaw { subject: None, rows: Vec::new(), bars: None, heat: None, ..view })
    }
}

impl Blank<Register> {
    /// The form as it was typed.
    pub(super) fn register(view: Register) -> Self {
        Self(Register { twins: Vec::new(), ..view })
    }
}

impl Blank<AccountEdit> {
    /// The form for a new account as it was typed.
    pub(super) fn account(view: AccountEdit) -> Self {
        Self(AccountEdit { id: None, once: None, changes: Vec::new(), last: None, ..view })
    }
}

impl<V: Template> fmt::Display for Blank<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<V: Template> FastWritable for Blank<V> {
    fn write_into(&self, dest: &mut dyn fmt::Write, values: &dyn Values) -> askama::Result<()> {
        FastWritable::write_into(&self.0, dest, values)
    }
}

impl<V: Template> Template for Blank<V> {
    fn render_into_with_values(&self, writer: &mut dyn fmt::Write, values: &dyn Values) -> askama::Result<()> {
        self.0.render_into_with_values(writer, values)
    }

    const SIZE_HINT: usize = V::SIZE_HINT;
}
