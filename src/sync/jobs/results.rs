//! What became of the rows of a job, written out piece by piece: as lines of JSON, or as a table of the
//! rows as they were sent, with why they failed, ready to be corrected and sent again. What columns cannot hold stands
//! in one more, as it was sent, so that nothing is lost on the way.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::cells;
use super::options::Options;
use super::outcome::{FAILED, RowResult};
use super::rows::{self, CSV, SentRow};
use crate::replica::Replica;
use crate::store::{self, ChunkHead, Results, StoreError};
use crate::sync::rows::RowKind;

/// About so much is handed on at once.
const PIECE: usize = 64 * 1024;
/// What a table has beside the columns that were sent.
const ADDED: [&str; 4] = ["_status", "_code", "_reason", "_sent"];
const MOST_CHUNKS: i64 = 1_000_000;

/// Which results are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Only of rows that failed.
    pub only_failed: bool,
    /// As a table.
    pub as_table: bool,
}

/// Takes a piece of what is written out; says whether anybody is still there.
pub type Take<'t> = dyn FnMut(Vec<u8>) -> bool + 't;

/// Writes out the results of a job.
pub fn write(
    replica: &Replica,
    job: &str,
    options: &Options,
    wanted: Wanted,
    take: &mut Take<'_>,
) -> Result<(), StoreError> {
    let from = Source { replica, job };
    let mut output = Output { piece: Vec::with_capacity(2 * PIECE), take, is_there: true };
    if wanted.as_table {
        from.table(options, wanted, &mut output)?
    } else {
        from.lines(wanted, &mut output)?
    }
    output.flush();
    Ok(())
}

struct Output<'o, 't> {
    piece: Vec<u8>,
    take: &'o mut Take<'t>,
    is_there: bool,
}

impl Output<'_, '_> {
    /// Hands on what there is, if it is enough.
    fn turn(&mut self) -> bool {
        if self.piece.len() >= PIECE {
            self.flush();
        }
        self.is_there
    }

    fn flush(&mut self) {
        if self.is_there && !self.piece.is_empty() {
            self.is_there = (self.take)(std::mem::take(&mut self.piece));
        }
    }
}

struct Source<'s> {
    replica: &'s Replica,
    job: &'s str,
}

impl Source<'_> {
    fn lines(&self, wanted: Wanted, output: &mut Output<'_, '_>) -> Result<(), StoreError> {
        let mut place = (0, 0);
        while let Some(results) = self.next(place, wanted.only_failed)? {
            place = (results.chunk, results.step);
            let text = unpacked(&results)?;
            for line in text.lines() {
                if wanted.only_failed && parsed(line)?.status != FAILED {
                    continue;
                }
                output.piece.extend_from_slice(line.as_bytes());
                output.piece.push(b'\n');
                if !output.turn() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn next(&self, after: (u64, u64), failed: bool) -> Result<Option<Results>, StoreError> {
        Ok(self.replica.read(|conn| store::next_results(conn, self.job, after, failed))?.0)
    }

    fn table(&self, options: &Options, wanted: Wanted, output: &mut Output<'_, '_>) -> Result<(), StoreError> {
        let heads = self.replica.read(|conn| store::chunks(conn, self.job, 0, MOST_CHUNKS))?.0;
        let columns = columns(&heads, options)?;
        cells::record(columns.iter().map(String::as_str).chain(ADDED), &mut output.piece);
        for head in &heads {
            let results = self.of_chunk(head.number, wanted.only_failed)?;
            if !results.is_empty() && !self.rows(head, &columns, &results, output)? {
                break;
            }
        }
        Ok(())
    }

    /// The results of a chunk, by row.
    fn of_chunk(&self, chunk: u64, only_failed: bool) -> Result<BTreeMap<u64, RowResult>, StoreError> {
        let (mut all, mut place) = (BTreeMap::new(), (chunk, 0));
        while let Some(results) = self.next(place, only_failed)?.filter(|results| results.chunk == chunk) {
            place = (results.chunk, results.step);
            for line in unpacked(&results)?.lines() {
                let result = parsed(line)?;
                if !only_failed || result.status == FAILED {
                    all.insert(result.row, result);
                }
            }
        }
        Ok(all)
    }

    /// Writes the rows of a chunk that have one of these results; says whether anybody is still there.
    fn rows(
        &self,
        head: &ChunkHead,
        columns: &[String],
        results: &BTreeMap<u64, RowResult>,
        output: &mut Output<'_, '_>,
    ) -> Result<bool, StoreError> {
        let content = self.replica.read(|conn| store::chunk_content(conn, self.job, head.number))?.0;
        let content = content.unwrap_or_default();
        let broken = |why| StoreError::Corrupt(format!("chunk {} cannot be read any more: {why}", head.number));
        let mut rows = rows::open(head, &content).map_err(broken)?;
        while let Some(row) = rows.next_row().map_err(broken)? {
            let Some(result) = results.get(&row.number) else { continue };
            cells::record(record(columns, &row, result), &mut output.piece);
            if !output.turn() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A row as it was sent, with what became of it.
fn record(columns: &[String], row: &SentRow, result: &RowResult) -> Vec<String> {
    let cell = |column: &String| match rows::member(column).as_deref() {
        Some("kind") => row.kind.map_or("", RowKind::as_str).to_owned(),
        Some(member) => row.members.get(member).map(cells::write).unwrap_or_default(),
        None => String::new(),
    };
    let reason = result.reason.clone().unwrap_or_default();
    let sent = if is_told(columns, row) { String::new() } else { String::from_utf8_lossy(&row.text).into_owned() };
    let added = [result.status.clone(), result.code.clone().unwrap_or_default(), reason, sent];
    columns.iter().map(cell).chain(added.map(cells::guarded)).collect()
}

/// Whether the cells of the columns say all that the row said, and would be read as that.
fn is_told(columns: &[String], row: &SentRow) -> bool {
    let is_column = |member: &str| columns.iter().any(|column| rows::member(column).as_deref() == Some(member));
    let comes_back = |member: &str, value| cells::read(member, &cells::write(value)).as_ref() == Some(value);
    row.fault.is_none() && row.members.iter().all(|(member, value)| is_column(member) && comes_back(member, value))
}

/// The columns that were sent, each once; `kind` among them if not all rows are of one.
fn columns(heads: &[ChunkHead], options: &Options) -> Result<Vec<String>, StoreError> {
    let mut columns: Vec<String> = Vec::new();
    let mut add = |column: &str| {
        let member = rows::member(column);
        if member.is_some() && !columns.iter().any(|known| rows::member(known) == member) {
            columns.push(column.to_owned());
        }
    };
    let first = heads.first().and_then(|head| head.kind.as_deref());
    if first.is_none() || heads.iter().any(|head| head.kind.as_deref() != first) {
        add("kind");
    }
    for head in heads {
        match head.header.as_deref().filter(|_| head.media == CSV) {
            Some(header) => {
                let names: Vec<String> =
                    serde_json::from_str(header).map_err(|why| StoreError::Corrupt(why.to_string()))?;
                names.iter().for_each(|name| add(name));
            }
            None => {
                let of_head = head.kind.as_deref().and_then(RowKind::parse);
                let kinds = of_head.map_or_else(|| options.resources.iter().copied().collect(), |kind| vec![kind]);
                kinds.into_iter().flat_map(rows::names).filter(|name| *name != "kind").for_each(&mut add);
            }
        }
    }
    Ok(columns)
}

fn unpacked(results: &Results) -> Result<String, StoreError> {
    let mut text = String::new();
    let read = MultiGzDecoder::new(results.body.as_slice()).read_to_string(&mut text);
    read.map_err(|why| StoreError::Corrupt(format!("the results of step {}: {why}", results.step)))?;
    Ok(text)
}

fn parsed(line: &str) -> Result<RowResult, StoreError> {
    serde_json::from_str(line).map_err(|why| StoreError::Corrupt(format!("a result: {why}")))
}
