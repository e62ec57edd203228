//! Pages of lists, of whatever kind.

use super::list::{ListQuery, SortKey};
use super::numbers::to_number;
use super::orders::Places;
use super::records::Record;
use super::search::Words;
use super::{Conn, Orders, StoreError, back_ends, customer_users, customers, grams, groups, links, services, state};
use crate::directory::{Kind, Number};

/// The numbers of rows, each with what it is sorted by.
type Keys = Vec<(String, i64)>;

/// One page of records, in order, each with what it was sorted by.
pub fn page<R: Record>(conn: &mut Conn, orders: &Orders, query: &ListQuery) -> Result<Vec<(String, R)>, StoreError> {
    let keys = found(conn, orders, R::Number::KIND, query)?;
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
const MOST_ROWS: f64 = 5_000.0;

/// So many rows are named by the index in the time in which one is looked at.
const NAMED: f64 = 20.0;

/// Where more than so many are linked, the first of them are told by the order of all rows.
const MANY: usize = 1_000;

/// Whether words are looked for among what there may be very much of.
fn is_searched(kind: Kind, query: &ListQuery) -> bool {
    !query.words.0.is_empty() && matches!(kind, Kind::Customer | Kind::CustomerUser)
}

/// The numbers of one page, each with what it is sorted by.
fn found(conn: &mut Conn, orders: &Orders, kind: Kind, query: &ListQuery) -> Result<Keys, StoreError> {
    if is_searched(kind, query) {
        return searched(conn, orders, kind, query);
    }
    match linked(conn, orders, kind, query)? {
        Some(page) => Ok(page),
        None => keys(conn, kind, query),
    }
}

/// A page of what is linked to something, where that is much.
fn linked(conn: &mut Conn, orders: &Orders, kind: Kind, query: &ListQuery) -> Result<Option<Keys>, StoreError> {
    let Some((of, true)) = query.linked.filter(|_| query.words.0.is_empty()) else { return Ok(None) };
    match links::linked(conn, kind, of)? {
        Some(linked) if linked.len() > MANY => {
            by_their_places(conn, orders, kind, &ListQuery { linked: None, ..query.clone() }, linked)
        }
        _ => Ok(None),
    }
}

/// A page of what is searched: found among the first rows, or by what the rows hold.
fn searched(conn: &mut Conn, orders: &Orders, kind: Kind, query: &ListQuery) -> Result<Keys, StoreError> {
    let first_rows = FIRST_ROWS.max(query.limit.saturating_mul(2).min(8 * FIRST_ROWS));
    let first = found(conn, orders, kind, &ListQuery { words: Words::default(), limit: first_rows, ..query.clone() })?;
    let are_all = (first.len() as i64) < first_rows;
    let among = grams::among(conn, kind, first.into_iter().map(|(_, number)| number).collect(), query)?;
    let page = keys(conn, kind, &among)?;
    if are_all || page.len() as i64 >= query.limit {
        return Ok(page);
    }
    let narrowed = grams::narrow(conn, kind, query)?;
    let Some(of) = &narrowed.only_of else { return keys(conn, kind, &narrowed) };
    // Where a word is frequent, a page is found among a few times as many rows.
    let walked = narrowed.limit as f64 / of.share * 2.0;
    let named = of.share * f64::from(state::last_number(conn, kind)?);
    let mut page = None;
    if walked <= MOST_ROWS && walked * NAMED < named {
        page = among_the_first(conn, kind, &narrowed, walked as i64)?;
    }
    if page.is_none()
        && let Some(named) = grams::all(conn, kind, of)?
    {
        page = by_their_places(conn, orders, kind, &ListQuery { only_of: None, ..narrowed.clone() }, named)?;
    }
    page.map_or_else(|| keys(conn, kind, &narrowed), Ok)
}

/// The page, if there is one among so many rows: those that have a frequent word may stand together, and then there is
/// nothing to be said after so many.
fn among_the_first(conn: &mut Conn, kind: Kind, narrowed: &ListQuery, rows: i64) -> Result<Option<Keys>, StoreError> {
    let words = Words::default();
    let all = ListQuery { words, limit: rows, only_of: None, only_customers: None, ..narrowed.clone() };
    let in_order = keys(conn, kind, &all)?;
    let are_all = (in_order.len() as i64) < rows;
    let Some(last) = in_order.into_iter().next_back() else { return Ok(Some(Vec::new())) };
    let page = keys(conn, kind, &ListQuery { until: Some(last), only_of: None, ..narrowed.clone() })?;
    Ok(Some(page).filter(|page| are_all || page.len() as i64 >= narrowed.limit))
}

/// The page, which is among these rows: of those that have a place, the first ones are looked at, and all that have none.
/// Nothing where that is not enough of them, or no place is known.
fn by_their_places(
    conn: &mut Conn,
    orders: &Orders,
    kind: Kind,
    query: &ListQuery,
    rows: Vec<i64>,
) -> Result<Option<Keys>, StoreError> {
    let Some(places) = orders.of(conn, kind, query.sort)? else { return Ok(None) };
    let place = |number: i64| places.of(number).map(|place| if query.descending { u32::MAX - place } else { place });
    let begin = begin(conn, kind, query, places.moved, place)?;
    let (mut placed, mut others): (Vec<(u32, i64)>, Vec<i64>) = (Vec::with_capacity(rows.len()), Vec::new());
    for number in rows {
        match place(number) {
            Some(place) if place >= begin => placed.push((place, number)),
            Some(_) => {}
            None => others.push(number),
        }
    }
    for times in [2, 16] {
        let most = usize::try_from(query.limit.saturating_mul(times)).unwrap_or(usize::MAX);
        let page = among_the_placed(conn, kind, query, &places, (&mut placed, most), &others)?;
        if page.is_some() {
            return Ok(page);
        }
    }
    Ok(None)
}

/// The page, if there is one among so many of the rows that have a place, the first ones, and all that have none.
fn among_the_placed(
    conn: &mut Conn,
    kind: Kind,
    query: &ListQuery,
    places: &Places,
    (placed, most): (&mut [(u32, i64)], usize),
    others: &[i64],
) -> Result<Option<Keys>, StoreError> {
    let are_all = placed.len() <= most;
    if !are_all {
        placed.select_nth_unstable(most);
    }
    let looked_at = placed.iter().take(most).map(|(_, number)| number).chain(others).copied().collect();
    let mut page = keys(conn, kind, &ListQuery { only: Some(looked_at), limit: i64::MAX, ..query.clone() })?;
    if !are_all {
        // What has no place may stand after rows that were not looked at.
        let last = page.iter().rposition(|(_, number)| places.of(*number).is_some());
        page.truncate(last.map_or(0, |last| last + 1));
    }
    let is_enough = are_all || page.len() as i64 >= query.limit;
    page.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    Ok(Some(page).filter(|_| is_enough))
}

/// The place from which on the rows of a page stand: of the first row after the page before that has one.
fn begin(
    conn: &mut Conn,
    kind: Kind,
    &ListQuery { sort, descending, ref after, .. }: &ListQuery,
    moved: usize,
    place: impl Fn(i64) -> Option<u32>,
) -> Result<u32, StoreError> {
    if after.is_none() {
        return Ok(0);
    }
    let after = ListQuery { sort, descending, after: after.clone(), limit: moved as i64 + 1, ..ListQuery::default() };
    Ok(keys(conn, kind, &after)?.into_iter().find_map(|(_, number)| place(number)).unwrap_or(u32::MAX))
}

/// The numbers of one page, each with what it is sorted by.
fn keys(conn: &mut Conn, kind: Kind, query: &ListQuery) -> Result<Keys, StoreError> {
    match kind {
        Kind::Customer => customers::page(conn, query),
        Kind::CustomerUser => customer_users::page(conn, query),
        Kind::Group => groups::page(conn, query),
        Kind::Service => services::page(conn, query),
        Kind::BackEnd => back_ends::page(conn, query),
    }
}
