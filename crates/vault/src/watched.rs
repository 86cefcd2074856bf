//! What is remembered of the store until a commit touches it.
//!
//! Whoever is about to commit announces what he touches and holds the announcement until the change is durable: while
//! he holds it nothing is remembered of it and everybody asks the store. So there is no moment at which the store says
//! one thing and memory another, and a caller who goes away while his change is on its way leaves nothing stale: the
//! announcement travels with the change to the store's writer ([`tacebo_store::Store::commit_holding`]).

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Memory of values by key, kept true by announcements.
pub(crate) struct Watched<K, V> {
    shards: Vec<Mutex<Shard<K, V>>>,
    hasher: RandomState,
    per_shard: usize,
}

struct Shard<K, V> {
    /// Counts commits; a value read before one is not kept after it.
    turn: u64,
    known: HashMap<K, V>,
    /// Keys announced, how often each.
    announced: HashMap<K, u32>,
}

/// When a value was asked for: it is kept only if nothing happened since.
#[derive(Clone, Copy)]
pub(crate) struct Turn(u64);

const SHARDS: usize = 64;

impl<K: Hash + Eq + Clone, V: Clone> Watched<K, V> {
    /// A memory of about `most` values. A full shard is emptied, which only costs re-reading.
    pub(crate) fn new(most: usize) -> Self {
        let shard = || Mutex::new(Shard { turn: 0, known: HashMap::new(), announced: HashMap::new() });
        let shards = (0..SHARDS).map(|_| shard()).collect();
        Self { shards, hasher: RandomState::new(), per_shard: most.div_ceil(SHARDS) }
    }

    fn shard(&self, key: &K) -> Option<MutexGuard<'_, Shard<K, V>>> {
        let at = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        Some(self.shards.get(at)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is remembered, or when it was asked for.
    pub(crate) fn get(&self, key: &K) -> Result<V, Turn> {
        let Some(shard) = self.shard(key) else { return Err(Turn(0)) };
        shard.known.get(key).cloned().ok_or(Turn(shard.turn))
    }

    /// Remembers what the store said after `turn`, unless a commit has touched the shard or is about to touch the key.
    pub(crate) fn keep(&self, key: K, turn: Turn, value: V) {
        let Some(mut shard) = self.shard(&key) else { return };
        if shard.turn != turn.0 || shard.announced.contains_key(&key) {
            return;
        }
        if shard.known.len() >= self.per_shard {
            shard.known.clear();
        }
        shard.known.insert(key, value);
    }

    /// Forgets these: another node has changed them. What was read before and comes after this is not kept.
    pub(crate) fn forget<'k>(&self, keys: impl IntoIterator<Item = &'k K>)
    where
        K: 'k,
    {
        for key in keys {
            if let Some(mut shard) = self.shard(key) {
                shard.known.remove(key);
                shard.turn += 1;
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.known.clear();
            shard.turn += 1;
        }
    }

    /// Announces a commit that touches these.
    pub(crate) fn announce(self: &Arc<Self>, keys: Vec<K>) -> Announced<K, V> {
        for key in &keys {
            if let Some(mut shard) = self.shard(key) {
                shard.known.remove(key);
                *shard.announced.entry(key.clone()).or_insert(0) += 1;
            }
        }
        Announced { of: Arc::clone(self), keys }
    }
}

/// Held until the change is durable or has failed.
pub(crate) struct Announced<K: Hash + Eq + Clone, V: Clone> {
    of: Arc<Watched<K, V>>,
    keys: Vec<K>,
}

impl<K: Hash + Eq + Clone, V: Clone> Drop for Announced<K, V> {
    fn drop(&mut self) {
        for key in &self.keys {
            let Some(mut shard) = self.of.shard(key) else { continue };
            shard.turn += 1;
            if let Some(often) = shard.announced.get_mut(key) {
                *often -= 1;
                if *often == 0 {
                    shard.announced.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_commit_is_not_kept_after_it() {
        let memory = Arc::new(Watched::new(1_000));
        let Err(before) = memory.get(&1) else { panic!("nothing is known yet") };
        drop(memory.announce(vec![1]));
        memory.keep(1, before, "old");
        let Err(after) = memory.get(&1) else { panic!("the old value was kept") };
        memory.keep(1, after, "new");
        assert!(memory.get(&1).is_ok_and(|value| value == "new"));
    }

    #[test]
    fn nothing_is_remembered_while_a_commit_is_announced_even_twice() {
        let memory = Arc::new(Watched::new(1_000));
        let Err(turn) = memory.get(&1) else { panic!("nothing is known yet") };
        memory.keep(1, turn, "old");
        let (one, two) = (memory.announce(vec![1]), memory.announce(vec![1, 2]));
        for held in [one, two] {
            let Err(turn) = memory.get(&1) else { panic!("remembered while announced") };
            memory.keep(1, turn, "between");
            assert!(memory.get(&1).is_err());
            drop(held);
        }
        let Err(turn) = memory.get(&1) else { panic!("remembered without being kept") };
        memory.keep(1, turn, "new");
        assert!(memory.get(&1).is_ok());
    }

    #[test]
    fn what_another_node_has_changed_is_forgotten_and_not_kept_by_whoever_read_it_before() {
        for all in [false, true] {
            let memory = Arc::new(Watched::new(1_000));
            let Err(turn) = memory.get(&1) else { panic!("nothing is known yet") };
            memory.keep(1, turn, "old");
            let Err(reading) = memory.get(&2) else { panic!("nothing is known yet") };
            if all {
                memory.clear();
            } else {
                memory.forget(&[1, 2]);
            }
            memory.keep(2, reading, "old");
            assert!(memory.get(&1).is_err() && memory.get(&2).is_err());
        }
    }

    #[test]
    fn a_full_memory_forgets_and_goes_on() {
        let memory = Arc::new(Watched::new(64));
        for key in 0..1_000 {
            if let Err(turn) = memory.get(&key) {
                memory.keep(key, turn, key);
            }
            assert!(memory.get(&key).is_ok_and(|value| value == key));
        }
        let held: usize = memory.shards.iter().map(|shard| shard.lock().unwrap().known.len()).sum();
        assert!(held <= 64);
    }
}
