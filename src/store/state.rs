//! The state of the database as a whole: its epoch, its revision, its sequences.

use diesel::prelude::*;

use std::fmt;

use super::prepared;
use super::schema::{sequences, state as table};
use super::{Conn, StoreError, on};
use crate::directory::Kind;

/// Which history a revision belongs to: random, and renewed by a restore. Sixteen hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Epoch {
    /// That of a copy: whoever opens it first begins another history, each time that it is restored.
    const OF_COPY: Self = Self(0);

    /// Reads it as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text, 16).ok().map(Self).filter(|epoch| epoch.to_string() == text)
    }
}

/// Where the database stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The number of the last committed write.
    pub revision: u64,
    /// Of which history.
    pub epoch: Epoch,
}

impl State {
    pub(super) fn stored(revision: i64, epoch: &str) -> Result<Self, StoreError> {
        let parsed = Epoch::parse(epoch).ok_or_else(|| StoreError::Corrupt(format!("the epoch {epoch:?}")))?;
        Ok(Self { revision: revision.unsigned_abs(), epoch: parsed })
    }
}

/// Makes the one row of a new database, and gives a copy its epoch; says whether it was new. Two processes may start at
/// once; one of them does it.
pub(super) fn initialize(conn: &mut Conn) -> Result<bool, StoreError> {
    let row = (
        table::id.eq(1_i64),
        table::epoch.eq(random_hex(8)),
        table::revision.eq(0_i64),
        table::cursor_key.eq(random_hex(32)),
    );
    let made = on!(conn, |c| diesel::insert_into(table::table).values(row).on_conflict_do_nothing().execute(c)?);
    for kind in Kind::ALL {
        let row = (sequences::kind.eq(kind.as_str()), sequences::last_number.eq(0_i64));
        on!(conn, |c| diesel::insert_into(sequences::table).values(row).on_conflict_do_nothing().execute(c)?);
    }
    let copied = table::epoch.eq(Epoch::OF_COPY.to_string());
    on!(conn, |c| diesel::update(table::table.filter(copied)).set(table::epoch.eq(random_hex(8))).execute(c)?);
    Ok(made > 0)
}

fn random_hex(bytes: usize) -> String {
    (0..bytes).map(|_| format!("{:02x}", rand::random::<u8>())).collect()
}

/// Where the database stands.
pub fn state(conn: &mut Conn) -> Result<State, StoreError> {
    let (revision, epoch): (i64, String) =
        on!(conn, |c| table::table.select((table::revision, table::epoch)).get_result(c)?);
    State::stored(revision, &epoch)
}

/// Begins another history: what was said of the one before says nothing of this one.
pub fn renew_epoch(conn: &mut Conn) -> Result<(), StoreError> {
    set_epoch(conn, random_hex(8))
}

/// Leaves it to whoever opens the database to begin another history.
pub(super) fn forget_epoch(conn: &mut Conn) -> Result<(), StoreError> {
    set_epoch(conn, Epoch::OF_COPY.to_string())
}

fn set_epoch(conn: &mut Conn, epoch: String) -> Result<(), StoreError> {
    on!(conn, |c| diesel::update(table::table).set(table::epoch.eq(epoch)).execute(c)?);
    Ok(())
}

/// The key that authenticates cursors, the same on every replica.
pub fn cursor_key(conn: &mut Conn) -> Result<String, StoreError> {
    Ok(on!(conn, |c| table::table.select(table::cursor_key).get_result(c)?))
}

/// The last number given out for a kind.
pub fn last_number(conn: &mut Conn, kind: Kind) -> Result<u32, StoreError> {
    let number: i64 =
        on!(conn, |c| sequences::table.find(kind.as_str()).select(sequences::last_number).get_result(c)?);
    super::numbers::to_number(number)
}

pub(super) fn set_last_number(conn: &mut Conn, kind: Kind, number: u32) -> Result<(), StoreError> {
    let last_number = sequences::last_number.eq(i64::from(number));
    let of_kind = sequences::kind.eq(kind.as_str());
    on!(conn, |c| prepared::update(sequences::table, of_kind, last_number).execute(c)?);
    Ok(())
}

pub(super) fn set_revision(conn: &mut Conn, revision: u64) -> Result<(), StoreError> {
    let revision = table::revision.eq(revision as i64);
    on!(conn, |c| prepared::update(table::table, table::id.eq(1), revision).execute(c)?);
    Ok(())
}
