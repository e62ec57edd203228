//! Conditional reading: every reply to a GET has an entity tag, and whoever has the representation
//! already is told so (304) instead of getting it again.
//!
//! A record has a tag of its own, which its handler gives, and so has everything that a customer user has
//! (`written.rs`). All else (a page of a list or of a matrix, another answer) gets one here, made of the bytes of the
//! reply. Where writes are held against a
//! version of the whole, that version comes first, with a dot after it: such a tag serves for
//! `If-None-Match`, because it changes with anything that is shown, and for `If-Match`, where what is
//! before the dot counts.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::http::{StatusCode, header};

use super::reply::IfNoneMatch;
use crate::directory::digest;

/// The version of the whole that a page is of.
struct Version(String);

/// A page of something that has a version as a whole.
pub fn of_version(version: String, mut reply: HttpResponse) -> HttpResponse {
    reply.extensions_mut().insert(Version(version));
    reply
}

/// The reply with its tag, or 304.
pub fn tagged(mut response: HttpResponse, known: &IfNoneMatch) -> HttpResponse {
    if response.status() != StatusCode::OK || response.headers().contains_key(header::ETAG) {
        return response;
    }
    let version = response.extensions_mut().remove::<Version>();
    let (mut response, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(streamed) => return response.set_body(streamed),
    };
    let tag = match version {
        Some(Version(version)) => format!("{version}.{}", digest(&body)),
        None => digest(&body),
    };
    if let Ok(value) = header::HeaderValue::from_str(&format!("\"{tag}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    if !known.has(&tag) {
        return response.set_body(BoxBody::new(body));
    }
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().remove(header::CONTENT_TYPE);
    response.set_body(BoxBody::new(()))
}
