//! One job, from where it was to where it rests: each step is one write, which carries the results and
//! the new position with the edits, and is made only from the step that it was planned for. So a job that
//! was cancelled, or that two processes work on, or whose process was killed, repeats nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::options::{Options, Phase, Position, Progress};
use super::outcome::{FAILED, RowResult, made, packed, packing};
use super::prepare::Prepared;
use super::reader::Reader;
use super::repeats::Digests;
use super::slice::{Applied, Context, Slice};
use super::worker::Worker;
use crate::plan::{Plan, Refusal, imports};
use crate::replica::Begun;
use crate::store::imports::{ImportJob, ImportWrite, JobState};
use crate::store::{self, Making, Results, StoreError};
use crate::sync::rows::RowKind;
use crate::turns::offering;

/// So often a write is tried that found the database out of reach.
const TRIES: usize = 20;
/// So long between two tries.
const PAUSE: Duration = Duration::from_millis(250);
/// After so long without a step, the claim is renewed.
const RENEW: Duration = Duration::from_secs(3);
/// Memory is taken at once for no more rows than so many.
const MOST_RESERVED: u64 = 1_000_000;
/// So many chunks are asked for.
const MOST_CHUNKS: i64 = 1_000_000;

/// Why a job is not worked on any more.
#[derive(Debug)]
pub enum Stop {
    /// Somebody has cancelled it, or works on it instead.
    Lost,
    /// It rests until somebody approves it.
    Waits,
    /// The database is out of reach; it goes on later, from where it was.
    Later(String),
    /// It cannot go on.
    Failed(String),
}

impl From<StoreError> for Stop {
    fn from(why: StoreError) -> Self {
        Refusal::from(why).into()
    }
}

impl From<Refusal> for Stop {
    fn from(why: Refusal) -> Self {
        match why {
            Refusal::Import(_) => Stop::Lost,
            Refusal::Store(why) if why.is_lasting() => Stop::Failed(why.to_string()),
            Refusal::Store(why) => Stop::Later(why.to_string()),
            why => Stop::Failed(why.to_string()),
        }
    }
}

/// A job that is worked on.
pub struct Run<'w> {
    pub(super) worker: &'w Worker,
    pub(super) job: ImportJob,
    pub(super) progress: Progress,
    pub(super) context: Arc<Context>,
    pub(super) prepared: Arc<Prepared>,
    heads: Arc<Vec<store::ChunkHead>>,
    moved_at: Instant,
    /// What was written last, which is freed while the next is written.
    written: Option<Arc<Slice>>,
}

impl<'w> Run<'w> {
    /// A job that was claimed.
    pub fn new(worker: &'w Worker, job: ImportJob) -> Result<Self, Stop> {
        let options = Options::parse(&job.options)?;
        let progress = Progress::parse(&job.progress)?;
        let heads = worker.replica.read(|conn| store::chunks(conn, &job.id, 0, MOST_CHUNKS))?.0;
        let context = Arc::new(Context { job: job.id.clone(), source: job.source.clone(), options });
        let (prepared, heads) = (Arc::default(), Arc::new(heads));
        Ok(Self { worker, job, progress, context, prepared, heads, moved_at: Instant::now(), written: None })
    }

    /// Works on it until it rests.
    pub fn run(&mut self) -> Result<(), Stop> {
        let was = self.progress.phase;
        if self.context.options.dry_run {
            self.begin_anew()?;
        }
        self.prepare()?;
        if self.context.options.dry_run {
            return self.dry_run();
        }
        if was != Phase::Deactivating {
            self.enter(Phase::Writing)?;
            self.write_rows()?;
        }
        self.deactivate()?;
        self.finish()
    }

    /// A dry run keeps no position: what it has foreseen is gone with the process.
    fn begin_anew(&mut self) -> Result<(), Stop> {
        self.progress = Progress::default();
        self.step(|plan, job, _| {
            imports::also(plan, ImportWrite::ForgetResults(job.id.clone()));
            Ok(())
        })
    }

    /// Looks through all rows.
    fn prepare(&mut self) -> Result<(), Stop> {
        if self.progress.phase != Phase::Deactivating {
            self.enter(Phase::Preparing)?;
        }
        let rows: u64 = self.heads.iter().map(|head| head.rows).sum();
        let mut prepared = Prepared::new(self.context.source.as_str(), rows.min(MOST_RESERVED) as usize);
        for seen in self.reader().looks(prepared.look())? {
            offering(seen?).for_each(|row| prepared.add(row));
            self.renew()?;
        }
        prepared.finish();
        self.progress.rows_total = prepared.rows();
        self.prepared = Arc::new(prepared);
        Ok(())
    }

    pub(super) fn reader(&self) -> Reader {
        let (context, heads) = (Arc::clone(&self.context), Arc::clone(&self.heads));
        let digests = Digests::new(&context.options);
        Reader { replica: self.worker.replica.clone(), context, heads, digests }
    }

    fn write_rows(&mut self) -> Result<(), Stop> {
        let slices = self.reader().slices_read_ahead(Arc::clone(&self.prepared), self.progress.at)?;
        for slice in slices {
            let slice = Arc::new(slice?);
            self.write(Arc::clone(&slice))?;
            self.written = Some(slice);
        }
        Ok(())
    }

    fn write(&mut self, slice: Arc<Slice>) -> Result<(), Stop> {
        if let Some(results) = slice.foreseen()
            && self.write_same(&slice, results)?
        {
            return Ok(());
        }
        let context = Arc::clone(&self.context);
        let applied = self.step(move |plan, job, progress| {
            let applied = context.apply(plan, &slice)?;
            for (kind, rows) in &applied.merged {
                imports::also(plan, ImportWrite::Merged(*kind, job.source.clone(), rows.clone()));
            }
            record(plan, job, progress, &slice, &applied)?;
            Ok(applied)
        })?;
        self.worker.tally.add_all(&applied.results);
        Ok(())
    }

    /// Writes of rows that change nothing that they do not, if that is so still; says whether it is. All that takes long
    /// is done before anybody waits.
    fn write_same(&mut self, slice: &Arc<Slice>, results: Vec<RowResult>) -> Result<bool, Stop> {
        let (context, of_step, body) = (Arc::clone(&self.context), Arc::clone(slice), packed(&results)?);
        let results = Arc::new(results);
        let of_all = Arc::clone(&results);
        let is_same = self.step(move |plan, job, progress| {
            let is_same = context.are_same_still(plan, &of_step)?.into_iter().all(|is_same| is_same);
            if is_same {
                record_made(plan, job, progress, &of_step, (&of_all, made(body.clone())));
            }
            Ok(is_same)
        })?;
        if is_same {
            self.worker.tally.add_all(&results);
        }
        Ok(is_same)
    }

    /// Makes a write that moves the job on by a step.
    pub(super) fn step<T: Send + 'static>(
        &mut self,
        make: impl Fn(&mut Plan, &ImportJob, &mut Progress) -> Result<T, Refusal> + Send + Sync + 'static,
    ) -> Result<T, Stop> {
        let (known, before) = (self.job.clone(), self.progress.clone());
        let (value, job, progress) = self.keep(move |plan| {
            let job = imports::held(plan, &known)?;
            let mut progress = before.clone();
            let value = make(plan, &job, &mut progress)?;
            let job = imports::advance(plan, ImportJob { progress: progress.text()?, ..job });
            Ok((value, job, progress))
        })?;
        (self.job, self.progress, self.moved_at) = (job, progress, Instant::now());
        Ok(value)
    }

    /// Makes a write; while the database is out of reach, and nothing was kept, tries again.
    pub(super) fn keep<T: Send + 'static>(
        &mut self,
        plan: impl Fn(&mut Plan) -> Result<T, Refusal> + Send + Sync + 'static,
    ) -> Result<T, Stop> {
        let (plan, actor) = (Arc::new(plan), format!("{} (job:{})", self.job.actor, self.job.id));
        let mut tries = 1;
        loop {
            let plan = Arc::clone(&plan);
            let begun = self.worker.replica.begin(actor.clone(), move |made| plan(made));
            self.written.take().into_iter().for_each(Slice::let_go);
            match begun.and_then(Begun::wait) {
                Ok(written) => return Ok(written.value),
                Err(Refusal::Store(StoreError::Unavailable(_))) if tries < TRIES => self.worker.bell.pause(PAUSE),
                Err(why) => return Err(why.into()),
            }
            tries += 1;
        }
    }

    /// Keeps others from it while there is nothing to write.
    pub(super) fn renew(&mut self) -> Result<(), Stop> {
        if self.moved_at.elapsed() < RENEW { Ok(()) } else { self.step(|_, _, _| Ok(())) }
    }

    pub(super) fn enter(&mut self, phase: Phase) -> Result<(), Stop> {
        let total = self.progress.rows_total;
        self.step(move |_, _, progress| {
            progress.phase = phase;
            progress.rows_total = total;
            Ok(())
        })
    }

    /// Puts it to rest.
    pub(super) fn rest(
        &mut self,
        state: JobState,
        change: impl Fn(&mut Plan, &ImportJob, &mut Progress) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Result<(), Stop> {
        let (known, before) = (self.job.clone(), self.progress.clone());
        self.keep(move |plan| {
            let job = imports::held(plan, &known)?;
            let mut progress = before.clone();
            change(plan, &job, &mut progress)?;
            imports::advance(plan, ImportJob { state, progress: progress.text()?, ..job });
            Ok(())
        })
    }

    pub(super) fn finish(&mut self) -> Result<(), Stop> {
        self.rest(JobState::Completed, |_, _, progress| {
            progress.phase = Phase::Done;
            Ok(())
        })
    }

    /// It cannot go on, and says why.
    pub fn fail(&mut self, why: &str) -> Result<(), Stop> {
        let why = why.to_owned();
        self.rest(JobState::Failed, move |_, _, progress| {
            progress.problem = Some(why.clone());
            Ok(())
        })
    }

    /// How many rows of a kind were created.
    pub(super) fn created(&self, kind: RowKind) -> u64 {
        self.progress.counts.get(&kind).map_or(0, |counts| counts.created)
    }
}

/// Keeps what became of a slice, and how far the job has come by it.
pub(super) fn record(
    plan: &mut Plan,
    job: &ImportJob,
    progress: &mut Progress,
    slice: &Slice,
    applied: &Applied,
) -> Result<(), StoreError> {
    applied.reactivated.iter().for_each(|kind| progress.count(Some(*kind), |counts| counts.reactivated += 1));
    record_made(plan, job, progress, slice, (&applied.results, packing(Arc::clone(&applied.results))?));
    Ok(())
}

fn record_made(
    plan: &mut Plan,
    job: &ImportJob,
    progress: &mut Progress,
    slice: &Slice,
    (results, body): (&[RowResult], Making),
) {
    results.iter().for_each(|result| result.count_in(progress));
    progress.at = Position { rank: slice.rank, chunk: slice.chunk, row: slice.last_row() };
    let failed = results.iter().filter(|result| result.status == FAILED).count() as u64;
    let results = Results { job: job.id.clone(), chunk: slice.chunk, step: job.step + 1, failed, body };
    imports::also(plan, ImportWrite::Results(Box::new(results)));
}
