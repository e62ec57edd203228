//! Plans: from a command and a consistent read to the edits it amounts to, or a refusal.
//!
//! A plan reads through the store and writes nothing. The real write plans under the lock and then
//! commits the edits; a preview plans and keeps nothing: both run the same function, so they cannot
//! disagree. This module knows neither HTTP nor the index.

pub mod absent;
pub mod back_ends;
pub mod bulk;
pub mod customer_users;
pub mod customers;
mod external_ids;
pub mod fresh;
pub mod groups;
pub mod imports;
pub mod links;
pub mod matrices;
mod refusal;
pub mod rolls;
pub mod selection;
pub mod services;
pub mod settings;
pub mod transfer;

use chrono::{DateTime, Utc};

pub use external_ids::{Identified, OnExisting, give as give_external_id, take as take_external_id};
pub use refusal::{FieldError, Refusal};

use crate::directory::text::fold;
use crate::directory::{Change, Edit, Kind, Number, Reference, etag};
use crate::store::commit::Commit;
use crate::store::{self, Conn, KeptReply, Record, StoreError, WriteKey};

/// What the caller may do beyond the scope of the route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Powers {
    /// Move customer users between back ends, and create them in an unrestricted one.
    pub move_between_back_ends: bool,
    /// Write the identity fields of customer users of a read-only back end.
    pub write_identity: bool,
}

impl Powers {
    /// Those of the operator at the command line.
    pub const ALL: Self = Self { move_between_back_ends: true, write_identity: true };
}

/// What must hold of a record before it is written (`If-Match`, `If-None-Match: *`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// It exists.
    Exists,
    /// It does not exist.
    Absent,
    /// Its entity tag is one of these. Of the tag of a page, the version of the whole counts, which is
    /// what stands before the dot.
    Matches(Vec<String>),
}

impl Precondition {
    /// Refuses unless the precondition holds of this tag; `None` is a record that does not exist.
    pub fn check(&self, current: Option<&str>) -> Result<(), Refusal> {
        let holds = match (self, current) {
            (Precondition::None, _) => true,
            (Precondition::Exists, current) => current.is_some(),
            (Precondition::Absent, current) => current.is_none(),
            (Precondition::Matches(tags), Some(current)) => {
                tags.iter().any(|tag| tag.split('.').next() == Some(current))
            }
            (Precondition::Matches(_), None) => false,
        };
        if holds { Ok(()) } else { Err(Refusal::PreconditionFailed) }
    }
}

/// What a plan is made upon.
#[derive(Debug, Clone, Copy)]
pub struct Base<'p> {
    /// The last revision that was committed before this transaction.
    pub committed: u64,
    /// The last revision before this plan, which may be of this transaction.
    pub revision: u64,
    /// What the revisions between the two changed, as far as anybody asks.
    pub earlier: &'p [Change],
}

impl Base<'_> {
    /// That of the first write in a transaction.
    pub fn committed(revision: u64) -> Self {
        Self { committed: revision, revision, earlier: &[] }
    }
}

/// A plan in the making.
pub struct Plan<'p, 'c> {
    /// Where it reads.
    pub conn: &'p mut Conn<'c>,
    /// When it is made; the time of everything it writes.
    pub now: DateTime<Utc>,
    /// What it is made upon.
    pub base: Base<'p>,
    commit: Commit,
}

impl<'p, 'c> Plan<'p, 'c> {
    /// A plan with nothing in it.
    pub fn new(conn: &'p mut Conn<'c>, now: DateTime<Utc>, base: Base<'p>) -> Self {
        Self { conn, now, base, commit: Commit::default() }
    }

    /// What it amounts to so far.
    pub fn edits(&self) -> &[Edit] {
        &self.commit.edits
    }

    /// The revision that it will be, or the last one if it changes nothing.
    pub fn revision(&self) -> u64 {
        if self.commit.changes_nothing() { self.base.revision } else { self.base.revision + 1 }
    }

    /// The reply that was kept for this write, if it is a repetition of one.
    pub fn kept_reply(&mut self, key: &WriteKey) -> Result<Option<KeptReply>, Refusal> {
        match store::kept_replies::find(self.conn, key, self.now)? {
            Some((digest, _)) if digest != key.request_digest => Err(Refusal::IdempotencyKeyReused),
            found => Ok(found.map(|(_, reply)| reply)),
        }
    }

    /// Keeps the reply, so that a repetition gets it and changes nothing.
    pub fn keep_reply(&mut self, key: WriteKey, reply: KeptReply) {
        self.commit.reply = Some((key, reply));
    }

    /// What the plan amounts to.
    pub fn take_commit(&mut self) -> Commit {
        std::mem::take(&mut self.commit)
    }

    /// Adds an edit.
    pub fn edit(&mut self, edit: Edit) {
        self.commit.edits.push(edit);
    }

    /// A number that nothing had before.
    pub fn new_number<N: Number>(&mut self) -> Result<N, StoreError> {
        let given = self.commit.last_numbers.iter_mut().find(|(kind, _)| *kind == N::KIND);
        if let Some((_, last)) = given {
            *last += 1;
            return Ok(N::from(*last));
        }
        let next = store::state::last_number(self.conn, N::KIND)? + 1;
        self.commit.last_numbers.push((N::KIND, next));
        Ok(N::from(next))
    }

    /// The record that the path names, or a refusal that says so.
    pub fn find<R: Record>(&mut self, reference: &Reference) -> Result<R, Refusal> {
        let found = store::find(self.conn, reference)?;
        found.ok_or_else(|| Refusal::not_found(R::Number::KIND, reference))
    }

    /// The record that a member of the body names, or a refusal that points there.
    pub fn find_named_at<R: Record>(&mut self, pointer: &str, reference: &Reference) -> Result<R, Refusal> {
        let found = store::find(self.conn, reference)?;
        found.ok_or_else(|| Refusal::names_nothing(pointer, R::Number::KIND, reference))
    }

    /// The number of the thing of this kind that a member of the body names, if it names one that exists.
    fn known(&mut self, kind: Kind, reference: &Reference) -> Result<Option<u32>, StoreError> {
        match store::number_of(self.conn, kind, reference)? {
            Some(number) if store::exists(self.conn, kind, number)? => Ok(Some(number)),
            _ => Ok(None),
        }
    }

    /// Refuses a natural key that another thing of the kind has.
    pub fn key_is_free(&mut self, kind: Kind, key: &str, except: Option<u32>) -> Result<(), Refusal> {
        let holder = store::by_folded_key(self.conn, kind, &fold(key))?;
        match holder.filter(|holder| Some(*holder) != except) {
            Some(holder) => Err(Refusal::KeyTaken { kind, key: key.to_owned(), id: kind.id(holder) }),
            None => Ok(()),
        }
    }
}

/// The tag of a record that may not exist.
fn tag_of<T: serde::Serialize>(record: Option<&T>) -> Option<String> {
    record.map(|record| etag(record))
}

/// Refuses, in a replacement, a natural key other than the one in the path.
fn same_key<K: std::fmt::Display>(pointer: &str, key: &str, written: Option<&K>) -> Result<(), Refusal> {
    match written.map(ToString::to_string).filter(|written| fold(written) != fold(key)) {
        None => Ok(()),
        Some(written) => {
            let detail = format!("is {written:?}, but the path names {key:?}; to rename, send a PATCH");
            Err(Refusal::at(pointer, "key_mismatch", detail))
        }
    }
}

/// Refuses unless nothing is counted.
fn not_in_use(kind: Kind, key: &str, counts: &[(&'static str, usize)]) -> Result<(), Refusal> {
    let counts: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).map(|(what, n)| (*what, *n as u64)).collect();
    if counts.is_empty() {
        return Ok(());
    }
    let advice = "Remove these first, or repeat the request with force=true to remove them with it.";
    Err(Refusal::InUse { kind, key: key.to_owned(), counts, advice })
}
