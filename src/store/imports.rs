//! Import jobs: what they are to do, how far they have come, and what they have done.
//!
//! What a job is to do and how far it has come is JSON, whose meaning is `sync`'s. A job is read and
//! written as a whole, by whoever holds the revision row, so that nobody writes over another's.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::dsl::max;
use diesel::prelude::*;

use super::import_chunks::{self, Chunk};
use super::import_results::{self, Making, Results};
use super::prepared;
use super::row_digests::{self, MergedRow, OfNew};
use super::schema::import_jobs as table;
use super::{Conn, StoreError, deactivations, on};
use crate::directory::{Kind, Source, Thing};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It takes chunks.
    Open,
    /// All chunks are there; nobody has begun.
    Queued,
    /// It is being worked on.
    Running,
    /// It waits until somebody approves what it would deactivate.
    AwaitingApproval,
    /// It has done all that it was to do.
    Completed,
    /// Somebody has ended it.
    Cancelled,
    /// It could not go on.
    Failed,
}

impl JobState {
    /// Every state.
    pub const ALL: [JobState; 7] = [
        JobState::Open,
        JobState::Queued,
        JobState::Running,
        JobState::AwaitingApproval,
        JobState::Completed,
        JobState::Cancelled,
        JobState::Failed,
    ];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Open => "open",
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::AwaitingApproval => "awaiting_approval",
            JobState::Completed => "completed",
            JobState::Cancelled => "cancelled",
            JobState::Failed => "failed",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether nothing more will happen to it.
    pub fn has_ended(self) -> bool {
        matches!(self, JobState::Completed | JobState::Cancelled | JobState::Failed)
    }

    /// Whether it moves on by itself.
    pub fn is_moving(self) -> bool {
        matches!(self, JobState::Queued | JobState::Running)
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportJob {
    /// Random.
    pub id: String,
    /// Its place in the order in which jobs were created.
    pub ordinal: u64,
    /// Which other system it is of.
    pub source: Source,
    /// Where it stands.
    pub state: JobState,
    /// Who created it.
    pub actor: String,
    /// What it is to do, as JSON.
    pub options: String,
    /// How far it has come, as JSON.
    pub progress: String,
    /// How often it was moved on.
    pub step: u64,
    /// Who works on it.
    pub worker: Option<String>,
    /// Until when nobody else may.
    pub claimed_until: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last moved on.
    pub updated_at: DateTime<Utc>,
    /// When all chunks were there.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What a plan writes about jobs, in the transaction of its edits and after them.
#[derive(Debug)]
pub enum ImportWrite {
    /// A new job.
    Create(Box<ImportJob>),
    /// A job that is there, as it is now.
    Update(Box<ImportJob>),
    /// A chunk that came.
    Chunk(Box<Chunk>),
    /// What became of the rows of a step.
    Results(Box<Results<Making>>),
    /// What was said of the rows and of access so far is of a try that is begun anew.
    ForgetResults(String),
    /// What the job would deactivate, instead of what was said before.
    Absent(String, Vec<String>),
    /// Whose access it would change: numbers of customer users, and JSON.
    Preview(String, Vec<(u32, String)>),
    /// What the source has deactivated.
    Deactivated(Source, Vec<Thing>),
    /// Rows of a source that were merged.
    Merged(Kind, Source, Vec<MergedRow>),
}

/// Which jobs are wanted, newest first.
#[derive(Debug, Clone, Default)]
pub struct JobQuery {
    /// Of this source.
    pub source: Option<String>,
    /// In this state.
    pub state: Option<JobState>,
    /// Before this place.
    pub before: Option<u64>,
    /// So many.
    pub limit: i64,
}

type Row = (
    (String, i64, String, String, String, String, String, i64),
    (Option<String>, Option<NaiveDateTime>, NaiveDateTime, NaiveDateTime, Option<NaiveDateTime>, Option<NaiveDateTime>),
);

type Columns = (
    (
        table::id,
        table::ordinal,
        table::source,
        table::state,
        table::actor,
        table::options,
        table::progress,
        table::step,
    ),
    (table::worker, table::claimed_until, table::created_at, table::updated_at, table::closed_at, table::ended_at),
);

const COLUMNS: Columns = (
    (
        table::id,
        table::ordinal,
        table::source,
        table::state,
        table::actor,
        table::options,
        table::progress,
        table::step,
    ),
    (table::worker, table::claimed_until, table::created_at, table::updated_at, table::closed_at, table::ended_at),
);

fn stored(row: Row) -> Result<ImportJob, StoreError> {
    let (id, ordinal, source, state, actor, options, progress, step) = row.0;
    let (worker, claimed_until, created_at, updated_at, closed_at, ended_at) = row.1;
    let state = JobState::parse(&state).ok_or_else(|| StoreError::Corrupt(format!("the state {state:?} of a job")))?;
    let utc = |time: Option<NaiveDateTime>| time.map(|time| time.and_utc());
    Ok(ImportJob {
        id,
        ordinal: ordinal.unsigned_abs(),
        source: Source::stored(source),
        state,
        actor,
        options,
        progress,
        step: step.unsigned_abs(),
        worker,
        claimed_until: utc(claimed_until),
        created_at: created_at.and_utc(),
        updated_at: updated_at.and_utc(),
        closed_at: utc(closed_at),
        ended_at: utc(ended_at),
    })
}

/// The job of this id.
pub fn job(conn: &mut Conn, id: &str) -> Result<Option<ImportJob>, StoreError> {
    let row: Option<Row> = on!(conn, |c| table::table.find(id).select(COLUMNS).get_result(c).optional()?);
    row.map(stored).transpose()
}

/// The job of this source that has not ended, if there is one.
pub fn open_job(conn: &mut Conn, source: &Source) -> Result<Option<ImportJob>, StoreError> {
    let is_open = table::source.eq(source.as_str()).and(table::ended_at.is_null());
    let row: Option<Row> = on!(conn, |c| table::table.filter(is_open).select(COLUMNS).get_result(c).optional()?);
    row.map(stored).transpose()
}

/// The place of the next job.
pub fn next_ordinal(conn: &mut Conn) -> Result<u64, StoreError> {
    let last: Option<i64> = on!(conn, |c| table::table.select(max(table::ordinal)).get_result(c)?);
    Ok(last.unwrap_or_default().unsigned_abs() + 1)
}

/// The oldest job that waits for somebody to work on it: it moves by itself, and nobody has claimed it.
pub fn waiting_job(conn: &mut Conn, now: DateTime<Utc>) -> Result<Option<ImportJob>, StoreError> {
    let moving = [JobState::Queued, JobState::Running].map(JobState::as_str);
    let rows: Vec<Row> = on!(conn, |c| table::table
        .filter(table::ended_at.is_null().and(table::state.eq_any(moving)))
        .order(table::ordinal)
        .select(COLUMNS)
        .load(c)?);
    let jobs = rows.into_iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    Ok(jobs.into_iter().find(|job| job.claimed_until.is_none_or(|until| until <= now)))
}

/// Some jobs, newest first.
pub fn jobs(conn: &mut Conn, query: &JobQuery) -> Result<Vec<ImportJob>, StoreError> {
    let rows: Vec<Row> = on!(conn, |c| {
        let mut rows = table::table.select(COLUMNS).order(table::ordinal.desc()).limit(query.limit).into_boxed();
        if let Some(source) = &query.source {
            rows = rows.filter(table::source.eq(source));
        }
        if let Some(state) = query.state {
            rows = rows.filter(table::state.eq(state.as_str()));
        }
        if let Some(before) = query.before {
            rows = rows.filter(table::ordinal.lt(before as i64));
        }
        rows.load(c)?
    });
    rows.into_iter().map(stored).collect()
}

/// Some of the jobs that ended before this time, oldest first.
pub(super) fn ended_before(conn: &mut Conn, before: DateTime<Utc>, limit: i64) -> Result<Vec<String>, StoreError> {
    Ok(on!(conn, |c| table::table
        .filter(table::ended_at.lt(before.naive_utc()))
        .order(table::ordinal)
        .limit(limit)
        .select(table::id)
        .load(c)?))
}

pub(super) fn remove(conn: &mut Conn, id: &str) -> Result<(), StoreError> {
    on!(conn, |c| diesel::delete(table::table.find(id)).execute(c)?);
    Ok(())
}

/// Makes what a plan writes about jobs.
pub(super) fn write(conn: &mut Conn, writes: &[ImportWrite], of_new: &OfNew) -> Result<(), StoreError> {
    writes.iter().try_for_each(|write| match write {
        ImportWrite::Create(job) => create(conn, job),
        ImportWrite::Update(job) => update(conn, job),
        ImportWrite::Chunk(chunk) => import_chunks::add(conn, chunk),
        ImportWrite::Results(results) => import_results::add(conn, results),
        ImportWrite::ForgetResults(job) => import_results::forget(conn, job),
        ImportWrite::Absent(job, bodies) => import_results::set_absent(conn, job, bodies),
        ImportWrite::Preview(job, items) => import_results::add_preview(conn, job, items),
        ImportWrite::Deactivated(source, things) => deactivations::remember(conn, source.as_str(), things),
        ImportWrite::Merged(kind, source, rows) => row_digests::remember(conn, *kind, source, rows, of_new),
    })
}

fn create(conn: &mut Conn, job: &ImportJob) -> Result<(), StoreError> {
    let row = (
        table::id.eq(&job.id),
        table::ordinal.eq(job.ordinal as i64),
        table::source.eq(job.source.as_str()),
        table::actor.eq(&job.actor),
        table::options.eq(&job.options),
        table::created_at.eq(job.created_at.naive_utc()),
        changing(job),
    );
    on!(conn, |c| diesel::insert_into(table::table).values(row).execute(c)?);
    Ok(())
}

/// Whoever writes a job holds the revision row, and has read it under that lock.
fn update(conn: &mut Conn, job: &ImportJob) -> Result<(), StoreError> {
    on!(conn, |c| prepared::update(table::table, table::id.eq(&job.id), changing(job)).execute(c)?);
    Ok(())
}

type Set<C, V> = diesel::dsl::Eq<C, V>;
type Changing<'j> = (
    Set<table::state, &'static str>,
    Set<table::progress, &'j str>,
    Set<table::step, i64>,
    Set<table::worker, Option<&'j str>>,
    Set<table::claimed_until, Option<NaiveDateTime>>,
    Set<table::updated_at, NaiveDateTime>,
    Set<table::closed_at, Option<NaiveDateTime>>,
    Set<table::ended_at, Option<NaiveDateTime>>,
);

/// What changes while a job goes on.
fn changing(job: &ImportJob) -> Changing<'_> {
    let naive = |time: Option<DateTime<Utc>>| time.map(|time| time.naive_utc());
    (
        table::state.eq(job.state.as_str()),
        table::progress.eq(job.progress.as_str()),
        table::step.eq(job.step as i64),
        table::worker.eq(job.worker.as_deref()),
        table::claimed_until.eq(naive(job.claimed_until)),
        table::updated_at.eq(job.updated_at.naive_utc()),
        table::closed_at.eq(naive(job.closed_at)),
        table::ended_at.eq(naive(job.ended_at)),
    )
}
