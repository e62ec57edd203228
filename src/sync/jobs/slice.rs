//! A slice of a chunk: rows that are written together, made ready for it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::{HashMap, HashMapExt};
use serde_json::{Map, Value};

use super::members;
use super::options::Options;
use super::outcome::{Failure, RowResult};
use super::prepare::Prepared;
use super::repeats::{self, Digested};
use super::rows::SentRow;
use crate::directory::{Kind, Source, Thing};
use crate::plan::absent::{self, Returning};
use crate::plan::batch::Effect;
use crate::plan::{Ahead, Plan, Refusal, batch};
use crate::store::{MergedRow, StoreError};
use crate::sync::rows::{self as read_rows, ReadRow, RowKind};
use crate::turns::offering;

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
    /// The kind of all rows of the chunk, if it has one.
    pub of_chunk: Option<RowKind>,
    /// The revision at which it was known which of them change nothing.
    pub revision: u64,
    /// The rows.
    pub rows: Vec<Ready>,
    /// What they name, if that was read already; it serves once.
    pub ahead: Mutex<Option<Ahead>>,
}

/// A row that was read.
#[derive(Clone)]
pub enum Ready {
    /// It failed before anything was planned.
    Failed(Box<RowResult>),
    /// The source has sent it before, and nobody has changed the thing since.
    Same(Box<SameRow>),
    /// It can be merged.
    Row(Box<ReadyRow>),
}

/// A row that can be merged.
#[derive(Clone)]
pub struct ReadyRow {
    sent: SentRow,
    row_id: Option<String>,
    row: batch::Row,
    ignored: Vec<String>,
    digested: Option<Digested>,
}

/// A row that changes nothing.
#[derive(Clone)]
pub struct SameRow {
    sent: SentRow,
    digested: Digested,
    thing: Thing,
    key: String,
    ignored: Vec<String>,
}

/// What became of a slice.
pub struct Applied {
    /// Row by row.
    pub results: Arc<Vec<RowResult>>,
    /// The kinds of those that the source had deactivated, and that count again.
    pub reactivated: Vec<RowKind>,
    /// The rows that were merged, and change nothing when they come again.
    pub merged: BTreeMap<Kind, Vec<MergedRow>>,
}

impl Slice {
    /// The rows that are to be merged.
    pub fn to_merge(&self) -> impl Iterator<Item = &batch::Row> + Clone {
        self.rows.iter().filter_map(Ready::row)
    }

    /// Frees what nobody needs any more; that takes long, too.
    pub fn let_go(self: Arc<Self>) {
        offering(Arc::into_inner(self).into_iter().flat_map(|slice| slice.rows)).for_each(drop);
    }

    /// The last of its rows.
    pub fn last_row(&self) -> u64 {
        self.rows.last().map_or(0, |row| match row {
            Ready::Failed(result) => result.row,
            Ready::Same(same) => same.sent.number,
            Ready::Row(ready) => ready.sent.number,
        })
    }

    /// What becomes of the rows if all of them change nothing, as it seems.
    pub fn foreseen(&self) -> Option<Vec<RowResult>> {
        let result = |row: &Ready| match row {
            Ready::Same(same) => Some(same.result(self.chunk)),
            Ready::Failed(_) | Ready::Row(_) => None,
        };
        self.rows.iter().map(result).collect()
    }
}

impl Context {
    /// Looks at a row, or says why it cannot be merged.
    pub fn check(&self, prepared: &Prepared, chunk: u64, row: &SentRow) -> Result<RowKind, Failure> {
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

    /// Reads a row, or says why it cannot be merged.
    pub fn ready(
        &self,
        (chunk, of_chunk): (u64, Option<RowKind>),
        row: SentRow,
        kind: RowKind,
        digested: Option<Digested>,
    ) -> Ready {
        let row = row.whole(of_chunk);
        if let Some(fault) = row.fault.clone() {
            return failed(chunk, row, Failure::new(fault.code, fault.detail));
        }
        let (sent, mut members) = row.apart();
        let ignored = self.leave_out(kind, &mut members);
        let ReadRow { row_id, row } = read_rows::read(kind, Value::Object(members), Some(&self.source));
        match row {
            Ok(row) => Ready::Row(Box::new(ReadyRow { sent, row_id, row, ignored, digested })),
            Err(errors) => {
                let why = Failure::of_members(errors);
                Ready::Failed(Box::new(RowResult::failed(chunk, sent.whole(of_chunk), row_id, why)))
            }
        }
    }

    /// A row that changes nothing of this thing.
    pub fn same(
        &self,
        row: SentRow,
        of_chunk: Option<RowKind>,
        digested: Digested,
        (thing, key): (Thing, String),
    ) -> Ready {
        let ignored = match row.kind.filter(|kind| self.options.owned_fields.contains_key(kind)) {
            Some(kind) => self.leave_out(kind, &mut row.clone().whole(of_chunk).members),
            None => Vec::new(),
        };
        Ready::Same(Box::new(SameRow { sent: row, digested, thing, key, ignored }))
    }

    /// Takes out what the source does not own.
    fn leave_out(&self, kind: RowKind, members: &mut Map<String, Value>) -> Vec<String> {
        let Some(owned) = self.options.owned_fields.get(&kind) else { return Vec::new() };
        let is_ignored = |member: &&String| is_field(kind, member) && !owned.contains(*member);
        let ignored: BTreeSet<String> = members.keys().filter(is_ignored).cloned().collect();
        members.retain(|member, _| !ignored.contains(member));
        ignored.into_iter().collect()
    }

    /// Of each row of a slice that seemed to change nothing, whether that is so still.
    pub fn are_same_still(&self, plan: &mut Plan, slice: &Slice) -> Result<Vec<bool>, StoreError> {
        let rows: Vec<&Digested> = slice.rows.iter().filter_map(Ready::same).map(|same| &same.digested).collect();
        if slice.revision == plan.base.revision {
            return Ok(vec![true; rows.len()]);
        }
        Ok(repeats::unchanged(plan.conn, &self.source, &rows)?.iter().map(Option::is_some).collect())
    }

    /// The rows of a slice, where those that seemed to change nothing, and may, are read to be merged.
    fn doubted<'s>(&self, plan: &mut Plan, slice: &'s Slice) -> Result<Vec<Cow<'s, Ready>>, StoreError> {
        if slice.rows.iter().all(|row| row.same().is_none()) {
            return Ok(slice.rows.iter().map(Cow::Borrowed).collect());
        }
        let named = batch::named(plan, slice.to_merge())?;
        let mut still = self.are_same_still(plan, slice)?.into_iter();
        let doubted = |row: &'s Ready| match row {
            Ready::Same(same) if still.next() != Some(true) || named.contains(&same.thing) => {
                Cow::Owned(self.read_same(slice, same))
            }
            row => Cow::Borrowed(row),
        };
        Ok(slice.rows.iter().map(doubted).collect())
    }

    fn read_same(&self, slice: &Slice, same: &SameRow) -> Ready {
        let sent = same.sent.clone();
        match sent.kind {
            Some(kind) => self.ready((slice.chunk, slice.of_chunk), sent, kind, Some(same.digested.clone())),
            None => failed(slice.chunk, sent.whole(slice.of_chunk), Failure::new("kind_missing", "has no kind")),
        }
    }

    /// Plans the rows of a slice. A row that is refused leaves the others alone.
    pub fn apply(&self, plan: &mut Plan, slice: &Arc<Slice>) -> Result<Applied, StoreError> {
        let ahead = slice.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        let is_ahead = ahead.is_some_and(|ahead| plan.take_over(ahead));
        let rows = self.doubted(plan, slice)?;
        let options = batch::Options {
            on_existing: self.options.on_existing(),
            powers: self.options.powers(),
            // Whoever brings the settings brings what they are to hold for, on or off.
            keeps_grants_of_contexts_off: self.options.resources.contains(&RowKind::Settings),
        };
        let to_merge = offering(&rows).filter_map(|row| row.row().cloned()).collect();
        // What is doubted was not to be merged when the others were read ahead.
        let is_known = is_ahead && rows.iter().all(|row| matches!(row, Cow::Borrowed(_)));
        let upsert = if is_known { batch::upsert_known } else { batch::upsert };
        let mut done = upsert(plan, to_merge, options)?;
        let reactivated = self.reactivate(plan, &rows, &mut done)?;
        let merged = merged(&rows, &done);
        let mut done = done.into_iter();
        let mut results = Vec::with_capacity(rows.len());
        for row in offering(&rows) {
            results.push(match &**row {
                Ready::Failed(result) => (**result).clone(),
                Ready::Same(same) => same.result(slice.chunk),
                Ready::Row(ready) => match done.next() {
                    Some(done) => ready.result(slice, done),
                    None => return Err(StoreError::Corrupt("a row has no outcome".to_owned())),
                },
            });
        }
        Ok(Applied { results: Arc::new(results), reactivated, merged })
    }

    /// What this source had deactivated and has sent again counts again, unless the row says otherwise.
    fn reactivate(
        &self,
        plan: &mut Plan,
        rows: &[Cow<'_, Ready>],
        done: &mut [Result<batch::Done, Refusal>],
    ) -> Result<Vec<RowKind>, StoreError> {
        let ready = rows.iter().filter_map(|row| row.ready());
        let returning = ready.zip(done.iter_mut()).filter_map(|(ready, done)| {
            let kind = ready.row.content.leaves_validity_of()?;
            Some(Returning { kind, done: done.as_mut().ok()?, label: ready.sent.kind? })
        });
        let returning = returning.collect();
        absent::reactivate(plan, &self.source, returning)
    }
}

/// What is to be remembered of rows that were merged. Of two rows of one thing the other one may have changed it again.
fn merged(rows: &[Cow<'_, Ready>], done: &[Result<batch::Done, Refusal>]) -> BTreeMap<Kind, Vec<MergedRow>> {
    let ready = || rows.iter().filter_map(|row| row.ready());
    let number = |done: &Result<batch::Done, Refusal>| done.as_ref().ok()?.subject.number();
    let mut rows_of: HashMap<(Option<Kind>, u32), u32> = HashMap::new();
    let key = |ready: &ReadyRow, number| (ready.sent.kind.and_then(members::record), number);
    for (ready, number) in offering(ready().zip(done)).filter_map(|(ready, done)| Some((ready, number(done)?))) {
        *rows_of.entry(key(ready, number)).or_default() += 1;
    }
    let mut merged: BTreeMap<Kind, Vec<MergedRow>> = BTreeMap::new();
    for (ready, done) in offering(ready().zip(done)) {
        let (Some(digested), Some(external_id), Some(number)) = (&ready.digested, &ready.row.external_id, number(done))
        else {
            continue;
        };
        if rows_of.get(&key(ready, number)) == Some(&1) {
            let (external_id, digest) = (external_id.id.clone(), digested.digest);
            merged.entry(digested.record).or_default().push(MergedRow { external_id, number, digest });
        }
    }
    merged
}

/// A row that failed before it was read.
pub fn failed(chunk: u64, row: SentRow, why: Failure) -> Ready {
    let row_id = row.text("row_id").map(str::to_owned);
    Ready::Failed(Box::new(RowResult::failed(chunk, row, row_id, why)))
}

impl Ready {
    fn ready(&self) -> Option<&ReadyRow> {
        match self {
            Ready::Row(ready) => Some(ready),
            Ready::Failed(_) | Ready::Same(_) => None,
        }
    }

    fn row(&self) -> Option<&batch::Row> {
        self.ready().map(|ready| &ready.row)
    }

    fn same(&self) -> Option<&SameRow> {
        match self {
            Ready::Same(same) => Some(same),
            Ready::Failed(_) | Ready::Row(_) => None,
        }
    }
}

impl SameRow {
    fn result(&self, chunk: u64) -> RowResult {
        let (id, key) = (self.thing.to_string(), Some(self.key.clone()));
        let row_id = self.sent.text("row_id").map(str::to_owned);
        let result = RowResult::of(chunk, &self.sent, row_id, Effect::Unchanged.as_str(), (id, key));
        RowResult { ignored_fields: self.ignored.clone(), ..result }
    }
}

impl ReadyRow {
    fn result(&self, slice: &Slice, done: Result<batch::Done, Refusal>) -> RowResult {
        let row_id = self.row_id.clone();
        let result = match done {
            Ok(done) => RowResult::done(slice.chunk, &self.sent, row_id, &done),
            Err(why) => RowResult::failed(slice.chunk, self.sent.clone().whole(slice.of_chunk), row_id, why.into()),
        };
        RowResult { ignored_fields: self.ignored.clone(), ..result }
    }
}

/// Whether a member is a field of its kind that a source may own or not. What says which thing a row is
/// about always counts.
pub fn is_field(kind: RowKind, member: &str) -> bool {
    members::record(kind).is_some() && members::members(kind).contains(&member) && !members::key(kind).contains(&member)
}
