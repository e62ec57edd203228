//! What a request says, in a few bytes: to know whether another one says the same.

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::query;

/// The header under which a write is made once, however often it is sent.
pub static IDEMPOTENCY_KEY: header::HeaderName = header::HeaderName::from_static("idempotency-key");

/// What a request says: its method, path, query and body, and what it expects to find.
pub fn digest(request: &HttpRequest, but_for: &[&str]) -> String {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    };
    add(request.method().as_str().as_bytes());
    add(request.path().as_bytes());
    for (name, value) in query::pairs(request.query_string()).filter(|(name, _)| !but_for.contains(&&**name)) {
        add(name.as_bytes());
        add(value.as_bytes());
    }
    for name in [header::IF_MATCH, header::IF_NONE_MATCH] {
        add(name.as_str().as_bytes());
        request.headers().get_all(&name).for_each(|value| add(value.as_bytes()));
    }
    add(request.extensions().get::<RawBody>().map_or(&[][..], |body| &body.0));
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// The body as it came, for whoever needs its digest.
pub struct RawBody(pub web::Bytes);

/// Whether somebody will need the digest of the body.
pub fn is_digested(request: &HttpRequest) -> bool {
    request.headers().contains_key(&IDEMPOTENCY_KEY) || !request.query_string().is_empty()
}
