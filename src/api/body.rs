//! Bodies: JSON into a type that cannot hold a bad value, or a problem that names everything wrong
//! with it at once.

use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Problem;
use super::request_digest::{RawBody, is_digested};
use super::state::Shared;
use crate::json;

/// A JSON body, parsed.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            is_json(&request)?;
            let bytes = read(&request, &mut payload).await?;
            of_bytes(&bytes).map(Body)
        })
    }
}

/// A body that may be left out; `null` is as good as none.
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = read(&request, &mut payload).await?;
            if bytes.is_empty() {
                return Ok(OptionalBody(T::default()));
            }
            is_json(&request)?;
            match json(&bytes)? {
                Value::Null => Ok(OptionalBody(T::default())),
                value => of_value(value).map(OptionalBody),
            }
        })
    }
}

/// A body that programs send all the time, and that is therefore read in one go where it is as it should be.
pub struct Quick<T>(pub T);

/// What a [`Quick`] body is read into.
pub trait OfBytes: Sized {
    /// What the bytes say, or everything that is wrong with them.
    fn of_bytes(bytes: &[u8]) -> Result<Self, Problem>;
}

impl<T: OfBytes> FromRequest for Quick<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            is_json(&request)?;
            T::of_bytes(&read(&request, &mut payload).await?).map(Quick)
        })
    }
}

/// Reads a body straight into a type made of structs and so many lists, where that gives what [`of_bytes`] gives: a
/// struct refuses a member that stands twice by itself, and takes a list for an object only where there is one list more.
/// `None` says nothing of the body; who gets it asks [`of_bytes`], which says what is wrong.
pub fn at_once<T: DeserializeOwned>(bytes: &[u8], lists: usize) -> Option<T> {
    let begun = bytes.iter().filter(|byte| **byte == b'[').count();
    if begun == lists { serde_json::from_slice(bytes).ok() } else { None }
}

/// What a body says, or everything that is wrong with it.
pub fn of_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    of_value(json(bytes)?)
}

fn is_json(request: &HttpRequest) -> Result<(), Problem> {
    let is_plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !request.headers().get_all(CONTENT_ENCODING).all(is_plain) {
        let detail = "Bodies are read as they are: send it uncompressed, without Content-Encoding.";
        return Err(Problem::new("unsupported_media_type", detail).with_header(ACCEPT_ENCODING, "identity"));
    }
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim();
    if ["application/json", "application/merge-patch+json"].iter().any(|json| essence.eq_ignore_ascii_case(json)) {
        return Ok(());
    }
    Err(Problem::new("unsupported_media_type", "Send the body as JSON, with Content-Type: application/json."))
}

async fn read(request: &HttpRequest, payload: &mut Payload) -> Result<web::Bytes, Problem> {
    let most = request.app_data::<Shared>().map_or(0, |state| state.config.limits.max_body_bytes);
    let too_large = || {
        Problem::new(
            "body_too_large",
            format!("The body may have at most {most} bytes (MAX_BODY_BYTES); send it in parts."),
        )
    };
    if announced(request).is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    // What comes in one piece, as a small body does, is not copied.
    let (mut first, mut all) = (web::Bytes::new(), web::BytesMut::new());
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|why| Problem::new("invalid_json", format!("The body did not arrive whole: {why}.")))?;
        if first.len() + all.len() + chunk.len() > most {
            return Err(too_large());
        }
        if first.is_empty() && all.is_empty() {
            first = chunk;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&chunk);
        }
    }
    let bytes = if all.is_empty() { first } else { all.freeze() };
    if is_digested(request) {
        request.extensions_mut().insert(RawBody(bytes.clone()));
    }
    Ok(bytes)
}

fn json(bytes: &[u8]) -> Result<Value, Problem> {
    json::parse(bytes).map_err(|why| Problem::new("invalid_json", format!("The body is not JSON: {why}.")))
}

/// The length that the request says its body has.
fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Parses an object, or says everything that is wrong with it.
pub fn of_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    json::of_value(value).map_err(Problem::of_input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::access::Question;

    #[test]
    fn what_is_read_in_one_go_is_read_the_same() {
        let said = |question: &Question| format!("{question:?}");
        let at_once = |body: &str| at_once::<Question>(body.as_bytes(), 0).as_ref().map(said);
        let good = r#"{"customer_user": "Jane", "group": "a", "permission": "ro", "thing": {"customer": "acme"}}"#;
        assert_eq!(at_once(good), of_bytes::<Question>(good.as_bytes()).ok().as_ref().map(said));
        assert!(at_once(good).is_some());
        for body in [
            r#"{"service": "a", "service": "a"}"#,
            r#"{"group": "a", "permission": "ro", "thing": {"customer": "a", "customer": "b"}}"#,
            r#"{"group": "a", "permission": "ro", "thing": ["acme", "jane"]}"#,
            r#"["jane", "a", "ro", null, null, false, null]"#,
            r#"{"service": "a", "colour": "red"}"#,
            r#"{"service": "a"} {}"#,
            r#"{"service": " "}"#,
            "null",
            "",
        ] {
            assert!(at_once(body).is_none() && of_bytes::<Question>(body.as_bytes()).is_err(), "{body}");
        }
    }
}
