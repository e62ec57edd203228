//! Plans: from a command and a consistent read to the edits it amounts to, or a refusal.
//!
//! A plan reads through the store and writes nothing. The real write plans under the lock and then
//! commits the edits; a preview plans and keeps nothing: both run the same function, so they cannot
//! disagree. This module knows neither HTTP nor the index.

pub mod absent;
pub mod back_ends;
pub mod batch;
pub mod bulk;
pub mod customer_users;
pub mod customers;
mod external_ids;
pub mod fresh;
pub mod groups;
pub mod imports;
mod known;
pub mod links;
pub mod matrices;
mod recent;
mod refusal;
pub mod rolls;
pub mod selection;
pub mod services;
pub mod settings;
pub mod transfer;

use chrono::{DateTime, Utc};

pub use external_ids::{Identified, OnExisting, give as give_external_id, take as take_external_id};
pub use known::Knowable;
pub use recent::{Moment, Recent};
pub use refusal::Refusal;

pub use crate::directory::FieldError;

use crate::directory::text::fold;
use crate::directory::{Change, Edit, Kind, Number, PermissionSet, Reference, Settings, etag};
use crate::store::commit::Commit;
use crate::store::{self, Conn, KeptReply, StoreError, WriteKey};
pub use batch::Ahead;
use bulk::Relation;
use known::Known;

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
    /// Refuses unless the precondition holds of this record, whose tag is made only where it is asked for.
    pub fn check_record<T: serde::Serialize>(&self, record: Option<&T>) -> Result<(), Refusal> {
        match (self, record) {
            (Precondition::None, _) => Ok(()),
            (_, record) => self.check(record.map(|record| etag(record)).as_deref()),
        }
    }

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
    /// What the last revisions changed, if that is known.
    pub recent: Option<&'p Recent>,
}

impl Base<'_> {
    /// That of the first write in a transaction.
    pub fn committed(revision: u64) -> Self {
        Self { committed: revision, revision, earlier: &[], recent: None }
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
    known: Known,
}

impl<'p, 'c> Plan<'p, 'c> {
    /// A plan with nothing in it.
    pub fn new(conn: &'p mut Conn<'c>, now: DateTime<Utc>, base: Base<'p>) -> Self {
        Self { conn, now, base, commit: Commit::default(), known: Known::default() }
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

    /// Adds an edit, once nothing can refuse the row or the write that it belongs to.
    pub fn edit(&mut self, edit: Edit) {
        self.known.add(&edit);
        self.commit.edits.push(edit);
    }

    /// Takes over what was read ahead and adds to it what was written since; says whether that could be done. It is for a
    /// plan that has yet to begin.
    pub fn take_over(&mut self, ahead: Ahead) -> bool {
        let since = self.base.recent.and_then(|recent| recent.since(&ahead.at));
        let known = since.and_then(|edits| ahead.known.brought_up_to_date(edits));
        let is_known = known.is_some();
        self.known = known.unwrap_or_default();
        is_known
    }

    /// Forgets what was read ahead, and keeps what the plan itself edited: for plans of very many rows.
    pub fn forget_what_was_read(&mut self) {
        self.known.forget_what_was_read();
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

    /// The record that a reference names, if there is one.
    pub fn look_up<R: Knowable>(&mut self, reference: &Reference) -> Result<Option<R>, StoreError> {
        match self.number_of(R::Number::KIND, reference)? {
            Some(number) => self.by_number(R::Number::from(number)),
            None => Ok(None),
        }
    }

    /// The record of this number, if there is one.
    pub fn by_number<R: Knowable>(&mut self, number: R::Number) -> Result<Option<R>, StoreError> {
        match self.known.record(number) {
            Some(known) => Ok(known),
            None => Ok(store::by_number::<R>(self.conn, number)?.map(|record| record.refreshed(&self.known))),
        }
    }

    /// The record that the path names, or a refusal that says so.
    pub fn find<R: Knowable>(&mut self, reference: &Reference) -> Result<R, Refusal> {
        self.look_up(reference)?.ok_or_else(|| Refusal::not_found(R::Number::KIND, reference))
    }

    /// The record that a member of the body names, or a refusal that points there.
    pub fn find_named_at<R: Knowable>(&mut self, pointer: &str, reference: &Reference) -> Result<R, Refusal> {
        self.look_up(reference)?.ok_or_else(|| Refusal::names_nothing(pointer, R::Number::KIND, reference))
    }

    /// The number of the thing that the path names, or a refusal that says so.
    fn number<N: Number>(&mut self, reference: &Reference) -> Result<N, Refusal> {
        let known = self.known(N::KIND, reference)?;
        known.map(N::from).ok_or_else(|| Refusal::not_found(N::KIND, reference))
    }

    /// The number of the thing of this kind that a reference names; of an `id:…` it is not sure that the
    /// thing exists.
    fn number_of(&mut self, kind: Kind, reference: &Reference) -> Result<Option<u32>, StoreError> {
        match self.known.number_of(kind, reference) {
            Some(known) => Ok(known),
            None => store::number_of(self.conn, kind, reference),
        }
    }

    /// The number of the thing of this kind that a member of the body names, if it names one that exists.
    fn known(&mut self, kind: Kind, reference: &Reference) -> Result<Option<u32>, StoreError> {
        let Some(number) = self.number_of(kind, reference)? else { return Ok(None) };
        let exists = match (self.known.exists(kind, number), reference) {
            (Some(known), _) => known,
            (None, Reference::Id(_)) => store::exists(self.conn, kind, number)?,
            // Keys and external ids stand in the database only with their things.
            (None, _) => true,
        };
        Ok(exists.then_some(number))
    }

    /// What a link grants.
    fn granted(&mut self, relation: Relation, ends: (u32, u32)) -> Result<PermissionSet, StoreError> {
        match self.known.granted(relation, ends) {
            Some(known) => Ok(known),
            None => relation.granted(self.conn, ends),
        }
    }

    /// The settings, which every database of ours has.
    fn settings(&mut self) -> Result<&Settings, StoreError> {
        if self.known.settings.is_none() {
            self.known.settings = store::settings(self.conn)?;
            // Those that the commit begins with: no edit of this plan has changed them yet, or they were known.
            self.commit.permission_types =
                self.known.settings.as_ref().map(|settings| settings.permission_types.clone());
        }
        Ok(self.known.settings.get_or_insert_with(Settings::fresh))
    }

    /// Refuses a natural key that another thing of the kind has than the one of this number and key.
    pub fn key_is_free(&mut self, kind: Kind, key: &str, own: Option<(u32, &str)>) -> Result<(), Refusal> {
        if own.is_some_and(|(_, own)| own == key) {
            return Ok(());
        }
        let holder = self.number_of(kind, &Reference::Key(key.to_owned()))?;
        match holder.filter(|holder| Some(*holder) != own.map(|(number, _)| number)) {
            Some(holder) => Err(Refusal::KeyTaken { kind, key: key.to_owned(), id: kind.id(holder) }),
            None => Ok(()),
        }
    }
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
