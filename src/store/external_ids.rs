//! The keys other systems know things by.

use diesel::ExecuteCopyFromDsl;
use diesel::prelude::*;

use super::dialect::{self, Keyed};
use super::numbers::{of_numbers, to_number};
use super::schema::{customer_users, customers, external_ids as table, groups, services};
use super::{Conn, StoreError, on};
use crate::directory::{ExternalId, ExternalKey, Kind, Source, Thing};

/// The number of the thing that has this external id.
pub(super) fn holder(conn: &mut Conn, kind: Kind, external_id: &ExternalId) -> Result<Option<u32>, StoreError> {
    let number = on!(conn, |c| table::table
        .find((kind.as_str(), external_id.source.as_str(), external_id.id.as_str()))
        .select(table::thing_id)
        .get_result::<i64>(c)
        .optional()?);
    number.map(to_number).transpose()
}

/// Those of these external ids of a source that something of the kind has, with the numbers of what has them.
pub(super) fn holders(
    conn: &mut Conn,
    kind: Kind,
    source: &Source,
    ids: &[&str],
) -> Result<Vec<(ExternalId, u32)>, StoreError> {
    let rows = dialect::keyed(conn, kind.as_str(), source.as_str(), ids)?;
    let held = |Keyed { external_id, thing_id, .. }: Keyed| {
        Ok((ExternalId { source: source.clone(), id: ExternalKey::stored(external_id) }, to_number(thing_id)?))
    };
    rows.into_iter().map(held).collect()
}

/// The external ids of these things of one kind, in their order.
pub(super) fn of_things(conn: &mut Conn, kind: Kind, numbers: &[i64]) -> Result<Vec<(i64, ExternalId)>, StoreError> {
    let of_kind = || table::table.filter(table::kind.eq(kind.as_str()));
    let rows = on!(conn, |c| of_numbers!(of_kind(), table::thing_id, numbers)
        .order((table::thing_id, table::source, table::external_id))
        .select((table::thing_id, table::source, table::external_id))
        .load::<(i64, String, String)>(c)?);
    Ok(rows.into_iter().map(|(number, source, id)| (number, stored(source, id))).collect())
}

/// An external id as it was stored.
pub(super) fn stored(source: String, id: String) -> ExternalId {
    ExternalId { source: Source::stored(source), id: ExternalKey::stored(id) }
}

/// Gives or takes one; the digest is that of the row that it came with.
pub(super) fn set(
    conn: &mut Conn,
    (thing, external_id): (Thing, &ExternalId),
    present: bool,
    row_digest: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    let key = (thing.kind.as_str(), external_id.source.as_str(), external_id.id.as_str());
    on!(conn, |c| {
        if present {
            let row = (
                table::kind.eq(key.0),
                table::source.eq(key.1),
                table::external_id.eq(key.2),
                table::thing_id.eq(i64::from(thing.number)),
                table::row_digest.eq(row_digest),
            );
            diesel::insert_into(table::table).values(row).execute(c)?;
        } else {
            diesel::delete(table::table.find(key)).execute(c)?;
        }
    });
    Ok(())
}

/// An external id that something gets, and the digest of the row that it came with.
pub(super) type Given<'e> = (Thing, &'e ExternalId, Option<Vec<u8>>);

/// Gives several.
pub(super) fn give(c: &mut PgConnection, given: &[Given]) -> Result<(), StoreError> {
    let rows = given.iter().map(|(thing, external_id, row_digest)| {
        (
            table::kind.eq(thing.kind.as_str()),
            table::source.eq(external_id.source.as_str()),
            table::external_id.eq(external_id.id.as_str()),
            table::thing_id.eq(i64::from(thing.number)),
            table::row_digest.eq(row_digest),
        )
    });
    if !given.is_empty() {
        diesel::copy_from(table::table).from_insertable(rows.collect::<Vec<_>>()).execute(c)?;
    }
    Ok(())
}

/// Tells of each valid thing of a kind what a source calls it, in the order of the external ids.
pub fn valid_of_source(
    conn: &mut Conn,
    kind: Kind,
    source: &Source,
    tell: &mut dyn FnMut(u32, &str),
) -> Result<(), StoreError> {
    /// So many are read at a time.
    const AT_A_TIME: i64 = 10_000;
    macro_rules! page {
        ($things:ident, $after:expr) => {
            on!(conn, |c| table::table
                .inner_join($things::table.on($things::id.eq(table::thing_id)))
                .filter(table::kind.eq(kind.as_str()).and(table::source.eq(source.as_str())))
                .filter($things::validity.eq("valid").and(table::external_id.gt($after)))
                .order(table::external_id)
                .limit(AT_A_TIME)
                .select((table::thing_id, table::external_id))
                .load::<(i64, String)>(c)?)
        };
    }
    let mut after = String::new();
    loop {
        let rows = match kind {
            Kind::Customer => page!(customers, &after),
            Kind::CustomerUser => page!(customer_users, &after),
            Kind::Group => page!(groups, &after),
            Kind::Service => page!(services, &after),
            Kind::BackEnd => return Ok(()),
        };
        for (number, id) in &rows {
            tell(to_number(*number)?, id);
        }
        match rows.into_iter().next_back() {
            Some((_, last)) => after = last,
            None => return Ok(()),
        }
    }
}
