//! Import jobs over HTTP: whole exports of another system, uploaded in chunks and written in the background.

mod chunks;
mod request;
mod results;
mod views;

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::body::{Body, OptionalBody};
use super::page::limit;
use super::problem::Problem;
use super::query::Query;
use super::reply::Answer;
use super::state::{Api, At};
use crate::auth::{Scope, insufficient_scope};
use crate::plan::{Plan, Refusal, imports};
use crate::store;
use crate::store::imports::{ImportJob, JobQuery, JobState};
use crate::sync::jobs::Tally;
use crate::sync::jobs::options::{Options, Progress};
use crate::sync::jobs::worker::Bell;
use crate::sync::rows::Area;
pub use chunks::{__path_list_import_chunks, __path_put_import_chunk, list_import_chunks, put_import_chunk};
use request::NewImportJob;
pub use results::{
    __path_get_import_preview, __path_list_import_absent, __path_list_import_results, ImportAbsentThing,
    get_import_preview, list_import_absent, list_import_results, render,
};
use views::{ImportJobPage, ImportJobView};

/// What the handlers share with the thread that works on the jobs.
#[derive(Clone, Default)]
pub struct Imports {
    /// Wakes it.
    pub bell: Bell,
    /// What it counts.
    pub tally: Arc<Tally>,
}

/// How many seconds a caller waits before it looks again at a job that moves.
const LOOK_AGAIN: u64 = 1;

/// The parameters of the creation of a job.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CreateImportJobParams {
    /// Whether a job of the source that has not ended is cancelled, instead of a 409 `import_job_open`. What it has
    /// written stays.
    #[param(default = false)]
    pub supersede: Option<bool>,
}

/// The parameters of the list of jobs.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListImportJobsParams {
    /// Only of this source.
    #[param(example = "crm")]
    pub source: Option<String>,
    /// Only in this state.
    #[param(example = "running")]
    pub state: Option<String>,
    /// Jobs on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before. It belongs to the same filters.
    pub cursor: Option<String>,
}

/// How many chunks were uploaded.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"chunks": 2}))]
pub struct CloseImportJob {
    /// So many chunks there are, numbered from 1; absent, as many as the greatest number that has come. If any of
    /// them has not come, the job stays open.
    pub chunks: Option<u64>,
}

/// Creates an import job.
///
/// It then takes chunks (`PUT …/chunks/{n}`), until it is closed (`POST …/close`); from then on it is worked on in the
/// background, and `GET` on it says how far it has come. A source has one job at a time that has not ended. Besides the
/// route's scope it needs `links:write` for links, `directory:write` for groups and
/// services, and `settings:write` for back ends, the settings and their lists; what it does, it does
/// with the scopes of who created it. The audit names `{who} (job:{id})`.
#[utoipa::path(post, path = "/v1/import-jobs", tag = "import-jobs", params(CreateImportJobParams), request_body = NewImportJob,
    responses((status = 201, description = "The job, which takes chunks.", body = ImportJobView,
        headers(("Location" = String, description = "Where the job is."))))
)]
pub async fn create_import_job(
    api: Api,
    Query(params): Query<CreateImportJobParams>,
    Body(body): Body<NewImportJob>,
) -> Answer {
    let options = body.options(&api)?;
    let new = imports::NewJob {
        id: uuid::Uuid::new_v4().to_string(),
        source: body.source,
        actor: api.caller.actor.clone(),
        options: serde_json::to_string(&options).map_err(Problem::internal)?,
        progress: Progress::default().text()?,
        supersede: params.supersede == Some(true),
    };
    let created = api.write(move |plan| imports::create(plan, new)).await?;
    let view = ImportJobView::new(&api, created.value)?;
    Ok(HttpResponse::Created().insert_header((header::LOCATION, view.links.self_link.clone())).json(view))
}

/// Lists import jobs.
///
/// The newest first. Jobs are removed `IMPORT_RETENTION` after their end.
#[utoipa::path(get, path = "/v1/import-jobs", tag = "import-jobs", params(ListImportJobsParams), responses((status = 200, description = "A page of jobs.", body = ImportJobPage)))]
pub async fn list_import_jobs(api: Api, Query(params): Query<ListImportJobsParams>) -> Answer {
    let limit = limit(params.limit)?;
    let list = ("import jobs", &params.source, &params.state);
    let cursors = api.state().cursor_key.clone();
    let place = params.cursor.as_deref().map(|cursor| cursors.open(&list, cursor)).transpose()?;
    let state = params.state.as_deref().map(state).transpose()?;
    let (source, before) = (params.source.clone(), place.map(|place| place.number));
    let query = JobQuery { source, state, before, limit: limit as i64 + 1 };
    let At { value: mut jobs, revision } = api.read(move |conn| Ok(store::imports::jobs(conn, &query)?)).await?;
    let has_more = jobs.len() > limit;
    jobs.truncate(limit);
    let last = jobs.last().filter(|_| has_more).map(|job| job.ordinal);
    let next_cursor = last.map(|ordinal| cursors.seal(&list, String::new(), ordinal));
    let items = jobs.into_iter().map(|job| ImportJobView::new(&api, job)).collect::<Result<_, _>>()?;
    Ok(super::reply::ok(At { value: ImportJobPage { items, next_cursor }, revision }))
}

fn state(name: &str) -> Result<JobState, Problem> {
    JobState::parse(name).ok_or_else(|| {
        let known = JobState::ALL.map(JobState::as_str).join(", ");
        Problem::new("invalid_parameter", format!("state {name:?} is none; there are {known}."))
    })
}

/// Reads an import job.
///
/// Its state, what it has done so far, kind by kind, and how far it has come. While it is `queued` or `running`,
/// `Retry-After` says when to look again.
#[utoipa::path(get, path = "/v1/import-jobs/{job}", tag = "import-jobs", params(("job" = String, Path, description = "The job's id.", example = "0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50")),
    responses((status = 200, description = "The job.", body = ImportJobView,
        headers(("Retry-After" = String, description = "Of a job that moves: look again after so many seconds."))))
)]
pub async fn get_import_job(api: Api, job: web::Path<String>) -> Answer {
    let At { value: job, revision } = find(&api, job.into_inner()).await?;
    let is_moving = job.state.is_moving();
    let value = ImportJobView::new(&api, job)?;
    let mut reply = super::reply::ok(At { value, revision });
    if is_moving {
        reply.headers_mut().insert(header::RETRY_AFTER, LOOK_AGAIN.into());
    }
    Ok(reply)
}

/// Closes an import job.
///
/// All chunks are there; from now on it is worked on. If chunks are missing, this is a 409 `chunks_missing` that names
/// them, and the job stays open. To close it again changes nothing.
#[utoipa::path(post, path = "/v1/import-jobs/{job}/close", tag = "import-jobs", params(("job" = String, Path, description = "The job's id.", example = "0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50")), request_body = CloseImportJob,
    responses((status = 200, description = "The job, which is worked on now.", body = ImportJobView))
)]
pub async fn close_import_job(
    api: Api,
    job: web::Path<String>,
    OptionalBody(body): OptionalBody<CloseImportJob>,
) -> Answer {
    let found = find(&api, job.into_inner()).await?.value;
    may_feed(&api, &Options::parse(&found.options)?)?;
    change(&api, move |plan| imports::close(plan, &found.id, body.chunks)).await
}

/// Cancels an import job.
///
/// What it has written stays; nothing more is written. To cancel it again changes nothing; one that has ended
/// otherwise is a 409 `import_job_ended`.
#[utoipa::path(post, path = "/v1/import-jobs/{job}/cancel", tag = "import-jobs", params(("job" = String, Path, description = "The job's id.", example = "0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50")),
    responses((status = 200, description = "The job, which is cancelled.", body = ImportJobView))
)]
pub async fn cancel_import_job(api: Api, job: web::Path<String>) -> Answer {
    let job = job.into_inner();
    change(&api, move |plan| imports::cancel(plan, &job)).await
}

/// Approves what an import job would deactivate.
///
/// The list is `GET …/absent`. It is made anew before anything is deactivated; if there is anything on it that was not
/// on the approved one, the job stops again.
#[utoipa::path(post, path = "/v1/import-jobs/{job}/approve", tag = "import-jobs", params(("job" = String, Path, description = "The job's id.", example = "0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50")),
    responses((status = 200, description = "The job, which goes on now.", body = ImportJobView))
)]
pub async fn approve_import_job(api: Api, job: web::Path<String>) -> Answer {
    let (job, who) = (job.into_inner(), api.caller.actor.clone());
    let approved = move |job: &ImportJob| {
        let progress = Progress { approved_by: Some(who), ..Progress::parse(&job.progress)? };
        Ok(progress.text()?)
    };
    change(&api, move |plan| imports::approve(plan, &job, approved)).await
}

/// Changes where a job stands, and wakes who works on jobs.
async fn change(api: &Api, make: impl FnOnce(&mut Plan) -> Result<ImportJob, Refusal> + Send + 'static) -> Answer {
    let At { value: job, revision } = api.write(make).await?;
    api.state().imports.bell.ring();
    Ok(super::reply::ok(At { value: ImportJobView::new(api, job)?, revision }))
}

/// The job of an id.
async fn find(api: &Api, id: String) -> Result<At<ImportJob>, Problem> {
    let found = api.read(move |conn| {
        let job = store::imports::job(conn, &id)?;
        Ok(job.ok_or_else(|| Refusal::from(imports::ImportRefusal::NotFound(id)))?)
    });
    found.await
}

/// What a job does, it does with the scopes of who created it: whoever says what it does needs them, too.
fn may_feed(api: &Api, options: &Options) -> Result<(), Problem> {
    let needed = options.resources.iter().filter_map(|kind| match kind.area() {
        Area::People => None,
        Area::Directory => Some(Scope::DirectoryWrite),
        Area::Links => Some(Scope::LinksWrite),
        Area::Settings => Some(Scope::SettingsWrite),
    });
    let settings = options.may_move_between_back_ends.then_some(Scope::SettingsWrite);
    let missing = needed.chain(settings).find(|scope| !api.caller.may(*scope));
    missing.map_or(Ok(()), |scope| {
        let detail = format!("What this job does needs a token with the scope {scope}, too.");
        let challenge = insufficient_scope(scope);
        Err(Problem::new("missing_scope", detail).with_header(header::WWW_AUTHENTICATE, challenge))
    })
}
