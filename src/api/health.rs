//! Whether the service lives, and whether it can answer.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::reply::Answer;
use super::state::AppState;
use crate::store;

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`; anything else comes as a problem.
    #[schema(example = "ok")]
    pub status: String,
}

fn ok() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok".to_owned() })
}

/// Says whether the process lives.
///
/// It does if it answers at all; whether it can answer questions, `readyz` says.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "It lives.", body = Health)))]
pub async fn healthz() -> HttpResponse {
    ok()
}

/// Says whether the service can answer questions and take writes.
///
/// 503 while the database is out of reach or the answers are too old.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, description = "It is ready.", body = Health)))]
pub async fn readyz(state: web::Data<AppState>) -> Answer {
    state.replica.is_current()?;
    let replica = state.replica.clone();
    let reached = web::block(move || replica.read(|conn| store::state::ping(conn).map_err(Problem::from))).await;
    reached.map_err(Problem::internal)??;
    Ok(ok())
}
