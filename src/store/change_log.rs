//! The change log and the audit.
//!
//! The log is what the index and the integrators follow: every committed write is one revision with
//! its changes in order. Permission sets stand in it by name, because a bit may be given to another
//! type one day; whoever reads in order knows the types that held then.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;

use super::dialect::insert;
use super::schema::{audit, changes, revisions};
use super::time::StoredTime;
use super::{Conn, StoreError, on};
use crate::directory::{Change, PermissionName, PermissionTypes};

/// One revision as it stands in the log.
#[derive(Debug, Clone)]
pub struct LoggedRevision {
    /// Its number.
    pub revision: u64,
    /// Random; two histories that share a number do not share this.
    pub identity: String,
    /// When it was committed.
    pub committed_at: DateTime<Utc>,
    /// What changed, in order.
    pub changes: Vec<Value>,
}

/// What an audit row says.
pub(super) struct AuditRow {
    pub(super) kind: &'static str,
    pub(super) thing_id: String,
    pub(super) value_before: Option<String>,
    pub(super) value_after: Option<String>,
}

/// Begins a revision; gives its identity.
pub(super) fn begin(conn: &mut Conn, revision: u64, now: DateTime<Utc>) -> Result<String, StoreError> {
    let identity = format!("{:016x}", rand::random::<u64>());
    let row = (
        revisions::revision.eq(revision as i64),
        revisions::identity.eq(&identity),
        revisions::committed_at.eq(now.naive_utc()),
    );
    on!(conn, |c| diesel::insert_into(revisions::table).values(row).execute(c)?);
    Ok(identity)
}

/// Writes changes of a revision, the first of them at this place in it.
pub(super) fn append(conn: &mut Conn, revision: u64, first: i64, bodies: Vec<String>) -> Result<(), StoreError> {
    let row = |(ordinal, body): (i64, String)| {
        (changes::revision.eq(revision as i64), changes::ordinal.eq(ordinal), changes::body.eq(body))
    };
    insert!(conn, changes::table, (first..).zip(bodies).map(row));
    Ok(())
}

/// Writes audit rows of a revision, the first of them at this place in it.
pub(super) fn append_audit(
    conn: &mut Conn,
    revision: u64,
    first: i64,
    now: DateTime<Utc>,
    actor: &str,
    rows: Vec<AuditRow>,
) -> Result<(), StoreError> {
    let row = |(ordinal, row): (i64, AuditRow)| {
        (
            audit::revision.eq(revision as i64),
            audit::ordinal.eq(ordinal),
            audit::happened_at.eq(StoredTime::from(now)),
            audit::actor.eq(actor),
            audit::kind.eq(row.kind),
            audit::thing_id.eq(row.thing_id),
            audit::value_before.eq(row.value_before),
            audit::value_after.eq(row.value_after),
        )
    };
    insert!(conn, audit::table, (first..).zip(rows).map(row));
    Ok(())
}

/// The revisions after this one, whole and in order, until they hold about `limit` changes.
pub fn changes_after(conn: &mut Conn, after: u64, limit: usize) -> Result<Vec<LoggedRevision>, StoreError> {
    let after = after as i64;
    let heads: Vec<(i64, String, chrono::NaiveDateTime)> = on!(conn, |c| revisions::table
        .filter(revisions::revision.gt(after))
        .order(revisions::revision)
        .limit(limit as i64)
        .load(c)?);
    let mut bodies = bodies_after(conn, after, limit)?.into_iter().peekable();
    let mut logged = Vec::with_capacity(heads.len().min(bodies.len()));
    for (revision, identity, committed_at) in heads {
        let mut changes = Vec::new();
        while let Some((_, _, body)) = bodies.next_if(|(of, _, _)| *of == revision) {
            changes.push(parse(&body)?);
        }
        let committed_at = committed_at.and_utc();
        logged.push(LoggedRevision { revision: revision.unsigned_abs(), identity, committed_at, changes });
        if bodies.peek().is_none() {
            break;
        }
    }
    Ok(logged)
}

/// About `limit` changes after a revision, and the rest of the last revision among them.
fn bodies_after(conn: &mut Conn, after: i64, limit: usize) -> Result<Vec<(i64, i64, String)>, StoreError> {
    let mut bodies: Vec<(i64, i64, String)> = on!(conn, |c| changes::table
        .filter(changes::revision.gt(after))
        .order((changes::revision, changes::ordinal))
        .limit(limit as i64)
        .load(c)?);
    if let Some((revision, ordinal, _)) = bodies.last().filter(|_| bodies.len() == limit) {
        let rest: Vec<_> = on!(conn, |c| changes::table
            .filter(changes::revision.eq(revision).and(changes::ordinal.gt(ordinal)))
            .order(changes::ordinal)
            .load(c)?);
        bodies.extend(rest);
    }
    Ok(bodies)
}

/// One change with its place in the log.
pub struct PlacedChange {
    /// Of which revision.
    pub revision: u64,
    /// Its place there.
    pub ordinal: u64,
    /// When that was committed.
    pub committed_at: DateTime<Utc>,
    /// The change, as JSON.
    pub body: String,
}

/// A page of single changes after a place in the log, up to a revision, for who follows at their own
/// pace.
pub fn page_of_changes(
    conn: &mut Conn,
    after: (u64, u64),
    through: u64,
    limit: usize,
) -> Result<Vec<PlacedChange>, StoreError> {
    let (revision, ordinal, through) = (after.0 as i64, after.1 as i64, through as i64);
    let within = changes::revision.eq(revision).and(changes::ordinal.gt(ordinal));
    let rows: Vec<(i64, i64, chrono::NaiveDateTime, String)> = on!(conn, |c| changes::table
        .inner_join(revisions::table)
        .filter(changes::revision.gt(revision).or(within))
        .filter(changes::revision.ge(revision).and(changes::revision.le(through)))
        .order((changes::revision, changes::ordinal))
        .limit(limit as i64)
        .select((changes::revision, changes::ordinal, revisions::committed_at, changes::body))
        .load(c)?);
    let placed = |(revision, ordinal, at, body): (i64, i64, chrono::NaiveDateTime, String)| PlacedChange {
        revision: revision.unsigned_abs(),
        ordinal: ordinal.unsigned_abs(),
        committed_at: at.and_utc(),
        body,
    };
    Ok(rows.into_iter().map(placed).collect())
}

/// The revisions after one and up to another, each with what tells it from another of the same number.
pub(super) fn heads(conn: &mut Conn, after: u64, through: u64) -> Result<Vec<(u64, String)>, StoreError> {
    let rows: Vec<(i64, String)> = on!(conn, |c| revisions::table
        .filter(revisions::revision.gt(after as i64).and(revisions::revision.le(through as i64)))
        .order(revisions::revision)
        .select((revisions::revision, revisions::identity))
        .load(c)?);
    Ok(rows.into_iter().map(|(revision, identity)| (revision.unsigned_abs(), identity)).collect())
}

/// What tells this revision from another of the same number in another history.
pub fn identity_of(conn: &mut Conn, revision: u64) -> Result<Option<String>, StoreError> {
    Ok(on!(conn, |c| revisions::table.find(revision as i64).select(revisions::identity).get_result(c).optional()?))
}

/// A change as it stands in the log: with the names of permissions.
pub fn parse(body: &str) -> Result<Value, StoreError> {
    serde_json::from_str(body).map_err(|why| StoreError::Corrupt(format!("the change log: {why}")))
}

/// The change as it is logged: with the names of permissions.
pub(super) fn encode(change: &Change, types: &PermissionTypes) -> Result<String, StoreError> {
    let corrupt = |why: serde_json::Error| StoreError::Corrupt(why.to_string());
    let (Change::CustomerGroupLinkSet(_) | Change::CustomerUserGroupLinkSet(_)) = change else {
        return serde_json::to_string(change).map_err(corrupt);
    };
    let mut body = serde_json::to_value(change).map_err(corrupt)?;
    let set = serde_json::from_value(body["permissions"].take()).map_err(corrupt)?;
    body["permissions"] = serde_json::to_value(types.names(set)).map_err(corrupt)?;
    Ok(body.to_string())
}

/// The change that was logged while these permission types held.
pub fn decode(mut body: Value, types: &PermissionTypes) -> Result<Change, StoreError> {
    let corrupt = |why: serde_json::Error| StoreError::Corrupt(format!("the change log: {why}"));
    if let Some(names) = body.get_mut("permissions").filter(|names| names.is_array()) {
        let known: Vec<PermissionName> = serde_json::from_value(names.take()).map_err(corrupt)?;
        let set = types.set(&known).map_err(|name| StoreError::Corrupt(format!("the permission type {name}")))?;
        *names = serde_json::to_value(set).map_err(corrupt)?;
    }
    serde_json::from_value(body).map_err(corrupt)
}
