//! What happens to every request, whether it has a route or not: it gets an id and a line in the log, it is counted, every
//! error gets its form, and the reply what all replies have.
//!
//! All of it is one middleware, because each one costs a request some of its time. The log names routes by their
//! template and never a key, a query or a token.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use actix_web::HttpMessage;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;

use super::guard::Admission;
use super::metrics::Routed;
use super::problem::Problem;
use super::reply::{self, ACCESS_STALE};
use super::state::{AppState, Shared};
use super::{compression, cors};
use crate::replica::RevisionToken;

/// The header that carries the request's id, both ways.
pub const REQUEST_ID: &str = "x-request-id";

/// The same, so that no name is parsed for each request.
static REQUEST_ID_NAME: header::HeaderName = header::HeaderName::from_static(REQUEST_ID);

/// What is known of a request before it is answered.
struct Asked {
    began: Instant,
    id: header::HeaderValue,
    /// The revision that the index stood at.
    revision: RevisionToken,
    was_stale: Option<Duration>,
}

impl Asked {
    fn of(request: &ServiceRequest, state: &AppState) -> Self {
        let began = Instant::now();
        let (revision, was_stale) = (state.replica.standing(), state.replica.stale_at(began));
        Self { began, id: request_id(request), revision, was_stale }
    }
}

/// Gives the request an id, every error its form, and the log its line.
pub async fn observe(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let (asked, preflight) = {
        let state = state(request.app_data())?;
        (Asked::of(&request, state), cors::preflight(&request, &state.config))
    };
    let response = match preflight {
        Some(allowed) => request.into_response(allowed),
        None => next.call(request).await?,
    };
    let mut response = in_form(response, &asked.id);
    tell(&mut response, &asked)?;
    compression::compress(response).await
}

fn state(found: Option<&Shared>) -> Result<&AppState, Problem> {
    found.map(|state| -> &AppState { state }).ok_or_else(|| Problem::internal("the service has no state"))
}

/// Tells the caller, the metrics and the log.
fn tell(response: &mut ServiceResponse<BoxBody>, asked: &Asked) -> Result<(), Problem> {
    let request = response.request().clone();
    let (state, ended) = (state(request.app_data())?, Instant::now());
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID_NAME.clone(), asked.id.clone());
    if !headers.contains_key(&reply::ACCESS_REVISION_NAME) {
        let stamp = reply::stamp(&asked.revision);
        headers.insert(reply::ACCESS_REVISION_NAME.clone(), stamp.0);
    }
    // Before or after: the answer was found somewhere in between.
    if let Some(age) = state.replica.stale_at(ended).max(asked.was_stale) {
        headers.insert(header::HeaderName::from_static(ACCESS_STALE), age.as_secs().into());
    }
    headers.append(header::VARY, header::HeaderValue::from_static("Accept-Encoding"));
    cors::share(&request, headers, &state.config);
    let routed = request.extensions().get::<Admission>().map(|admission| admission.routed);
    let took = ended.saturating_duration_since(asked.began);
    state.metrics.replied(routed, response.status(), took);
    if state.config.access_log {
        log_line(response, routed, &state.config.base_path, asked, took);
    }
    Ok(())
}

fn log_line(
    response: &ServiceResponse<BoxBody>,
    routed: Option<Routed>,
    base_path: &str,
    asked: &Asked,
    took: Duration,
) {
    let (request, status, micros) = (response.request(), response.status().as_u16(), took.as_micros() as u64);
    let (method, request_id) = (request.method(), asked.id.to_str().unwrap_or_default());
    // The framework would look for the pattern anew, among all of them.
    let (base_path, route) = match routed.and_then(Routed::path) {
        Some(path) => (base_path, Cow::Borrowed(path)),
        None => ("", request.match_pattern().map_or(Cow::Borrowed("(none)"), Cow::Owned)),
    };
    log::info!(target: "access", request_id = request_id, status = status, micros = micros; "{method} {base_path}{route}");
}

/// The id that the caller gave, if it is a plain one; else a new one.
fn request_id(request: &ServiceRequest) -> header::HeaderValue {
    let plain = |id: &&[u8]| {
        (1..=128).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(b))
    };
    let given = request.headers().get(&REQUEST_ID_NAME).map(header::HeaderValue::as_bytes).filter(plain);
    let mut written = uuid::Uuid::encode_buffer();
    let id = given.unwrap_or_else(|| {
        // By a generator of this thread: asking the system for each would cost more than an answer does.
        let new = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
        new.hyphenated().encode_lower(&mut written).as_bytes()
    });
    header::HeaderValue::from_bytes(id).unwrap_or(header::HeaderValue::from_static("-"))
}

/// Errors, the framework's own included, in the one form that they have.
fn in_form(response: ServiceResponse<BoxBody>, request_id: &header::HeaderValue) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = match response.response().error() {
        Some(why) => why.as_error::<Problem>().cloned().unwrap_or_else(|| of_framework(status, &why.to_string())),
        None => of_framework(status, status.canonical_reason().unwrap_or("unknown")),
    };
    response.into_response(problem.respond(request_id.to_str().ok()))
}

fn of_framework(status: StatusCode, why: &str) -> Problem {
    match status {
        StatusCode::NOT_FOUND => {
            Problem::new("route_not_found", "There is nothing at this path; see /docs for what there is.")
        }
        StatusCode::METHOD_NOT_ALLOWED => Problem::new("method_not_allowed", "The method is not allowed here."),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new("body_too_large", "The body is too large."),
        status if status.is_client_error() => {
            Problem::new("invalid_path", format!("The request cannot be read: {why}."))
        }
        _ => Problem::internal(why),
    }
}
