//! Pages of other origins: which of them a browser lets call the service, and what it lets them read
//! (CORS). Without `CORS_ORIGINS` none of this happens.
//!
//! No cookies and no other credentials of the browser's are asked for: a page sends its token itself.
//! An origin that is not on the list is answered as if nothing here were, and the browser keeps the
//! reply from its page.

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use crate::config::Config;

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS: &str = "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, \
                               At-Least-Revision, Last-Event-ID, X-Request-Id";
const EXPOSED: &str = "ETag, Location, Access-Revision, Retry-After, X-Request-Id";
/// For so many seconds a browser need not ask again; none remembers it for longer than a day.
const MAX_AGE: &str = "7200";

/// The answer to what a browser asks before a page's request, where the page's origin is on the list. The
/// question carries no token, and the answer is the same for every path.
pub fn preflight(request: &HttpRequest, config: &Config) -> Option<HttpResponse> {
    let asks = !config.cors_origins.is_empty()
        && request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && listed_origin(request, config).is_some();
    asks.then(|| {
        HttpResponse::build(StatusCode::NO_CONTENT)
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE))
            .finish()
    })
}

/// Lets the pages of a listed origin read the reply, whatever it is: errors and 304 too.
pub fn share(request: &HttpRequest, headers: &mut HeaderMap, config: &Config) {
    if config.cors_origins.is_empty() {
        return;
    }
    // A cache must not give one origin what was answered to another, nor to none.
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = listed_origin(request, config) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

/// The origin that the request comes from, if it is on the list.
fn listed_origin(request: &HttpRequest, config: &Config) -> Option<HeaderValue> {
    let origin = request.headers().get(header::ORIGIN)?;
    let is_listed = config.cors_origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes());
    is_listed.then(|| origin.clone())
}
