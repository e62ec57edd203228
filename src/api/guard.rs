//! What happens to every request: it gets an id and a line in the log; its route's scope is checked;
//! its query is held against the route's parameters; the revision it asks for is waited for.
//!
//! The log names routes by their template and never a key, a query or a token.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, web};
use tokio::sync::SemaphorePermit;

use super::metrics::Routed;
use super::problem::Problem;
use super::query;
use super::reply::{ACCESS_REVISION, ACCESS_STALE};
use super::state::AppState;
use super::write;
use crate::auth::{Scope, insufficient_scope};
use crate::replica::RevisionToken;

/// The header that carries the request's id, both ways.
pub const REQUEST_ID: &str = "x-request-id";
/// The header by which a request asks for a revision or a later one.
pub const AT_LEAST_REVISION: &str = "at-least-revision";

/// The same, so that no name is parsed for each request.
static REQUEST_ID_NAME: header::HeaderName = header::HeaderName::from_static(REQUEST_ID);
static ACCESS_REVISION_NAME: header::HeaderName = header::HeaderName::from_static(ACCESS_REVISION);

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whose token has this scope.
    Needs(Scope),
    /// Whose token has both scopes.
    NeedsBoth(Scope, Scope),
    /// Whose token has this scope; what it writes is no part of the directory, so that nothing can be foreseen.
    Runs(Scope),
}

impl Access {
    /// Whether such a route writes to the directory. One that needs the right to read as well only reads.
    pub fn writes(self) -> bool {
        let writes = [Scope::DirectoryWrite, Scope::LinksWrite, Scope::SettingsWrite, Scope::SyncWrite];
        match self {
            Access::Public | Access::Runs(_) => false,
            Access::Needs(_) | Access::NeedsBoth(..) => self.scopes().all(|scope| writes.contains(&scope)),
        }
    }

    /// What a token must have.
    pub fn scopes(self) -> impl Iterator<Item = Scope> {
        let (one, other) = match self {
            Access::Public => (None, None),
            Access::Needs(scope) | Access::Runs(scope) => (Some(scope), None),
            Access::NeedsBoth(one, other) => (Some(one), Some(other)),
        };
        one.into_iter().chain(other)
    }
}

/// Gives the request an id, every error its form, and the log its line.
pub async fn observe<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let began = Instant::now();
    let request_id = request_id(&request);
    let state = request.app_data::<web::Data<AppState>>().cloned();
    let current = state.as_ref().map(|state| state.replica.token(state.replica.ask(|index| index.revision())));
    let was_stale = state.as_ref().and_then(|state| state.replica.stale_for());
    let response = next.call(request).await?.map_into_boxed_body();
    let mut response = in_form(response, &request_id);
    let headers = response.headers_mut();
    if let Ok(value) = header::HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID_NAME.clone(), value);
    }
    if let Some(token) = current.filter(|_| !headers.contains_key(&ACCESS_REVISION_NAME))
        && let Ok(token) = header::HeaderValue::from_str(&token.to_string())
    {
        headers.insert(ACCESS_REVISION_NAME.clone(), token);
    }
    // Before or after: the answer was found somewhere in between.
    if let Some(age) = state.as_ref().and_then(|state| state.replica.stale_for()).max(was_stale) {
        headers.insert(header::HeaderName::from_static(ACCESS_STALE), age.as_secs().into());
    }
    if let Some(state) = state {
        let took = began.elapsed();
        let routed = response.request().extensions().get::<Routed>().copied();
        state.metrics.replied(routed, response.status(), took);
        if state.config.access_log {
            log_line(&response, routed, &state.config.base_path, &request_id, took);
        }
    }
    Ok(response)
}

fn log_line(
    response: &ServiceResponse<BoxBody>,
    routed: Option<Routed>,
    base_path: &str,
    request_id: &str,
    took: Duration,
) {
    let (request, status, micros) = (response.request(), response.status().as_u16(), took.as_micros() as u64);
    let method = request.method();
    // The framework would look for the pattern anew, among all of them.
    let (base_path, route) = match routed.and_then(Routed::path) {
        Some(path) => (base_path, Cow::Borrowed(path)),
        None => ("", request.match_pattern().map_or(Cow::Borrowed("(none)"), Cow::Owned)),
    };
    log::info!(target: "access", request_id = request_id, status = status, micros = micros; "{method} {base_path}{route}");
}

/// The id that the caller gave, if it is a plain one; else a new one.
fn request_id(request: &ServiceRequest) -> String {
    let plain = |id: &&str| {
        (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    };
    let given = request.headers().get(&REQUEST_ID_NAME).and_then(|value| value.to_str().ok()).filter(plain);
    // By a generator of this thread: asking the system for each would cost more than an answer does.
    let new = || uuid::Builder::from_random_bytes(rand::random()).into_uuid();
    given.map_or_else(|| new().to_string(), str::to_owned)
}

/// Errors, the framework's own included, in the one form that they have.
fn in_form(response: ServiceResponse<BoxBody>, request_id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = match response.response().error() {
        Some(why) => why.as_error::<Problem>().cloned().unwrap_or_else(|| of_framework(status, &why.to_string())),
        None => of_framework(status, status.canonical_reason().unwrap_or("unknown")),
    };
    response.into_response(problem.respond(Some(request_id)))
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

/// A route, for the guard before it.
#[derive(Clone, Copy)]
pub struct Admitted {
    /// Which one.
    pub routed: Routed,
    /// Who may call it.
    pub access: Access,
    /// The names of its query parameters.
    pub parameters: &'static [String],
}

/// Lets a request to its handler if its route lets the caller in.
pub async fn admit(
    Admitted { routed, access, parameters }: Admitted,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // Every refusal is a response: an error would leave without the id that `observe` gives.
    let asked = request.request().clone();
    asked.extensions_mut().insert(routed);
    let outcome = match check(access, parameters, &asked).await {
        Ok(leave) => {
            let answered = tokio::time::timeout(leave.time, next.call(request)).await;
            answered.map_err(|_| timed_out(access, asked.query_string(), leave.time))
        }
        Err(problem) => Err(problem),
    };
    outcome.unwrap_or_else(|problem| Ok(ServiceResponse::from_err(problem, asked)))
}

/// What a request was given.
struct Leave<'r> {
    /// How long it may take.
    time: Duration,
    /// Its place among those that are answered at the same time; whoever asks for health needs none.
    _place: Option<SemaphorePermit<'r>>,
}

/// A place for one more request, if there is one.
fn place(state: &AppState) -> Result<SemaphorePermit<'_>, Problem> {
    state.requests.try_acquire().map_err(|_| {
        let most = state.config.limits.max_requests;
        let detail = format!("{most} requests are being answered, as many as MAX_REQUESTS allows. Try again.");
        Problem::new("overloaded", detail)
    })
}

/// A write that was waited for too long may be kept all the same; a dry run keeps nothing.
fn timed_out(access: Access, query: &str, limit: Duration) -> Problem {
    let limit = format!("{} (REQUEST_TIMEOUT)", humantime::format_duration(limit));
    if access.writes() && !write::is_dry_run(query) {
        let detail = format!(
            "The write took longer than {limit}. Read whether it was kept, and repeat it if not; \
             with an Idempotency-Key it is safe to send again."
        );
        return Problem::new("outcome_unknown", detail);
    }
    Problem::new("timeout", format!("It took longer than {limit}. Ask for less at a time, or try again."))
}

/// Who may, with what, from when on.
async fn check<'r>(access: Access, parameters: &[String], request: &'r HttpRequest) -> Result<Leave<'r>, Problem> {
    let state = request.app_data::<web::Data<AppState>>();
    let state = state.ok_or_else(|| Problem::internal("the service has no state"))?;
    let mut held = None;
    if access != Access::Public {
        held = Some(place(state)?);
        let caller = state.authenticator.authenticate(authorization(request)?).await?;
        if let Some(scope) = access.scopes().find(|scope| !caller.may(*scope)) {
            let problem = Problem::new("missing_scope", format!("This needs a token with the scope {scope}."));
            return Err(problem.with_header(header::WWW_AUTHENTICATE, insufficient_scope(scope)));
        }
        request.extensions_mut().insert(caller);
        at_least(state, request).await?;
    }
    readable(request)?;
    known_parameters(request.query_string(), parameters)?;
    Ok(Leave { time: state.config.limits.request_timeout, _place: held })
}

/// The one `Authorization` header. Of two, nobody could say which one counts.
fn authorization(request: &HttpRequest) -> Result<Option<&str>, Problem> {
    let mut all = request.headers().get_all(header::AUTHORIZATION);
    match (all.next(), all.next()) {
        (_, Some(_)) => Err(Problem::new("invalid_header", "Send one Authorization header.")),
        (one, None) => Ok(one.map(|value| value.to_str().unwrap_or("?"))),
    }
}

async fn at_least(state: &AppState, request: &HttpRequest) -> Result<(), Problem> {
    let Some(value) = request.headers().get(AT_LEAST_REVISION) else { return Ok(()) };
    let token: RevisionToken = value
        .to_str()
        .unwrap_or("")
        .parse()
        .map_err(|why| Problem::new("invalid_header", format!("At-Least-Revision {why}.")))?;
    Ok(state.replica.at_least(&token, state.config.at_least_revision_wait).await?)
}

/// Path and query are percent-encoded UTF-8.
fn readable(request: &HttpRequest) -> Result<(), Problem> {
    let unreadable = "is not percent-encoded UTF-8; a percent sign itself is written %25.";
    if !query::is_decodable(request.path()) {
        return Err(Problem::new("invalid_path", format!("The path {unreadable}")));
    }
    if !query::is_decodable(request.query_string()) {
        return Err(Problem::new("invalid_parameter", format!("The query {unreadable}")));
    }
    Ok(())
}

/// A parameter that the route has not would be ignored, and the caller would never know.
fn known_parameters(query: &str, known: &[String]) -> Result<(), Problem> {
    for (name, _) in query::pairs(query) {
        if !known.iter().any(|known| *known == name) {
            let known =
                if known.is_empty() { "It takes none.".to_owned() } else { format!("There are {}.", known.join(", ")) };
            return Err(Problem::new("unknown_parameter", format!("This takes no query parameter {name:?}. {known}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_write_that_is_made_has_an_unknown_outcome() {
        let code = |scope, query| timed_out(Access::Needs(scope), query, Duration::from_secs(30)).into_body().code;
        assert_eq!(code(Scope::LinksWrite, ""), "outcome_unknown");
        assert_eq!(code(Scope::LinksWrite, "dry_run=false"), "outcome_unknown");
        assert_eq!(code(Scope::LinksWrite, "preview_limit=1&dry_run=true"), "timeout");
        assert_eq!(code(Scope::LinksRead, ""), "timeout");
    }

    #[test]
    fn what_needs_the_right_to_read_as_well_is_no_write() {
        let writes = [Access::Needs(Scope::LinksWrite), Access::NeedsBoth(Scope::SyncWrite, Scope::LinksWrite)];
        assert!(writes.into_iter().all(Access::writes));
        let others = [
            Access::Public,
            Access::Needs(Scope::LinksRead),
            Access::NeedsBoth(Scope::SyncWrite, Scope::AccessRead),
            Access::Runs(Scope::SyncWrite),
        ];
        assert!(!others.into_iter().any(Access::writes));
    }
}
