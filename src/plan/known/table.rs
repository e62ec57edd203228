//! What is known of one kind of record, in two layers.

use foldhash::HashMap;

use super::Knowable;
use crate::directory::text::{fold, folded};
use crate::directory::{Delta, ExternalId, Kind, Reference};
use crate::plan::external_ids::{self, Identified};

/// What is known of one kind of record.
pub struct Table<R> {
    /// What was read.
    pub(super) read: Layer<R>,
    /// What the plan itself makes of it, which comes first.
    pub(super) own: Layer<R>,
}

/// `None` is what is known not to be there.
pub(super) struct Layer<R> {
    pub(super) records: HashMap<u32, Option<R>>,
    pub(super) keys: HashMap<String, Option<u32>>,
    pub(super) external_ids: HashMap<ExternalId, Option<u32>>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self { read: Layer::default(), own: Layer::default() }
    }
}

impl<R> Default for Layer<R> {
    fn default() -> Self {
        Self { records: HashMap::default(), keys: HashMap::default(), external_ids: HashMap::default() }
    }
}

impl<R: Identified> Layer<R> {
    /// A record that was just created gets an external id.
    pub(super) fn gains(&mut self, number: u32, external_id: &ExternalId) {
        if let Some(Some(record)) = self.records.get_mut(&number) {
            external_ids::insert(record, external_id);
        }
    }
}

impl<R: Knowable> Layer<R> {
    /// Writes what an edit makes of a record.
    pub(super) fn write(&mut self, delta: &Delta<R>) {
        let number = delta.either().number().into();
        if !delta.keeps(Knowable::key) {
            if let Some(before) = delta.before() {
                let of_another = |holder: &mut Option<u32>| holder.is_some_and(|holder| holder != number);
                let key = fold(before.key());
                if !self.keys.get_mut(&key).is_some_and(of_another) {
                    self.keys.insert(key, None);
                }
            }
            self.keys.extend(delta.after().map(|after| (fold(after.key()), Some(number))));
        }
        self.records.insert(number, delta.after().cloned());
    }

    /// Writes only over what is known already.
    pub(super) fn amend(&mut self, delta: &Delta<R>) {
        let number = delta.either().number().into();
        if !delta.keeps(Knowable::key) {
            let before = delta.before().and_then(|before| self.keys.get_mut(&*folded(before.key())));
            if let Some(holder) = before.filter(|holder| **holder == Some(number)) {
                *holder = None;
            }
            if let Some(holder) = delta.after().and_then(|after| self.keys.get_mut(&*folded(after.key()))) {
                *holder = Some(number);
            }
        }
        if let Some(record) = self.records.get_mut(&number) {
            *record = delta.after().cloned();
        }
    }

    /// The same of an external id. A record that was just created has got it after that: it is read anew, if at all.
    pub(super) fn amend_external_id(&mut self, external_id: &ExternalId, number: u32, holder: Option<u32>) {
        if let Some(known) = self.external_ids.get_mut(external_id) {
            *known = holder;
        }
        self.records.remove(&number);
    }
}

impl<R: Knowable> Table<R> {
    /// Whether an external id is known to lead to a record of this natural key.
    pub(super) fn is_called(&self, id: &ExternalId, key: &str) -> bool {
        let holder = self.own.external_ids.get(id).or_else(|| self.read.external_ids.get(id)).copied().flatten();
        let record = holder.and_then(|number| self.record(number)?.as_ref());
        record.is_some_and(|record| folded(record.key()) == folded(key))
    }

    /// The record of a number; the outer `None` is what is not known.
    pub(super) fn record(&self, number: u32) -> Option<&Option<R>> {
        self.own.records.get(&number).or_else(|| self.read.records.get(&number))
    }

    /// The number that a reference leads to; the outer `None` is what is not known.
    pub(super) fn number_of(&self, kind: Kind, reference: &Reference) -> Option<Option<u32>> {
        match reference {
            Reference::Id(_) => Some(reference.number(kind)),
            Reference::External(id) => {
                let known = |layer: &Layer<R>| layer.external_ids.get(id).copied();
                known(&self.own).or_else(|| known(&self.read))
            }
            Reference::Key(key) => {
                let key = fold(key);
                let known = |layer: &Layer<R>| layer.keys.get(&key).copied();
                known(&self.own).or_else(|| known(&self.read))
            }
        }
    }
}
