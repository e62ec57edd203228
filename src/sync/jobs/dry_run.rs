//! A dry run: the same plan, upon one state of the directory, and nothing of it is kept but what it says.
//!
//! Its edits stay in memory until whose access they would change has been looked at.

use std::sync::Arc;

use super::full::{bodies, listed};
use super::options::{AccessCounts, Mode, Phase, written};
use super::reader::AT_A_TIME;
use super::run::{Run, Stop, record};
use super::slice::{Applied, Slice};
use crate::access::{Difference, DifferenceCounts, Preview};
use crate::plan::{Plan, absent, imports};
use crate::store::imports::{ImportWrite, JobState};

/// A difference of access, as JSON.
pub type Render = fn(&Preview, Difference) -> serde_json::Value;

impl Run<'_> {
    /// Foresees all of the job.
    pub(super) fn dry_run(&mut self) -> Result<(), Stop> {
        self.enter(Phase::Writing)?;
        let replica = self.worker.replica.clone();
        let mut stopped = None;
        let previewed = replica.preview(|plan| {
            if let Err(why) = self.foresee(plan) {
                stopped = Some(why);
            }
            Ok(())
        });
        if let Some(why) = stopped {
            return Err(why);
        }
        let preview = previewed?.preview;
        self.enter(Phase::Previewing)?;
        let counts = self.show(&preview)?;
        self.rest(JobState::Completed, move |_, _, progress| {
            progress.phase = Phase::Done;
            progress.access = Some(counts);
            Ok(())
        })
    }

    fn foresee(&mut self, plan: &mut Plan) -> Result<(), Stop> {
        let slices = self.reader().slices(Arc::clone(&self.prepared), self.progress.at)?;
        for slice in slices {
            let slice = Arc::new(slice?);
            let applied = self.context.apply(plan, &slice)?;
            plan.forget_what_was_read();
            self.tell(slice, applied)?;
        }
        if self.context.options.mode == Mode::Full {
            self.foresee_absent(plan)?;
        }
        Ok(())
    }

    /// Keeps what would become of rows.
    fn tell(&mut self, slice: Arc<Slice>, applied: Applied) -> Result<(), Stop> {
        self.step(move |plan, job, progress| Ok(record(plan, job, progress, &slice, &applied)?))
    }

    fn foresee_absent(&mut self, plan: &mut Plan) -> Result<(), Stop> {
        let found = self.absent_after(plan)?;
        let bodies = bodies(&listed(plan.conn, &found)?)?;
        let doubts = self.doubts(&found);
        let mut counts = Vec::new();
        for (kind, of_source) in &found {
            let Some(record) = super::members::record(*kind) else { continue };
            let mut count = 0;
            for some in of_source.absent.chunks(AT_A_TIME) {
                count += absent::deactivate(plan, record, &self.context.source, some)?;
            }
            if count > 0 {
                counts.push((*kind, count));
            }
        }
        self.step(move |plan, job, progress| {
            progress.phase = Phase::Deactivating;
            progress.absent = bodies.len() as u64;
            progress.waits_because.clone_from(&doubts);
            for (kind, count) in &counts {
                progress.count(Some(*kind), |counts| counts.deactivated += count);
            }
            imports::also(plan, ImportWrite::Absent(job.id.clone(), bodies.clone()));
            Ok(())
        })
    }

    /// Keeps whose access would change.
    fn show(&mut self, preview: &Preview) -> Result<AccessCounts, Stop> {
        let (mut counts, mut items) = (DifferenceCounts::default(), Vec::new());
        for difference in preview.differences(None) {
            counts.add(&difference);
            let customer_user = difference.customer_user.0;
            items.push((customer_user, written(&(self.worker.render)(preview, difference))?));
            if items.len() == AT_A_TIME {
                self.keep_shown(std::mem::take(&mut items))?;
            }
        }
        if !items.is_empty() {
            self.keep_shown(items)?;
        }
        Ok(AccessCounts(counts))
    }

    fn keep_shown(&mut self, items: Vec<(u32, String)>) -> Result<(), Stop> {
        self.step(move |plan, job, _| {
            imports::also(plan, ImportWrite::Preview(job.id.clone(), items.clone()));
            Ok(())
        })
    }
}
