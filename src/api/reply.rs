//! Replies: a representation with its entity tag, its revision and, where it is new, its place; and
//! what a request says about the state that it expects.

use actix_web::body::MessageBody;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, dev::Payload};
use serde::{Serialize, Serializer};
use std::cell::RefCell;
use std::future::{Ready, ready};

use super::again::Written;
use super::problem::Problem;
use super::state::At;
use crate::plan::Precondition;
use crate::replica::RevisionToken;

/// The header that carries the revision of a reply.
pub const ACCESS_REVISION: &str = "access-revision";

/// The same, so that no name is parsed for each reply.
pub static ACCESS_REVISION_NAME: header::HeaderName = header::HeaderName::from_static(ACCESS_REVISION);

/// The header of a reply whose answer may be out of date: the seconds since it was not.
pub const ACCESS_STALE: &str = "access-stale";

/// What a handler gives.
pub type Answer = Result<HttpResponse, Problem>;

/// 200 with a value.
pub fn ok<T: Serialize>(at: At<T>) -> HttpResponse {
    match serde_json::to_vec(&at.value) {
        Ok(json) => json_of(with_revision(StatusCode::OK, &at.revision), json),
        Err(why) => HttpResponse::from_error(Problem::internal(why)),
    }
}

/// The reply with this body.
fn json_of(mut response: HttpResponseBuilder, json: impl MessageBody + 'static) -> HttpResponse {
    response.insert_header((header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"))).body(json)
}

/// 200 with what was written out already and its tag, or 304 if nothing was because the caller has it.
pub fn written(at: At<Option<Written>>, etag: &str) -> HttpResponse {
    match at.value {
        Some(Written { json, zipped }) => {
            let mut response = with_revision(StatusCode::OK, &at.revision);
            response.insert_header(tag(etag));
            if let Some(zipped) = zipped {
                response.extensions_mut().insert(zipped);
            }
            json_of(response, json)
        }
        None => unchanged(&at.revision, etag),
    }
}

/// 200 with a representation and its tag, or 304 if the caller has it.
pub fn representation<T: Serialize>(at: At<T>, etag: &str, known: &IfNoneMatch) -> HttpResponse {
    if known.has(etag) {
        return unchanged(&at.revision, etag);
    }
    with_revision(StatusCode::OK, &at.revision).insert_header(tag(etag)).json(at.value)
}

/// 304 to whoever has it.
fn unchanged(revision: &RevisionToken, etag: &str) -> HttpResponse {
    with_revision(StatusCode::NOT_MODIFIED, revision).insert_header(tag(etag)).finish()
}

fn with_revision(status: StatusCode, revision: &RevisionToken) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((ACCESS_REVISION_NAME.clone(), stamp(revision).0));
    response
}

thread_local! {
    /// The token that this thread has written out last: every reply carries one, and only a write makes another.
    static WRITTEN: RefCell<Option<(RevisionToken, Stamp)>> = const { RefCell::new(None) };
}

/// The token of a revision, as the header carries it.
pub fn stamp(revision: &RevisionToken) -> Stamp {
    WRITTEN.with_borrow_mut(|written| match written {
        Some((known, stamp)) if known == revision => stamp.clone(),
        _ => {
            let stamp = header::HeaderValue::try_from(revision.to_string());
            let stamp = stamp.unwrap_or(header::HeaderValue::from_static("-"));
            let stamp = Stamp(stamp);
            *written = Some((*revision, stamp.clone()));
            stamp
        }
    })
}

/// The token of a revision, written out: as a header, and as text of a body.
#[derive(Debug, Clone)]
pub struct Stamp(pub header::HeaderValue);

impl Stamp {
    /// The token.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

fn tag(etag: &str) -> (header::HeaderName, String) {
    (header::ETAG, ["\"", etag, "\""].concat())
}

/// The tags that the caller knows (`If-None-Match`).
pub struct IfNoneMatch(Vec<String>);

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(IfNoneMatch::of(request))
    }
}

impl IfNoneMatch {
    /// What the request says.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        tags(request, header::IF_NONE_MATCH).map(|tags| IfNoneMatch(tags.unwrap_or_default()))
    }

    /// Whether the caller has what this tag is of.
    pub fn has(&self, etag: &str) -> bool {
        self.0.iter().any(|tag| tag == etag || tag == "*")
    }
}

/// What must hold before a write (`If-Match`, `If-None-Match`).
pub struct If(pub Precondition);

impl FromRequest for If {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(precondition(request).map(If))
    }
}

fn precondition(request: &HttpRequest) -> Result<Precondition, Problem> {
    if let Some(tags) = tags(request, header::IF_MATCH)? {
        let any = tags.iter().any(|tag| tag == "*");
        return Ok(if any { Precondition::Exists } else { Precondition::Matches(tags) });
    }
    match tags(request, header::IF_NONE_MATCH)? {
        None => Ok(Precondition::None),
        Some(tags) if tags == ["*"] => Ok(Precondition::Absent),
        Some(_) => Err(Problem::new(
            "invalid_header",
            "On a write, If-None-Match can only be *: write if there is nothing yet.",
        )),
    }
}

/// The entity tags in a header: bare, or `*`. Weak ones compare as strong ones: ours are strong.
fn tags(request: &HttpRequest, name: header::HeaderName) -> Result<Option<Vec<String>>, Problem> {
    let mut all = Vec::new();
    let mut present = false;
    for value in request.headers().get_all(&name) {
        present = true;
        let refused = || {
            let detail = format!(
                "{name} must be * or entity tags in double quotes, such as \"5f2c\", with commas between them."
            );
            Problem::new("invalid_header", detail)
        };
        for written in value.to_str().map_err(|_| refused())?.split(',').map(str::trim) {
            let bare = written.strip_prefix("W/").unwrap_or(written);
            let inner = bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            all.push(match inner {
                Some(tag) => tag.to_owned(),
                None if written == "*" => "*".to_owned(),
                None => return Err(refused()),
            });
        }
    }
    Ok(present.then_some(all))
}
