//! Writes over HTTP: made, made once for each idempotency key, or only foreseen (`dry_run`).
//!
//! A handler gives two functions: what the write amounts to (a plan), and what is said of it (a reply,
//! from the index as it is after the write). A dry run calls the same two upon a copy of the index.

use std::future::{Ready, ready};

use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::page::limit_named;
use super::preview::{PreviewView, WarningView};
use super::problem::Problem;
use super::query::{self, Query};
use super::reply::Answer;
use super::request_digest::{IDEMPOTENCY_KEY, digest};
pub use super::sent::Reply;
use super::sent::{Gone, Sent};
use super::state::{Api, At};
use crate::access::Index;
use crate::auth::{Scope, insufficient_scope};
use crate::plan::{Plan, Refusal};
use crate::store::{KeptReply, WriteKey};

/// The header of a reply that was kept.
pub const IDEMPOTENCY_REPLAYED: &str = "idempotency-replayed";

/// A write on behalf of an authorized caller.
pub struct Write {
    api: Api,
    key: Option<String>,
    dry_run: Option<DryRun>,
    request: HttpRequest,
}

/// What is said where the thing is gone, or was not there.
pub fn gone<T>(_: &Api, _: &Index, _: T) -> Reply<Gone> {
    Reply::gone()
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

/// Whether nothing is to be written, as far as the query says.
pub fn is_dry_run(query: &str) -> bool {
    query::pairs(query).any(|(name, value)| name == "dry_run" && value == "true")
}

fn dry_run(api: &Api, request: &HttpRequest) -> Result<Option<DryRun>, Problem> {
    let params = Query::<DryRunParams>::from_request(request, &mut Payload::None).into_inner()?.0;
    if params.dry_run != Some(true) {
        // A limit alone says nothing: generated clients send the default of every parameter.
        let needed = || Problem::new("invalid_parameter", "preview_cursor needs dry_run=true.");
        return if params.preview_cursor.is_some() { Err(needed()) } else { Ok(None) };
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
    let mut given = request.headers().get_all(&IDEMPOTENCY_KEY);
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
        let (warnings, after) = (replica.warnings(p)?, replica.foresee(p)?);
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
    let turn = state.previews.clone().acquire_owned().await.map_err(Problem::internal)?;
    let this = digest(request, &["preview_cursor", "preview_limit"]);
    let foreseen = web::block(move || {
        // It has its turn until it is done, even if nobody waits for it any more.
        let (_turn, state) = (turn, api.state());
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

fn not_of_this() -> Problem {
    let detail = "The preview_cursor is not one of this very request: its path, query, body and If-Match must be as they were for the first page. Start again, without preview_cursor.";
    Problem::new("cursor_invalid", detail)
}
