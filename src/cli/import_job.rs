//! `customer-access import job`: a file of rows as an import job, made, fed, closed and worked on here.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a command prints its report, and says what went wrong")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use serde_json::json;

use super::import::on_existing;
use super::job_watch::JobWatch;
use super::{CliError, database, serve};
use crate::api::import_jobs::render;
use crate::config::Config;
use crate::directory::Source;
use crate::plan::{OnExisting, Refusal, imports};
use crate::replica::Replica;
use crate::store::imports::{ImportJob, JobState};
use crate::store::{self, Chunk, StoreError};
use crate::sync::jobs::options::{AccessCounts, Mode, Options, Progress};
use crate::sync::jobs::results::{self, Wanted};
use crate::sync::jobs::upload::{Upload, UploadError, inspect_for};
use crate::sync::jobs::worker::{Bell, Worker};
use crate::sync::jobs::{Tally, kinds};
use crate::sync::rows::RowKind;

/// Who the audit names.
const ACTOR: &str = "import job";
/// About so many bytes of lines make a chunk.
const CHUNK: usize = 4 << 20;
/// How often it is looked how far the job is.
const LOOK: Duration = Duration::from_millis(100);
/// The exit code where some rows failed.
const SOME_FAILED: u8 = 3;
/// The exit code where the job waits for approval.
const WAITS: u8 = 4;

/// The rows, and what becomes of them.
#[derive(Debug, clap::Args)]
pub struct JobArguments {
    /// The rows: lines of JSON, each with its kind, or a table (its name ends in .csv); gzip too (.gz)
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// The system that the rows' external ids are of, such as crm
    #[arg(long, value_name = "NAME", default_value = "file", value_parser = source)]
    pub source: Source,
    /// What all rows of a table are about, if it has no column for it, such as customer_user; needless with one
    /// kind in --resources
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub kind: Option<RowKind>,
    /// What the rows may be about, such as customer,customer_user; others fail [default: every kind]
    #[arg(long, value_name = "KIND,…", value_parser = kind, value_delimiter = ',')]
    pub resources: Vec<RowKind>,
    /// Deactivates what is of one of the --resources, has an external id of the source, and is not in the file
    #[arg(long, requires = "resources")]
    pub full: bool,
    /// With --full: so many percent may be deactivated without approval
    #[arg(long, value_name = "PERCENT", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub guard_percent: u8,
    /// What happens to what exists under the same key without the row's external id
    #[arg(long, value_name = "adopt|refuse", value_parser = on_existing, default_value = "adopt")]
    pub on_existing: OnExisting,
    /// Says what would be done, and whose access would change; writes nothing of it
    #[arg(long)]
    pub dry_run: bool,
    /// Cancels a job of the source that has not ended
    #[arg(long)]
    pub supersede: bool,
    /// Writes the rows that failed, with the reason: as a table if its name ends in .csv, else as lines of JSON
    #[arg(long, value_name = "FILE")]
    pub failed: Option<PathBuf>,
    /// Prints the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Shows no progress
    #[arg(long)]
    pub quiet: bool,
}

fn source(written: &str) -> Result<Source, String> {
    Source::parse(written).map_err(|why| why.detail)
}

fn kind(written: &str) -> Result<RowKind, String> {
    RowKind::parse(written).ok_or_else(|| format!("must be one of {}", kinds()))
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Open(#[from] CliError),
    #[error("{0} cannot be read: {1}")]
    Read(String, std::io::Error),
    #[error("{0} cannot be written: {1}")]
    Write(String, std::io::Error),
    #[error(
        "the table does not say what its rows are about: say it with --kind customer_user, say one kind in --resources, \
             or give it a column called kind"
    )]
    NoKind,
    #[error("chunk {0} of the file: {1}")]
    Chunk(u64, UploadError),
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl JobArguments {
    /// Runs the job to where it rests; gives the exit code.
    pub(super) fn run(&self, config: &Config) -> u8 {
        match self.carry_out(config) {
            Ok(code) => code,
            Err(why) => {
                eprintln!("customer-access: {why}");
                1
            }
        }
    }

    fn carry_out(&self, config: &Config) -> Result<u8, JobError> {
        let replica = serve::replica(config, &database::open_beside_service(config)?)?;
        let most = config.limits.max_chunk_unpacked_bytes;
        let job = self.create(&replica)?;
        let fed = self.feed(&replica, &job, most);
        if let Err(why) = fed {
            // Half a file is no job.
            let id = job.id;
            replica.write_blocking(ACTOR.to_owned(), move |plan| imports::cancel(plan, &id))?;
            return Err(why);
        }
        work(&replica)?;
        let (job, progress) = self.watch(&replica, &job.id)?;
        self.report(&replica, &job, &progress)
    }

    fn options(&self) -> Options {
        let resources = if self.resources.is_empty() { &RowKind::ALL[..] } else { &self.resources };
        Options {
            resources: resources.iter().copied().collect(),
            mode: if self.full { Mode::Full } else { Mode::Upsert },
            dry_run: self.dry_run,
            adopts: self.on_existing == OnExisting::Adopt,
            owned_fields: Default::default(),
            guard_percent: self.guard_percent,
            may_move_between_back_ends: true,
        }
    }

    fn create(&self, replica: &Replica) -> Result<ImportJob, JobError> {
        let options = self.options();
        let new = imports::NewJob {
            id: uuid::Uuid::new_v4().to_string(),
            source: self.source.clone(),
            actor: ACTOR.to_owned(),
            options: options.text()?,
            progress: Progress::default().text()?,
            supersede: self.supersede,
        };
        Ok(replica.write_blocking(ACTOR.to_owned(), move |plan| imports::create(plan, new))?.value)
    }

    /// Hands the file over in chunks, and closes the job.
    fn feed(&self, replica: &Replica, job: &ImportJob, most: u64) -> Result<(), JobError> {
        let unreadable = |why| JobError::Read(self.file.display().to_string(), why);
        let mut input = self.open().map_err(unreadable)?;
        let mut chunks = 0;
        loop {
            let mut piece = Vec::new();
            if self.is_table() {
                // A table has one header, and is one chunk.
                input.by_ref().take(most + 1).read_to_end(&mut piece).map_err(unreadable)?;
            } else {
                while piece.len() < CHUNK && input.read_until(b'\n', &mut piece).map_err(unreadable)? > 0 {}
            }
            if piece.is_empty() {
                break;
            }
            chunks += 1;
            let chunk = self.chunk(&job.id, chunks, &piece, most)?;
            replica.write_blocking(ACTOR.to_owned(), move |plan| imports::take_chunk(plan, chunk))?;
        }
        let id = job.id.clone();
        replica.write_blocking(ACTOR.to_owned(), move |plan| imports::close(plan, &id, Some(chunks)))?;
        Ok(())
    }

    fn chunk(&self, job: &str, number: u64, sent: &[u8], most: u64) -> Result<Chunk, JobError> {
        let is_table = self.is_table();
        let upload = Upload { sent, is_packed: false, is_table, kind: self.kind, most };
        let (inspected, kind) = inspect_for(&upload, self.options().only_kind()).map_err(|why| match why {
            UploadError::NoKind => JobError::NoKind,
            why => JobError::Chunk(number, why),
        })?;
        Ok(inspected.into_chunk(job.to_owned(), number, is_table, kind))
    }

    fn open(&self) -> std::io::Result<Box<dyn BufRead>> {
        let file = File::open(&self.file)?;
        let is_packed = self.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        Ok(if is_packed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(BufReader::new(file)) })
    }

    fn is_table(&self) -> bool {
        let name = self.file.to_string_lossy().to_ascii_lowercase();
        name.trim_end_matches(".gz").ends_with(".csv")
    }

    fn watch(&self, replica: &Replica, id: &str) -> Result<(ImportJob, Progress), JobError> {
        let mut watch = JobWatch::new(self.quiet);
        loop {
            let found = replica.read::<_, StoreError>(|conn| store::imports::job(conn, id))?.0;
            let gone = || StoreError::Corrupt(format!("the import job {id} is gone"));
            let job = found.ok_or_else(gone)?;
            let progress = Progress::parse(&job.progress)?;
            if !matches!(job.state, JobState::Queued | JobState::Running) {
                watch.end();
                return Ok((job, progress));
            }
            watch.at(&progress);
            pause(LOOK);
        }
    }

    fn report(&self, replica: &Replica, job: &ImportJob, progress: &Progress) -> Result<u8, JobError> {
        if let Some(path) = &self.failed {
            self.write_failed(replica, job, path)?;
        }
        match self.json {
            true => println!("{}", json!({"job": job.id, "state": job.state.as_str(), "progress": progress})),
            false => self.say(job, progress),
        }
        Ok(match job.state {
            JobState::Completed if progress.failed() > 0 => SOME_FAILED,
            JobState::Completed => 0,
            JobState::AwaitingApproval => WAITS,
            _ => 1,
        })
    }

    fn say(&self, job: &ImportJob, progress: &Progress) {
        let would = if self.dry_run { " (a dry run: nothing was written)" } else { "" };
        println!("job {}: {}{would}", job.id, job.state.as_str());
        for (kind, counts) in &progress.counts {
            let mut line = format!(
                "  {}: {} created, {} updated, {} unchanged, {} failed",
                kind.as_str(),
                counts.created,
                counts.updated,
                counts.unchanged,
                counts.failed
            );
            if counts.deactivated > 0 {
                line.push_str(&format!(", {} deactivated", counts.deactivated));
            }
            println!("{line}");
        }
        if progress.of_no_kind > 0 {
            println!("  {} rows are of no kind, and failed", progress.of_no_kind);
        }
        if let Some(AccessCounts(access)) = &progress.access {
            println!("  access: {} customer users would gain, {} would lose", access.gaining, access.losing);
        }
        progress.waits_because.iter().for_each(|why| println!("  waits for approval: {why}"));
        progress.problem.iter().for_each(|why| println!("  failed: {why}"));
        if progress.failed() > 0 && self.failed.is_none() {
            println!(
                "  why rows failed: GET /v1/import-jobs/{}/results?outcome=failed, or repeat it with --failed FILE",
                job.id
            );
        }
    }

    fn write_failed(&self, replica: &Replica, job: &ImportJob, path: &Path) -> Result<(), JobError> {
        let unwritable = |why| JobError::Write(path.display().to_string(), why);
        let mut file = File::create(path).map_err(unwritable)?;
        let as_table = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let mut written = Ok(());
        let options = Options::parse(&job.options)?;
        results::write(replica, &job.id, &options, Wanted { only_failed: true, as_table }, &mut |piece| {
            written = file.write_all(&piece);
            written.is_ok()
        })?;
        written.and_then(|()| file.sync_all()).map_err(unwritable)
    }
}

/// Works on jobs here, as a service does; where one runs on the same database, that may be the one to do it.
fn work(replica: &Replica) -> Result<(), StoreError> {
    let worker = Worker { replica: replica.clone(), tally: Arc::<Tally>::default(), bell: Bell::default(), render };
    worker.start()
}

#[expect(clippy::disallowed_methods, reason = "the command has nothing to do but to wait for its job")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
