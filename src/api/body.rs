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
use super::state::AppState;
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
            of_value(json(&bytes)?).map(Body)
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

fn is_json(request: &HttpRequest) -> Result<(), Problem> {
    let is_plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !request.headers().get_all(CONTENT_ENCODING).all(is_plain) {
        let detail = "Bodies are read as they are: send it uncompressed, without Content-Encoding.";
        return Err(Problem::new("unsupported_media_type", detail).with_header(ACCEPT_ENCODING, "identity"));
    }
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if matches!(essence.as_str(), "application/json" | "application/merge-patch+json") {
        return Ok(());
    }
    Err(Problem::new("unsupported_media_type", "Send the body as JSON, with Content-Type: application/json."))
}

async fn read(request: &HttpRequest, payload: &mut Payload) -> Result<web::Bytes, Problem> {
    let most = request.app_data::<web::Data<AppState>>().map_or(0, |state| state.config.limits.max_body_bytes);
    let too_large =
        || Problem::new("body_too_large", format!("The body may have at most {most} bytes; send it in parts."));
    if announced(request).is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|why| Problem::new("invalid_json", format!("The body did not arrive whole: {why}.")))?;
        if bytes.len() + chunk.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    let bytes = bytes.freeze();
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
