//! The change feed for integrators.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::lists::Query;
use super::page::limit;
use super::problem::Problem;
use super::reply::{self, Answer};
use super::state::{Api, At};
use crate::replica::RevisionToken;
use crate::store;

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
    /// absent, from the beginning of the log.
    #[param(example = "5f0c1d9e6a574b0e-42")]
    pub after: Option<String>,
    /// Changes on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
}

/// A place in the log: after this change of this revision, or after all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LogPlace {
    token: RevisionToken,
    ordinal: u64,
}

/// After every change of a revision.
const WHOLE: u64 = i64::MAX as u64;

fn parse(text: &str) -> Result<LogPlace, Problem> {
    let (token, ordinal) = text.split_once('.').map_or((text, None), |(token, ordinal)| (token, Some(ordinal)));
    let refused = || {
        let detail =
            "after is not a place in the log; send the next_after of a page, or the Access-Revision of a reply.";
        Problem::new("invalid_parameter", detail)
    };
    let token = token.parse().map_err(|_| refused())?;
    let ordinal = ordinal.map_or(Ok(WHOLE), |ordinal| ordinal.parse::<u32>().map(u64::from)).map_err(|_| refused())?;
    Ok(LogPlace { token, ordinal })
}

fn written(place: &LogPlace) -> String {
    if place.ordinal == WHOLE { place.token.to_string() } else { format!("{}.{}", place.token, place.ordinal) }
}

/// Follows the changes.
///
/// Changes come in the order in which they were made; applying one twice is applying it once. A place
/// of another history, after a restore, is a 412 `epoch_changed`: read everything anew, and follow from
/// the `Access-Revision` of that reading.
#[utoipa::path(get, path = "/v1/changes", tag = "changes", params(ChangeParams), responses((status = 200, description = "A page of changes.", body = ChangePage)))]
pub async fn list_changes(api: Api, Query(params): Query<ChangeParams>) -> Answer {
    let limit = limit(params.limit)?;
    let after = params.after.as_deref().map(parse).transpose()?;
    let at = api.read(move |conn| page(conn, after, limit)).await?;
    Ok(reply::ok(At { value: at.value, revision: at.revision }))
}

fn page(conn: &mut store::Conn, after: Option<LogPlace>, limit: usize) -> Result<ChangePage, Problem> {
    let state = store::state(conn)?;
    let epoch: std::sync::Arc<str> = state.epoch.into();
    let start = LogPlace { token: RevisionToken { epoch: epoch.clone(), revision: 0 }, ordinal: WHOLE };
    let after = after.unwrap_or(start);
    if after.token.epoch != epoch {
        return Err(crate::replica::NotCurrent::EpochChanged.into());
    }
    let mut changes = store::page_of_changes(conn, (after.token.revision, after.ordinal), limit as i64 + 1)?;
    let more = changes.len() > limit;
    changes.truncate(limit);
    let place = |revision, ordinal| LogPlace { token: RevisionToken { epoch: epoch.clone(), revision }, ordinal };
    let next = changes.last().map_or(after, |(revision, ordinal, ..)| place(*revision, *ordinal));
    let items = changes.into_iter().map(|(revision, _, committed_at, body)| {
        view(RevisionToken { epoch: epoch.clone(), revision }, committed_at, body)
    });
    Ok(ChangePage { items: items.collect(), next_after: written(&next), more })
}

fn view(revision: RevisionToken, committed_at: chrono::DateTime<chrono::Utc>, mut facts: Value) -> ChangeView {
    let kind = facts.as_object_mut().and_then(|facts| facts.remove("change"));
    let change = kind.and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    ChangeView { revision: revision.to_string(), committed_at, change, facts }
}
