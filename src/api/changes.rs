//! The change feed for integrators: pages here, the same as events in [`stream`].

mod feed;
mod stream;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::lists::Query;
use super::page::limit;
use super::problem::Problem;
use super::reply::{self, Answer};
use super::state::{Api, At};
pub use feed::is_id;
use feed::{Filter, LogPlace, Reading};
pub use stream::{__path_stream_changes, Streams, stream_changes};

/// One change. Ids and access facts only: who made it, and a person's data, are not in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change, example = json!({
    "revision": "5f0c1d9e6a574b0e-42", "committed_at": "2026-11-22T09:30:00.123456Z", "change": "customer_put",
    "facts": {"id": "c12", "customer_id": "acme", "validity": "valid"},
}))]
pub struct ChangeView {
    /// The revision that it is part of, as a token.
    #[schema(example = "5f0c1d9e6a574b0e-42")]
    pub revision: String,
    /// When that was committed.
    pub committed_at: chrono::DateTime<chrono::Utc>,
    /// What kind: `customer_put`, `customer_removed`, `customer_user_put`, `customer_user_removed`,
    /// `group_put`, `group_removed`, `service_put`, `service_removed`, `back_end_put`,
    /// `back_end_removed`, `external_id_set`, `customer_group_link_set`, `customer_user_group_link_set`,
    /// `customer_user_service_link_set`, `customer_membership_set`, `roll_set`, `settings_put`.
    #[schema(example = "customer_put")]
    pub change: String,
    /// The facts as they are since: ids, natural keys, validity, permissions by name. A `…_set` says
    /// what a link grants now (nothing: there is none) or whether something is so now.
    #[schema(value_type = Object)]
    pub facts: Value,
}

/// Some of the changes, in the order in which they were made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangePage {
    /// The changes.
    pub items: Vec<ChangeView>,
    /// Where to go on: send it as `after`. Always there, so that a follower can ask again later.
    #[schema(example = "5f0c1d9e6a574b0e-42.0")]
    pub next_after: String,
    /// Whether there are more changes already.
    #[schema(example = false)]
    pub more: bool,
}

/// The parameters of the change feed.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChangeParams {
    /// Changes after this: the `next_after` of a page before, or the `Access-Revision` of any reply;
    /// absent, from the beginning of the log, which reaches back `CHANGES_RETENTION`.
    #[param(example = "5f0c1d9e6a574b0e-42")]
    pub after: Option<String>,
    /// Only changes of these kinds, with commas between them.
    #[param(example = "customer_user_put,customer_user_removed")]
    pub kind: Option<String>,
    /// Only changes whose facts name the thing with this id, links included.
    #[param(example = "c12")]
    pub id: Option<String>,
    /// Changes on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
}

/// Follows the changes.
///
/// Changes come in the order in which they were made; applying one twice is applying it once. Go on with
/// the `next_after` of each page, also after the last one, to hear of what comes later.
///
/// **To begin, and to begin again** after a 410 `changes_gone` (what comes after the place is no longer all in
/// the log, which reaches back `CHANGES_RETENTION`) or a 412 `epoch_changed` (the database was restored):
/// 1. read what you keep from the lists, page by page, with `sort=id`;
/// 2. remember the `Access-Revision` of the very first page that you read;
/// 3. drop what you had and did not read, and follow the changes with that `Access-Revision` as `after`.
///
/// What changed while you read comes again in step 3, and sets right what the later pages mixed. With a filter a
/// page may hold fewer items than `limit`, or none, while `more` is true.
#[utoipa::path(get, path = "/v1/changes", tag = "changes", params(ChangeParams), responses((status = 200, description = "A page of changes.", body = ChangePage)))]
pub async fn list_changes(api: Api, Query(params): Query<ChangeParams>) -> Answer {
    let limit = limit(params.limit)?;
    let filter = Filter::parse(params.kind.as_deref(), params.id)?;
    let refused = |why: &str| Problem::new("invalid_parameter", format!("after {why}"));
    let after = params.after.as_deref().map(|after| LogPlace::parse(after, refused)).transpose()?;
    let at = api
        .read(move |conn| {
            let (after, last) = feed::begin(conn, after)?;
            feed::read(conn, &after, &filter, limit, last)
        })
        .await?;
    let Reading { items, next, more } = at.value;
    let items = items.into_iter().map(|(_, change)| change).collect();
    let page = ChangePage { items, next_after: next.to_string(), more };
    Ok(reply::ok(At { value: page, revision: at.revision }))
}
