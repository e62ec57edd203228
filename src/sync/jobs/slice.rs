//! A slice of a chunk: rows that are written together, made ready for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::members;
use super::options::Options;
use super::outcome::{Failure, RowResult};
use super::prepare::Prepared;
use super::rows::SentRow;
use crate::directory::Source;
use crate::plan::absent::{self, Returning};
use crate::plan::{Plan, batch};
use crate::store::StoreError;
use crate::sync::rows::{self as read_rows, ReadRow, RowKind};

/// What holds for all rows of a job.
pub struct Context {
    /// The job.
    pub job: String,
    /// Which other system it is of.
    pub source: Source,
    /// What it is to do.
    pub options: Options,
}

/// Rows of one rank out of one chunk.
pub struct Slice {
    /// Their rank.
    pub rank: u32,
    /// Their chunk.
    pub chunk: u64,
    /// The rows.
    pub rows: Vec<Ready>,
}

/// A row that was read.
pub enum Ready {
    /// It failed before anything was planned.
    Failed(Box<RowResult>),
    /// It can be merged.
    Row(Box<ReadyRow>),
}

/// A row that can be merged.
pub struct ReadyRow {
    sent: SentRow,
    row_id: Option<String>,
    row: batch::Row,
    ignored: Vec<String>,
}

/// What became of a slice.
pub struct Applied {
    /// Row by row.
    pub results: Vec<RowResult>,
    /// The kinds of those that the source had deactivated, and that count again.
    pub reactivated: Vec<RowKind>,
}

impl Slice {
    /// The last of its rows.
    pub fn last_row(&self) -> u64 {
        self.rows.last().map_or(0, |row| match row {
            Ready::Failed(result) => result.row,
            Ready::Row(ready) => ready.sent.number,
        })
    }
}

impl Context {
    /// Reads a row, or says why it cannot be merged.
    pub fn ready(&self, prepared: &Prepared, chunk: u64, mut row: SentRow) -> Ready {
        let row_id = row.text("row_id").map(str::to_owned);
        let failed = |row: SentRow, row_id, why| Ready::Failed(Box::new(RowResult::failed(chunk, row, row_id, why)));
        let kind = match self.check(prepared, chunk, &row) {
            Ok(kind) => kind,
            Err(why) => return failed(row, row_id, why),
        };
        let sent = row.clone();
        let ignored = self.leave_out(kind, &mut row);
        let ReadRow { row_id, row } = read_rows::read(kind, Value::Object(row.members), Some(&self.source));
        match row {
            Ok(row) => Ready::Row(Box::new(ReadyRow { sent, row_id, row, ignored })),
            Err(errors) => failed(sent, row_id, Failure::of_members(errors)),
        }
    }

    fn check(&self, prepared: &Prepared, chunk: u64, row: &SentRow) -> Result<RowKind, Failure> {
        if let Some(fault) = &row.fault {
            return Err(Failure::new(fault.code, fault.detail.clone()));
        }
        let kind = row.kind.ok_or_else(|| Failure::new("kind_missing", "has no kind"))?;
        if !self.options.resources.contains(&kind) {
            let detail =
                format!("is a {}, which is none of the job's resources; create the job with it", kind.as_str());
            return Err(Failure::new("resource_not_declared", detail));
        }
        match prepared.other_place((chunk, row.number)) {
            None => Ok(kind),
            Some((chunk, row)) => {
                let detail = format!("is about the same as row {row} of chunk {chunk}; send each once, in one row");
                Err(Failure::new("duplicate_row", detail))
            }
        }
    }

    /// Takes out what the source does not own.
    fn leave_out(&self, kind: RowKind, row: &mut SentRow) -> Vec<String> {
        let Some(owned) = self.options.owned_fields.get(&kind) else { return Vec::new() };
        let is_ignored = |member: &&String| is_field(kind, member) && !owned.contains(*member);
        let ignored: BTreeSet<String> = row.members.keys().filter(is_ignored).cloned().collect();
        row.members.retain(|member, _| !ignored.contains(member));
        ignored.into_iter().collect()
    }

    /// Plans the rows of a slice. A row that is refused leaves the others alone.
    pub fn apply(&self, plan: &mut Plan, slice: &Arc<Slice>) -> Result<Applied, StoreError> {
        let rows = slice.rows.iter().filter_map(|row| match row {
            Ready::Row(ready) => Some(ready.row.clone()),
            Ready::Failed(_) => None,
        });
        let options = batch::Options {
            on_existing: self.options.on_existing(),
            powers: self.options.powers(),
            // Whoever brings the settings brings what they are to hold for, on or off.
            keeps_grants_of_contexts_off: self.options.resources.contains(&RowKind::Settings),
        };
        let mut done = batch::upsert(plan, rows.collect(), options)?;
        let reactivated = self.reactivate(plan, slice, &mut done)?;
        let mut done = done.into_iter();
        let mut results = Vec::with_capacity(slice.rows.len());
        for row in &slice.rows {
            results.push(match row {
                Ready::Failed(result) => (**result).clone(),
                Ready::Row(ready) => match done.next() {
                    Some(done) => ready.result(slice.chunk, done),
                    None => return Err(StoreError::Corrupt("a row has no outcome".to_owned())),
                },
            });
        }
        Ok(Applied { results, reactivated })
    }

    /// What this source had deactivated and has sent again counts again, unless the row says otherwise.
    fn reactivate(
        &self,
        plan: &mut Plan,
        slice: &Slice,
        done: &mut [Result<batch::Done, crate::plan::Refusal>],
    ) -> Result<Vec<RowKind>, StoreError> {
        let ready = slice.rows.iter().filter_map(|row| match row {
            Ready::Row(ready) => Some(ready),
            Ready::Failed(_) => None,
        });
        let returning = ready.zip(done.iter_mut()).filter_map(|(ready, done)| {
            let label = ready.sent.kind.filter(|_| !ready.says("validity"))?;
            Some(Returning { kind: members::record(label)?, done: done.as_mut().ok()?, label })
        });
        let returning = returning.collect();
        absent::reactivate(plan, &self.source, returning)
    }
}

impl ReadyRow {
    fn says(&self, member: &str) -> bool {
        self.sent.members.contains_key(member) && !self.ignored.iter().any(|ignored| ignored == member)
    }

    fn result(&self, chunk: u64, done: Result<batch::Done, crate::plan::Refusal>) -> RowResult {
        let result = match done {
            Ok(done) => RowResult::done(chunk, &self.sent, self.row_id.clone(), &done),
            Err(why) => RowResult::failed(chunk, self.sent.clone(), self.row_id.clone(), why.into()),
        };
        RowResult { ignored_fields: self.ignored.clone(), ..result }
    }
}

/// Whether a member is a field of its kind that a source may own or not. What says which thing a row is
/// about always counts.
pub fn is_field(kind: RowKind, member: &str) -> bool {
    members::record(kind).is_some() && members::members(kind).contains(&member) && !members::key(kind).contains(&member)
}
