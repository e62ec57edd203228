//! What a list is asked: filters, sort and page, the same way for every kind. Pages go by key, not by offset, and
//! every sort ends in the number, so that an item that was there all the while is shown once.

use super::LinksOf;
use super::search::Words;
use crate::directory::{Roll, Validity};

/// What a list is sorted by; the number always comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SortKey {
    /// The number: the order of creation, which no rename changes.
    #[default]
    Id,
    /// The natural key, without regard to case.
    Key,
    /// A customer's name, in the form of the search.
    Name,
    /// A customer user's e-mail address.
    Email,
    /// A customer user's last name.
    LastName,
}

/// Rows that have all of some grams, as the index of SQLite is asked for them, and others besides.
#[derive(Debug, Clone)]
pub struct OfGrams {
    pub(super) grams: String,
    /// About what share of all rows they are, or less.
    pub(super) share: f64,
    pub(super) besides: Vec<i64>,
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// The words of `q`.
    pub words: Words,
    /// Only what has this validity.
    pub validity: Option<Validity>,
    /// Only customer users of this customer, primary or additional.
    pub customer: Option<i64>,
    /// Only customer users of this back end.
    pub back_end: Option<i64>,
    /// Only customer users with exactly this address, without regard to case.
    pub email: Option<String>,
    /// Only customer users who are linked to this group, themselves.
    pub group: Option<i64>,
    /// Only services under this one, directly.
    pub parent: Option<i64>,
    /// Only groups or services that stand on this list of the settings, or (`false`) do not.
    pub on_roll: Option<(Roll, bool)>,
    /// Only rows that are linked to this thing, or (`false`) are not.
    pub linked: Option<(LinksOf, bool)>,
    /// Only these rows: a first choice of those that can match, or all of them.
    pub only: Option<Vec<i64>>,
    /// The only customers whose own text the words can match, where customer users are listed.
    pub only_customers: Option<Vec<i64>>,
    /// Only rows that have these grams, where they are too many to be listed.
    pub only_of: Option<OfGrams>,
    /// The order.
    pub sort: SortKey,
    /// The order, backwards.
    pub descending: bool,
    /// Where the page before ended: what it was sorted by, and the number.
    pub after: Option<(String, i64)>,
    /// No row that is sorted after this one: so far the rows are looked at.
    pub until: Option<(String, i64)>,
    /// The most rows.
    pub limit: i64,
}

/// Narrows a boxed query to the rows whose number is, or is not, among those of a subquery.
macro_rules! among {
    ($rows:expr, $id:expr, $linked:expr, $numbers:expr) => {
        if $linked { $rows.filter($id.eq_any($numbers)) } else { $rows.filter($id.ne_all($numbers)) }
    };
}
pub(super) use among;

/// Orders a boxed query by a column and the number, starts it after the last page, and loads what
/// it is sorted by with the number.
macro_rules! keyset {
    ($c:ident, $rows:expr, $query:expr, $id:expr) => {{
        let mut rows = $rows;
        if let Some((_, number)) = &$query.after {
            rows = if $query.descending { rows.filter($id.lt(*number)) } else { rows.filter($id.gt(*number)) };
        }
        if let Some((_, number)) = &$query.until {
            rows = if $query.descending { rows.filter($id.ge(*number)) } else { rows.filter($id.le(*number)) };
        }
        rows = if $query.descending { rows.order($id.desc()) } else { rows.order($id.asc()) };
        let numbers = rows.limit($query.limit).select($id).load::<i64>($c)?;
        Ok(numbers.into_iter().map(|number| (String::new(), number)).collect())
    }};
    ($c:ident, $rows:expr, $query:expr, $id:expr, $column:expr) => {{
        let mut rows = $rows;
        if let Some((value, number)) = &$query.after {
            rows = if $query.descending {
                rows.filter($column.lt(value.clone()).or($column.eq(value.clone()).and($id.lt(*number))))
            } else {
                rows.filter($column.gt(value.clone()).or($column.eq(value.clone()).and($id.gt(*number))))
            };
        }
        // Whoever is sorted alike may come too.
        if let Some((value, _)) = &$query.until {
            let value = value.clone();
            rows = if $query.descending { rows.filter($column.ge(value)) } else { rows.filter($column.le(value)) };
        }
        rows = if $query.descending {
            rows.order(($column.desc(), $id.desc()))
        } else {
            rows.order(($column.asc(), $id.asc()))
        };
        Ok(rows.limit($query.limit).select(($column, $id)).load::<(String, i64)>($c)?)
    }};
}
pub(super) use keyset;
