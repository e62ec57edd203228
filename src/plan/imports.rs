//! Import jobs: what may become of one, decided under the lock under which it is written.

use chrono::Duration;

use super::{Plan, Refusal};
use crate::directory::Source;
use crate::store::imports::{ImportJob, ImportWrite, JobState};
use crate::store::{self, Chunk};

/// So long nobody else works on a job that somebody has claimed or moved on.
const LEASE: Duration = Duration::seconds(10);
/// So many missing chunks are named.
const NAMED: usize = 100;

/// Why something cannot be done with an import job.
#[derive(Debug, thiserror::Error)]
pub enum ImportRefusal {
    /// There is none.
    #[error("There is no import job {0:?}. Jobs are removed IMPORT_RETENTION after their end.")]
    NotFound(String),
    /// The source has one already.
    #[error(
        "The source {source_name:?} has the import job {id} already, which is {state}. Finish it or cancel it first (POST /v1/import-jobs/{id}/cancel), or create this one with supersede=true, which cancels it."
    )]
    Open {
        /// The source.
        source_name: String,
        /// The job.
        id: String,
        /// Where it stands.
        state: &'static str,
    },
    /// It takes no chunks any more.
    #[error("The import job is {0}, and takes chunks no longer.")]
    Closed(&'static str),
    /// It has ended.
    #[error("The import job is {0} already.")]
    Ended(&'static str),
    /// There is nothing to approve.
    #[error("The import job is {0}; only one that is awaiting_approval can be approved.")]
    NotWaiting(&'static str),
    /// Another chunk of this number has come.
    #[error(
        "Chunk {0} has come already, with another content. Give this one another number; to replace it, cancel the job and create it anew."
    )]
    ChunkExists(u64),
    /// Chunks are missing.
    #[error("Of {expected} chunks, these have not come: {}. Upload them, and close the job again.", listed(.missing))]
    ChunksMissing {
        /// How many there are to be.
        expected: u64,
        /// Which have not come.
        missing: Vec<u64>,
    },
    /// There are more chunks than were announced.
    #[error("There are to be {expected} chunks, but chunk {highest} has come. Send the right number.")]
    ChunksBeyond {
        /// How many there are to be.
        expected: u64,
        /// The greatest number that has come.
        highest: u64,
    },
    /// Somebody else has moved it on.
    #[error("The import job was moved on by somebody else.")]
    MovedOn,
}

impl ImportRefusal {
    /// What a program reads.
    pub fn code(&self) -> &'static str {
        match self {
            ImportRefusal::NotFound(_) => "import_job_not_found",
            ImportRefusal::Open { .. } => "import_job_open",
            ImportRefusal::Closed(_) => "import_job_closed",
            ImportRefusal::Ended(_) => "import_job_ended",
            ImportRefusal::NotWaiting(_) => "import_job_not_waiting",
            ImportRefusal::ChunkExists(_) => "chunk_exists",
            ImportRefusal::ChunksMissing { .. } | ImportRefusal::ChunksBeyond { .. } => "chunks_missing",
            ImportRefusal::MovedOn => "import_job_moved_on",
        }
    }
}

fn listed(numbers: &[u64]) -> String {
    let first: Vec<String> = numbers.iter().take(NAMED).map(u64::to_string).collect();
    match numbers.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// What a new job is to be.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Random.
    pub id: String,
    /// Of which other system.
    pub source: Source,
    /// Who creates it.
    pub actor: String,
    /// What it is to do, as JSON.
    pub options: String,
    /// That nothing is done, as JSON.
    pub progress: String,
    /// Whether one of the source that has not ended is cancelled.
    pub supersede: bool,
}

/// Creates a job.
pub fn create(plan: &mut Plan, new: NewJob) -> Result<ImportJob, Refusal> {
    if let Some(open) = store::imports::open_job(plan.conn, &new.source)? {
        if !new.supersede {
            let (source_name, state) = (new.source.to_string(), open.state.as_str());
            return Err(ImportRefusal::Open { source_name, id: open.id, state }.into());
        }
        end(plan, open, JobState::Cancelled);
    }
    let job = ImportJob {
        id: new.id,
        ordinal: store::imports::next_ordinal(plan.conn)?,
        source: new.source,
        state: JobState::Open,
        actor: new.actor,
        options: new.options,
        progress: new.progress,
        step: 0,
        worker: None,
        claimed_until: None,
        created_at: plan.now,
        updated_at: plan.now,
        closed_at: None,
        ended_at: None,
    };
    plan.commit.imports.push(ImportWrite::Create(Box::new(job.clone())));
    Ok(job)
}

/// The job of this id, or a refusal that says so.
pub fn find(plan: &mut Plan, id: &str) -> Result<ImportJob, Refusal> {
    let job = store::imports::job(plan.conn, id)?;
    job.ok_or_else(|| ImportRefusal::NotFound(id.to_owned()).into())
}

/// Takes a chunk; the flag says whether it had not come yet.
pub fn take_chunk(plan: &mut Plan, chunk: Chunk) -> Result<bool, Refusal> {
    let job = find(plan, &chunk.head.job)?;
    let known = store::chunk_head(plan.conn, &job.id, chunk.head.number)?;
    match known {
        Some(known) if known == chunk.head => return Ok(false),
        Some(known) => return Err(ImportRefusal::ChunkExists(known.number).into()),
        None => is_open(&job)?,
    }
    plan.commit.imports.push(ImportWrite::Chunk(Box::new(chunk)));
    let updated_at = plan.now;
    update(plan, ImportJob { updated_at, ..job });
    Ok(true)
}

fn is_open(job: &ImportJob) -> Result<(), Refusal> {
    match job.state {
        JobState::Open => Ok(()),
        state => Err(ImportRefusal::Closed(state.as_str()).into()),
    }
}

/// All chunks are there: work on it may begin. Closing it again changes nothing.
pub fn close(plan: &mut Plan, id: &str, expected: Option<u64>) -> Result<ImportJob, Refusal> {
    let job = find(plan, id)?;
    if job.closed_at.is_some() && !job.state.has_ended() {
        return Ok(job);
    }
    is_open(&job)?;
    let numbers = store::chunk_numbers(plan.conn, id)?;
    let highest = numbers.last().copied().unwrap_or_default();
    let expected = expected.unwrap_or(highest);
    if highest > expected {
        return Err(ImportRefusal::ChunksBeyond { expected, highest }.into());
    }
    let missing = missing(&numbers, expected);
    if !missing.is_empty() {
        return Err(ImportRefusal::ChunksMissing { expected, missing }.into());
    }
    let now = plan.now;
    Ok(update(plan, ImportJob { state: JobState::Queued, closed_at: Some(now), updated_at: now, ..job }))
}

/// Which of the chunks up to a number are not among these.
pub fn missing(numbers: &[u64], expected: u64) -> Vec<u64> {
    (1..=expected).filter(|number| numbers.binary_search(number).is_err()).collect()
}

/// Ends a job before its time. What it has written stays.
pub fn cancel(plan: &mut Plan, id: &str) -> Result<ImportJob, Refusal> {
    let job = find(plan, id)?;
    match job.state {
        JobState::Cancelled => Ok(job),
        state if state.has_ended() => Err(ImportRefusal::Ended(state.as_str()).into()),
        _ => Ok(end(plan, job, JobState::Cancelled)),
    }
}

/// Approves what a job would deactivate, and lets it go on; `progress` is what it has come to by that.
pub fn approve(
    plan: &mut Plan,
    id: &str,
    progress: impl FnOnce(&ImportJob) -> Result<String, Refusal>,
) -> Result<ImportJob, Refusal> {
    let job = find(plan, id)?;
    if job.state != JobState::AwaitingApproval {
        return Err(ImportRefusal::NotWaiting(job.state.as_str()).into());
    }
    let progress = progress(&job)?;
    let updated_at = plan.now;
    Ok(update(plan, ImportJob { state: JobState::Queued, progress, updated_at, ..job }))
}

/// Claims the job that has waited longest, if there is one.
pub fn claim(plan: &mut Plan, worker: &str) -> Result<Option<ImportJob>, Refusal> {
    let Some(job) = store::imports::waiting_job(plan.conn, plan.now)? else { return Ok(None) };
    let job = ImportJob { state: JobState::Running, worker: Some(worker.to_owned()), ..job };
    Ok(Some(advance(plan, job)))
}

/// The job, if it runs and still is where the one who works on it believes it to be.
pub fn held(plan: &mut Plan, known: &ImportJob) -> Result<ImportJob, Refusal> {
    let job = find(plan, &known.id)?;
    let is_held = job.state == JobState::Running && job.worker == known.worker && job.step == known.step;
    if is_held { Ok(job) } else { Err(ImportRefusal::MovedOn.into()) }
}

/// Moves a job on by a step, and keeps everybody else from it for a while.
pub fn advance(plan: &mut Plan, job: ImportJob) -> ImportJob {
    let now = plan.now;
    let claimed_until = (job.state == JobState::Running).then(|| now + LEASE);
    let worker = job.worker.filter(|_| job.state == JobState::Running);
    let ended_at = job.state.has_ended().then_some(now);
    update(plan, ImportJob { step: job.step + 1, worker, claimed_until, updated_at: now, ended_at, ..job })
}

/// Writes something of a job's beside the edits of the plan.
pub fn also(plan: &mut Plan, write: ImportWrite) {
    plan.commit.imports.push(write);
}

fn end(plan: &mut Plan, job: ImportJob, state: JobState) -> ImportJob {
    advance(plan, ImportJob { state, ..job })
}

fn update(plan: &mut Plan, job: ImportJob) -> ImportJob {
    also(plan, ImportWrite::Update(Box::new(job.clone())));
    job
}
