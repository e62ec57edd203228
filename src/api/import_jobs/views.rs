//! Import jobs as replies show them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::preview::AccessDiffCounts;
use super::super::problem::Problem;
use super::super::state::Api;
use crate::auth::Scope;
use crate::store::ChunkHead;
use crate::store::imports::ImportJob;
use crate::sync::jobs::options::{KindCounts, Options, Progress};
use crate::sync::rows::RowKind;

/// An import job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportJob, example = json!({
    "id": "0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50", "source": "crm", "state": "running", "mode": "full", "dry_run": false,
    "resources": ["customer", "customer_user"], "on_existing": "adopt", "owned_fields": {}, "guard_percent": 5, "actor": "crm-sync",
    "created_at": "2026-11-22T01:30:00Z", "updated_at": "2026-11-22T01:31:12Z", "closed_at": "2026-11-22T01:31:00Z",
    "phase": "writing", "rows_done": 12500, "rows_total": 200000, "failed_rows": 1, "waits_because": [], "absent": 0,
    "counts": [{"kind": "customer", "created": 3, "updated": 12, "unchanged": 12484, "failed": 1, "deactivated": 0, "reactivated": 0, "ignored_fields": 0}],
    "links": {
        "self": "/v1/import-jobs/0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50", "chunks": "/v1/import-jobs/0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50/chunks",
        "results": "/v1/import-jobs/0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50/results", "absent": "/v1/import-jobs/0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50/absent",
        "preview": "/v1/import-jobs/0b5c2f6e-6f0f-4f5e-9a57-1c1f2d3e4f50/preview",
    },
}))]
pub struct ImportJobView {
    /// Its id.
    pub id: String,
    /// Which other system it is of.
    pub source: String,
    /// Where it stands: `open` (takes chunks), `queued`, `running`, `awaiting_approval`, or ended: `completed`,
    /// `cancelled`, `failed`.
    pub state: String,
    /// `upsert` or `full`.
    pub mode: String,
    /// Whether it writes nothing, and only says what it would.
    pub dry_run: bool,
    /// What its rows may be about.
    pub resources: Vec<RowKind>,
    /// What happens to a row whose natural key exists: `adopt` or `refuse`.
    pub on_existing: String,
    /// The fields that the source owns, by kind; of a kind that is not named, all.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub owned_fields: BTreeMap<&'static str, Vec<String>>,
    /// In full mode: so many of a hundred things may be deactivated without asking.
    pub guard_percent: u8,
    /// Who created it.
    pub actor: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last moved on.
    pub updated_at: DateTime<Utc>,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// What it works on: `uploading`, `preparing`, `writing`, `deactivating`, `previewing`, `done`.
    pub phase: String,
    /// Rows that are done.
    pub rows_done: u64,
    /// All rows, once they were counted.
    pub rows_total: u64,
    /// Rows that failed, those of no kind included.
    pub failed_rows: u64,
    /// What it has done so far, or, in a dry run, would have done: one item a kind.
    pub counts: Vec<ImportCounts>,
    /// Why it awaits approval, or, in a dry run, would.
    pub waits_because: Vec<String>,
    /// How many things full mode deactivates; `links.absent` lists them.
    pub absent: u64,
    /// Who approved that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Of a job that failed: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Of a dry run that is completed: how much access would change. Shown with the scope `access:read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessDiffCounts>,
    /// Where the rest is.
    pub links: ImportJobLinks,
}

/// What a job did to the things and links of a kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportCounts {
    /// Of which kind.
    pub kind: RowKind,
    /// Rows whose thing was not there, and is now.
    #[schema(example = 3)]
    pub created: u64,
    /// Rows whose thing reads otherwise now.
    #[schema(example = 12)]
    pub updated: u64,
    /// Rows that said nothing new.
    #[schema(example = 12484)]
    pub unchanged: u64,
    /// Rows that were refused, and changed nothing.
    #[schema(example = 1)]
    pub failed: u64,
    /// Things that were not sent, and count no longer.
    #[schema(example = 0)]
    pub deactivated: u64,
    /// Things that this source had deactivated so, that were sent again, and that count again; they are among
    /// `updated`.
    #[schema(example = 0)]
    pub reactivated: u64,
    /// Fields of rows that the source does not own, and that were left out.
    #[schema(example = 0)]
    pub ignored_fields: u64,
}

/// Where a job is, and what there is of it. Paths on this host.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportJobLinks {
    /// The job itself.
    #[serde(rename = "self")]
    pub self_link: String,
    /// Its chunks.
    pub chunks: String,
    /// What became of its rows.
    pub results: String,
    /// What full mode deactivates.
    pub absent: String,
    /// Of a dry run: whose access would change.
    pub preview: String,
}

/// Some import jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportJobPage {
    /// The jobs.
    pub items: Vec<ImportJobView>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A chunk of an import job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportChunk, example = json!({"number": 1, "digest": "sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:", "rows": 500, "bytes": 81920}))]
pub struct ImportChunkView {
    /// Its number, from 1.
    pub number: u64,
    /// SHA-256 of what it unpacks to, as `Content-Digest` writes it.
    pub digest: String,
    /// Its rows.
    pub rows: u64,
    /// What it unpacks to, in bytes.
    pub bytes: u64,
}

impl ImportJobView {
    /// The job, as this caller may see it.
    pub fn new(api: &Api, job: ImportJob) -> Result<Self, Problem> {
        let (options, progress) = (Options::parse(&job.options)?, Progress::parse(&job.progress)?);
        let may_see = api.caller.may(Scope::AccessRead);
        let owned = options.owned_fields.iter();
        Ok(Self {
            state: job.state.as_str().to_owned(),
            mode: options.mode.as_str().to_owned(),
            dry_run: options.dry_run,
            on_existing: if options.adopts { "adopt" } else { "refuse" }.to_owned(),
            owned_fields: owned.map(|(kind, fields)| (kind.as_str(), fields.iter().cloned().collect())).collect(),
            resources: options.resources.into_iter().collect(),
            guard_percent: options.guard_percent,
            phase: progress.phase.as_str().to_owned(),
            rows_done: progress.rows_done,
            rows_total: progress.rows_total,
            failed_rows: progress.failed(),
            counts: progress.counts.iter().map(|(kind, counts)| ImportCounts::new(*kind, *counts)).collect(),
            waits_because: progress.waits_because,
            absent: progress.absent,
            approved_by: progress.approved_by,
            failure: progress.problem,
            access: progress.access.filter(|_| may_see).map(|counts| counts.0.into()),
            links: ImportJobLinks::of(api, &job.id),
            id: job.id,
            source: job.source.to_string(),
            actor: job.actor,
            created_at: job.created_at,
            updated_at: job.updated_at,
            closed_at: job.closed_at,
            ended_at: job.ended_at,
        })
    }
}

impl ImportJobLinks {
    fn of(api: &Api, id: &str) -> Self {
        let self_link = api.path(&format!("/v1/import-jobs/{id}"));
        let part = |name: &str| format!("{self_link}/{name}");
        Self {
            chunks: part("chunks"),
            results: part("results"),
            absent: part("absent"),
            preview: part("preview"),
            self_link,
        }
    }
}

impl ImportCounts {
    fn new(kind: RowKind, counts: KindCounts) -> Self {
        let KindCounts { created, updated, unchanged, failed, deactivated, reactivated, ignored_fields } = counts;
        Self { kind, created, updated, unchanged, failed, deactivated, reactivated, ignored_fields }
    }
}

impl From<ChunkHead> for ImportChunkView {
    fn from(head: ChunkHead) -> Self {
        let digest = format!("sha-256=:{}:", head.digest);
        Self { number: head.number, digest, rows: head.rows, bytes: head.bytes }
    }
}
