//! What became of rows, a line of JSON each.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::Builder;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::options::{Progress, written};
use super::rows::SentRow;
use super::upload::pack;
use crate::plan::batch::Done;
use crate::plan::{FieldError, Refusal};
use crate::store::{Making, StoreError};
use crate::sync::rows::RowKind;
use crate::turns::offering;

/// What is wrong with a member of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// Where: a JSON pointer into the row.
    pub pointer: String,
    /// What a program reads.
    pub code: String,
    /// What a person reads.
    pub detail: String,
}

impl From<FieldError> for RowError {
    fn from(FieldError { pointer, code, detail }: FieldError) -> Self {
        Self { pointer, code, detail }
    }
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowResult {
    /// Its chunk.
    pub chunk: u64,
    /// Its number in the chunk, from 1.
    pub row: u64,
    /// The line of the chunk where it begins.
    pub line: u64,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<RowKind>,
    /// The caller's own name for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub row_id: Option<String>,
    /// `created`, `updated`, `unchanged` or `failed`.
    pub status: String,
    /// The id of what it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// Its natural key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
    /// Of a row that failed: what a program reads.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// Of a row that failed: what a person reads.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Of a row that failed: what is wrong, member by member.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<RowError>,
    /// Members that the source does not own, and that were left out.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ignored_fields: Vec<String>,
    /// Of a row that failed: what it said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sent: Option<Map<String, Value>>,
}

/// The word for a row that failed.
pub const FAILED: &str = "failed";

impl RowResult {
    /// That a row was refused.
    pub fn failed(chunk: u64, row: SentRow, row_id: Option<String>, why: Failure) -> Self {
        Self {
            chunk,
            row: row.number,
            line: row.line,
            kind: row.kind,
            row_id,
            status: FAILED.to_owned(),
            id: None,
            key: None,
            code: Some(why.code),
            reason: Some(why.reason),
            errors: why.errors.into_iter().map(RowError::from).collect(),
            ignored_fields: Vec::new(),
            sent: Some(row.members),
        }
    }

    /// What a row did.
    pub fn done(chunk: u64, row: &SentRow, row_id: Option<String>, done: &Done) -> Self {
        let thing = (done.subject.id(), done.subject.key().map(str::to_owned));
        Self::of(chunk, row, row_id, done.effect.as_str(), thing)
    }

    /// What became of a row, by the id and the natural key of what it is about.
    pub fn of(
        chunk: u64,
        row: &SentRow,
        row_id: Option<String>,
        status: &str,
        (id, key): (String, Option<String>),
    ) -> Self {
        Self {
            chunk,
            row: row.number,
            line: row.line,
            kind: row.kind,
            row_id,
            status: status.to_owned(),
            id: Some(id),
            key,
            code: None,
            reason: None,
            errors: Vec::new(),
            ignored_fields: Vec::new(),
            sent: None,
        }
    }

    /// Counts it.
    pub fn count_in(&self, progress: &mut Progress) {
        progress.rows_done += 1;
        progress.count(self.kind, |counts| {
            match self.status.as_str() {
                "created" => counts.created += 1,
                "updated" => counts.updated += 1,
                "unchanged" => counts.unchanged += 1,
                _ => counts.failed += 1,
            }
            counts.ignored_fields += self.ignored_fields.len() as u64;
        });
    }
}

/// Why a row was refused.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What a program reads.
    pub code: String,
    /// What a person reads.
    pub reason: String,
    /// What is wrong, member by member.
    pub errors: Vec<FieldError>,
}

impl Failure {
    /// For this reason.
    pub fn new(code: &str, reason: impl Into<String>) -> Self {
        Self { code: code.to_owned(), reason: reason.into(), errors: Vec::new() }
    }

    /// Members are wrong.
    pub fn of_members(errors: Vec<FieldError>) -> Self {
        let said = |error: &FieldError| format!("{} {}", error.pointer.trim_start_matches('/'), error.detail);
        let reason = errors.iter().map(said).map(|said| said.trim().to_owned()).collect::<Vec<_>>().join("; ");
        let code = if let [one] = errors.as_slice() { one.code.clone() } else { "invalid_input".to_owned() };
        Self { code, reason, errors }
    }
}

impl From<Refusal> for Failure {
    fn from(why: Refusal) -> Self {
        match why {
            Refusal::Invalid(errors) => Self::of_members(errors),
            why => Self::new(why.code(), why.to_string()),
        }
    }
}

/// The same of results as [`packed`] makes of them, on a thread of its own.
pub fn packing(results: Arc<Vec<RowResult>>) -> Result<Making, StoreError> {
    let (made, making) = sync_channel(1);
    let started = Builder::new().name("results".to_owned()).spawn(move || {
        // Nobody waits any more if the write was refused meanwhile.
        let _ = made.send(packed(&results));
    });
    started.map_err(|why| StoreError::Unavailable(format!("no thread for results: {why}")))?;
    Ok(making)
}

/// What needs no making any more.
pub fn made(body: Vec<u8>) -> Making {
    let (made, making) = sync_channel(1);
    let _ = made.send(Ok(body));
    making
}

/// Results as they are stored.
pub fn packed(results: &[RowResult]) -> Result<Vec<u8>, StoreError> {
    let mut lines = String::new();
    for result in offering(results) {
        lines.push_str(&written(result)?);
        lines.push('\n');
    }
    pack(lines.as_bytes()).map_err(|why| StoreError::Corrupt(why.to_string()))
}
