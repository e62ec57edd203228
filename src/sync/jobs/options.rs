//! What a job is to do, and what it has done so far, as the database keeps both.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::access::DifferenceCounts;
use crate::plan::{OnExisting, Powers};
use crate::store::StoreError;
use crate::sync::rows::RowKind;

/// Whether what is not sent is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is.
    Upsert,
    /// It is deactivated.
    Full,
}

impl Mode {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Upsert => "upsert",
            Mode::Full => "full",
        }
    }
}

/// What a job is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// What its rows may be about.
    pub resources: BTreeSet<RowKind>,
    /// Whether what is not sent is left alone.
    pub mode: Mode,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Whether a thing that has the natural key and not the external id is given it.
    pub adopts: bool,
    /// The members that are written, by kind; of a kind that is not named, all.
    pub owned_fields: BTreeMap<RowKind, BTreeSet<String>>,
    /// In full mode: so many of a hundred valid things may be deactivated without asking.
    pub guard_percent: u8,
    /// Whether who created it may move customer users between back ends.
    pub may_move_between_back_ends: bool,
}

impl Options {
    /// What a stored text says.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|why| StoreError::Corrupt(format!("the options of a job: {why}")))
    }

    /// The kind of all rows, if the job has only one.
    pub fn only_kind(&self) -> Option<RowKind> {
        self.resources.first().copied().filter(|_| self.resources.len() == 1)
    }

    /// As it is stored.
    pub fn text(&self) -> Result<String, StoreError> {
        written(self)
    }

    /// What becomes of a thing that has the natural key and not the external id.
    pub fn on_existing(&self) -> OnExisting {
        if self.adopts { OnExisting::Adopt } else { OnExisting::Refuse }
    }

    /// What the rows may do.
    pub fn powers(&self) -> Powers {
        Powers { move_between_back_ends: self.may_move_between_back_ends, write_identity: true }
    }
}

/// What a job works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Chunks are coming.
    #[default]
    Uploading,
    /// All rows are looked through for what stands there twice.
    Preparing,
    /// Rows are written.
    Writing,
    /// What was not sent is deactivated.
    Deactivating,
    /// Whose access would change is looked at.
    Previewing,
    /// Nothing any more.
    Done,
}

impl Phase {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Uploading => "uploading",
            Phase::Preparing => "preparing",
            Phase::Writing => "writing",
            Phase::Deactivating => "deactivating",
            Phase::Previewing => "previewing",
            Phase::Done => "done",
        }
    }
}

/// A place in a job: rows are written rank by rank, and within one in the order in which they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Position {
    /// The rank; see [`super::rows::SentRow::rank`].
    pub rank: u32,
    /// The chunk.
    pub chunk: u64,
    /// All rows up to this one are done.
    pub row: u64,
}

/// What became of the rows of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KindCounts {
    /// What was not there and is now.
    pub created: u64,
    /// What reads otherwise now.
    pub updated: u64,
    /// What reads the same.
    pub unchanged: u64,
    /// What was refused.
    pub failed: u64,
    /// What was not sent and counts no longer.
    pub deactivated: u64,
    /// What had been deactivated so and counts again; they are `updated`, too.
    pub reactivated: u64,
    /// Members that the source does not own, and that were left out.
    pub ignored_fields: u64,
}

/// Whose access a dry run would change, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccessCounts(#[serde(with = "KeptCounts")] pub DifferenceCounts);

/// How `access`, which knows of no form in which things are kept, has its counts kept.
#[derive(Serialize, Deserialize)]
#[serde(remote = "DifferenceCounts")]
struct KeptCounts {
    customer_users: u64,
    gaining: u64,
    losing: u64,
    permissions_gained: u64,
    permissions_lost: u64,
    services_gained: u64,
    services_lost: u64,
}

/// What a job has done so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// What it works on.
    pub phase: Phase,
    /// How far the writing has come.
    pub at: Position,
    /// Rows that are done.
    pub rows_done: u64,
    /// All rows, once they were counted.
    pub rows_total: u64,
    /// What became of them.
    pub counts: BTreeMap<RowKind, KindCounts>,
    /// What became of rows that are of no kind.
    pub of_no_kind: u64,
    /// Whether somebody has approved what is on the list of what is absent.
    pub approved_by: Option<String>,
    /// Why it waits for that: a sentence each.
    pub waits_because: Vec<String>,
    /// How much is on the list.
    pub absent: u64,
    /// Why it failed.
    pub problem: Option<String>,
    /// Of a dry run, at its end.
    pub access: Option<AccessCounts>,
}

impl Progress {
    /// What a stored text says.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|why| StoreError::Corrupt(format!("the progress of a job: {why}")))
    }

    /// As it is stored.
    pub fn text(&self) -> Result<String, StoreError> {
        written(self)
    }

    /// How many rows failed.
    pub fn failed(&self) -> u64 {
        self.of_no_kind + self.counts.values().map(|counts| counts.failed).sum::<u64>()
    }

    /// What became of the rows of a kind; of those of none, only that they failed.
    pub fn count(&mut self, kind: Option<RowKind>, count: impl FnOnce(&mut KindCounts)) {
        match kind {
            Some(kind) => count(self.counts.entry(kind).or_default()),
            None => self.of_no_kind += 1,
        }
    }
}

/// A value as JSON.
pub(super) fn written(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|why| StoreError::Corrupt(why.to_string()))
}
