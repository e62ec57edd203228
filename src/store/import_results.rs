//! What became of the rows of import jobs, what they would deactivate, and whose access they would change.

use std::sync::mpsc::Receiver;

use diesel::prelude::*;

use super::dialect::insert;
use super::schema::{import_absent, import_previews, import_results as table};
use super::{Conn, StoreError, import_chunks, imports, on};
use chrono::{DateTime, Utc};

/// What became of the rows of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results<B = Vec<u8>> {
    /// Of which job.
    pub job: String,
    /// Of which chunk.
    pub chunk: u64,
    /// The job's step.
    pub step: u64,
    /// How many of the rows failed.
    pub failed: u64,
    /// A line of JSON a row, compressed with gzip.
    pub body: B,
}

/// A body that another thread makes, while all else of the step is planned and written.
pub type Making = Receiver<Result<Vec<u8>, StoreError>>;

/// The next results of a job after a chunk and a step, in order; with `failed`, only of steps with rows that failed.
pub fn next_results(
    conn: &mut Conn,
    job: &str,
    (chunk, step): (u64, u64),
    failed: bool,
) -> Result<Option<Results>, StoreError> {
    let (chunk, step) = (chunk as i64, step as i64);
    let later = table::chunk.gt(chunk).or(table::chunk.eq(chunk).and(table::step.gt(step)));
    let row: Option<(String, i64, i64, i64, Vec<u8>)> = on!(conn, |c| {
        let rows = table::table.filter(table::job.eq(job).and(later)).order((table::chunk, table::step)).limit(1);
        let rows = rows.into_boxed();
        let rows = if failed { rows.filter(table::failed.gt(0_i64)) } else { rows };
        rows.get_result(c).optional()?
    });
    Ok(row.map(|(job, chunk, step, failed, body)| {
        let (chunk, step, failed) = (chunk.unsigned_abs(), step.unsigned_abs(), failed.unsigned_abs());
        Results { job, chunk, step, failed, body }
    }))
}

/// Items of a table of a job, after a place, in order.
macro_rules! items {
    ($conn:expr, $table:ident, $job:expr, $after:expr, $limit:expr) => {{
        let rows: Vec<(i64, String)> = on!($conn, |c| $table::table
            .filter($table::job.eq($job).and($table::ordinal.gt($after)))
            .order($table::ordinal)
            .limit($limit)
            .select(($table::ordinal, $table::body))
            .load(c)?);
        Ok(rows.into_iter().map(|(ordinal, body)| (ordinal.unsigned_abs(), body)).collect())
    }};
}

/// What a job would deactivate: places and JSON, after a place.
pub fn absent(conn: &mut Conn, job: &str, after: u64, limit: i64) -> Result<Vec<(u64, String)>, StoreError> {
    items!(conn, import_absent, job, after as i64, limit)
}

/// Whose access a job would change: numbers of customer users and JSON, after a number.
pub fn previews(conn: &mut Conn, job: &str, after: u64, limit: i64) -> Result<Vec<(u64, String)>, StoreError> {
    items!(conn, import_previews, job, after as i64, limit)
}

pub(super) fn add(conn: &mut Conn, results: &Results<Making>) -> Result<(), StoreError> {
    let lost = |_| StoreError::Corrupt("the thread that packs results has failed".to_owned());
    let body = results.body.recv().map_err(lost)??;
    let row = (
        table::job.eq(&results.job),
        table::chunk.eq(results.chunk as i64),
        table::step.eq(results.step as i64),
        table::failed.eq(results.failed as i64),
        table::body.eq(&body),
    );
    on!(conn, |c| diesel::insert_into(table::table).values(row).execute(c)?);
    Ok(())
}

pub(super) fn set_absent(conn: &mut Conn, job: &str, bodies: &[String]) -> Result<(), StoreError> {
    on!(conn, |c| diesel::delete(import_absent::table.filter(import_absent::job.eq(job))).execute(c)?);
    let rows = (1_i64..).zip(bodies).map(|(ordinal, body)| {
        (import_absent::job.eq(job), import_absent::ordinal.eq(ordinal), import_absent::body.eq(body))
    });
    insert!(conn, import_absent::table, rows);
    Ok(())
}

pub(super) fn add_preview(conn: &mut Conn, job: &str, items: &[(u32, String)]) -> Result<(), StoreError> {
    let rows = items.iter().map(|(ordinal, body)| {
        let ordinal = i64::from(*ordinal);
        (import_previews::job.eq(job), import_previews::ordinal.eq(ordinal), import_previews::body.eq(body))
    });
    insert!(conn, import_previews::table, rows);
    Ok(())
}

/// Forgets what was said of the rows and of access.
pub(super) fn forget(conn: &mut Conn, job: &str) -> Result<(), StoreError> {
    on!(conn, |c| {
        diesel::delete(table::table.filter(table::job.eq(job))).execute(c)?;
        diesel::delete(import_previews::table.filter(import_previews::job.eq(job))).execute(c)?
    });
    Ok(())
}

/// So much is removed in one transaction.
const AT_A_TIME: i64 = 100;

/// Makes one step towards a database without the jobs that ended before this time; says whether there is
/// more to do. A chunk may be large: one at a time.
pub fn cut_imports(conn: &mut Conn, before: DateTime<Utc>) -> Result<bool, StoreError> {
    let Some(job) = imports::ended_before(conn, before, 1)?.pop() else { return Ok(false) };
    if import_chunks::remove_one(conn, &job)? || remove_some(conn, &job)? {
        return Ok(true);
    }
    on!(conn, |c| {
        diesel::delete(import_absent::table.filter(import_absent::job.eq(&job))).execute(c)?;
        diesel::delete(import_previews::table.filter(import_previews::job.eq(&job))).execute(c)?
    });
    imports::remove(conn, &job)?;
    Ok(true)
}

fn remove_some(conn: &mut Conn, job: &str) -> Result<bool, StoreError> {
    let places: Vec<(i64, i64)> = on!(conn, |c| table::table
        .filter(table::job.eq(job))
        .order((table::chunk, table::step))
        .limit(AT_A_TIME)
        .select((table::chunk, table::step))
        .load(c)?);
    let Some((chunk, step)) = places.last().copied() else { return Ok(false) };
    let within = table::chunk.lt(chunk).or(table::chunk.eq(chunk).and(table::step.le(step)));
    on!(conn, |c| diesel::delete(table::table.filter(table::job.eq(job).and(within))).execute(c)?);
    Ok(true)
}
