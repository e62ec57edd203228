//! What happens to every request, whether it has a route or not: it gets an id and a line in the log, it is counted, every
//! error gets its form, and the reply what all replies have.
//!
//! The guard of a route has it done ([`observed`]), so that what is asked all the time goes through no middleware; what is at
//! no route has one ([`observe`]). The log names routes by their template and never a key, a query or a token.

use std::borrow::Cow;
use std::future::ready;
use std::time::{Duration, Instant};

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse};

use super::metrics::Routed;
use super::problem::Problem;
use super::reply::{self, ACCESS_STALE};
use super::state::{AppState, state};
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
    routed: Option<Routed>,
}

impl Asked {
    fn of(state: &AppState, request: &HttpRequest, routed: Option<Routed>) -> Self {
        let began = Instant::now();
        let (revision, was_stale) = (state.replica.standing(), state.replica.stale_at(began));
        Self { began, id: request_id(request), revision, was_stale, routed }
    }

    /// The reply with what every reply has, after the metrics and the log were told.
    async fn replied(&self, state: &AppState, request: &HttpRequest, response: HttpResponse) -> HttpResponse {
        let mut response = in_form(response, &self.id);
        self.tell(state, request, &mut response);
        compression::compress(request, response).await
    }

    /// Tells the caller, the metrics and the log.
    fn tell(&self, state: &AppState, request: &HttpRequest, response: &mut HttpResponse) {
        let (ended, headers) = (Instant::now(), response.headers_mut());
        headers.insert(REQUEST_ID_NAME.clone(), self.id.clone());
        if !headers.contains_key(&reply::ACCESS_REVISION_NAME) {
            let stamp = reply::stamp(&self.revision);
            headers.insert(reply::ACCESS_REVISION_NAME.clone(), stamp.0);
        }
        // Before or after: the answer was found somewhere in between.
        if let Some(age) = state.replica.stale_at(ended).max(self.was_stale) {
            headers.insert(header::HeaderName::from_static(ACCESS_STALE), age.as_secs().into());
        }
        headers.append(header::VARY, header::HeaderValue::from_static("Accept-Encoding"));
        cors::share(request, headers, &state.config);
        let (status, took) = (response.status(), ended.saturating_duration_since(self.began));
        state.metrics.replied(self.routed, status, took);
        if state.config.access_log {
            self.log_line(request, &state.config.base_path, status, took);
        }
    }

    fn log_line(&self, request: &HttpRequest, base_path: &str, status: StatusCode, took: Duration) {
        let (status, micros) = (status.as_u16(), took.as_micros() as u64);
        let (method, request_id) = (request.method(), self.id.to_str().unwrap_or_default());
        // The framework would look for the pattern anew, among all of them.
        let (base_path, route) = match self.routed.and_then(Routed::path) {
            Some(path) => (base_path, Cow::Borrowed(path)),
            None => ("", request.match_pattern().map_or(Cow::Borrowed("(none)"), Cow::Owned)),
        };
        log::info!(target: "access", request_id = request_id, status = status, micros = micros; "{method} {base_path}{route}");
    }
}

/// What a request gets that went to a route and is answered so.
pub async fn observed(
    state: &AppState,
    request: &HttpRequest,
    routed: Routed,
    answered: impl Future<Output = HttpResponse>,
) -> HttpResponse {
    let asked = Asked::of(state, request, Some(routed));
    asked.replied(state, request, answered.await).await
}

/// The same for what is at no route.
pub async fn observe(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, actix_web::Error> {
    outside(request, |request| next.call(request)).await
}

/// The same for what is answered so at no route. This is where browsers ask beforehand (CORS): no route has their method.
pub async fn outside<F>(
    request: ServiceRequest,
    answer: impl FnOnce(ServiceRequest) -> F,
) -> Result<ServiceResponse, actix_web::Error>
where
    F: Future<Output = Result<ServiceResponse, actix_web::Error>>,
{
    let (asked, preflight) = {
        let (state, request) = (state(request.request())?, request.request());
        (Asked::of(state, request, None), cors::preflight(request, &state.config))
    };
    let response = match preflight {
        Some(allowed) => request.into_response(allowed),
        None => answer(request).await?,
    };
    let (request, response) = response.into_parts();
    let response = asked.replied(state(&request)?, &request, response).await;
    Ok(ServiceResponse::new(request, response))
}

/// The same for what is not even a path, such as `*`.
pub async fn nowhere(request: ServiceRequest) -> Result<ServiceResponse, actix_web::Error> {
    outside(request, |request| ready(Ok(request.into_response(HttpResponse::NotFound().finish())))).await
}

/// The id that the caller gave, if it is a plain one; else a new one.
fn request_id(request: &HttpRequest) -> header::HeaderValue {
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
fn in_form(response: HttpResponse, request_id: &header::HeaderValue) -> HttpResponse {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = match response.error() {
        Some(why) => why.as_error::<Problem>().cloned().unwrap_or_else(|| of_framework(status, &why.to_string())),
        None => of_framework(status, status.canonical_reason().unwrap_or("unknown")),
    };
    problem.respond(request_id.to_str().ok())
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
