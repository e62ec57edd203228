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

/// So many rows are looked at, in their order, where that should be enough.
const MOST_ROWS: i64 = 5_000;

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
    match among_as_many_as_should_do(conn, kind, &narrowed)? {
        Some(page) => Ok(page),
        None => keys(conn, kind, &narrowed),
    }
}

/// Where a word is frequent, a page is found among a few times as many rows, in their order, unless those that have it
/// stand together: then there is nothing to be said after so many.
fn among_as_many_as_should_do(
    conn: &mut Conn,
    kind: Kind,
    narrowed: &ListQuery,
) -> Result<Option<Vec<(String, i64)>>, StoreError> {
    let Some(share) = narrowed.only_of.as_ref().map(|of| of.share) else { return Ok(None) };
    let rows = (narrowed.limit as f64 / share * 2.0) as i64;
    if rows > MOST_ROWS {
        return Ok(None);
    }
    let words = Words::default();
    let all = ListQuery { words, limit: rows, only_of: None, only_customers: None, ..narrowed.clone() };
    let in_order = keys(conn, kind, &all)?;
    let are_all = (in_order.len() as i64) < rows;
    let Some(last) = in_order.into_iter().next_back() else { return Ok(Some(Vec::new())) };
    let page = keys(conn, kind, &ListQuery { until: Some(last), only_of: None, ..narrowed.clone() })?;
    Ok(Some(page).filter(|page| are_all || page.len() as i64 >= narrowed.limit))
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
