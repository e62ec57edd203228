//! The chunks of import jobs.

use diesel::prelude::*;

use super::schema::import_chunks as table;
use super::{Conn, StoreError, on};

/// What is known of a chunk without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkHead {
    /// Of which job.
    pub job: String,
    /// Its number, from 1.
    pub number: u64,
    /// SHA-256 of what it unpacks to, in base64.
    pub digest: String,
    /// Its media type.
    pub media: String,
    /// The kind of all its rows, where they do not say it themselves.
    pub kind: Option<String>,
    /// The names of the columns as JSON, where it is a table.
    pub header: Option<String>,
    /// How many rows it has.
    pub rows: u64,
    /// How much it unpacks to.
    pub bytes: u64,
}

/// A chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// What is known of it without reading it.
    pub head: ChunkHead,
    /// What it says, compressed with gzip.
    pub content: Vec<u8>,
}

type Row = (String, i64, String, String, Option<String>, Option<String>, i64, i64);
type Columns = (
    table::job,
    table::number,
    table::digest,
    table::media,
    table::kind,
    table::header,
    table::row_count,
    table::bytes,
);

const COLUMNS: Columns = (
    table::job,
    table::number,
    table::digest,
    table::media,
    table::kind,
    table::header,
    table::row_count,
    table::bytes,
);

fn stored((job, number, digest, media, kind, header, rows, bytes): Row) -> ChunkHead {
    let (number, rows, bytes) = (number.unsigned_abs(), rows.unsigned_abs(), bytes.unsigned_abs());
    ChunkHead { job, number, digest, media, kind, header, rows, bytes }
}

/// Some of a job's chunks after a number, in order.
pub fn chunks(conn: &mut Conn, job: &str, after: u64, limit: i64) -> Result<Vec<ChunkHead>, StoreError> {
    let rows: Vec<Row> = on!(conn, |c| table::table
        .filter(table::job.eq(job).and(table::number.gt(after as i64)))
        .order(table::number)
        .limit(limit)
        .select(COLUMNS)
        .load(c)?);
    Ok(rows.into_iter().map(stored).collect())
}

/// The numbers of all of a job's chunks, in order.
pub fn chunk_numbers(conn: &mut Conn, job: &str) -> Result<Vec<u64>, StoreError> {
    let numbers: Vec<i64> =
        on!(conn, |c| table::table.filter(table::job.eq(job)).order(table::number).select(table::number).load(c)?);
    Ok(numbers.into_iter().map(i64::unsigned_abs).collect())
}

/// One chunk without its content.
pub fn chunk_head(conn: &mut Conn, job: &str, number: u64) -> Result<Option<ChunkHead>, StoreError> {
    let row: Option<Row> =
        on!(conn, |c| table::table.find((job, number as i64)).select(COLUMNS).get_result(c).optional()?);
    Ok(row.map(stored))
}

/// What a chunk says, compressed with gzip.
pub fn chunk_content(conn: &mut Conn, job: &str, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(on!(conn, |c| table::table.find((job, number as i64)).select(table::content).get_result(c).optional()?))
}

pub(super) fn add(conn: &mut Conn, chunk: &Chunk) -> Result<(), StoreError> {
    let head = &chunk.head;
    let row = (
        table::job.eq(&head.job),
        table::number.eq(head.number as i64),
        table::digest.eq(&head.digest),
        table::media.eq(&head.media),
        table::kind.eq(&head.kind),
        table::header.eq(&head.header),
        table::row_count.eq(head.rows as i64),
        table::bytes.eq(head.bytes as i64),
        table::content.eq(&chunk.content),
    );
    on!(conn, |c| diesel::insert_into(table::table).values(row).execute(c)?);
    Ok(())
}

/// Removes one of a job's chunks; says whether there was one.
pub(super) fn remove_one(conn: &mut Conn, job: &str) -> Result<bool, StoreError> {
    let Some(first) = chunk_numbers(conn, job)?.first().copied() else { return Ok(false) };
    on!(conn, |c| diesel::delete(table::table.find((job, first as i64))).execute(c)?);
    Ok(true)
}
