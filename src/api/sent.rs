//! What is said of a write, and its reply written out: ready to be sent, and to be kept for whoever sends the write again.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::preview::{Outcome, PreviewView, WarningView};
use super::problem::Problem;
use super::reply::ACCESS_REVISION;
use crate::plan::Refusal;
use crate::store::KeptReply;

/// What is said of a write.
pub struct Reply<V> {
    /// What the write itself replies with.
    pub status: StatusCode,
    etag: Option<String>,
    location: Option<String>,
    /// What it left.
    pub body: Option<V>,
}

/// Nothing is left to be shown.
#[derive(Debug, Serialize)]
pub struct Gone {}

impl<V> Reply<V> {
    /// 200 with what the write left, and its tag where it has one.
    pub fn ok(body: V, etag: Option<String>) -> Self {
        Self { status: StatusCode::OK, etag, location: None, body: Some(body) }
    }

    /// As [`Reply::ok`], but 201 where there was nothing before.
    pub fn set(is_new: bool, body: V, etag: Option<String>) -> Self {
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        Self { status, ..Self::ok(body, etag) }
    }

    /// As [`Reply::set`], with the place of what is new.
    pub fn written(is_new: bool, body: V, etag: String, place: String) -> Self {
        Self { location: is_new.then_some(place), ..Self::set(is_new, body, Some(etag)) }
    }
}

impl Reply<Gone> {
    /// 204.
    pub fn gone() -> Self {
        Self { status: StatusCode::NO_CONTENT, etag: None, location: None, body: None }
    }
}

/// A reply, written out.
pub struct Sent {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: String,
}

impl Sent {
    /// The reply to a write that was made.
    pub fn new<V: Serialize>(reply: Reply<V>, warnings: Vec<WarningView>, revision: String) -> Result<Self, Refusal> {
        let mut headers = vec![(ACCESS_REVISION.to_owned(), revision)];
        headers.extend(reply.etag.map(|etag| ("etag".to_owned(), format!("\"{etag}\""))));
        headers.extend(reply.location.map(|place| ("location".to_owned(), place)));
        let outcome = reply.body.map(|body| Outcome { body: Some(body), warnings, preview: None });
        let body = outcome.map_or(Ok(String::new()), |outcome| written(&outcome))?;
        Ok(Self { status: reply.status, headers, body })
    }

    /// The reply to one that was not.
    pub fn foreseen<V: Serialize>(body: Option<V>, preview: PreviewView, revision: String) -> Result<Self, Problem> {
        let outcome = Outcome { body, warnings: Vec::new(), preview: Some(preview) };
        let headers = vec![(ACCESS_REVISION.to_owned(), revision)];
        Ok(Self { status: StatusCode::OK, headers, body: written(&outcome)? })
    }

    /// As HTTP has it.
    pub fn respond(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for (name, value) in self.headers {
            response.insert_header((name, value));
        }
        if self.body.is_empty() { response.finish() } else { response.content_type("application/json").body(self.body) }
    }
}

fn written(value: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(|why| Refusal::Reply(why.to_string()))
}

impl From<Sent> for KeptReply {
    fn from(sent: Sent) -> Self {
        let headers = serde_json::to_string(&sent.headers).unwrap_or_default();
        Self { status: sent.status.as_u16(), headers, body: sent.body }
    }
}

impl TryFrom<KeptReply> for Sent {
    type Error = Problem;

    fn try_from(kept: KeptReply) -> Result<Self, Problem> {
        let status = StatusCode::from_u16(kept.status).map_err(Problem::internal)?;
        let headers = serde_json::from_str(&kept.headers).map_err(Problem::internal)?;
        Ok(Self { status, headers, body: kept.body })
    }
}
