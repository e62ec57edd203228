//! Pages of lists, of whatever kind.

use super::list::{ListQuery, SortKey};
use super::numbers::to_number;
use super::records::Record;
use super::{Conn, StoreError, back_ends, customer_users, customers, groups, services};
use crate::directory::{Kind, Number};

/// One page of records, in order, each with what it was sorted by.
pub fn page<R: Record>(conn: &mut Conn, query: &ListQuery) -> Result<Vec<(String, R)>, StoreError> {
    let keys = keys(conn, R::Number::KIND, query)?;
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
    keys(conn, kind, &all)?.into_iter().map(|(_, number)| to_number(number)).collect()
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
