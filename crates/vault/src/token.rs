//! Opaque words that a door hands out and takes back unread and unchanged: page links.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tacebo_seal::{Part, SubjectNo};

use crate::disclosed::VaultFault;
use crate::keys::Drawer;
use crate::vault::Vault;

/// Kind under which tokens are sealed.
const TOKEN_KIND: &str = "PageToken";

impl Vault {
    /// Seals `plain` into a word for a URL. `bound` names whose and for what it is: with another
    /// `bound` it does not open.
    ///
    /// # Errors
    /// The house's key cannot be had.
    pub fn seal_token(&self, bound: &str, plain: &[u8]) -> Result<String, VaultFault> {
        let inner = &*self.0;
        let category = Drawer::Record.category();
        let place = inner.place(None, category, TOKEN_KIND, bound.as_bytes(), 1, Part::Body);
        let sealed = inner.key(SubjectNo::HOUSE, category)?.seal(&place, plain)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed.into_bytes()))
    }

    /// What was sealed, if this house sealed it for `bound`.
    ///
    /// # Errors
    /// The house's key cannot be had.
    pub fn open_token(&self, bound: &str, token: &str) -> Result<Option<Vec<u8>>, VaultFault> {
        let inner = &*self.0;
        let category = Drawer::Record.category();
        let Ok(sealed) = URL_SAFE_NO_PAD.decode(token) else { return Ok(None) };
        let place = inner.place(None, category, TOKEN_KIND, bound.as_bytes(), 1, Part::Body);
        let opened = inner.key(SubjectNo::HOUSE, category)?.open(&place, &sealed);
        Ok(opened.ok().map(|plain| plain.to_vec()))
    }
}
