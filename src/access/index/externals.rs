//! What other systems call the things of one kind: by id, and the ids by number.
//!
//! As with natural keys, an id that moves from one thing to another within a revision may stand
//! here twice for a moment.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::shared::{Entries, Table};
use crate::directory::ExternalId;

#[derive(Clone)]
struct External {
    number: u32,
    /// Its place in `sources`: a few names, repeated a million times.
    source: u32,
    id: Box<str>,
}

#[derive(Clone, Default)]
pub(super) struct Externals {
    sources: Vec<Box<str>>,
    slots: Entries<Option<External>>,
    free: Arc<Vec<u32>>,
    by_id: Table,
    by_number: Table,
    hasher: RandomState,
}

impl Externals {
    /// Whether the thing bears this id now.
    pub fn set(&mut self, number: u32, external_id: &ExternalId, present: bool) {
        let source = self.source(external_id.source.as_str(), present);
        let slot = source.and_then(|source| self.slot(number, source, external_id.id.as_str()));
        match (slot, source) {
            (None, Some(source)) if present => {
                self.add(External { number, source, id: external_id.id.as_str().into() });
            }
            (Some(slot), _) if !present => self.remove(slot),
            _ => {}
        }
    }

    /// The thing is gone.
    pub fn remove_all(&mut self, number: u32) {
        let slots: Vec<u32> = self.slots_of(number).map(|(slot, _)| slot).collect();
        slots.into_iter().for_each(|slot| self.remove(slot));
    }

    /// Who bears this id.
    pub fn find(&self, external_id: &ExternalId) -> Option<u32> {
        let source = self.find_source(external_id.source.as_str())?;
        let id = external_id.id.as_str();
        let is_it =
            |slot: &u32| self.at(*slot).is_some_and(|external| external.source == source && *external.id == *id);
        let slot = self.by_id.find(self.hasher.hash_one((source, id)), is_it)?;
        self.at(slot).map(|external| external.number)
    }

    /// The ids of a thing, as source and id, in no order.
    pub fn of(&self, number: u32) -> impl Iterator<Item = (&str, &str)> {
        self.slots_of(number).map(|(_, external)| (&*self.sources[external.source as usize], &*external.id))
    }

    fn source(&mut self, name: &str, make: bool) -> Option<u32> {
        let found = self.find_source(name);
        if found.is_some() || !make {
            return found;
        }
        self.sources.push(name.into());
        self.find_source(name)
    }

    fn find_source(&self, name: &str) -> Option<u32> {
        self.sources.iter().position(|source| **source == *name).and_then(|at| u32::try_from(at).ok())
    }

    fn at(&self, slot: u32) -> Option<&External> {
        self.slots.get(slot)?.as_ref()
    }

    fn slots_of(&self, number: u32) -> impl Iterator<Item = (u32, &External)> {
        let candidates = self.by_number.candidates(self.hasher.hash_one(number));
        candidates
            .filter_map(|slot| self.at(slot).map(|external| (slot, external)))
            .filter(move |(_, external)| external.number == number)
    }

    fn slot(&self, number: u32, source: u32, id: &str) -> Option<u32> {
        let is_it = |external: &External| external.source == source && *external.id == *id;
        self.slots_of(number).find(|(_, external)| is_it(external)).map(|(slot, _)| slot)
    }

    fn add(&mut self, external: External) {
        let freed = if self.free.is_empty() { None } else { Arc::make_mut(&mut self.free).pop() };
        let slot = freed.unwrap_or_else(|| self.slots.end());
        let hashes = hashes(&self.hasher, &external);
        *self.slots.entry(slot) = Some(external);
        let (slots, hasher) = (&self.slots, &self.hasher);
        let at = |slot: &u32| slots.get(*slot).and_then(Option::as_ref);
        let hashes_at = |slot: &u32| at(slot).map_or((0, 0), |other| self::hashes(hasher, other));
        self.by_id.insert(hashes.0, slot, |slot| hashes_at(slot).0);
        self.by_number.insert(hashes.1, slot, |slot| hashes_at(slot).1);
    }

    fn remove(&mut self, slot: u32) {
        let Some(external) = self.slots.take(slot) else { return };
        let (by_id, by_number) = hashes(&self.hasher, &external);
        self.by_id.remove(by_id, slot);
        self.by_number.remove(by_number, slot);
        Arc::make_mut(&mut self.free).push(slot);
    }
}

/// Under the id, and under the number.
fn hashes(hasher: &RandomState, external: &External) -> (u64, u64) {
    (hasher.hash_one((external.source, &*external.id)), hasher.hash_one(external.number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{ExternalKey, Source};

    fn id(source: &str, id: &str) -> ExternalId {
        ExternalId {
            source: Source::parse(source).expect("a source"),
            id: ExternalKey::parse(id).expect("an external key"),
        }
    }

    #[test]
    fn ids_are_compared_byte_for_byte() {
        let mut externals = Externals::default();
        externals.set(1, &id("crm", "A"), true);
        externals.set(1, &id("crm", "A"), true);
        externals.set(2, &id("crm", "a"), true);
        externals.set(1, &id("erp", "A"), true);
        assert_eq!(externals.find(&id("crm", "A")), Some(1));
        assert_eq!(externals.find(&id("crm", "a")), Some(2));
        assert_eq!(externals.of(1).count(), 2);
    }

    #[test]
    fn an_id_moves_in_any_order() {
        let mut externals = Externals::default();
        externals.set(1, &id("crm", "A"), true);
        externals.set(2, &id("crm", "A"), true);
        externals.set(1, &id("crm", "A"), false);
        assert_eq!(externals.find(&id("crm", "A")), Some(2));
        externals.remove_all(2);
        assert_eq!(externals.find(&id("crm", "A")), None);
        externals.set(2, &id("crm", "B"), false);
        assert_eq!(externals.of(2).count(), 0);
    }
}
