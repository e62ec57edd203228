//! What a source sent last of a thing, in digest: whoever sends the same row again, while nobody has changed the thing
//! since, changes nothing, and nothing needs to be compared to know it.
//!
//! A digest stands beside the external id that the row came with, and is taken away by each edit of the thing. It holds
//! for one state of the names of customers and back ends, because a row may name such: when one of them gives a name up,
//! all digests of before say nothing any more.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Text};
use foldhash::{HashMap, HashMapExt, HashSet};

use super::dialect;
use super::imports::ImportWrite;
use super::numbers::to_number;
use super::one_of::one_of;
use super::prepared;
use super::schema::{external_ids as table, state};
use super::{Conn, StoreError, on};
use crate::directory::text::fold;
use crate::directory::{Delta, Edit, ExternalId, ExternalKey, Kind, Number, Source, Thing};
use crate::turns::offering;

/// The digest of a row, of what is done with it too.
pub type RowDigest = [u8; 16];

/// A row that was merged, so that the same again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedRow {
    /// What the source calls the thing.
    pub external_id: ExternalKey,
    /// The thing.
    pub number: u32,
    /// The row.
    pub digest: RowDigest,
}

/// What is stored: the state of the names, and the digest.
fn stored(epoch: i64, digest: &RowDigest) -> Vec<u8> {
    [&epoch.to_be_bytes()[..], digest].concat()
}

fn names_epoch(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(on!(conn, |c| state::table.select(state::names_epoch).get_result(c)?))
}

/// Of each of these rows of a source the thing that it is about, where it would change nothing.
pub fn unchanged(
    conn: &mut Conn,
    kind: Kind,
    source: &Source,
    rows: &[(&str, RowDigest)],
) -> Result<Vec<Option<u32>>, StoreError> {
    let epoch = names_epoch(conn)?;
    let mut known: HashMap<String, (i64, Vec<u8>)> = HashMap::with_capacity(rows.len());
    for some in offering(rows.chunks(dialect::together(conn))) {
        let ids: Vec<&str> = some.iter().map(|(id, _)| *id).collect();
        let found = dialect::keyed(conn, kind.as_str(), source.as_str(), &ids)?;
        known.extend(found.into_iter().filter_map(|it| Some((it.external_id, (it.thing_id, it.row_digest?)))));
    }
    let same = |(id, digest): &(&str, RowDigest)| {
        let (number, of_last) = known.get(*id)?;
        (*of_last == stored(epoch, digest)).then(|| to_number(*number))
    };
    offering(rows).map(|row| same(row).transpose()).collect()
}

/// The digests of rows whose external ids nothing had before: they are stored with them.
#[derive(Default)]
pub(super) struct OfNew<'w> {
    epoch: i64,
    digests: HashMap<Key<'w>, (u32, &'w RowDigest)>,
}

/// What a source calls something.
type Key<'w> = (Kind, &'w Source, &'w ExternalKey);

impl<'w> OfNew<'w> {
    /// Those among what is written about imports.
    pub(super) fn among(conn: &mut Conn, edits: &'w [Edit], imports: &'w [ImportWrite]) -> Result<Self, StoreError> {
        let mut digests: HashMap<Key<'w>, _> =
            merged_rows(imports).map(|(key, row)| (key, (row.number, &row.digest))).collect();
        if digests.is_empty() {
            return Ok(Self::default());
        }
        let mut given: HashMap<Key<'w>, Option<u32>> = HashMap::new();
        for (key, thing, present) in edits.iter().filter_map(external_id) {
            // One that is given and taken is none that this is sure of.
            given.entry(key).and_modify(|of| *of = None).or_insert(present.then_some(thing.number));
        }
        digests.retain(|key, (number, _)| given.get(key) == Some(&Some(*number)));
        Ok(Self { epoch: names_epoch(conn)?, digests })
    }

    /// What is stored with an external id that something is given.
    pub(super) fn of(&self, thing: Thing, external_id: &ExternalId) -> Option<Vec<u8>> {
        let (_, digest) = self.digests.get(&(thing.kind, &external_id.source, &external_id.id))?;
        Some(stored(self.epoch, digest))
    }
}

fn external_id(edit: &Edit) -> Option<(Key<'_>, Thing, bool)> {
    match edit {
        Edit::ExternalId { thing, external_id, present } => {
            Some(((thing.kind, &external_id.source, &external_id.id), *thing, *present))
        }
        _ => None,
    }
}

/// Remembers rows that were merged, but for those that are known with their external ids.
pub(super) fn remember(
    conn: &mut Conn,
    kind: Kind,
    source: &Source,
    rows: &[MergedRow],
    of_new: &OfNew,
) -> Result<(), StoreError> {
    let is_new = |row: &&MergedRow| of_new.digests.contains_key(&(kind, source, &row.external_id));
    let rows: Vec<&MergedRow> = rows.iter().filter(|row| !is_new(row)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let epoch = names_epoch(conn)?;
    if let Some(c) = dialect::at_once(conn, rows.len()) {
        return remember_at_once(c, kind, source, &rows, epoch);
    }
    for row in offering(rows) {
        let row = (
            table::kind.eq(kind.as_str()),
            table::source.eq(source.as_str()),
            table::external_id.eq(row.external_id.as_str()),
            table::thing_id.eq(i64::from(row.number)),
            table::row_digest.eq(stored(epoch, &row.digest)),
        );
        let insert = diesel::insert_into(table::table).values(row);
        let key = &["kind", "source", "external_id"];
        on!(conn, |c| prepared::upsert(insert, key, table::row_digest).execute(c)?);
    }
    Ok(())
}

fn remember_at_once(
    c: &mut PgConnection,
    kind: Kind,
    source: &Source,
    rows: &[&MergedRow],
    epoch: i64,
) -> Result<(), StoreError> {
    #[expect(clippy::disallowed_methods, reason = "the query language has no word for arrays as rows")]
    let query = diesel::sql_query(
        "INSERT INTO external_ids (kind, source, external_id, thing_id, row_digest)
         SELECT $1, $2, * FROM unnest($3, $4, $5)
         ON CONFLICT (kind, source, external_id) DO UPDATE SET row_digest = excluded.row_digest",
    );
    let digest = |row: &&MergedRow| stored(epoch, &row.digest);
    let query = query
        .bind::<Text, _>(kind.as_str())
        .bind::<Text, _>(source.as_str())
        .bind::<Array<Text>, _>(rows.iter().map(|row| row.external_id.as_str()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows.iter().map(|row| i64::from(row.number)).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(rows.iter().map(digest).collect::<Vec<_>>());
    query.execute(c)?;
    Ok(())
}

/// Takes away what these edits make untrue, but for what is about to be written over.
pub(super) fn forget(conn: &mut Conn, edits: &[Edit], imports: &[ImportWrite]) -> Result<(), StoreError> {
    let merged: HashSet<Key> = merged_rows(imports).map(|(key, _)| key).collect();
    let mut changed: BTreeMap<Kind, Vec<i64>> = BTreeMap::new();
    for (thing, external_ids) in edits.iter().filter_map(changed_thing) {
        if !external_ids.iter().all(|it| merged.contains(&(thing.kind, &it.source, &it.id))) {
            changed.entry(thing.kind).or_default().push(thing.number.into());
        }
    }
    for (kind, numbers) in changed {
        for some in offering(numbers.chunks(dialect::together(conn))) {
            let of_kind = table::kind.eq(kind.as_str()).and(table::row_digest.is_not_null());
            let these = table::table.filter(of_kind.and(one_of(table::thing_id, some)));
            on!(conn, |c| diesel::update(these).set(table::row_digest.eq(None::<Vec<u8>>)).execute(c)?);
        }
    }
    if edits.iter().any(gives_a_name_up) {
        on!(conn, |c| diesel::update(state::table).set(state::names_epoch.eq(state::names_epoch + 1)).execute(c)?);
    }
    Ok(())
}

fn merged_rows(imports: &[ImportWrite]) -> impl Iterator<Item = (Key<'_>, &MergedRow)> {
    imports.iter().flat_map(|write| match write {
        ImportWrite::Merged(kind, source, rows) => {
            rows.iter().map(|row| ((*kind, source, &row.external_id), row)).collect()
        }
        _ => Vec::new(),
    })
}

/// The thing that was there before an edit and reads otherwise after it, of those whose rows are remembered, and the keys
/// that other systems have for it.
fn changed_thing(edit: &Edit) -> Option<(Thing, &[ExternalId])> {
    fn of<T, N: Number>(delta: &Delta<T>, is: impl Fn(&T) -> (N, &[ExternalId])) -> Option<(Thing, &[ExternalId])> {
        let (number, external_ids) = is(delta.before()?);
        Some((Thing { kind: N::KIND, number: number.into() }, external_ids))
    }
    match edit {
        Edit::Customer(delta) => of(delta, |it| (it.number, &it.external_ids)),
        Edit::CustomerUser(delta) => of(delta, |it| (it.number, &it.external_ids)),
        Edit::Group(delta) => of(delta, |it| (it.number, &it.external_ids)),
        _ => None,
    }
}

/// Whether something that rows of records can name is known by a name no longer: customers and back ends.
fn gives_a_name_up(edit: &Edit) -> bool {
    fn is_lost<T>(delta: &Delta<T>, key: impl Fn(&T) -> &str) -> bool {
        let after = delta.after().map(|after| fold(key(after)));
        delta.before().is_some_and(|before| after != Some(fold(key(before))))
    }
    match edit {
        Edit::Customer(delta) => is_lost(delta, |it| it.fields.customer_id.as_str()),
        Edit::BackEnd(delta) => is_lost(delta, |it| it.fields.name.as_str()),
        Edit::ExternalId { thing, present, .. } => thing.kind == Kind::Customer && !present,
        _ => false,
    }
}
