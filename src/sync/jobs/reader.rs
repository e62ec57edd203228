//! The second thread of a job: it unpacks and reads the next rows while those before them are written.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::options::Position;
use super::prepare::Prepared;
use super::rows::{self, SentRow};
use super::slice::{Context, Slice};
use crate::replica::Replica;
use crate::store::{self, ChunkHead, StoreError};

/// So many rows are written in one transaction, so that nobody else waits for long.
pub const AT_A_TIME: usize = 500;
/// So many slices are read ahead.
const AHEAD: usize = 4;

/// Where the rows of a job come from.
pub struct Reader {
    /// The database.
    pub replica: Replica,
    /// What holds for all rows.
    pub context: Arc<Context>,
    /// All chunks, in order.
    pub heads: Arc<Vec<ChunkHead>>,
}

impl Reader {
    /// Tells of each row of a chunk, until it is told to stop.
    pub fn rows_of(&self, head: &ChunkHead, tell: &mut dyn FnMut(SentRow) -> bool) -> Result<(), StoreError> {
        let content = self.replica.read(|conn| store::chunk_content(conn, &head.job, head.number))?.0;
        let content = content.ok_or_else(|| StoreError::Corrupt(format!("chunk {} is gone", head.number)))?;
        let broken = |why| StoreError::Corrupt(format!("chunk {} cannot be read any more: {why}", head.number));
        let mut rows = rows::open(head, &content).map_err(broken)?;
        while let Some(row) = rows.next_row().map_err(broken)? {
            if !tell(row) {
                break;
            }
        }
        Ok(())
    }

    /// Reads all slices after a position, in the order in which they are to be written.
    pub fn slices(
        self,
        prepared: Arc<Prepared>,
        after: Position,
    ) -> Result<Receiver<Result<Slice, StoreError>>, StoreError> {
        let (slices, received) = sync_channel(AHEAD);
        let read = move || {
            if let Err(why) = self.read_all(&prepared, after, &slices) {
                // Whoever has gone needs to know nothing.
                let _ = slices.send(Err(why));
            }
        };
        let started = std::thread::Builder::new().name("import reader".to_owned()).spawn(read);
        started.map_err(|why| StoreError::Unavailable(format!("no thread to read an import: {why}")))?;
        Ok(received)
    }

    fn read_all(
        &self,
        prepared: &Prepared,
        after: Position,
        slices: &SyncSender<Result<Slice, StoreError>>,
    ) -> Result<(), StoreError> {
        for rank in prepared.ranks().into_iter().filter(|rank| *rank >= after.rank) {
            for head in self.heads.iter().filter(|head| prepared.has(head.number, rank)) {
                if (Position { rank, chunk: head.number, row: u64::MAX }) > after
                    && !self.read_chunk(prepared, after, (rank, head), slices)?
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Reads the rows of a rank in a chunk; says whether anybody is still there.
    fn read_chunk(
        &self,
        prepared: &Prepared,
        after: Position,
        (rank, head): (u32, &ChunkHead),
        slices: &SyncSender<Result<Slice, StoreError>>,
    ) -> Result<bool, StoreError> {
        let chunk = head.number;
        let (mut rows, mut is_there) = (Vec::new(), true);
        self.rows_of(head, &mut |row| {
            if row.rank() != rank || (Position { rank, chunk, row: row.number }) <= after {
                return true;
            }
            rows.push(self.context.ready(prepared, chunk, row));
            if rows.len() == AT_A_TIME {
                is_there = slices.send(Ok(Slice { rank, chunk, rows: std::mem::take(&mut rows) })).is_ok();
            }
            is_there
        })?;
        if is_there && !rows.is_empty() {
            is_there = slices.send(Ok(Slice { rank, chunk, rows })).is_ok();
        }
        Ok(is_there)
    }
}
