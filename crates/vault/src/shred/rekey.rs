//! New keys in the place of destroyed ones: buckets, survivors, and what else lay under a destroyed key.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest;
use tacebo_seal::{Category, DataKey, Keyring, Part, SubjectNo, WrappedKey};
use tacebo_store::{BlobHold, Change, IndexRow, KeyDrop, KeyRow, NewBlob, Reseal, Rid};

use super::plan::{Pair, Plan};
use crate::blob::{SealedBody, seal_body};
use crate::compare::resealed_token;
use crate::disclosed::VaultFault;
use crate::vault::Inner;

/// What the new keys come to.
pub(super) struct Renewal {
    /// The ring to use when the change is durable.
    pub ring: Keyring,
    /// How many keys were destroyed.
    pub keys: u64,
    /// Which: whose, for which sort of data, and the newest generation of it.
    pub destroyed: Vec<(SubjectNo, Category, u32)>,
    /// Keeps the objects that were sealed anew until the change is durable.
    pub blobs: Vec<BlobHold>,
    /// Versions sealed anew, by person and data key, with one digest over their new bodies.
    resealed: BTreeMap<Pair, (u64, String)>,
}

impl Renewal {
    /// How many versions were sealed anew.
    pub(super) fn resealed(&self) -> u64 {
        self.resealed.values().map(|(count, _)| count).sum()
    }

    /// What the log says of it, of each person: how many versions, and the new digests in the words of
    /// [`crate::compare`].
    pub(super) fn told(&self) -> BTreeMap<SubjectNo, (u64, String)> {
        let mut told: BTreeMap<SubjectNo, (u64, String)> = BTreeMap::new();
        for ((subject, category), (count, digest)) in self.resealed.iter().filter(|(_, (count, _))| *count > 0) {
            let (all, digests) = told.entry(*subject).or_default();
            *all += count;
            if !digests.is_empty() {
                digests.push(' ');
            }
            digests.push_str(&resealed_token(*category, *count, digest));
        }
        told
    }
}

impl Inner {
    /// Puts into the change what is needed so that every key of the plan is gone, and nothing else.
    pub(super) fn rekey(&self, change: &mut Change, plan: &Plan) -> Result<Renewal, VaultFault> {
        let pairs: BTreeSet<Pair> = plan.gone.union(&plan.renewed).copied().collect();
        let buckets: BTreeSet<u16> = pairs.iter().map(|(subject, _)| subject.bucket()).collect();
        let mut generations: BTreeMap<Pair, u32> = BTreeMap::new();
        let mut owned = Vec::new();
        let mut keys = 0;
        for bucket in buckets {
            for row in self.store.keys_in_bucket(self.part, bucket)? {
                let pair = (row.subject, row.category);
                let newest = generations.entry(pair).or_default();
                *newest = (*newest).max(row.generation);
                keys += u64::from(pairs.contains(&pair));
                owned.push((row.subject, row.category, WrappedKey(row.wrapped)));
            }
        }
        let gone: Vec<_> = pairs.iter().map(|(subject, category)| (*subject, Some(*category))).collect();
        let rekeyed = self.ring()?.destroy(&gone, owned)?;
        let generation = |pair: &Pair| generations.get(pair).copied().unwrap_or(0);
        change
            .drop_keys
            .extend(pairs.iter().map(|(subject, category)| KeyDrop { subject: *subject, category: Some(*category) }));
        change.buckets.extend(rekeyed.rows);
        for (subject, category, wrapped) in rekeyed.survivors {
            let generation = generation(&(subject, category));
            change.keys.push(KeyRow { subject, category, generation, wrapped: wrapped.0 });
        }
        let (mut resealed, mut blobs) = (BTreeMap::new(), Vec::new());
        for pair in &plan.renewed {
            let (key, wrapped) = rekeyed.ring.new_data_key(pair.0, pair.1)?;
            let generation = generation(pair) + 1;
            change.keys.push(KeyRow { subject: pair.0, category: pair.1, generation, wrapped: wrapped.0 });
            let bodies = self.reseal(change, *pair, &key, plan, &mut blobs)?;
            let digest = hex::encode(digest::digest(&digest::SHA256, &bodies.concat()));
            resealed.insert(*pair, (bodies.len() as u64, digest));
        }
        let newest = |pair: &Pair| Some((pair.0, pair.1, *generations.get(pair)?));
        let destroyed = pairs.iter().filter_map(newest).collect();
        Ok(Renewal { ring: rekeyed.ring, keys, destroyed, blobs, resealed })
    }

    /// Seals every version that stays under `key`, objects too, one at a time; gives the digest of each new body, in commit
    /// order.
    fn reseal(
        &self,
        change: &mut Change,
        pair: Pair,
        key: &DataKey,
        plan: &Plan,
        blobs: &mut Vec<BlobHold>,
    ) -> Result<Vec<[u8; 32]>, VaultFault> {
        let rids: Vec<Rid> = self.store.subject_versions(self.part, pair.0)?;
        let rids: Vec<Rid> = rids.into_iter().filter(|rid| !plan.erase.contains_key(rid)).collect();
        let rows: Vec<IndexRow> = self.store.rows(self.part, &rids)?;
        let rows: Vec<IndexRow> = rows.into_iter().filter(|row| row.category == pair.1).collect();
        let rids: Vec<Rid> = rows.iter().map(|row| row.rid).collect();
        let old = if rows.is_empty() { None } else { Some(self.key(pair.0, pair.1)?) };
        let mut digests = Vec::with_capacity(rows.len());
        for (row, body) in rows.iter().zip(self.store.bodies(self.part, &rids)?) {
            let Some(old) = &old else { break };
            let place = |part| self.place(row.subject, row.category, &row.kind, &row.id.0, row.version, part);
            let index = key.seal(&place(Part::Index), &old.open(&place(Part::Index), &row.index)?)?.into_bytes();
            let (packed, _) = self.unseal_body(old, place, &body)?;
            let sealed = seal_body(key, place, &packed)?;
            digests.push(sealed.digest());
            let SealedBody { body, blob: new } = sealed;
            let blob = new.as_ref().map(NewBlob::blob);
            if let Some(new) = new {
                blobs.push(self.store.put_blobs(self.part, vec![new])?);
            }
            change.reseal.push(Reseal { rid: row.rid, index, body, blob });
        }
        Ok(digests)
    }

    /// Puts the ring to use and forgets everything that was opened under the keys of before.
    pub(super) fn use_ring(&self, ring: Keyring, pairs: impl IntoIterator<Item = SubjectNo>) {
        self.put_to_use(ring);
        for subject in pairs {
            self.keys.forget(subject);
        }
        self.persons.clear();
        self.hot.clear();
        self.packer.forget();
    }
}
