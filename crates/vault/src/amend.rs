//! Changing a field of a document whose content the writer may see only behind masks, or not at all.

use serde_json::Value;
use tacebo_policy::Action;

use crate::disclosed::{Refused, VaultFault};
use crate::document::DocRef;
use crate::look::Look;
use crate::write::{Expect, Write};

impl Look<'_> {
    /// Sets top-level fields of a document in the commit at the end of [`crate::Vault::act`]; all else stays as it is
    /// stored, not as the writer was shown it. The change is decided like any other, on what is there and on what it
    /// becomes, and shows the writer nothing.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends: there is no such document, in the words for one that may not be known.
    pub fn amend(&mut self, name: &DocRef, fields: &[(&str, Value)]) -> Result<(), Refused> {
        let found = self.there(Action::Update, name)?;
        let text = self.inner.texts(&[&found])?.pop().ok_or(VaultFault::Decode("a document without a body"))?;
        let mut body: Value = serde_json::from_slice(&text).map_err(|_| VaultFault::Decode("a document"))?;
        let object = body.as_object_mut().ok_or(VaultFault::Decode("a document that is no object"))?;
        for (field, value) in fields {
            object.insert((*field).to_owned(), value.clone());
        }
        let write = Write::put(name.clone(), body).expecting(Expect::Version(found.row.version));
        self.write(Write { unseen: true, ..write });
        Ok(())
    }
}
