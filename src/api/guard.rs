//! What happens to a request that has a route, before its handler: the route's scope is checked; its query is held
//! against the route's parameters; the revision that it asks for is waited for.
//!
//! The guard calls the handler itself. A middleware for each of these steps would cost a request more than most of the
//! steps do.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::{ServiceRequest, ServiceResponse, fn_service};
use actix_web::http::header;
use actix_web::{FromRequest, Handler, HttpMessage, HttpRequest, HttpResponse, Responder, Route, web};

use super::conditional;
use super::metrics::Routed;
use super::observe::observed;
use super::places::Place;
use super::problem::Problem;
use super::query;
use super::reply::IfNoneMatch;
use super::state::{AppState, state};
use super::write;
use crate::auth::{Caller, Scope, insufficient_scope};
use crate::replica::RevisionToken;

/// The header by which a request asks for a revision or a later one.
pub const AT_LEAST_REVISION: &str = "at-least-revision";

/// The same, so that no name is parsed for each request.
static AT_LEAST_REVISION_NAME: header::HeaderName = header::HeaderName::from_static(AT_LEAST_REVISION);

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

/// A route, for the guard before it.
#[derive(Clone, Copy)]
pub struct Admitted {
    /// Which one.
    pub routed: Routed,
    /// Who may call it.
    pub access: Access,
    /// The names of its query parameters.
    pub parameters: &'static [String],
    /// Whether its replies get an entity tag.
    pub is_tagged: bool,
}

/// Who asks, where the route lets only known callers in; it stands in the request.
#[derive(Clone)]
pub struct AdmittedCaller(pub Arc<Caller>);

/// A route to this handler, with the guard before it.
pub fn route<F, Args>(admitted: Admitted, handler: F) -> Route
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    web::route().service(fn_service(move |request| answer(admitted, handler.clone(), request)))
}

async fn answer<F, Args>(
    admitted: Admitted,
    handler: F,
    request: ServiceRequest,
) -> Result<ServiceResponse, actix_web::Error>
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    let (request, mut payload) = request.into_parts();
    let response = {
        let state = state(&request)?;
        // Both stay where they are: what moves a future to another keeps room for it in either place, and a request's is
        // moved as a whole.
        let handled = pin!(async {
            match Args::from_request(&request, &mut payload).await {
                Ok(arguments) => handler.call(arguments).await.respond_to(&request).map_into_boxed_body(),
                Err(why) => HttpResponse::from_error(why),
            }
        });
        let answered =
            pin!(async { admitted.let_in(state, &request, handled).await.unwrap_or_else(HttpResponse::from_error) });
        observed(state, &request, admitted.routed, answered).await
    };
    Ok(ServiceResponse::new(request, response))
}

impl Admitted {
    /// Lets a request to its handler if its route lets the caller in.
    async fn let_in(
        &self,
        state: &AppState,
        request: &HttpRequest,
        handled: impl Future<Output = HttpResponse> + Unpin,
    ) -> Result<HttpResponse, Problem> {
        let leave = check(self, state, request).await?;
        let known = if self.is_tagged { Some(IfNoneMatch::of(request)?) } else { None };
        let Some(response) = within(leave.time, handled).await else {
            return Err(timed_out(self.access, request.query_string(), leave.time));
        };
        Ok(match known {
            Some(known) => conditional::tagged(response, &known),
            None => response,
        })
    }
}

/// What the future gives, if it does so in time. Most do at once, and need no timer.
async fn within<F: Future + Unpin>(time: Duration, mut future: F) -> Option<F::Output> {
    match poll_fn(|context| Poll::Ready(Pin::new(&mut future).poll(context))).await {
        Poll::Ready(output) => Some(output),
        Poll::Pending => tokio::time::timeout(time, future).await.ok(),
    }
}

/// What a request was given.
struct Leave<'s> {
    /// How long it may take.
    time: Duration,
    /// Its place among those that are answered at the same time; whoever asks for health needs none.
    _place: Option<Place<'s>>,
}

/// A place for one more request, if there is one.
fn place(state: &AppState) -> Result<Place<'_>, Problem> {
    state.requests.take().ok_or_else(|| {
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
async fn check<'s>(admitted: &Admitted, state: &'s AppState, request: &HttpRequest) -> Result<Leave<'s>, Problem> {
    let mut held = None;
    if admitted.access != Access::Public {
        held = Some(place(state)?);
        let caller = state.authenticator.authenticate(authorization(request)?).await?;
        if let Some(scope) = admitted.access.scopes().find(|scope| !caller.may(*scope)) {
            let problem = Problem::new("missing_scope", format!("This needs a token with the scope {scope}."));
            return Err(problem.with_header(header::WWW_AUTHENTICATE, insufficient_scope(scope)));
        }
        at_least(state, request).await?;
        request.extensions_mut().insert(AdmittedCaller(caller));
    }
    readable(request)?;
    known_parameters(request.query_string(), admitted.parameters)?;
    Ok(Leave { time: state.config.limits.request_timeout, _place: held })
}

/// The one `Authorization` header. Of two, nobody could say which one counts.
fn authorization(request: &HttpRequest) -> Result<Option<&[u8]>, Problem> {
    let mut all = request.headers().get_all(header::AUTHORIZATION);
    match (all.next(), all.next()) {
        (_, Some(_)) => Err(Problem::new("invalid_header", "Send one Authorization header.")),
        (one, None) => Ok(one.map(header::HeaderValue::as_bytes)),
    }
}

async fn at_least(state: &AppState, request: &HttpRequest) -> Result<(), Problem> {
    let Some(value) = request.headers().get(&AT_LEAST_REVISION_NAME) else { return Ok(()) };
    let token: RevisionToken = value
        .to_str()
        .unwrap_or("")
        .parse()
        .map_err(|why| Problem::new("invalid_header", format!("At-Least-Revision {why}.")))?;
    Ok(state.replica.at_least(&token, state.config.at_least_revision_wait).await?)
}

/// Path and query are percent-encoded UTF-8, without the one character that no text of ours has and PostgreSQL none at all.
fn readable(request: &HttpRequest) -> Result<(), Problem> {
    let unreadable = "is not percent-encoded UTF-8; a percent sign itself is written %25.";
    let not_text = "has the character U+0000 (%00), which nothing here has.";
    let parts = [("path", "invalid_path", request.path()), ("query", "invalid_parameter", request.query_string())];
    for (part, code, text) in parts {
        let why = match query::decoded(text) {
            Some(text) if !text.contains('\0') => continue,
            Some(_) => not_text,
            None => unreadable,
        };
        return Err(Problem::new(code, format!("The {part} {why}")));
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
