//! Whether the service lives, and whether it can answer.

use std::time::Duration;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::reply::Answer;
use super::state::Shared;

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or `stale`: answers are given, and may be as old as `stale_seconds` says, because the
    /// database is out of reach; writes and lists are a 503 meanwhile.
    #[schema(example = "ok")]
    pub status: String,
    /// With `stale`: the seconds since the answers were last confirmed current.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_seconds: Option<u64>,
}

fn health(stale_for: Option<Duration>) -> HttpResponse {
    let status = if stale_for.is_some() { "stale" } else { "ok" };
    let stale_seconds = stale_for.map(|age| age.as_secs());
    HttpResponse::Ok().json(Health { status: status.to_owned(), stale_seconds })
}

/// Says whether the process lives.
///
/// It does if it answers at all; whether it can answer questions, `readyz` says.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "It lives.", body = Health)))]
pub async fn healthz() -> HttpResponse {
    health(None)
}

/// Says whether the service can answer questions.
///
/// It can do so for a while without the database (`stale`), so that an outage of the database does not
/// take all replicas out; 503 `stale` once the answers are older than `MAX_STALENESS`.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, description = "It is ready.", body = Health)))]
pub async fn readyz(state: Shared) -> Answer {
    state.replica.is_current()?;
    Ok(health(state.replica.stale_for()))
}
