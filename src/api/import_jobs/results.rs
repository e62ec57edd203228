//! What became of the rows of import jobs, what full mode deactivates, and whose access a dry run would change.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream::unfold;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use super::super::page::limit;
use super::super::preview::{AccessDiffCounts, AccessDifference};
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::reply::{self, Answer, IfNoneMatch};
use super::super::state::{Api, At};
use super::find;
use crate::access::{Difference, Preview};
use crate::directory::digest;
use crate::store::imports::ImportJob;
use crate::store::{self, Conn, StoreError};
use crate::sync::jobs::options::{Options, Progress};
use crate::sync::jobs::results::{Wanted, write};
use crate::sync::jobs::rows::{CSV, NDJSON};
use crate::sync::rows::RowKind;

/// So many pieces wait for a slow reader.
const AHEAD: usize = 4;

/// The parameters of the results.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportResultsParams {
    /// `all`, or `failed`: only rows that failed.
    #[param(example = "failed", default = "all")]
    pub outcome: Option<String>,
}

/// The parameters of a list of a job.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportPageParams {
    /// Items on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Something that full mode deactivates.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportAbsentThing {
    /// Of which kind.
    pub kind: RowKind,
    /// Its id.
    #[schema(example = "u7")]
    pub id: String,
    /// Its natural key.
    #[schema(example = "jane")]
    pub key: String,
}

/// Some of what full mode deactivates.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportAbsentPage {
    /// The things.
    #[schema(value_type = Vec<ImportAbsentThing>)]
    pub items: Vec<Value>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Whose access a dry run would change, some of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportPreviewPage {
    /// How much would change; absent until the dry run is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<AccessDiffCounts>,
    /// Each customer user who would gain or lose something, in the order of their ids.
    #[schema(value_type = Vec<AccessDifference>)]
    pub items: Vec<Value>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A difference of access, as it is kept and shown.
pub fn render(preview: &Preview, difference: Difference) -> Value {
    serde_json::to_value(AccessDifference::of(preview, difference)).unwrap_or_default()
}

/// Reads what became of the rows of an import job.
///
/// As lines of JSON: `chunk`, `row` and `line` say where it stood, `status` is `created`, `updated`, `unchanged` or
/// `failed`, and of a row that failed there are `code`, `reason`, `errors` (member by member) and `sent`, what it said.
/// With `Accept: text/csv` as a table: the columns that were sent, and `_status`, `_code`, `_reason` and `_sent`, which an
/// upload ignores, so that the rows that failed can be corrected in a spreadsheet and sent again. `_sent` is the row as it
/// was sent, where the other cells do not say all of it: a line that is no JSON, a record with more cells than columns, a
/// member that is no column, one that a cell cannot hold (a table has no word for `null`). What is to count of it goes
/// into the other cells, or into a job of lines of JSON. (A line that failed as `row_too_long` is not repeated.) A cell
/// that a spreadsheet would run has a `'` before it, which an upload takes off again.
///
/// What is there so far, in a job that moves.
#[utoipa::path(get, path = "/v1/import-jobs/{job}/results", tag = "import-jobs",
    params(("job" = String, Path, description = "The job's id.", example = "0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50"), ImportResultsParams),
    responses((status = 200, description = "A line or a record for each row.", content(
        (String = "application/x-ndjson", example = json!("{\"chunk\":1,\"row\":1,\"line\":1,\"kind\":\"customer\",\"status\":\"created\",\"id\":\"c12\",\"key\":\"acme\"}\n")),
        (String = "text/csv", example = json!("external_id,login,_status,_code,_reason,_sent\r\n4711,jane,failed,key_taken,There is a customer user \"jane\" already.,\r\n")),
    )))
)]
pub async fn list_import_results(
    api: Api,
    job: web::Path<String>,
    Query(params): Query<ImportResultsParams>,
    known: IfNoneMatch,
    request: HttpRequest,
) -> Answer {
    let only_failed = match params.outcome.as_deref() {
        None | Some("all") => false,
        Some("failed") => true,
        Some(other) => {
            let detail = format!("outcome is {other:?}; it must be all or failed.");
            return Err(Problem::new("invalid_parameter", detail));
        }
    };
    let job = find(&api, job.into_inner()).await?.value;
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = Wanted { only_failed, as_table: accepted.to_ascii_lowercase().contains(CSV) };
    let tag = digest(format!("{} {} {wanted:?}", job.id, job.step).as_bytes());
    let etag = (header::ETAG, format!("\"{tag}\""));
    if known.has(&tag) {
        return Ok(HttpResponse::NotModified().insert_header(etag).finish());
    }
    let media = if wanted.as_table { "text/csv; charset=utf-8; header=present" } else { NDJSON };
    let pieces = pieces(&api, job, wanted)?;
    Ok(HttpResponse::Ok().content_type(media).insert_header(etag).streaming(unfold(pieces, next_piece)))
}

type Piece = Result<web::Bytes, StoreError>;

/// Begins to write out the results, as fast as they are read.
fn pieces(api: &Api, job: ImportJob, wanted: Wanted) -> Result<mpsc::Receiver<Piece>, Problem> {
    let (sender, pieces) = mpsc::channel(AHEAD);
    let (replica, options) = (api.state().replica.clone(), Options::parse(&job.options)?);
    actix_web::rt::task::spawn_blocking(move || {
        let mut take = |piece: Vec<u8>| sender.blocking_send(Ok(piece.into())).is_ok();
        if let Err(why) = write(&replica, &job.id, &options, wanted, &mut take) {
            log::warn!("the results of an import job cannot be read: {why}");
            // An end without an end: the client sees that something is missing.
            let _ = sender.blocking_send(Err(why));
        }
    });
    Ok(pieces)
}

async fn next_piece(mut pieces: mpsc::Receiver<Piece>) -> Option<(Piece, mpsc::Receiver<Piece>)> {
    let piece = pieces.recv().await?;
    Some((piece, pieces))
}

/// Lists what an import job in full mode deactivates.
///
/// What awaits approval, or was deactivated, or, in a dry run, would be.
#[utoipa::path(get, path = "/v1/import-jobs/{job}/absent", tag = "import-jobs",
    params(("job" = String, Path, description = "The job's id.", example = "0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50"), ImportPageParams),
    responses((status = 200, description = "A page of things.", body = ImportAbsentPage))
)]
pub async fn list_import_absent(api: Api, job: web::Path<String>, Query(params): Query<ImportPageParams>) -> Answer {
    let job = find(&api, job.into_inner()).await?.value;
    let At { value: (items, next_cursor), revision } = page(&api, "absent", &job, &params, store::absent).await?;
    Ok(reply::ok(At { value: ImportAbsentPage { items, next_cursor }, revision }))
}

/// Reads whose access the dry run of an import job would change.
///
/// As the preview of a write shows it. It is there once the dry run is completed.
#[utoipa::path(get, path = "/v1/import-jobs/{job}/preview", tag = "import-jobs",
    params(("job" = String, Path, description = "The job's id.", example = "0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50"), ImportPageParams),
    responses((status = 200, description = "A page of customer users.", body = ImportPreviewPage))
)]
pub async fn get_import_preview(api: Api, job: web::Path<String>, Query(params): Query<ImportPageParams>) -> Answer {
    let job = find(&api, job.into_inner()).await?.value;
    let counts = Progress::parse(&job.progress)?.access.map(|counts| counts.0.into());
    let At { value: (items, next_cursor), revision } = page(&api, "preview", &job, &params, store::previews).await?;
    Ok(reply::ok(At { value: ImportPreviewPage { counts, items, next_cursor }, revision }))
}

type Listed = fn(&mut Conn, &str, u64, i64) -> Result<Vec<(u64, String)>, StoreError>;
type Page = (Vec<Value>, Option<String>);

/// A page of what is kept as JSON.
async fn page(
    api: &Api,
    what: &'static str,
    job: &ImportJob,
    params: &ImportPageParams,
    listed: Listed,
) -> Result<At<Page>, Problem> {
    let limit = limit(params.limit)?;
    let (list, cursors, id) = (("import", what, &job.id), api.state().cursor_key.clone(), job.id.clone());
    let place = params.cursor.as_deref().map(|cursor| cursors.open(&list, cursor)).transpose()?;
    let after = place.map_or(0, |place| place.number);
    let At { value: mut rows, revision } =
        api.read(move |conn| Ok(listed(conn, &id, after, limit as i64 + 1)?)).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more).map(|(ordinal, _)| *ordinal);
    let next_cursor = last.map(|ordinal| cursors.seal(&list, String::new(), ordinal));
    let items = rows.iter().map(|(_, body)| store::parse(body)).collect::<Result<_, _>>()?;
    Ok(At { value: (items, next_cursor), revision })
}
