//! Writes over HTTP: made, made once for each idempotency key, or only foreseen (`dry_run`).
//!
//! A handler gives two functions: what the write amounts to (a plan), and what is said of it (a reply,
//! from the index as it is after the write). A dry run calls the same two upon a copy of the index.

use std::collections::HashSet;
use std::future::{Ready, ready};
use std::sync::{Mutex, PoisonError};

use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, dev::Payload, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::page::limit_named;
use super::preview::{Outcome, PreviewView, WarningView};
use super::problem::Problem;
use super::query::{self, Query};
use super::reply::{ACCESS_REVISION, Answer};
use super::state::{Api, At};
use crate::access::Index;
use crate::auth::{Scope, insufficient_scope};
use crate::plan::{Plan, Refusal};
use crate::store::{KeptReply, WriteKey};

/// The header under which a write is made once, however often it is sent.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The header of a reply that was kept.
pub const IDEMPOTENCY_REPLAYED: &str = "idempotency-replayed";

/// What is said of a write.
pub struct Reply<V> {
    status: StatusCode,
    etag: Option<String>,
    location: Option<String>,
    body: Option<V>,
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

/// 204: it is gone, or was not there.
pub fn gone<T>(_: &Api, _: &Index, _: T) -> Reply<Gone> {
    Reply { status: StatusCode::NO_CONTENT, etag: None, location: None, body: None }
}

/// A write on behalf of an authorized caller.
pub struct Write {
    api: Api,
    key: Option<String>,
    dry_run: Option<DryRun>,
    request: HttpRequest,
}

/// The parameters of every write.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DryRunParams {
    /// Whether to write nothing and only say what the write would leave, and, in `preview`, whose access
    /// it would change. Needs `access:read` as well.
    #[param(default = false)]
    dry_run: Option<bool>,
    /// With `dry_run`: customer users on a page of the preview, 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    preview_limit: Option<u32>,
    /// With `dry_run`: the `next_cursor` of the preview's page before. The rest of the request must be as
    /// it was. If anything was written since the first page, this is a 409 `preview_outdated`.
    preview_cursor: Option<String>,
}

struct DryRun {
    limit: usize,
    cursor: Option<String>,
}

impl FromRequest for Write {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let api = Api::from_request(request, payload).into_inner();
        ready(api.and_then(|api| {
            let dry_run = dry_run(&api, request)?;
            Ok(Write { key: idempotency_key(request)?, dry_run, request: request.clone(), api })
        }))
    }
}

fn dry_run(api: &Api, request: &HttpRequest) -> Result<Option<DryRun>, Problem> {
    let params = Query::<DryRunParams>::from_request(request, &mut Payload::None).into_inner()?.0;
    if params.dry_run != Some(true) {
        let alone = params.preview_limit.is_some() || params.preview_cursor.is_some();
        let needed = || Problem::new("invalid_parameter", "preview_limit and preview_cursor need dry_run=true.");
        return if alone { Err(needed()) } else { Ok(None) };
    }
    if !api.caller.may(Scope::AccessRead) {
        let detail =
            format!("What a write would do to access is shown to a token with the scope {}.", Scope::AccessRead);
        let challenge = insufficient_scope(Scope::AccessRead);
        return Err(Problem::new("missing_scope", detail).with_header(header::WWW_AUTHENTICATE, challenge));
    }
    let limit = limit_named("preview_limit", params.preview_limit)?;
    Ok(Some(DryRun { limit, cursor: params.preview_cursor }))
}

/// Only what cannot simply be sent again has one: `PUT` and `DELETE` can.
fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut given = request.headers().get_all(IDEMPOTENCY_KEY);
    let (first, second) = (given.next(), given.next());
    let Some(value) = first.filter(|_| matches!(request.method().as_str(), "POST" | "PATCH")) else { return Ok(None) };
    let plain = |key: &&str| (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    let key = value.to_str().ok().filter(plain).filter(|_| second.is_none());
    let refused = || Problem::new("invalid_header", "Idempotency-Key must be 1 to 255 visible ASCII characters, once.");
    key.map(|key| Some(key.to_owned())).ok_or_else(refused)
}

impl Write {
    /// The service on behalf of who writes.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Makes the write, or foresees it, and replies.
    pub async fn make<T: Send + 'static, V: Serialize + 'static>(
        self,
        plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
        reply: impl FnOnce(&Api, &Index, T) -> Reply<V> + Send + 'static,
    ) -> Answer {
        let Write { api, key, dry_run, request } = self;
        match (dry_run, key) {
            (Some(dry_run), _) => foresee(api, dry_run, &request, plan, reply).await,
            (None, None) => make(api, plan, reply).await,
            (None, Some(idempotency_key)) => {
                let actor = api.caller.actor.clone();
                let key = WriteKey { actor, idempotency_key, request_digest: digest(&request, &[]) };
                make_once(api, key, plan, reply).await
            }
        }
    }
}

async fn make<T: Send + 'static, V: Serialize>(
    api: Api,
    plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
    reply: impl FnOnce(&Api, &Index, T) -> Reply<V>,
) -> Answer {
    let replica = api.state().replica.clone();
    let planned = move |p: &mut Plan| {
        let value = plan(p)?;
        Ok((value, replica.warnings(p)?))
    };
    let At { value: (value, warnings), revision } = api.write(planned).await?;
    let (reply, warnings) =
        api.state().replica.ask(|index| (reply(&api, index, value), WarningView::all(index, &warnings)));
    Ok(Sent::new(reply, warnings, revision.to_string())?.respond())
}

async fn make_once<T, V: Serialize>(
    api: Api,
    key: WriteKey,
    plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
    reply: impl FnOnce(&Api, &Index, T) -> Reply<V> + Send + 'static,
) -> Answer {
    let state = api.state_data();
    let _alone = state.in_flight.enter(&key)?;
    let replica = state.replica.clone();
    let for_reply = api.clone();
    let planned = move |p: &mut Plan| {
        if let Some(kept) = p.kept_reply(&key)? {
            return Ok((kept, true));
        }
        let value = plan(p)?;
        let (warnings, (_, after)) = (replica.warnings(p)?, replica.foresee(p)?);
        let reply = reply(&for_reply, &after, value);
        let revision = replica.token(p.revision()).to_string();
        let sent = Sent::new(reply, WarningView::all(&after, &warnings), revision)?;
        let kept = KeptReply::from(sent);
        p.keep_reply(key, kept.clone());
        Ok((kept, false))
    };
    let (kept, replayed) = api.write(planned).await?.value;
    let mut response = Sent::try_from(kept)?.respond();
    if replayed {
        let name = header::HeaderName::from_static(IDEMPOTENCY_REPLAYED);
        response.headers_mut().insert(name, header::HeaderValue::from_static("true"));
    }
    Ok(response)
}

async fn foresee<T, V: Serialize + 'static>(
    api: Api,
    dry_run: DryRun,
    request: &HttpRequest,
    plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
    reply: impl FnOnce(&Api, &Index, T) -> Reply<V> + Send + 'static,
) -> Answer {
    let state = api.state_data();
    let _turn = state.previews.acquire().await.map_err(Problem::internal)?;
    let this = digest(request, &["preview_cursor", "preview_limit"]);
    let foreseen = web::block(move || {
        let state = api.state();
        let place = dry_run
            .cursor
            .map(|cursor| state.cursor_key.open(&this, &cursor))
            .transpose()
            .map_err(|_| not_of_this())?;
        let previewed = state.replica.preview(plan)?;
        let revision = state.replica.token(previewed.revision).to_string();
        if place.as_ref().is_some_and(|place| place.value != revision) {
            let detail =
                "Something was written since the first page of this preview. Start again, without preview_cursor.";
            return Err(Problem::new("preview_outdated", detail));
        }
        let said = reply(&api, previewed.preview.after(), previewed.value);
        let after = place.map(|place| place.number);
        let (mut view, last) = PreviewView::new(&previewed.preview, &previewed.edits, after, dry_run.limit);
        view.status = said.status.as_u16();
        view.warnings = WarningView::all(previewed.preview.after(), &previewed.warnings);
        view.next_cursor = last.map(|last| state.cursor_key.seal(&this, revision.clone(), u64::from(last.0)));
        Sent::foreseen(said.body, view, revision)
    });
    Ok(foreseen.await.map_err(Problem::internal)??.respond())
}

/// A reply, written out.
struct Sent {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: String,
}

impl Sent {
    fn new<V: Serialize>(reply: Reply<V>, warnings: Vec<WarningView>, revision: String) -> Result<Self, Refusal> {
        let mut headers = vec![(ACCESS_REVISION.to_owned(), revision)];
        headers.extend(reply.etag.map(|etag| ("etag".to_owned(), format!("\"{etag}\""))));
        headers.extend(reply.location.map(|place| ("location".to_owned(), place)));
        let outcome = reply.body.map(|body| Outcome { body: Some(body), warnings, preview: None });
        let body = outcome.map_or(Ok(String::new()), |outcome| written(&outcome))?;
        Ok(Self { status: reply.status, headers, body })
    }

    fn foreseen<V: Serialize>(body: Option<V>, preview: PreviewView, revision: String) -> Result<Self, Problem> {
        let outcome = Outcome { body, warnings: Vec::new(), preview: Some(preview) };
        let headers = vec![(ACCESS_REVISION.to_owned(), revision)];
        Ok(Self { status: StatusCode::OK, headers, body: written(&outcome)? })
    }

    fn respond(self) -> HttpResponse {
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

fn not_of_this() -> Problem {
    let detail = "The preview_cursor is not one of this very request: its path, query, body and If-Match must be as they were for the first page. Start again, without preview_cursor.";
    Problem::new("cursor_invalid", detail)
}

/// What a request says: its method, path, query and body, and what it expects to find.
fn digest(request: &HttpRequest, but_for: &[&str]) -> String {
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
        request.headers().get_all(&name).for_each(|value| add(value.as_bytes()));
    }
    add(request.extensions().get::<RawBody>().map_or(&[][..], |body| &body.0));
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// The body as it came, for whoever needs its digest.
pub struct RawBody(pub web::Bytes);

/// Whether somebody will need the digest of the body.
pub fn is_digested(request: &HttpRequest) -> bool {
    request.headers().contains_key(IDEMPOTENCY_KEY) || !request.query_string().is_empty()
}

/// The keyed writes that are being made in this process.
#[derive(Default)]
pub struct InFlight(Mutex<HashSet<(String, String)>>);

/// One of them; it is none any more when this is dropped.
struct Alone<'f> {
    of: &'f InFlight,
    key: (String, String),
}

impl InFlight {
    fn enter(&self, key: &WriteKey) -> Result<Alone<'_>, Problem> {
        let key = (key.actor.clone(), key.idempotency_key.clone());
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone()) {
            return Ok(Alone { of: self, key });
        }
        let detail =
            "A write with this Idempotency-Key is being made at this moment. Wait for its reply, or try again.";
        Err(Problem::new("idempotency_key_in_flight", detail))
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
