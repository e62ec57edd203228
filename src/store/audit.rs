//! The audit: who wrote what and when, what was before and what after.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::dsl::max;
use diesel::prelude::*;

use super::change_log::{self, AuditRow};
use super::schema::audit as table;
use super::{Conn, StoreError, on};
use crate::directory::{CustomerUserNumber, Number};

/// Every kind of row.
pub const KINDS: [&str; 15] = [
    "customer",
    "customer_user",
    "group",
    "service",
    "back_end",
    "settings",
    "external_id",
    "customer_group_link",
    "customer_user_group_link",
    "customer_user_service_link",
    "customer_membership",
    "customer_user_always_groups",
    "customer_always_groups",
    "default_services",
    ERASURE,
];

/// The kind of row that says that a person's values were erased.
const ERASURE: &str = "erasure";

/// The kinds of rows whose values are a person's. Those of links say no more than ids and permissions.
const PERSONAL: [&str; 2] = ["customer_user", "external_id"];

/// Which rows are wanted, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// By this actor.
    pub actor: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// About the thing with this id, links included.
    pub id: Option<String>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// Where the page before ended: revision and place in it.
    pub before: Option<(u64, u64)>,
    /// The most rows.
    pub limit: i64,
}

/// One row.
#[derive(Debug, Clone)]
pub struct Audited {
    /// The revision that it is part of.
    pub revision: u64,
    /// Its place there.
    pub ordinal: u64,
    /// When.
    pub happened_at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What kind of thing was written.
    pub kind: String,
    /// Which one; of a link, the ids of both ends.
    pub thing_id: String,
    /// What was, as JSON.
    pub value_before: Option<String>,
    /// What is, as JSON.
    pub value_after: Option<String>,
}

type Row = (i64, i64, NaiveDateTime, String, String, String, Option<String>, Option<String>);

/// One page of the audit.
pub fn page(conn: &mut Conn, query: &AuditQuery) -> Result<Vec<Audited>, StoreError> {
    let rows: Vec<Row> = on!(conn, |c| {
        let mut rows = table::table.into_boxed();
        if let Some(actor) = &query.actor {
            rows = rows.filter(table::actor.eq(actor));
        }
        if let Some(kind) = &query.kind {
            rows = rows.filter(table::kind.eq(kind));
        }
        if let Some(id) = &query.id {
            // An id holds nothing that means something in a pattern.
            let (first, second, middle) = (format!("{id}/%"), format!("%/{id}"), format!("%/{id}/%"));
            let of_link = table::thing_id.like(first).or(table::thing_id.like(second)).or(table::thing_id.like(middle));
            rows = rows.filter(table::thing_id.eq(id).or(of_link));
        }
        if let Some(from) = query.from {
            rows = rows.filter(table::happened_at.ge(from.naive_utc()));
        }
        if let Some(to) = query.to {
            rows = rows.filter(table::happened_at.lt(to.naive_utc()));
        }
        if let Some((revision, ordinal)) = query.before {
            let (revision, ordinal) = (revision as i64, ordinal as i64);
            let within = table::revision.eq(revision).and(table::ordinal.lt(ordinal));
            rows = rows.filter(table::revision.le(revision)).filter(table::revision.lt(revision).or(within));
        }
        rows.order((table::revision.desc(), table::ordinal.desc())).limit(query.limit).load(c)?
    });
    Ok(rows.into_iter().map(audited).collect())
}

fn audited((revision, ordinal, happened_at, actor, kind, thing_id, value_before, value_after): Row) -> Audited {
    let (revision, ordinal) = (revision.unsigned_abs(), ordinal.unsigned_abs());
    Audited { revision, ordinal, happened_at: happened_at.and_utc(), actor, kind, thing_id, value_before, value_after }
}

/// Erases what the audit holds of a person, and says how many rows it was in. The rows stay, with
/// who, when and what kind; a row more says that this was done. The caller holds the revision row.
pub fn erase(
    conn: &mut Conn,
    customer_user: CustomerUserNumber,
    revision: u64,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let id = customer_user.id();
    let theirs = table::thing_id.eq(&id).and(table::kind.eq_any(PERSONAL));
    let has_values = table::value_before.is_not_null().or(table::value_after.is_not_null());
    let nothing = (table::value_before.eq(None::<String>), table::value_after.eq(None::<String>));
    let erased: usize =
        on!(conn, |c| diesel::update(table::table.filter(theirs).filter(has_values)).set(nothing).execute(c)?);
    let last: Option<i64> = on!(conn, |c| table::table
        .filter(table::revision.eq(revision as i64))
        .select(max(table::ordinal))
        .get_result(c)?);
    let value_after = Some(serde_json::json!({ "rows": erased }).to_string());
    let row = AuditRow { kind: ERASURE, thing_id: id, value_before: None, value_after };
    change_log::append_audit(conn, revision, last.map_or(0, |last| last + 1), now, actor, vec![row])?;
    Ok(erased as u64)
}
