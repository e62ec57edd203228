//! Pages of lists, of whatever kind.

use super::list::{ListQuery, SortKey};
use super::numbers::to_number;
use super::records::Record;
use super::search::Words;
use super::{Conn, StoreError, back_ends, customer_users, customers, grams, groups, services};
use crate::directory::{Kind, Number};

/// One page of records, in order, each with what it was sorted by.
pub fn page<R: Record>(conn: &mut Conn, query: &ListQuery) -> Result<Vec<(String, R)>, StoreError> {
    let keys = found(conn, R::Number::KIND, query)?;
    let numbers: Vec<i64> = keys.iter().map(|(_, number)| *number).collect();
    let mut records: std::collections::HashMap<u32, R> =
        R::load(conn, &numbers)?.into_iter().map(|record| (record.number().into(), record)).collect();
    let of = |(sorted_by, number): (String, i64)| Some((sorted_by, records.remove(&u32::try_from(number).ok()?)?));
    Ok(keys.into_iter().filter_map(of).collect())
}

/// How many records the filters match, whatever the page.
pub fn total<R: Record>(conn: &mut Conn, query: &ListQuery) -> Result<u64, StoreError> {
    Ok(numbers(conn, R::Number::KIND, query)?.len() as u64)
}

/// The numbers of all things of a kind that the filters match, in order, whatever the page.
pub fn numbers(conn: &mut Conn, kind: Kind, query: &ListQuery) -> Result<Vec<u32>, StoreError> {
    let all = ListQuery { after: None, limit: i64::MAX, sort: SortKey::Id, descending: false, ..query.clone() };
    let all = if is_searched(kind, &all) { grams::narrow(conn, kind, &all)? } else { all };
    keys(conn, kind, &all)?.into_iter().map(|(_, number)| to_number(number)).collect()
}

/// At least so many rows are looked at in their order, before anything else is tried.
const FIRST_ROWS: i64 = 250;

/// Whether words are looked for among what there may be very much of.
fn is_searched(kind: Kind, query: &ListQuery) -> bool {
    !query.words.0.is_empty() && matches!(kind, Kind::Customer | Kind::CustomerUser)
}

/// The numbers of one page, each with what it is sorted by; found among the first rows, or by what the rows hold.
fn found(conn: &mut Conn, kind: Kind, query: &ListQuery) -> Result<Vec<(String, i64)>, StoreError> {
    if !is_searched(kind, query) {
        return keys(conn, kind, query);
    }
    let first_rows = FIRST_ROWS.max(query.limit.saturating_mul(2).min(8 * FIRST_ROWS));
    let first = keys(conn, kind, &ListQuery { words: Words::default(), limit: first_rows, ..query.clone() })?;
    let are_all = (first.len() as i64) < first_rows;
    let among = grams::among(conn, kind, first.into_iter().map(|(_, number)| number).collect(), query)?;
    let page = keys(conn, kind, &among)?;
    if are_all || page.len() as i64 >= query.limit {
        return Ok(page);
    }
    let narrowed = grams::narrow(conn, kind, query)?;
    keys(conn, kind, &narrowed)
}

/// The numbers of one page, each with what it is sorted by.
fn keys(conn: &mut Conn, kind: Kind, query: &ListQuery) -> Result<Vec<(String, i64)>, StoreError> {
    match kind {
        Kind::Customer => customers::page(conn, query),
        Kind::CustomerUser => customer_users::page(conn, query),
        Kind::Group => groups::page(conn, query),
        Kind::Service => services::page(conn, query),
        Kind::BackEnd => back_ends::page(conn, query),
    }
}
