//! Forgetting: the change log and the audit are cut at their far ends, in small steps, so that no
//! writer waits for long.
//!
//! Where the log is cut is written down before anything is removed. A revision may be so large that
//! it goes in many steps, and nobody must take what is left of it for the whole.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::schema::{audit, changes, revisions, state};
use super::{Conn, StoreError, on};

/// So many rows are removed in one transaction.
const AT_A_TIME: i64 = 1_000;

/// The last revision that the log holds no longer.
pub fn log_cut(conn: &mut Conn) -> Result<u64, StoreError> {
    let cut: i64 = on!(conn, |c| state::table.select(state::log_cut).get_result(c)?);
    Ok(cut.unsigned_abs())
}

/// Makes one step towards a log that holds nothing older than `before`, but all after the revision
/// `kept`; says whether there is more to do.
pub fn cut_log(conn: &mut Conn, before: DateTime<Utc>, kept: u64) -> Result<bool, StoreError> {
    let cut = log_cut(conn)? as i64;
    if remove_changes(conn, cut)? || remove_revisions(conn, cut)? {
        return Ok(true);
    }
    let heads: Vec<(i64, NaiveDateTime)> = on!(conn, |c| revisions::table
        .filter(revisions::revision.gt(cut).and(revisions::revision.le(kept as i64)))
        .order(revisions::revision)
        .limit(AT_A_TIME)
        .select((revisions::revision, revisions::committed_at))
        .load(c)?);
    let old = heads.iter().take_while(|(_, committed_at)| *committed_at < before.naive_utc());
    let Some((cut, _)) = old.last() else { return Ok(false) };
    on!(conn, |c| diesel::update(state::table).set(state::log_cut.eq(*cut)).execute(c)?);
    Ok(true)
}

/// Removes some of the changes up to a revision; says whether there were any.
fn remove_changes(conn: &mut Conn, cut: i64) -> Result<bool, StoreError> {
    let places: Vec<(i64, i64)> = on!(conn, |c| changes::table
        .filter(changes::revision.le(cut))
        .order((changes::revision, changes::ordinal))
        .limit(AT_A_TIME)
        .select((changes::revision, changes::ordinal))
        .load(c)?);
    let Some((revision, ordinal)) = places.last() else { return Ok(false) };
    let within = changes::revision.eq(revision).and(changes::ordinal.le(ordinal));
    on!(conn, |c| diesel::delete(changes::table.filter(changes::revision.lt(revision).or(within))).execute(c)?);
    Ok(true)
}

/// Removes some of the revisions before this one, whose changes are gone. It stays itself: a follower
/// who stands there has missed nothing, and knows it by the revision's identity.
fn remove_revisions(conn: &mut Conn, cut: i64) -> Result<bool, StoreError> {
    let old: Vec<i64> = on!(conn, |c| revisions::table
        .filter(revisions::revision.lt(cut))
        .order(revisions::revision)
        .limit(AT_A_TIME)
        .select(revisions::revision)
        .load(c)?);
    let Some(last) = old.last() else { return Ok(false) };
    on!(conn, |c| diesel::delete(revisions::table.filter(revisions::revision.le(last))).execute(c)?);
    Ok(true)
}

/// Makes one step towards an audit that holds nothing older than `before`; says whether there is more
/// to do.
pub fn cut_audit(conn: &mut Conn, before: DateTime<Utc>) -> Result<bool, StoreError> {
    let rows: Vec<(i64, i64, NaiveDateTime)> = on!(conn, |c| audit::table
        .order((audit::revision, audit::ordinal))
        .limit(AT_A_TIME)
        .select((audit::revision, audit::ordinal, audit::happened_at))
        .load(c)?);
    let old = rows.iter().take_while(|(.., happened_at)| *happened_at < before.naive_utc());
    let Some((revision, ordinal, _)) = old.last() else { return Ok(false) };
    let within = audit::revision.eq(revision).and(audit::ordinal.le(ordinal));
    on!(conn, |c| diesel::delete(audit::table.filter(audit::revision.lt(revision).or(within))).execute(c)?);
    Ok(true)
}
