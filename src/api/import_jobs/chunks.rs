//! The chunks of import jobs: how they come, and which have come.

use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::super::page::limit;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::reply::{self, Answer};
use super::super::state::{Api, At};
use super::views::ImportChunkView;
use super::{find, may_feed};
use crate::plan::imports;
use crate::store;
use crate::sync::jobs::kinds;
use crate::sync::jobs::options::Options;
use crate::sync::jobs::rows::{CSV, NDJSON};
use crate::sync::jobs::upload::{Upload, UploadError, inspect_for};
use crate::sync::rows::RowKind;

/// The greatest number of a chunk.
const MAX_CHUNKS: u64 = 100_000;

/// The parameters of an upload.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PutImportChunkParams {
    /// What all rows are about, where they do not say it themselves: in a table a column `kind` does, in lines of JSON
    /// the member; in a table of a job with one resource it is that one.
    #[param(example = "customer_user")]
    pub kind: Option<String>,
}

/// The parameters of the list of chunks.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListImportChunksParams {
    /// How many chunks there are to be; absent, as many as the greatest number that has come.
    #[param(minimum = 0, maximum = 100000)]
    pub expected: Option<u64>,
    /// Chunks on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Some chunks of a job, by number.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportChunkPage {
    /// Those that have come.
    pub items: Vec<ImportChunkView>,
    /// The numbers of those that have not, the first 1,000 of them.
    #[schema(example = json!([2]))]
    pub missing: Vec<u64>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Uploads a chunk of an import job.
///
/// Either lines of JSON (`application/x-ndjson`), an object each, with its `kind`, or a table (`text/csv`) whose header
/// names the members of the rows; an empty cell says nothing, and columns whose name begins with `_` are ignored. The
/// encoding and the separator of a table are found by themselves. A row has the fields of its kind, flat, besides
/// `row_id`, which comes back in the results, and `external_id`, the key in the job's source.
///
/// Chunks are numbered from 1 and come in any order; the number bears on nothing but which one it is. A chunk that comes
/// again with the same content is a 200 and changes nothing, with another one a 409 `chunk_exists`. `Content-Encoding:
/// gzip` is taken; `Content-Digest: sha-256=:…:` (RFC 9530), of the bytes as they are sent, is checked. A chunk has at
/// most `MAX_CHUNK_BYTES`, and unpacks to at most `MAX_CHUNK_UNPACKED_BYTES`. What cannot be read as a table is refused
/// as a whole (422 `chunk_unreadable`); a row that is wrong otherwise fails later, alone.
#[utoipa::path(put, path = "/v1/import-jobs/{job}/chunks/{n}", tag = "import-jobs",
    params(
        ("job" = String, Path, description = "The job's id.", example = "0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50"),
        ("n" = String, Path, description = "The chunk's number, from 1 to 100,000.", example = "1"),
        PutImportChunkParams,
    ),
    request_body(description = "The rows.", content(
        (String = "application/x-ndjson", example = json!("{\"kind\":\"customer\",\"external_id\":\"17\",\"customer_id\":\"acme\",\"name\":\"Acme\"}\n")),
        (String = "text/csv", example = json!("external_id,login,email,customer\r\n4711,jane,jane@acme.example,acme\r\n")),
    )),
    responses(
        (status = 200, description = "It had come already, and says the same.", body = ImportChunkView),
        (status = 201, description = "It has come.", body = ImportChunkView),
    )
)]
pub async fn put_import_chunk(
    api: Api,
    path: web::Path<(String, String)>,
    Query(params): Query<PutImportChunkParams>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    let (job, number) = path.into_inner();
    let found = find(&api, job).await?.value;
    let options = Options::parse(&found.options)?;
    may_feed(&api, &options)?;
    let (number, kind) = (number_of(&number)?, params.kind.as_deref().map(kind_of).transpose()?);
    let is_table = is_table(request.headers())?;
    let is_packed = is_packed(request.headers())?;
    let sent = read(&api, request.headers(), payload).await?;
    let most = api.state().config.limits.max_chunk_unpacked_bytes;
    let expected = content_digest(request.headers())?;
    let looked = web::block(move || {
        is_whole(&sent, expected)?;
        Ok::<_, Problem>(inspect_for(&Upload { sent: &sent, is_packed, is_table, kind, most }, options.only_kind())?)
    });
    let (inspected, kind) = looked.await.map_err(Problem::internal)??;
    let chunk = inspected.into_chunk(found.id, number, is_table, kind);
    let view = ImportChunkView::from(chunk.head.clone());
    let taken = api.write(move |plan| imports::take_chunk(plan, chunk)).await?;
    Ok(if taken.value { HttpResponse::Created().json(view) } else { HttpResponse::Ok().json(view) })
}

fn number_of(text: &str) -> Result<u64, Problem> {
    let number = text.parse().ok().filter(|number| (1..=MAX_CHUNKS).contains(number));
    number.ok_or_else(|| {
        Problem::new("invalid_path", format!("The number of a chunk is 1 to {MAX_CHUNKS}, not {text:?}."))
    })
}

fn kind_of(word: &str) -> Result<RowKind, Problem> {
    let unknown = || Problem::new("invalid_parameter", format!("kind {word:?} is none; there are {}.", kinds()));
    RowKind::parse(word).ok_or_else(unknown)
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_table(headers: &HeaderMap) -> Result<bool, Problem> {
    match text_of(headers, header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim() {
        CSV => Ok(true),
        NDJSON | "application/ndjson" | "application/jsonl" => Ok(false),
        _ => {
            let detail = format!("Send the rows as lines of JSON (Content-Type: {NDJSON}) or as a table ({CSV}).");
            Err(Problem::new("unsupported_media_type", detail))
        }
    }
}

fn is_packed(headers: &HeaderMap) -> Result<bool, Problem> {
    match text_of(headers, header::CONTENT_ENCODING).as_str() {
        "" | "identity" => Ok(false),
        "gzip" | "x-gzip" => Ok(true),
        other => {
            let detail = format!("Content-Encoding {other:?} is not read here; send it as it is, or with gzip.");
            Err(Problem::new("unsupported_media_type", detail).with_header(header::ACCEPT_ENCODING, "gzip, identity"))
        }
    }
}

/// The SHA-256 that the request says its content has.
fn content_digest(headers: &HeaderMap) -> Result<Option<Vec<u8>>, Problem> {
    let Some(value) = headers.get("content-digest") else { return Ok(None) };
    let refused = || {
        let detail = "Content-Digest must be as RFC 9530 says, with sha-256: sha-256=:base64 of the digest:.";
        Problem::new("invalid_header", detail)
    };
    let text = value.to_str().map_err(|_| refused())?;
    let of_sha256 = text.split(',').find_map(|member| member.trim().strip_prefix("sha-256=:")?.strip_suffix(':'));
    STANDARD.decode(of_sha256.ok_or_else(refused)?).map(Some).map_err(|_| refused())
}

fn is_whole(sent: &[u8], expected: Option<Vec<u8>>) -> Result<(), Problem> {
    match expected {
        Some(expected) if expected != Sha256::digest(sent).as_slice() => {
            let detail = "What has come is not what Content-Digest says; nothing was kept. Send it again.";
            Err(Problem::new("digest_mismatch", detail))
        }
        _ => Ok(()),
    }
}

async fn read(api: &Api, headers: &HeaderMap, mut payload: web::Payload) -> Result<Arc<[u8]>, Problem> {
    let most = api.state().config.limits.max_chunk_bytes;
    let too_large = || {
        let detail = format!("A chunk may have at most {most} bytes (MAX_CHUNK_BYTES); send the rows in more chunks.");
        Problem::new("body_too_large", detail)
    };
    let announced = text_of(headers, header::CONTENT_LENGTH).parse::<u64>();
    if announced.is_ok_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let mut bytes = web::BytesMut::new();
    while let Some(piece) = payload.next().await {
        let broken = |why| Problem::new("chunk_unreadable", format!("The chunk did not arrive whole: {why}."));
        let piece = piece.map_err(broken)?;
        if bytes.len() + piece.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.as_ref().into())
}

impl From<UploadError> for Problem {
    fn from(why: UploadError) -> Self {
        let code = if matches!(why, UploadError::TooLarge(_)) { "body_too_large" } else { "chunk_unreadable" };
        Problem::new(code, why.to_string())
    }
}

/// Lists the chunks of an import job.
///
/// Those that have come, by number, and the numbers of those that are missing.
#[utoipa::path(get, path = "/v1/import-jobs/{job}/chunks", tag = "import-jobs",
    params(("job" = String, Path, description = "The job's id.", example = "0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50"), ListImportChunksParams),
    responses((status = 200, description = "A page of chunks.", body = ImportChunkPage))
)]
pub async fn list_import_chunks(
    api: Api,
    job: web::Path<String>,
    Query(params): Query<ListImportChunksParams>,
) -> Answer {
    const NAMED: usize = 1_000;
    let limit = limit(params.limit)?;
    let job = find(&api, job.into_inner()).await?.value.id;
    let list = ("import chunks", job.clone(), params.expected);
    let cursors = api.state().cursor_key.clone();
    let place = params.cursor.as_deref().map(|cursor| cursors.open(&list, cursor)).transpose()?;
    let after = place.map_or(0, |place| place.number);
    let read = api
        .read(move |conn| Ok((store::chunks(conn, &job, after, limit as i64 + 1)?, store::chunk_numbers(conn, &job)?)));
    let At { value: (mut heads, numbers), revision } = read.await?;
    let has_more = heads.len() > limit;
    heads.truncate(limit);
    let last = heads.last().filter(|_| has_more).map(|head| head.number);
    let next_cursor = last.map(|number| cursors.seal(&list, String::new(), number));
    let expected = params.expected.unwrap_or_else(|| numbers.last().copied().unwrap_or_default()).min(MAX_CHUNKS);
    let mut missing = imports::missing(&numbers, expected);
    missing.truncate(NAMED);
    let items = heads.into_iter().map(ImportChunkView::from).collect();
    Ok(reply::ok(At { value: ImportChunkPage { items, missing, next_cursor }, revision }))
}
