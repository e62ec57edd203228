//! Pages of other origins: which of them a browser lets call the service, and what it lets them read
//! (CORS). Without `CORS_ORIGINS` none of this happens.
//!
//! No cookies and no other credentials of the browser's are asked for: a page sends its token itself.
//! An origin that is not on the list is answered as if nothing here were, and the browser keeps the
//! reply from its page.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};

use super::state::AppState;

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS: &str = "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, \
                               At-Least-Revision, Last-Event-ID, X-Request-Id";
const EXPOSED: &str = "ETag, Location, Access-Revision, Retry-After, X-Request-Id";
/// For so many seconds a browser need not ask again; none remembers it for longer than a day.
const MAX_AGE: &str = "7200";

/// Answers what a browser asks before a page's request, where the page's origin is on the list. The
/// question carries no token, and the answer is the same for every path.
pub async fn answer_preflight<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let asks = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && listed_origin(&request).is_some();
    if !asks {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let allowed = HttpResponse::build(StatusCode::NO_CONTENT)
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE))
        .finish();
    Ok(request.into_response(allowed))
}

/// Lets the pages of a listed origin read the reply, whatever it is: errors and 304 too.
pub async fn share<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let origin = listed_origin(&request);
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    // A cache must not give one origin what was answered to another, nor to none.
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    Ok(response)
}

/// The origin that the request comes from, if it is on the list.
fn listed_origin(request: &ServiceRequest) -> Option<HeaderValue> {
    let origin = request.headers().get(header::ORIGIN)?;
    let state = request.app_data::<web::Data<AppState>>()?;
    let is_listed = state.config.cors_origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes());
    is_listed.then(|| origin.clone())
}
