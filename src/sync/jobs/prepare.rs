//! A look through all chunks before anything is written: what stands there twice, what was sent, and
//! which chunks have rows of which rank.
//!
//! **Memory**: 16 bytes for each row and each external id, and the places beside them; a million rows
//! take about 80 MB. What was sent is known by 128 bits of a hash whose key is random, so that nobody
//! can make two that are alike.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use serde_json::Value;
use smallvec::SmallVec;

use super::members;
use super::rows::SentRow;
use crate::directory::Kind;
use crate::directory::text::fold;
use crate::sync::rows::RowKind;

/// Where a row stands: its chunk, and its number in it.
pub type RowPlace = (u64, u64);

/// What is known of all rows.
#[derive(Default)]
pub struct Prepared {
    look: Arc<Look>,
    seen: HashMap<u128, RowPlace>,
    sent: HashSet<u128>,
    repeated: HashMap<RowPlace, RowPlace>,
    ranks: BTreeMap<u64, BTreeSet<u32>>,
    sent_of: BTreeMap<Kind, u64>,
    rows: u64,
}

/// Looks at rows of a source.
#[derive(Default)]
pub struct Look {
    source: String,
    fingerprints: Fingerprints,
}

/// A row that was looked at.
pub struct Seen {
    place: RowPlace,
    rank: u32,
    /// The kind of record that it is about, if it is about one.
    record: Option<Kind>,
    /// The external ids that were sent with it.
    sent: SmallVec<[u128; 1]>,
    /// What says which thing it is about.
    key: Option<u128>,
}

impl Look {
    /// Looks at a row of a chunk.
    pub fn at(&self, chunk: u64, row: &SentRow) -> Seen {
        let record = row.kind.and_then(members::record);
        let seen = Seen { place: (chunk, row.number), rank: row.rank(), record, sent: SmallVec::new(), key: None };
        let Some(kind) = row.kind else { return seen };
        let external_id = row.text("external_id");
        let all = external_id.into_iter().chain(more_ids(row, &self.source));
        let sent = record.map(|record| all.map(|id| self.fingerprints.of(&(record, id))).collect());
        let key = match external_id {
            Some(id) if record.is_some() => Some(self.fingerprints.of(&(kind, "external_id", id))),
            _ => key(kind, row).map(|key| self.fingerprints.of(&(kind, "key", key))),
        };
        Seen { sent: sent.unwrap_or_default(), key, ..seen }
    }
}

impl Prepared {
    /// Nothing is known yet of the rows of this source, about so many.
    pub fn new(source: &str, rows: usize) -> Self {
        let look = Look { source: source.to_owned(), fingerprints: Fingerprints::default() };
        let seen = HashMap::with_capacity(rows);
        let sent = HashSet::with_capacity(rows);
        Self { look: Arc::new(look), seen, sent, ..Self::default() }
    }

    /// What looks at its rows.
    pub fn look(&self) -> Arc<Look> {
        Arc::clone(&self.look)
    }

    /// Takes in a row.
    pub fn add(&mut self, Seen { place, rank, record, sent, key }: Seen) {
        self.rows += 1;
        self.ranks.entry(place.0).or_default().insert(rank);
        if let Some(record) = record {
            *self.sent_of.entry(record).or_default() += 1;
            self.sent.extend(sent);
        }
        let Some(key) = key else { return };
        if let Some(first) = self.seen.get(&key).copied() {
            self.repeated.insert(place, first);
            self.repeated.entry(first).or_insert(place);
        } else {
            self.seen.insert(key, place);
        }
    }

    /// All rows are taken in: what is not asked for any more is forgotten.
    pub fn finish(&mut self) {
        self.seen = HashMap::default();
    }

    /// Another place where the key of this row stands.
    pub fn other_place(&self, place: RowPlace) -> Option<RowPlace> {
        self.repeated.get(&place).copied()
    }

    /// Whether this external id was sent.
    pub fn was_sent(&self, kind: Kind, external_id: &str) -> bool {
        self.sent.contains(&self.look.fingerprints.of(&(kind, external_id)))
    }

    /// How many rows there are of a kind of record.
    pub fn sent_of(&self, kind: Kind) -> u64 {
        self.sent_of.get(&kind).copied().unwrap_or_default()
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The ranks that there are, in order.
    pub fn ranks(&self) -> BTreeSet<u32> {
        self.ranks.values().flatten().copied().collect()
    }

    /// Whether a chunk has rows of a rank.
    pub fn has(&self, chunk: u64, rank: u32) -> bool {
        self.ranks.get(&chunk).is_some_and(|ranks| ranks.contains(&rank))
    }
}

/// What else a source calls the thing that a row is about.
fn more_ids<'r>(row: &'r SentRow, source: &'r str) -> impl Iterator<Item = &'r str> {
    let all = row.members.get("external_ids").and_then(Value::as_array).into_iter().flatten();
    all.filter(move |id| id["source"] == source).filter_map(|id| id["id"].as_str())
}

/// What says which thing a row is about, where no external id does.
fn key(kind: RowKind, row: &SentRow) -> Option<String> {
    let part = |member: &&str| match row.members.get(*member) {
        Some(Value::String(text)) => Some(fold(text.trim())),
        None if *member == "context" => Some("same_customer".to_owned()),
        _ => None,
    };
    let parts: Option<Vec<String>> = members::key(kind).iter().map(part).collect();
    Some(parts?.join("\u{1f}"))
}

#[derive(Default)]
struct Fingerprints([RandomState; 2]);

impl Fingerprints {
    fn of(&self, key: &impl Hash) -> u128 {
        let [one, other] = &self.0;
        (u128::from(one.hash_one(key)) << 64) | u128::from(other.hash_one(key))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(number: u64, kind: RowKind, members: Value) -> SentRow {
        let members = members.as_object().cloned().unwrap_or_default();
        SentRow { members, ..SentRow::of((number, number), kind) }
    }

    #[test]
    fn what_stands_there_twice_is_known_at_both_places() {
        let mut prepared = Prepared::default();
        let rows = [
            row(1, RowKind::Customer, json!({"customer_id": "Acme"})),
            row(2, RowKind::Customer, json!({"customer_id": "ACME "})),
            row(3, RowKind::Customer, json!({"external_id": "1", "customer_id": "acme"})),
            row(4, RowKind::CustomerUser, json!({"external_id": "1", "login": "acme"})),
            row(5, RowKind::CustomerGroupLink, json!({"customer": "acme", "group": "g"})),
            row(6, RowKind::CustomerGroupLink, json!({"customer": "acme", "group": "g", "context": "same_customer"})),
        ];
        rows.iter().for_each(|row| prepared.add(prepared.look().at(7, row)));
        let others: Vec<_> = (1..=6).map(|row| prepared.other_place((7, row)).map(|place| place.1)).collect();
        assert_eq!(others, [Some(2), Some(1), None, None, Some(6), Some(5)]);
        assert!(prepared.was_sent(Kind::Customer, "1") && !prepared.was_sent(Kind::Group, "1"));
        assert_eq!(prepared.ranks().into_iter().collect::<Vec<_>>(), [1, 100, 101]);
    }
}
