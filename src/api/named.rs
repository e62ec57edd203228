//! What a path names.

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use std::future::{Ready, ready};

use super::problem::Problem;
use crate::directory::{ExternalId, ExternalKey, Reference, Source};

/// The things that a path names, in its order.
pub struct Named<const N: usize>(pub [Reference; N]);

impl<const N: usize> FromRequest for Named<N> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(segments(request, payload).and_then(|segments| {
            let named: Vec<Reference> = segments.iter().map(|text| reference(text)).collect::<Result<_, _>>()?;
            named
                .try_into()
                .map(Named)
                .map_err(|_| Problem::internal("a route has another number of names than its handler"))
        }))
    }
}

/// A thing and the external id of it that a path names.
pub struct NamedExternalId(pub Reference, pub ExternalId);

impl FromRequest for NamedExternalId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(segments(request, payload).and_then(|segments| match segments.as_slice() {
            [thing, source, id] => {
                let source = Source::parse(source).map_err(|why| wrong("source", source, &why.detail))?;
                let id = ExternalKey::parse(id).map_err(|why| wrong("external id", id, &why.detail))?;
                Ok(NamedExternalId(reference(thing)?, ExternalId { source, id }))
            }
            _ => Err(Problem::internal("a route has another number of names than its handler")),
        }))
    }
}

fn segments(request: &HttpRequest, payload: &mut Payload) -> Result<Vec<String>, Problem> {
    // Without a percent sign nothing is left to be decoded.
    if !request.path().contains('%') {
        return Ok(request.match_info().iter().map(|(_, text)| text.to_owned()).collect());
    }
    let segments = web::Path::<Vec<String>>::from_request(request, payload).into_inner();
    let segments = segments.map_err(|why| Problem::new("invalid_path", format!("The path cannot be read: {why}.")))?;
    Ok(segments.into_inner())
}

fn reference(text: &str) -> Result<Reference, Problem> {
    Reference::parse(text).map_err(|why| wrong("name", text, &why.detail))
}

fn wrong(what: &str, text: &str, detail: &str) -> Problem {
    let shown: String = text.chars().take(60).collect();
    Problem::new("invalid_path", format!("The {what} {shown:?} in the path {detail}."))
}
