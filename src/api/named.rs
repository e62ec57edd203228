//! What a path names.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::borrow::Cow;
use std::future::{Ready, ready};

use super::problem::Problem;
use super::query;
use crate::directory::{ExternalId, ExternalKey, Reference, Source};

/// The things that a path names, in its order.
pub struct Named<const N: usize>(pub [Reference; N]);

impl<const N: usize> FromRequest for Named<N> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let named = segments(request).map(|text| reference(&text?)).collect::<Result<Vec<_>, _>>();
        ready(named.and_then(|named| named.try_into().map(Named).map_err(|_| miscounted())))
    }
}

/// A thing and the external id of it that a path names.
pub struct NamedExternalId(pub Reference, pub ExternalId);

impl FromRequest for NamedExternalId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let segments = segments(request).collect::<Result<Vec<_>, _>>();
        ready(segments.and_then(|segments| match segments.as_slice() {
            [thing, source, id] => {
                let source = Source::parse(source).map_err(|why| wrong("source", source, &why.detail))?;
                let id = ExternalKey::parse(id).map_err(|why| wrong("external id", id, &why.detail))?;
                Ok(NamedExternalId(reference(thing)?, ExternalId { source, id }))
            }
            _ => Err(miscounted()),
        }))
    }
}

/// The parts of the path that stand where its route has names. The router has decoded all but what would have meant
/// something else to it.
fn segments(request: &HttpRequest) -> impl Iterator<Item = Result<Cow<'_, str>, Problem>> {
    let unreadable = || Problem::new("invalid_path", "The path is not percent-encoded UTF-8.");
    request.match_info().iter().map(move |(_, text)| query::decoded(text).ok_or_else(unreadable))
}

fn miscounted() -> Problem {
    Problem::internal("a route has another number of names than its handler")
}

fn reference(text: &str) -> Result<Reference, Problem> {
    Reference::parse(text).map_err(|why| wrong("name", text, &why.detail))
}

fn wrong(what: &str, text: &str, detail: &str) -> Problem {
    let shown: String = text.chars().take(60).collect();
    Problem::new("invalid_path", format!("The {what} {shown:?} in the path {detail}."))
}
