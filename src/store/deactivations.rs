//! What a source has deactivated because it was not sent any more: only that comes back by itself.

use std::collections::{BTreeMap, HashSet};

use diesel::prelude::*;

use super::dialect::{self, insert};
use super::numbers::to_number;
use super::one_of::one_of;
use super::schema::sync_deactivations as table;
use super::{Conn, StoreError, on};
use crate::directory::{Delta, Edit, Kind, Number, Source, Thing};

/// Which of these things of a kind the source has deactivated, and nobody changed since.
pub fn deactivated_by(
    conn: &mut Conn,
    kind: Kind,
    source: &Source,
    numbers: &[u32],
) -> Result<HashSet<u32>, StoreError> {
    let mut found = HashSet::new();
    for some in numbers.chunks(dialect::together(conn)) {
        let some: Vec<i64> = some.iter().copied().map(i64::from).collect();
        let rows: Vec<i64> = on!(conn, |c| table::table
            .filter(table::kind.eq(kind.as_str()).and(table::source.eq(source.as_str())))
            .filter(one_of(table::thing_id, &some))
            .select(table::thing_id)
            .load(c)?);
        for number in rows {
            found.insert(to_number(number)?);
        }
    }
    Ok(found)
}

/// Remembers that the source has deactivated these.
pub(super) fn remember(conn: &mut Conn, source: &str, things: &[Thing]) -> Result<(), StoreError> {
    let row = |thing: &Thing| {
        (table::kind.eq(thing.kind.as_str()), table::thing_id.eq(i64::from(thing.number)), table::source.eq(source))
    };
    insert!(conn, table::table, things.iter().map(row));
    Ok(())
}

/// Forgets those whose validity these edits change, whoever makes them.
pub(super) fn forget(conn: &mut Conn, edits: &[Edit]) -> Result<(), StoreError> {
    let mut changed: BTreeMap<Kind, Vec<i64>> = BTreeMap::new();
    for thing in edits.iter().filter_map(changes_validity) {
        changed.entry(thing.kind).or_default().push(i64::from(thing.number));
    }
    for (kind, numbers) in changed {
        for some in numbers.chunks(dialect::together(conn)) {
            let these = table::kind.eq(kind.as_str()).and(one_of(table::thing_id, some));
            on!(conn, |c| diesel::delete(table::table.filter(these)).execute(c)?);
        }
    }
    Ok(())
}

/// The thing whose validity an edit changes, if it does.
fn changes_validity(edit: &Edit) -> Option<Thing> {
    fn of<T, N: Number>(delta: &Delta<T>, number: fn(&T) -> N, is: impl Fn(&T) -> &'static str) -> Option<Thing>
    where
        Thing: From<N>,
    {
        let before = delta.before()?;
        let same = delta.after().is_some_and(|after| is(after) == is(before));
        (!same).then(|| Thing::from(number(before)))
    }
    match edit {
        Edit::Customer(delta) => of(delta, |it| it.number, |it| it.fields.validity.as_str()),
        Edit::CustomerUser(delta) => of(delta, |it| it.number, |it| it.fields.validity.as_str()),
        Edit::Group(delta) => of(delta, |it| it.number, |it| it.fields.validity.as_str()),
        Edit::Service(delta) => of(delta, |it| it.number, |it| it.fields.validity.as_str()),
        _ => None,
    }
}
