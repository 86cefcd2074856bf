//! Records of destructions and holds among the house's named values, sealed under the house's own key.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tacebo_seal::{Part, Place, SubjectNo};
use tacebo_store::Change;

use super::{HOLD_KIND, Hold, SHRED_KIND, Shredding};
use crate::disclosed::VaultFault;
use crate::keys::Drawer;
use crate::vault::Inner;

const SHRED_META: &str = "shred/";
const HOLD_META: &str = "hold/";

impl Inner {
    pub(super) fn shredding_kept(&self, id: &str) -> Result<Option<Shredding>, VaultFault> {
        self.kept(SHRED_KIND, SHRED_META, id)
    }

    /// All of them, the newest first: their ids rise with time.
    pub(crate) fn shreddings_kept(&self) -> Result<Vec<Shredding>, VaultFault> {
        let mut all: Vec<Shredding> = self.all_kept(SHRED_KIND, SHRED_META)?;
        all.reverse();
        Ok(all)
    }

    pub(super) fn keep_shredding(&self, change: &mut Change, shredding: &Shredding) -> Result<(), VaultFault> {
        self.put_kept(change, SHRED_KIND, SHRED_META, &shredding.id, Some(shredding))
    }

    pub(super) fn hold_on(&self, subject: SubjectNo) -> Result<Option<Hold>, VaultFault> {
        self.kept(HOLD_KIND, HOLD_META, &name_of(subject))
    }

    pub(super) fn holds_kept(&self) -> Result<Vec<Hold>, VaultFault> {
        self.all_kept(HOLD_KIND, HOLD_META)
    }

    /// A hold, or its end.
    pub(super) fn keep_hold(
        &self,
        change: &mut Change,
        subject: SubjectNo,
        hold: Option<&Hold>,
    ) -> Result<(), VaultFault> {
        self.put_kept(change, HOLD_KIND, HOLD_META, &name_of(subject), hold)
    }

    fn kept<T: DeserializeOwned>(&self, kind: &'static str, under: &str, id: &str) -> Result<Option<T>, VaultFault> {
        match self.store.meta(self.part, &format!("{under}{id}"))? {
            Some(sealed) if !sealed.is_empty() => self.open_kept(kind, id, &sealed).map(Some),
            _ => Ok(None),
        }
    }

    fn all_kept<T: DeserializeOwned>(&self, kind: &'static str, under: &str) -> Result<Vec<T>, VaultFault> {
        let all = self.store.metas(self.part, under)?.into_iter().filter(|(_, sealed)| !sealed.is_empty());
        all.map(|(name, sealed)| self.open_kept(kind, name.get(under.len()..).unwrap_or_default(), &sealed)).collect()
    }

    fn open_kept<T: DeserializeOwned>(&self, kind: &'static str, id: &str, sealed: &[u8]) -> Result<T, VaultFault> {
        let category = Drawer::Record.category();
        let plain = self.key(SubjectNo::HOUSE, category)?.open(&self.kept_place(kind, id), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| VaultFault::Decode("record of a destruction"))
    }

    /// An empty value says that there is none: values have no history and are never taken out.
    fn put_kept<T: Serialize>(
        &self,
        change: &mut Change,
        kind: &'static str,
        under: &str,
        id: &str,
        value: Option<&T>,
    ) -> Result<(), VaultFault> {
        let sealed = match value {
            Some(value) => {
                let plain = serde_json::to_vec(value).map_err(|_| VaultFault::Decode("record of a destruction"))?;
                let key = self.key(SubjectNo::HOUSE, Drawer::Record.category())?;
                key.seal(&self.kept_place(kind, id), &plain)?.into_bytes()
            }
            None => Vec::new(),
        };
        change.meta.push((format!("{under}{id}"), sealed));
        Ok(())
    }

    fn kept_place<'a>(&self, kind: &'a str, id: &'a str) -> Place<'a> {
        self.place(None, Drawer::Record.category(), kind, id.as_bytes(), 1, Part::Body)
    }
}

/// The named value that a hold on this person is.
pub(super) fn hold_name(subject: SubjectNo) -> String {
    format!("{HOLD_META}{}", name_of(subject))
}

fn name_of(subject: SubjectNo) -> String {
    format!("{:016x}", subject.0)
}
