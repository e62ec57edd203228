//! Full mode: what was not sent is deactivated, unless that is too much to be meant.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::members;
use super::options::{Mode, Phase, written};
use super::reader::AT_A_TIME;
use super::run::{Run, Stop};
use crate::directory::Kind;
use crate::plan::absent::{self, OfSource};
use crate::plan::{Plan, imports};
use crate::store::imports::{ImportWrite, JobState};
use crate::store::{self, Conn, StoreError};
use crate::sync::rows::RowKind;

/// Something that full mode deactivates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbsentThing {
    /// Of which kind.
    pub kind: RowKind,
    /// Its id.
    pub id: String,
    /// Its natural key.
    pub key: String,
}

/// By kind.
pub(super) type Found = BTreeMap<RowKind, OfSource>;

impl Run<'_> {
    /// Deactivates what was not sent, or stops and asks.
    pub(super) fn deactivate(&mut self) -> Result<(), Stop> {
        if self.context.options.mode == Mode::Upsert {
            return Ok(());
        }
        self.enter(Phase::Deactivating)?;
        let (found, list) = self
            .worker
            .replica
            .read(|conn| {
                let found = self.absent(conn)?;
                let list = listed(conn, &found)?;
                Ok::<_, StoreError>((found, list))
            })?
            .0;
        let reasons = self.reasons(&found, &list)?;
        if !reasons.is_empty() {
            return self.wait(list, reasons);
        }
        let is_first = self.progress.counts.values().all(|counts| counts.deactivated == 0);
        if is_first {
            self.list(list)?;
        }
        for (kind, of_source) in found {
            for some in of_source.absent.chunks(AT_A_TIME) {
                self.deactivate_some(kind, some.to_vec())?;
            }
        }
        Ok(())
    }

    /// Compares what is there of the source with what was sent.
    fn absent(&self, conn: &mut Conn) -> Result<Found, StoreError> {
        self.each_record(|record, was_sent| absent::find(conn, record, &self.context.source, was_sent))
    }

    /// The same, of what would be there after the edits of a plan.
    pub(super) fn absent_after(&self, plan: &mut Plan) -> Result<Found, StoreError> {
        self.each_record(|record, was_sent| absent::foresee(plan, record, &self.context.source, was_sent))
    }

    fn each_record(
        &self,
        mut find: impl FnMut(Kind, &dyn Fn(&str) -> bool) -> Result<OfSource, StoreError>,
    ) -> Result<Found, StoreError> {
        let records = self.context.options.resources.iter().filter_map(|kind| Some((*kind, members::record(*kind)?)));
        records.map(|(kind, of)| Ok((kind, find(of, &|id| self.prepared.was_sent(of, id))?))).collect()
    }

    /// Why somebody has to approve; nothing where nobody has to.
    fn reasons(&self, found: &Found, list: &[AbsentThing]) -> Result<Vec<String>, StoreError> {
        if self.progress.approved_by.is_none() {
            return Ok(self.doubts(found));
        }
        let approved = self.worker.replica.read(|conn| approved(conn, &self.context.job))?.0;
        let more = list.iter().filter(|thing| !approved.contains(&(thing.kind, thing.id.clone()))).count();
        let grew = format!("{more} more would be deactivated than were on the list that was approved");
        Ok(if more == 0 { Vec::new() } else { vec![grew] })
    }

    /// What speaks against deactivating all of this.
    pub(super) fn doubts(&self, found: &Found) -> Vec<String> {
        let mut doubts = Vec::new();
        let failed = self.progress.failed();
        if self.prepared.rows() == 0 {
            doubts.push("no row was sent at all".to_owned());
        }
        if failed > 0 {
            doubts.push(format!("{failed} rows failed, so that what was sent may not be all that was meant"));
        }
        for (kind, of_source) in found {
            doubts.extend(self.doubt(*kind, of_source));
        }
        doubts
    }

    fn doubt(&self, kind: RowKind, of_source: &OfSource) -> Option<String> {
        let (absent, guard) = (of_source.absent.len() as u64, u64::from(self.context.options.guard_percent));
        let was_sent = members::record(kind).is_some_and(|record| self.prepared.sent_of(record) > 0);
        if absent == 0 {
            return None;
        }
        // What this job has created says nothing of how much of the rest is missing.
        let before = of_source.valid.saturating_sub(self.created(kind)).max(absent);
        let what = kind.as_str();
        if !was_sent {
            return Some(format!("no {what} was sent, and {absent} would be deactivated"));
        }
        (absent * 100 > guard * before).then(|| {
            format!("{absent} of {before} things of the kind {what} would be deactivated, more than {guard} percent")
        })
    }

    fn list(&mut self, list: Vec<AbsentThing>) -> Result<(), Stop> {
        let absent = list.len() as u64;
        let bodies = bodies(&list)?;
        self.step(move |plan, job, progress| {
            progress.absent = absent;
            imports::also(plan, ImportWrite::Absent(job.id.clone(), bodies.clone()));
            Ok(())
        })
    }

    fn wait(&mut self, list: Vec<AbsentThing>, reasons: Vec<String>) -> Result<(), Stop> {
        self.list(list)?;
        self.rest(JobState::AwaitingApproval, move |_, _, progress| {
            progress.waits_because.clone_from(&reasons);
            progress.approved_by = None;
            Ok(())
        })?;
        Err(Stop::Waits)
    }

    fn deactivate_some(&mut self, kind: RowKind, numbers: Vec<u32>) -> Result<(), Stop> {
        let source = self.context.source.clone();
        let count = self.step(move |plan, _, progress| {
            let record = members::record(kind).unwrap_or(Kind::BackEnd);
            let count = absent::deactivate(plan, record, &source, &numbers)?;
            progress.count(Some(kind), |counts| counts.deactivated += count);
            Ok(count)
        })?;
        self.worker.tally.add("deactivated", count);
        Ok(())
    }
}

/// What is absent, as a person reads it.
pub(super) fn listed(conn: &mut Conn, found: &Found) -> Result<Vec<AbsentThing>, StoreError> {
    let mut list = Vec::new();
    for (kind, of_source) in found {
        let Some(record) = members::record(*kind) else { continue };
        let keys = absent::keys(conn, record, &of_source.absent)?;
        list.extend(keys.into_iter().map(|(number, key)| AbsentThing { kind: *kind, id: record.id(number), key }));
    }
    Ok(list)
}

/// The list as it is stored.
pub(super) fn bodies(list: &[AbsentThing]) -> Result<Vec<String>, StoreError> {
    list.iter().map(written).collect()
}

/// What is on the list that was approved.
fn approved(conn: &mut Conn, job: &str) -> Result<HashSet<(RowKind, String)>, StoreError> {
    const PAGE: i64 = 10_000;
    let (mut all, mut after) = (HashSet::new(), 0);
    loop {
        let page = store::absent(conn, job, after, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(all) };
        after = *last;
        for (_, body) in &page {
            let thing: AbsentThing =
                serde_json::from_str(body).map_err(|why| StoreError::Corrupt(format!("the list of a job: {why}")))?;
            all.insert((thing.kind, thing.id));
        }
    }
}
