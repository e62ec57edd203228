//! The thread of a process that works on import jobs, one at a time. Where several processes share a
//! database, whoever claims a job first works on it; if that one is killed, another goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::background;
use super::dry_run::Render;
use super::run::{Run, Stop};
use super::tally::Tally;
use crate::plan::imports;
use crate::replica::{Replica, now};
use crate::store::imports::ImportJob;
use crate::store::{self, StoreError};

/// How often it is looked for a job that another process closed, or left behind.
const LOOK: Duration = Duration::from_millis(500);

/// Rings when there may be something to do.
#[derive(Clone, Default)]
pub struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Bell {
    /// There is something to do.
    pub fn ring(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Waits until it rings, or so long.
    fn wait(&self, most: Duration) {
        let rung = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) =
            self.0.1.wait_timeout_while(rung, most, |rung| !*rung).unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }

    /// Waits so long, whatever rings.
    #[expect(clippy::disallowed_methods, reason = "the thread of the jobs is its own, and waits for the database")]
    pub(super) fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// What works on jobs.
pub struct Worker {
    /// Where they are, and what they write to.
    pub replica: Replica,
    /// What is counted.
    pub tally: Arc<Tally>,
    /// What wakes it.
    pub bell: Bell,
    /// How a difference of access is shown.
    pub render: Render,
}

impl Worker {
    /// Begins to work, for as long as the process lives.
    pub fn start(self) -> Result<(), StoreError> {
        let name = uuid::Uuid::new_v4().to_string();
        let work = move || {
            loop {
                match self.claim(&name) {
                    Ok(Some(job)) => self.work_on(job),
                    Ok(None) => self.bell.wait(LOOK),
                    Err(why) => {
                        log::debug!("no import job can be claimed: {why}");
                        self.bell.pause(LOOK);
                    }
                }
            }
        };
        background::spawn("imports", work)
    }

    fn claim(&self, name: &str) -> Result<Option<ImportJob>, crate::plan::Refusal> {
        let waits = self.replica.read(|conn| store::imports::waiting_job(conn, now()))?.0;
        if waits.is_none() {
            return Ok(None);
        }
        let name = name.to_owned();
        let claimed = self.replica.write_blocking("import".to_owned(), move |plan| imports::claim(plan, &name))?;
        Ok(claimed.value)
    }

    fn work_on(&self, job: ImportJob) {
        let id = job.id.clone();
        log::info!("import job {id}: begins at step {}", job.step);
        // A fault in one job must not end the work on all others.
        match catch_unwind(AssertUnwindSafe(|| self.run(job))) {
            Ok(Ok(())) => log::info!("import job {id}: completed"),
            Ok(Err(Stop::Waits)) => log::info!("import job {id}: awaits approval"),
            Ok(Err(Stop::Lost)) => log::info!("import job {id}: was cancelled, or is worked on elsewhere"),
            Ok(Err(Stop::Later(why))) => log::warn!("import job {id}: goes on later: {why}"),
            Ok(Err(Stop::Failed(why))) => log::error!("import job {id}: failed: {why}"),
            Err(_) => log::error!("import job {id}: failed in a way that it never should; it is tried again"),
        }
    }

    fn run(&self, job: ImportJob) -> Result<(), Stop> {
        let mut run = Run::new(self, job)?;
        match run.run() {
            Err(Stop::Failed(why)) => {
                run.fail(&why)?;
                Err(Stop::Failed(why))
            }
            ended => ended,
        }
    }
}
