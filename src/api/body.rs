//! Bodies: JSON into a type that cannot hold a bad value, or a problem that names everything wrong
//! with it at once.

use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::json;
use super::problem::Problem;
use super::request_digest::{RawBody, is_digested};
use super::state::AppState;
use crate::directory::Invalid;
use crate::plan::FieldError;

/// So many wrong members are named; whoever has more will find the rest the next time.
const MOST_ERRORS: usize = 50;

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
    let most = request.app_data::<web::Data<AppState>>().map_or(0, |state| state.config.limits.max_body_bytes);
    let too_large = || {
        Problem::new(
            "body_too_large",
            format!("The body may have at most {most} bytes (MAX_BODY_BYTES); send it in parts."),
        )
    };
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
pub fn of_value<T: DeserializeOwned>(mut value: Value) -> Result<T, Problem> {
    if !value.is_object() {
        let why = Invalid::new("wrong_type", "must be an object");
        return Err(Problem::of_input(vec![FieldError::new("", why)]));
    }
    let mut errors: Vec<FieldError> = Vec::new();
    // Serde stops at the first wrong member: take it out, and look for the next one.
    loop {
        let why = match serde_path_to_error::deserialize::<_, T>(json::Strictly(&value)) {
            Ok(parsed) if errors.is_empty() => return Ok(parsed),
            Ok(_) => break,
            Err(why) => why,
        };
        let (error, found_at) = read_error(&why);
        let again = errors.iter().any(|earlier| earlier.pointer == error.pointer);
        if !again {
            errors.push(error);
        }
        if again || errors.len() >= MOST_ERRORS || !remove(&mut value, &found_at) {
            break;
        }
    }
    Err(Problem::of_input(errors))
}

/// The error, and the path of the member to take out.
fn read_error(why: &serde_path_to_error::Error<serde_json::Error>) -> (FieldError, Vec<String>) {
    let mut path = steps(why.path());
    let text = why.inner().to_string();
    let quoted = || text.split('`').nth(1).unwrap_or_default().to_owned();
    let (code, detail) = match text.split_once('\u{1f}') {
        Some((code, detail)) => (code.to_owned(), detail.to_owned()),
        None if text.starts_with("missing field") => {
            path.push(quoted());
            ("required".to_owned(), "is required".to_owned())
        }
        None if text.starts_with("unknown field") => {
            if path.last() != Some(&quoted()) {
                path.push(quoted());
            }
            let known = text.split_once(", ").map_or("", |(_, known)| known);
            ("unknown_field".to_owned(), format!("is not known here; {known}").replace('`', ""))
        }
        None if text.starts_with("unknown variant") => {
            let known = text.split_once(", ").map_or("", |(_, known)| known);
            ("unknown_value".to_owned(), format!("is none of the values it can have; {known}").replace('`', ""))
        }
        None => ("wrong_type".to_owned(), format!("is of the wrong type: {text}")),
    };
    let pointer = path.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect();
    (FieldError { pointer, code, detail }, path)
}

fn steps(path: &serde_path_to_error::Path) -> Vec<String> {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Unknown => None,
        })
        .collect()
}

/// Takes a member out of an object; `false` where that cannot be done. The items of an array are
/// left, because each is known by its place.
fn remove(value: &mut Value, path: &[String]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let parent = parents.iter().try_fold(value, |value, step| match value {
        Value::Object(members) => members.get_mut(step),
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    });
    match parent {
        Some(Value::Object(members)) => members.remove(last).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::access::Question;
    use crate::directory::{CustomerFields, CustomerPatch};

    fn errors<T: DeserializeOwned>(body: &str) -> Vec<(String, String)> {
        let problem = json(body.as_bytes()).and_then(of_value::<T>).err().expect("the body is wrong");
        problem.into_body().errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let body = r#"{"customer_id": " ", "name": 5, "url": "ftp://x", "colour": "red", "validity": "maybe"}"#;
        let mut found = errors::<CustomerFields>(body);
        found.sort();
        let expected = [
            ("/colour", "unknown_field"),
            ("/customer_id", "empty"),
            ("/name", "wrong_type"),
            ("/url", "not_a_url"),
            ("/validity", "unknown_value"),
        ];
        assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(errors::<CustomerFields>("{}"), [("/customer_id".to_owned(), "required".to_owned())]);
    }

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

    #[test]
    fn null_clears_and_absence_leaves() {
        let patch: CustomerPatch = of_value(serde_json::json!({"name": null})).unwrap_or_else(|_| panic!("a patch"));
        assert_eq!(patch.name, crate::directory::Patch::Clear);
        assert!(patch.city.is_untouched());
    }
}
