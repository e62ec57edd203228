//! What the lists of the directory share: reading parameters, loading a page.

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::page::limit;
use super::problem::Problem;
pub use super::query::Query;
use super::state::{Api, At};
use crate::directory::{Number, Validity};
use crate::store::list::{ListQuery, SortKey};
use crate::store::{self, Record};

/// The parameters of a list of customers, groups or services.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Words, all of which must be found, each anywhere in one of the searched fields, ignoring case
    /// and accents. `*` stands for anything and anchors: `acme*` begins so, `*acme` ends so.
    #[param(example = "acme")]
    pub q: Option<String>,
    /// Only what has this validity.
    pub validity: Option<Validity>,
    /// The order: `id` (of creation; unmoved by renames), the natural key (the default), or, of
    /// customers, `name`; with `-` before it, backwards. Every order ends in the id.
    #[param(example = "-id")]
    pub sort: Option<String>,
    /// Items on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before. It belongs to the same filters and order.
    pub cursor: Option<String>,
    /// Whether to count all items that the filters match.
    #[param(default = false)]
    pub total: Option<bool>,
}

/// What a list is of, besides its place: what its cursors are bound to.
#[derive(Serialize)]
struct ListOf<'q> {
    list: &'static str,
    q: Option<&'q str>,
    validity: Option<Validity>,
    sort: &'q str,
    filters: &'q [Option<String>],
}

/// A page of records, with the cursor of the next one.
pub struct RecordPage<R> {
    /// The records, in order.
    pub items: Vec<R>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
    /// How many there are in all, if that was asked.
    pub total: Option<u64>,
}

/// Reads one page. `sorts` are the orders that the list has beside `id`; the first is the default.
/// `filters` are the list's own, as they were written, to bind the cursor; `narrow` looks them up.
pub async fn page<R: Record + Send + 'static>(
    api: &Api,
    params: ListParams,
    sorts: &'static [(&'static str, SortKey)],
    filters: Vec<Option<String>>,
    narrow: impl FnOnce(&mut store::Conn, &mut ListQuery) -> Result<(), Problem> + Send + 'static,
) -> Result<At<RecordPage<R>>, Problem> {
    let at = page_with(api, params, sorts, filters, narrow).await?;
    Ok(At { value: at.value.0, revision: at.revision })
}

/// Reads one page as [`page`] does, and with it what `narrow` reads of the same state.
pub async fn page_with<R: Record + Send + 'static, T: Send + 'static>(
    api: &Api,
    params: ListParams,
    sorts: &'static [(&'static str, SortKey)],
    filters: Vec<Option<String>>,
    narrow: impl FnOnce(&mut store::Conn, &mut ListQuery) -> Result<T, Problem> + Send + 'static,
) -> Result<At<(RecordPage<R>, T)>, Problem> {
    let limit = limit(params.limit)?;
    let sort = params.sort.clone().unwrap_or_else(|| sorts[0].0.to_owned());
    let (key, descending) = sort_key(&sort, sorts)?;
    let words = store::Words::parse(params.q.as_deref().unwrap_or(""), api.state().config.limits.max_wildcards)
        .map_err(|why| Problem::new("invalid_parameter", format!("q {}.", why.detail)))?;
    let list = ListOf {
        list: R::Number::KIND.collection(),
        q: params.q.as_deref(),
        validity: params.validity,
        sort: &sort,
        filters: &filters,
    };
    let cursors = api.state().cursor_key.clone();
    let after = params.cursor.as_deref().map(|cursor| cursors.open(&list, cursor)).transpose()?;
    let query = ListQuery {
        words,
        validity: params.validity,
        sort: key,
        descending,
        after: after.map(|place| (place.value, place.number as i64)),
        // One more than asked, to know whether there is a next page.
        limit: limit as i64 + 1,
        ..ListQuery::default()
    };
    let (orders, total_too) = (api.state().replica.orders(), params.total == Some(true));
    let at = api.read(move |conn| load(conn, &orders, query, total_too, narrow)).await?;
    let ((mut items, total), read): (Loaded<R>, T) = at.value;
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more).map(|(sorted_by, record)| (sorted_by.clone(), record.number().into()));
    let next_cursor = last.map(|(value, number): (String, u32)| cursors.seal(&list, value, number.into()));
    let items = items.into_iter().map(|(_, record)| record).collect();
    Ok(At { value: (RecordPage { items, next_cursor, total }, read), revision: at.revision })
}

type Loaded<R> = (Vec<(String, R)>, Option<u64>);

fn load<R: Record, T>(
    conn: &mut store::Conn,
    orders: &store::Orders,
    mut query: ListQuery,
    total_too: bool,
    narrow: impl FnOnce(&mut store::Conn, &mut ListQuery) -> Result<T, Problem>,
) -> Result<(Loaded<R>, T), Problem> {
    let read = narrow(conn, &mut query)?;
    let total = if total_too { Some(store::pages::total::<R>(conn, &query)?) } else { None };
    Ok(((store::pages::page(conn, orders, &query)?, total), read))
}

fn sort_key(sort: &str, sorts: &[(&'static str, SortKey)]) -> Result<(SortKey, bool), Problem> {
    let (name, descending) = sort.strip_prefix('-').map_or((sort, false), |name| (name, true));
    if name == "id" {
        return Ok((SortKey::Id, descending));
    }
    let key = sorts.iter().find(|(known, _)| *known == name).map(|(_, key)| (*key, descending));
    key.ok_or_else(|| {
        let known = sorts.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
        Problem::new(
            "invalid_parameter",
            format!("sort is {sort:?}; there are id, {known}, each with - before it too."),
        )
    })
}

/// The page type of a list: concrete, so that generated clients have one type for each.
macro_rules! page_type {
    ($(#[$doc:meta])* $name:ident of $item:ident) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub struct $name {
            /// The items, in order.
            pub items: Vec<$item>,
            /// The cursor of the next page; absent on the last one.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub next_cursor: Option<String>,
            /// How many items the filters match in all; only with `total=true`.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(example = 57)]
            pub total: Option<u64>,
        }
    };
}
pub(super) use page_type;
