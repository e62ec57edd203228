//! Narrowing a search to few rows before they are looked at: SQLite keeps an index of every three characters that follow
//! one another in what `q` looks at.
//!
//! It only ever narrows. The rows that it leads to are compared with the words as all others are, so what it says too
//! much does no harm; and what changed since it was last brought up to date, it always leads to.

use std::collections::HashSet;

use diesel::prelude::*;

use super::dialect::{self, GramsOf};
use super::list::{ListQuery, OfGrams};
use super::schema::{customer_user_customers as memberships, customer_users};
use super::search::Words;
use super::{Conn, StoreError, on};
use crate::directory::{Edit, Kind};

/// Rows that are more than this are not listed one by one.
const MANY: usize = 1_000;
/// So many grams of a word are looked at.
const PROBED: usize = 8;
/// What a larger share of all rows has is not looked for, if the word has a rarer gram: to read that such a row has it,
/// and which, costs more than to look at those that are left.
const FREQUENT: f64 = 0.07;
/// What this share of those have who have a rarer gram tells hardly anybody apart.
const ALIKE: f64 = 0.8;
/// What begins so many grams is not looked for: much has one of them.
const BEGINNING: usize = 128;
/// A gram that nothing has: no text has such characters.
const NOWHERE: &str = "\u{1f}\u{1f}\u{1f}";
/// So many rows may change before the index is brought up to date.
const PENDING: i64 = 500;
/// How often it is looked whether so many have.
const EVERY: u64 = 64;

/// What the index knows of the rows that may have a word.
enum Having {
    /// Nothing: there is none, or the word is too short and frequent for it.
    Unknown,
    /// They are too many to be listed: these grams, and about what share of all rows has them, or less.
    Many(String, f64),
    /// All of them, and perhaps some more.
    These(HashSet<i64>),
}

/// Narrows what is asked as far as the index can: the same rows match it.
pub(super) fn narrow(conn: &mut Conn, kind: Kind, query: &ListQuery) -> Result<ListQuery, StoreError> {
    let (mut rows, mut customers, mut many) = (None, Some(HashSet::new()), None::<OfGrams>);
    for word in &query.words.0 {
        let (found, by_customer) = found(conn, kind, word)?;
        if let (Having::Many(grams, share), Some((_, users))) = (&found, &by_customer)
            && many.as_ref().is_none_or(|many| many.share > *share)
        {
            many = Some(OfGrams { grams: grams.clone(), share: *share, besides: list(users.clone()) });
        }
        customers = customers.zip(by_customer).map(|(all, (theirs, _))| all.union(&theirs).copied().collect());
        rows = match (rows, found) {
            (Some(rows), Having::These(found)) => Some(both(&rows, &found)),
            (None, Having::These(found)) => Some(found),
            (rows, _) => rows,
        };
    }
    let only_customers = customers.filter(|_| kind == Kind::CustomerUser).map(list);
    let only_of = many.filter(|_| rows.is_none());
    Ok(ListQuery { only: rows.map(list), only_customers, only_of, ..query.clone() })
}

/// Customers that have a word, and the customer users that they are customers of.
type ByCustomer = (HashSet<i64>, HashSet<i64>);

/// What is known of the rows that may have a word, themselves or by their customers; and of the latter apart, if they are
/// few.
fn found(conn: &mut Conn, kind: Kind, word: &str) -> Result<(Having, Option<ByCustomer>), StoreError> {
    if kind == Kind::Customer {
        return Ok((having(conn, GramsOf::Customers, word)?, Some(ByCustomer::default())));
    }
    let Having::These(customers) = having(conn, GramsOf::Customers, word)? else { return Ok((Having::Unknown, None)) };
    let Some(users) = users_of(conn, &customers)? else { return Ok((Having::Unknown, None)) };
    let found = match having(conn, GramsOf::CustomerUsers, word)? {
        Having::These(own) => Having::These(own.union(&users).copied().collect()),
        other => other,
    };
    Ok((found, Some((customers, users))))
}

fn list(numbers: HashSet<i64>) -> Vec<i64> {
    numbers.into_iter().collect()
}

fn both(one: &HashSet<i64>, other: &HashSet<i64>) -> HashSet<i64> {
    one.intersection(other).copied().collect()
}

fn having(conn: &mut Conn, of: GramsOf, word: &str) -> Result<Having, StoreError> {
    let Some((grams, share)) = rarest(conn, of, word)? else { return Ok(Having::Unknown) };
    let all = grams.join(" AND ");
    let Some(rows) = dialect::rows_with_grams(conn, of, &all, MANY as i64 + 1)? else { return Ok(Having::Unknown) };
    let share_of_all = guessed_share(rows.iter().take(MANY).max().copied().unwrap_or_default());
    let rows: HashSet<i64> = rows.into_iter().collect();
    if rows.len() <= MANY {
        return Ok(Having::These(rows));
    }
    // Grams that nearly all have who have the rarest one are read for nothing.
    let grams = if share_of_all > ALIKE * share { grams.into_iter().next().unwrap_or(all) } else { all };
    Ok(Having::Many(grams, share.min(share_of_all)))
}

/// The share of all rows that they are of whom a thousand stand up to this number: rows stand in the order of their numbers.
fn guessed_share(last: i64) -> f64 {
    MANY as f64 / last.max(MANY as i64) as f64
}

/// All rows that may have what is asked for by its grams, some twice; nothing where no index knows.
pub(super) fn all(conn: &mut Conn, kind: Kind, of: &OfGrams) -> Result<Option<Vec<i64>>, StoreError> {
    let index = if kind == Kind::Customer { GramsOf::Customers } else { GramsOf::CustomerUsers };
    let mut rows = dialect::rows_with_grams(conn, index, &of.grams, i64::MAX)?;
    rows.iter_mut().for_each(|rows| rows.extend(&of.besides));
    Ok(rows)
}

/// The grams of a word that few rows have, the rarest first, and its share. How many have one is guessed by where the first
/// thousand are.
fn rarest(conn: &mut Conn, of: GramsOf, word: &str) -> Result<Option<(Vec<String>, f64)>, StoreError> {
    let mut all = grams(word);
    if all.is_empty() {
        all.extend(short(conn, of, word)?);
    }
    let mut probed = Vec::new();
    for gram in all.into_iter().take(PROBED) {
        let Some((found, last)) = dialect::probe_gram(conn, of, &gram, MANY as i64)? else { return Ok(None) };
        let share = if found < MANY as i64 { 0.0 } else { guessed_share(last) };
        probed.push((share, gram));
    }
    probed.sort_by(|one, other| one.0.total_cmp(&other.0));
    let Some(share) = probed.first().map(|(share, _)| *share) else { return Ok(None) };
    let worth_it = probed.into_iter().enumerate().take_while(|(at, (share, _))| *at == 0 || *share < FREQUENT);
    Ok(Some((worth_it.map(|(_, (_, gram))| gram).collect(), share)))
}

/// Three characters each of what a pattern says literally, as the index's query language has them. Those that overlap
/// would hardly narrow it more.
fn grams(pattern: &str) -> Vec<String> {
    let mut grams = Vec::new();
    for piece in Words::literal_pieces(pattern) {
        let starts = (0..piece.len().saturating_sub(2)).step_by(3).chain(piece.len().checked_sub(3));
        for start in starts {
            grams.push(quoted(&piece[start..start + 3].iter().collect::<String>()));
        }
    }
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// The same of a pattern that has no three characters in a row: what rows have that begins with those that it has.
fn short(conn: &mut Conn, of: GramsOf, pattern: &str) -> Result<Option<String>, StoreError> {
    let longest = Words::literal_pieces(pattern).into_iter().max_by_key(Vec::len).unwrap_or_default();
    if longest.is_empty() {
        return Ok(None);
    }
    let grams = dialect::grams_beginning(conn, of, &longest.into_iter().collect::<String>(), BEGINNING)?;
    let any = |grams: Vec<String>| match grams.is_empty() {
        true => quoted(NOWHERE),
        false => format!("({})", grams.iter().map(|gram| quoted(gram)).collect::<Vec<_>>().join(" OR ")),
    };
    Ok(grams.map(any))
}

/// Characters as the index's query language has them.
fn quoted(gram: &str) -> String {
    format!("\"{}\"", gram.replace('"', "\"\""))
}

/// The customer users of these customers, primary or additional; nothing if they are many.
fn users_of(conn: &mut Conn, customers: &HashSet<i64>) -> Result<Option<HashSet<i64>>, StoreError> {
    if customers.is_empty() {
        return Ok(Some(HashSet::new()));
    }
    let customers: Vec<i64> = customers.iter().copied().collect();
    let limit = MANY as i64 + 1;
    let (primary, additional): (Vec<i64>, Vec<i64>) = on!(conn, |c| (
        customer_users::table
            .filter(customer_users::primary_customer_id.eq_any(&customers))
            .select(customer_users::id)
            .limit(limit)
            .load(c)?,
        memberships::table
            .filter(memberships::customer_id.eq_any(&customers))
            .select(memberships::customer_user_id)
            .limit(limit)
            .load(c)?,
    ));
    let are_few = primary.len() + additional.len() <= MANY;
    Ok(are_few.then(|| primary.into_iter().chain(additional).collect()))
}

/// Narrows what is asked to these rows, and to the customers that they belong to.
pub(super) fn among(
    conn: &mut Conn,
    kind: Kind,
    numbers: Vec<i64>,
    query: &ListQuery,
) -> Result<ListQuery, StoreError> {
    let customers = if kind == Kind::CustomerUser { Some(customers_of(conn, &numbers)?) } else { None };
    Ok(ListQuery { only: Some(numbers), only_customers: customers, ..query.clone() })
}

fn customers_of(conn: &mut Conn, customer_users: &[i64]) -> Result<Vec<i64>, StoreError> {
    let (primary, additional): (Vec<Option<i64>>, Vec<i64>) = on!(conn, |c| (
        customer_users::table
            .filter(customer_users::id.eq_any(customer_users))
            .select(customer_users::primary_customer_id)
            .load(c)?,
        memberships::table
            .filter(memberships::customer_user_id.eq_any(customer_users))
            .select(memberships::customer_id)
            .load(c)?,
    ));
    let all: HashSet<i64> = primary.into_iter().flatten().chain(additional).collect();
    Ok(all.into_iter().collect())
}

/// Brings the index up to date if so much has changed that it is worth the while. One row at a time would cost a write
/// more than all the rest of it.
pub(super) fn keep_up(conn: &mut Conn, edits: &[Edit], revision: u64) -> Result<(), StoreError> {
    let are_searched = |edit: &Edit| matches!(edit, Edit::Customer(_) | Edit::CustomerUser(_));
    let is_time = edits.len() as u64 >= EVERY || revision.is_multiple_of(EVERY);
    if is_time && edits.iter().any(are_searched) { dialect::index_grams(conn, PENDING) } else { Ok(()) }
}

/// Whether more waits to be brought into the index than ever should: somebody else wrote to the database.
pub(super) fn are_behind(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(dialect::pending_grams(conn)? > 2 * PENDING)
}

/// Brings the index up to date.
pub(super) fn catch_up(conn: &mut Conn) -> Result<(), StoreError> {
    dialect::index_grams(conn, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_looked_for_by_what_is_literal_in_it() {
        assert_eq!(grams("%zebra%"), ["\"bra\"", "\"zeb\""]);
        assert_eq!(grams("a\\_b%5\\%x"), ["\"5%x\"", "\"a_b\""]);
        assert_eq!(grams("%ab%c"), [""; 0]);
        assert_eq!(grams("%a\"b%"), ["\"a\"\"b\""]);
        assert_eq!(grams("%łódź%"), ["\"ódź\"", "\"łód\""]);
    }
}
