//! Finding records, the same way for every kind.

use diesel::prelude::*;

use super::numbers::to_number;
use super::one_of::one_of;
use super::schema::{back_ends, customer_users, customers, groups, services};
use super::{Conn, StoreError, dialect, external_ids, on};
use crate::directory::{ExternalId, Kind, Number, Reference};
use crate::turns::offering;

/// A kind of record that can be loaded by number.
pub trait Record: Sized {
    /// Its numbers.
    type Number: Number;

    /// Loads the records of these numbers that exist, in any order.
    fn load(conn: &mut Conn, numbers: &[i64]) -> Result<Vec<Self>, StoreError>;

    /// Its number.
    fn number(&self) -> Self::Number;
}

/// The record of this number.
pub fn by_number<R: Record>(conn: &mut Conn, number: R::Number) -> Result<Option<R>, StoreError> {
    let number: u32 = number.into();
    Ok(R::load(conn, &[i64::from(number)])?.pop())
}

/// The records of these numbers, however many, in any order: some at a time, so that no statement has much to sort.
pub fn records_of<R: Record>(conn: &mut Conn, numbers: &[i64]) -> Result<Vec<R>, StoreError> {
    let mut all = Vec::with_capacity(numbers.len());
    for some in offering(numbers.chunks(dialect::together(conn))) {
        all.extend(R::load(conn, some)?);
    }
    Ok(all)
}

/// The record that a reference names.
pub fn find<R: Record>(conn: &mut Conn, reference: &Reference) -> Result<Option<R>, StoreError> {
    match number_of(conn, R::Number::KIND, reference)? {
        Some(number) => by_number(conn, R::Number::from(number)),
        None => Ok(None),
    }
}

/// The number of the thing of this kind that a reference names; of an `id:…` it is not sure that
/// the thing exists.
pub fn number_of(conn: &mut Conn, kind: Kind, reference: &Reference) -> Result<Option<u32>, StoreError> {
    match reference {
        Reference::Id(_) => Ok(reference.number(kind)),
        Reference::External(external_id) => external_ids::holder(conn, kind, external_id),
        Reference::Key(_) => by_folded_key(conn, kind, &reference.folded_key().unwrap_or_default()),
    }
}

/// Whether there is a thing of this kind and number.
pub fn exists(conn: &mut Conn, kind: Kind, number: u32) -> Result<bool, StoreError> {
    macro_rules! look_up {
        ($table:ident) => {
            on!(conn, |c| diesel::select(diesel::dsl::exists($table::table.find(i64::from(number)))).get_result(c)?)
        };
    }
    Ok(match kind {
        Kind::Customer => look_up!(customers),
        Kind::CustomerUser => look_up!(customer_users),
        Kind::Group => look_up!(groups),
        Kind::Service => look_up!(services),
        Kind::BackEnd => look_up!(back_ends),
    })
}

/// The number of the thing of this kind whose natural key folds to this.
pub fn by_folded_key(conn: &mut Conn, kind: Kind, folded: &str) -> Result<Option<u32>, StoreError> {
    macro_rules! look_up {
        ($table:ident, $column:ident) => {
            on!(conn, |c| $table::table
                .filter($table::$column.eq(folded))
                .select($table::id)
                .get_result::<i64>(c)
                .optional()?)
        };
    }
    let number = match kind {
        Kind::Customer => look_up!(customers, customer_id_folded),
        Kind::CustomerUser => look_up!(customer_users, login_folded),
        Kind::Group => look_up!(groups, name_folded),
        Kind::Service => look_up!(services, name_folded),
        Kind::BackEnd => look_up!(back_ends, name_folded),
    };
    number.map(to_number).transpose()
}

/// The numbers of those things of this kind whose natural keys fold to these.
pub fn numbers_by_folded_key(conn: &mut Conn, kind: Kind, folded: &[String]) -> Result<Vec<(String, u32)>, StoreError> {
    macro_rules! look_up {
        ($table:ident, $column:ident, $some:expr) => {
            on!(conn, |c| $table::table
                .filter(one_of($table::$column, $some))
                .select(($table::$column, $table::id))
                .load::<(String, i64)>(c)?)
        };
    }
    let mut found = Vec::with_capacity(folded.len());
    for some in offering(folded.chunks(dialect::together(conn))) {
        let rows = match kind {
            Kind::Customer => look_up!(customers, customer_id_folded, some),
            Kind::CustomerUser => look_up!(customer_users, login_folded, some),
            Kind::Group => look_up!(groups, name_folded, some),
            Kind::Service => look_up!(services, name_folded, some),
            Kind::BackEnd => look_up!(back_ends, name_folded, some),
        };
        found.extend(rows);
    }
    found.into_iter().map(|(key, number)| Ok((key, to_number(number)?))).collect()
}

/// The numbers of those things of this kind that have these external ids.
pub fn numbers_by_external_id(
    conn: &mut Conn,
    kind: Kind,
    external_ids: &[ExternalId],
) -> Result<Vec<(ExternalId, u32)>, StoreError> {
    let mut found = Vec::with_capacity(external_ids.len());
    let (mut external_ids, together): (Vec<_>, _) = (external_ids.iter().collect(), dialect::together(conn));
    external_ids.sort_unstable();
    let of_sources = external_ids.chunk_by(|one, other| one.source == other.source);
    for some in offering(of_sources.flat_map(|of_source| of_source.chunks(together))) {
        let ids: Vec<&str> = some.iter().map(|it| it.id.as_str()).collect();
        found.extend(external_ids::holders(conn, kind, &some[0].source, &ids)?);
    }
    Ok(found)
}

/// What of `(number, external id)` pairs, sorted by number, belongs to one number.
pub(super) fn of_number(all: &[(i64, ExternalId)], number: i64) -> Vec<ExternalId> {
    let first = all.partition_point(|(holder, _)| *holder < number);
    all[first..]
        .iter()
        .take_while(|(holder, _)| *holder == number)
        .map(|(_, external_id)| external_id.clone())
        .collect()
}
