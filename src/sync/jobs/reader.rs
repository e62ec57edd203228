//! The threads that unpack and read the next rows of a job while those before them are written.

use std::sync::{Arc, Mutex, PoisonError};

use super::in_order::{Give, InOrder, in_order};
use super::options::Position;
use super::prepare::{Look, Prepared, Seen};
use super::repeats::{self, Digested, Digests};
use super::rows::{self, SentRow};
use super::slice::{Context, Ready, Slice, failed};
use crate::directory::Thing;
use crate::replica::Replica;
use crate::store::{self, ChunkHead, StoreError};
use crate::sync::rows::RowKind;
use crate::turns::{Turn, offering};

/// So many rows are written in one transaction, so that nobody else waits for long.
pub const AT_A_TIME: usize = 1_000;
/// So many rows are looked up together; and so many go together of which nothing is written but that they are unchanged.
const LOOKED_UP: usize = 5_000;
/// So many keys are taken from the index at a time.
const LOOKED_AT: usize = 64;

/// Where the rows of a job come from.
pub struct Reader {
    /// The database.
    pub replica: Replica,
    /// What holds for all rows.
    pub context: Arc<Context>,
    /// All chunks, in order.
    pub heads: Arc<Vec<ChunkHead>>,
    /// What makes digests of the rows.
    pub digests: Digests,
}

impl Reader {
    /// Tells of each row of a chunk, at a glance, until it is told to stop.
    pub fn rows_of(&self, head: &ChunkHead, tell: &mut dyn FnMut(SentRow) -> bool) -> Result<(), StoreError> {
        let content = self.replica.read(|conn| store::chunk_content(conn, &head.job, head.number))?.0;
        let content = content.ok_or_else(|| StoreError::Corrupt(format!("chunk {} is gone", head.number)))?;
        let broken = |why| StoreError::Corrupt(format!("chunk {} cannot be read any more: {why}", head.number));
        let mut rows = rows::open(head, &content).map_err(broken)?;
        let mut turn = Turn::begin();
        while let Some(row) = rows.glance().map_err(broken)? {
            turn.offer();
            if !tell(row) {
                break;
            }
        }
        Ok(())
    }

    /// Looks at all rows, in order.
    pub fn looks(self, look: Arc<Look>) -> Result<InOrder<Vec<Seen>>, StoreError> {
        let heads = (0..self.heads.len()).collect();
        in_order("import reader", heads, move |head: &usize, give| {
            let head = &self.heads[*head];
            let mut seen = Vec::new();
            self.rows_of(head, &mut |row| {
                seen.push(look.at(head.number, &row));
                seen.len() < LOOKED_UP || give(std::mem::take(&mut seen))
            })?;
            give(seen);
            Ok(())
        })
    }

    /// Reads all slices after a position, in the order in which they are to be written.
    pub fn slices(self, prepared: Arc<Prepared>, after: Position) -> Result<InOrder<Slice>, StoreError> {
        let mut parts = Vec::new();
        for rank in prepared.ranks().into_iter().filter(|rank| *rank >= after.rank) {
            let is_to_come = |head: &ChunkHead| {
                prepared.has(head.number, rank) && Position { rank, chunk: head.number, row: u64::MAX } > after
            };
            parts.extend((0..self.heads.len()).filter(|head| is_to_come(&self.heads[*head])).map(|head| (rank, head)));
        }
        in_order("import reader", parts, move |(rank, head): &(u32, usize), give| {
            let lot = Lot { prepared: &prepared, head: &self.heads[*head], rank: *rank };
            self.read_chunk(&lot, after, give)
        })
    }

    /// The same, with what the rows name.
    pub fn slices_read_ahead(self, prepared: Arc<Prepared>, after: Position) -> Result<InOrder<Slice>, StoreError> {
        let ahead = self.replica.reading_ahead();
        let slices = Mutex::new(self.slices(prepared, after)?);
        in_order("import ahead", vec![slices], move |slices: &Mutex<InOrder<Slice>>, give| {
            for slice in &mut *slices.lock().unwrap_or_else(PoisonError::into_inner) {
                let mut slice = slice?;
                if slice.to_merge().next().is_some() {
                    slice.ahead = Mutex::new(Some(ahead.read(slice.to_merge())?));
                }
                if !give(slice) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Reads the rows of a rank in a chunk.
    fn read_chunk(&self, lot: &Lot<'_>, after: Position, give: Give<'_, Slice>) -> Result<(), StoreError> {
        let (chunk, rank) = (lot.head.number, lot.rank);
        let (mut rows, mut sent) = (Vec::new(), Ok(true));
        self.rows_of(lot.head, &mut |row| {
            if row.rank() == rank && (Position { rank, chunk, row: row.number }) > after {
                rows.push(row);
            }
            if rows.len() == LOOKED_UP {
                sent = self.send(lot, std::mem::take(&mut rows), give);
            }
            matches!(sent, Ok(true))
        })?;
        if sent? {
            self.send(lot, rows, give)?;
        }
        Ok(())
    }

    /// Makes rows ready and sends them, in slices that each keep nobody waiting for long; says whether anybody is there.
    fn send(&self, lot: &Lot<'_>, rows: Vec<SentRow>, give: Give<'_, Slice>) -> Result<bool, StoreError> {
        let of_chunk = lot.head.kind.as_deref().and_then(RowKind::parse);
        let (known, revision) = self.known(&rows)?;
        let (mut ready, mut weight) = (Vec::new(), 0);
        let mut left = rows.len();
        for (row, known) in offering(rows.into_iter().zip(known)) {
            let row = self.make_ready(lot, of_chunk, row, known);
            weight += if matches!(row, Ready::Same(_)) { 1 } else { LOOKED_UP / AT_A_TIME };
            ready.push(row);
            left -= 1;
            if weight >= LOOKED_UP || left == 0 {
                weight = 0;
                let (rank, chunk, rows) = (lot.rank, lot.head.number, std::mem::take(&mut ready));
                if !give(Slice { rank, chunk, of_chunk, revision, rows, ahead: Mutex::default() }) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Which of these rows the source has sent before, and the revision at which it was asked.
    fn known(&self, rows: &[SentRow]) -> Result<(Vec<Known>, u64), StoreError> {
        let digested: Vec<Option<Digested>> = offering(rows).map(|row| self.digests.of(row)).collect();
        let asked: Vec<&Digested> = digested.iter().flatten().collect();
        let source = &self.context.source;
        let (things, state) = self.replica.read(|conn| repeats::unchanged(conn, source, &asked))?;
        let mut keys = Vec::with_capacity(things.len());
        // Whoever writes to the index waits for each look at it, and all others for whoever writes.
        for some in offering(things.chunks(LOOKED_AT)) {
            keys.extend(self.replica.ask(|index| {
                let key = |thing: &Option<Thing>| thing.and_then(|thing| Some((thing, index.key(thing)?.to_owned())));
                some.iter().map(key).collect::<Vec<_>>()
            }));
        }
        let mut keys = keys.into_iter();
        let with_thing = |digested: Option<Digested>| digested.map(|digested| (digested, keys.next().flatten()));
        Ok((offering(digested).map(with_thing).collect(), state.revision))
    }

    fn make_ready(&self, lot: &Lot<'_>, of_chunk: Option<RowKind>, row: SentRow, known: Known) -> Ready {
        let chunk = lot.head.number;
        let kind = match self.context.check(lot.prepared, chunk, &row) {
            Ok(kind) => kind,
            Err(why) => return failed(chunk, row.whole(of_chunk), why),
        };
        match known {
            Some((digested, Some(thing))) => self.context.same(row, of_chunk, digested, thing),
            known => self.context.ready((chunk, of_chunk), row, kind, known.map(|(digested, _)| digested)),
        }
    }
}

/// The digest of a row, and what it is about and the key of that, where it changes nothing.
type Known = Option<(Digested, Option<(Thing, String)>)>;

/// Where rows come from.
struct Lot<'l> {
    prepared: &'l Prepared,
    head: &'l ChunkHead,
    rank: u32,
}
