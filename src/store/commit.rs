//! Committing: from the edits of one write to rows, the change log and the audit, as one revision.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::sync_channel;
use std::thread::{Builder, Scope};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use super::change_log::{self, AuditRow};
use super::imports::{self, ImportWrite};
use super::kept_replies::{self, KeptReply, WriteKey};
use super::row_digests::OfNew;
use super::{
    Conn, StoreError, back_ends, customer_users, customers, deactivations, external_ids, groups, links, services,
    settings,
};
use super::{dialect, differences, grams, many, pairs, row_digests, state};
use crate::directory::{Delta, Edit, Kind, PermissionTypes, Settings};
use crate::turns::{Turn, offering};

/// What one write amounts to.
#[derive(Debug, Default)]
pub struct Commit {
    /// The edits, in the order in which they are to be made.
    pub edits: Vec<Edit>,
    /// The last number given out for each kind that got new things.
    pub last_numbers: Vec<(Kind, u32)>,
    /// The reply, where the write came with an idempotency key.
    pub reply: Option<(WriteKey, KeptReply)>,
    /// What is written about import jobs.
    pub imports: Vec<ImportWrite>,
    /// The permission types that held before the write, if whoever planned it has read them.
    pub permission_types: Option<PermissionTypes>,
}

impl Commit {
    /// Whether the directory stays as it is.
    pub fn changes_nothing(&self) -> bool {
        self.edits.is_empty()
    }
}

/// So many edits are written together, and twice as many of a large write are held a second time.
const AT_A_TIME: usize = 1_000;
/// For so many it is worth a thread to put into words what was edited, while the rows are written.
const MANY: usize = 64;

/// Writes all of it; the edits, if there are any, as this revision, whose identity it gives. The caller holds the revision
/// row.
pub fn write(
    conn: &mut Conn,
    commit: &Commit,
    revision: u64,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Option<String>, StoreError> {
    if let Some((key, reply)) = &commit.reply {
        kept_replies::keep(conn, key, reply, now)?;
    }
    let of_new = OfNew::among(conn, &commit.edits, &commit.imports)?;
    if commit.changes_nothing() {
        imports::write(conn, &commit.imports, &of_new)?;
        return Ok(None);
    }
    let types = permission_types(conn, commit)?;
    let identity = change_log::begin(conn, revision, now)?;
    std::thread::scope(|scope| {
        let mut words = words(scope, &commit.edits, types)?;
        write_edits(conn, commit, &of_new, revision)?;
        imports::write(conn, &commit.imports, &of_new)?;
        for ordinal in (0..commit.edits.len() as i64).step_by(AT_A_TIME) {
            let missing = || StoreError::Corrupt("an edit was not put into words".to_owned());
            let (bodies, audited) = words.next().ok_or_else(missing)??;
            change_log::append(conn, revision, ordinal, bodies)?;
            change_log::append_audit(conn, revision, ordinal, now, actor, audited)?;
        }
        Ok(Some(identity))
    })
}

/// Writes all but the words.
fn write_edits(conn: &mut Conn, commit: &Commit, of_new: &OfNew, revision: u64) -> Result<(), StoreError> {
    for edits in commit.edits.chunks(AT_A_TIME) {
        write_rows(conn, edits, of_new)?;
        deactivations::forget(conn, edits)?;
    }
    row_digests::forget(conn, &commit.edits, &commit.imports)?;
    grams::keep_up(conn, &commit.edits, revision)?;
    for (kind, number) in &commit.last_numbers {
        state::set_last_number(conn, *kind, *number)?;
    }
    state::set_revision(conn, revision)
}

/// What the change log and the audit say of edits.
type InWords = (Vec<String>, Vec<AuditRow>);

/// Puts edits into words, some at a time; many of them on a thread of its own, while all else is written.
fn words<'s>(
    scope: &'s Scope<'s, '_>,
    edits: &'s [Edit],
    mut types: PermissionTypes,
) -> Result<Box<dyn Iterator<Item = Result<InWords, StoreError>> + 's>, StoreError> {
    let mut words = edits.chunks(AT_A_TIME).map(move |edits| in_words(edits, &mut types));
    if edits.len() < MANY {
        return Ok(Box::new(words));
    }
    let (made, received) = sync_channel(1);
    let started = Builder::new().name("words".to_owned()).spawn_scoped(scope, move || {
        // Whoever has gone needs none.
        let _ = words.try_for_each(|words| made.send(words));
    });
    started.map_err(|why| StoreError::Unavailable(format!("no thread for what is to be logged: {why}")))?;
    Ok(Box::new(received.into_iter()))
}

/// Puts edits into words; the permission types are those that hold before them, and then those that hold after.
fn in_words(edits: &[Edit], types: &mut PermissionTypes) -> Result<InWords, StoreError> {
    let (mut bodies, mut audited) = (Vec::with_capacity(edits.len()), Vec::with_capacity(edits.len()));
    for edit in offering(edits) {
        if let Some(after) = settings_after(edit) {
            *types = after.permission_types.clone();
        }
        bodies.push(change_log::encode(&edit.change(), types)?);
        audited.push(audit_row(edit, types)?);
    }
    Ok((bodies, audited))
}

/// Writes the rows of edits, in their order; links and records that follow one another together.
fn write_rows(conn: &mut Conn, edits: &[Edit], of_new: &OfNew) -> Result<(), StoreError> {
    let together = |one: &Edit, other: &Edit| pairs::are_of_one_table(one, other) || many::are_together(one, other);
    let mut turn = Turn::begin();
    edits.chunk_by(together).try_for_each(|run| match run {
        [edit] => write_row(conn, edit, of_new),
        links @ [first, ..] if pairs::are_of_one_table(first, first) => pairs::write(conn, links),
        records => match dialect::at_once(conn, records.len()) {
            Some(c) => many::write(c, records, of_new),
            None => records.iter().try_for_each(|edit| {
                turn.offer();
                write_row(conn, edit, of_new)
            }),
        },
    })
}

/// The permission types that hold before the write. Only links name permissions, so that only they
/// are worth reading the settings.
fn permission_types(conn: &mut Conn, commit: &Commit) -> Result<PermissionTypes, StoreError> {
    let names_permissions =
        |edit: &Edit| matches!(edit, Edit::CustomerGroupLink { .. } | Edit::CustomerUserGroupLink { .. });
    if !commit.edits.iter().any(names_permissions) {
        return Ok(PermissionTypes(Vec::new()));
    }
    if let Some(types) = &commit.permission_types {
        return Ok(types.clone());
    }
    let settings = settings::settings(conn)?;
    Ok(settings.ok_or_else(|| StoreError::Corrupt("there are no settings".to_owned()))?.permission_types)
}

fn settings_after(edit: &Edit) -> Option<&Settings> {
    match edit {
        Edit::Settings(delta) => delta.after(),
        _ => None,
    }
}

fn write_row(conn: &mut Conn, edit: &Edit, of_new: &OfNew) -> Result<(), StoreError> {
    match edit {
        Edit::Customer(delta) => customers::write(conn, delta),
        Edit::CustomerUser(delta) => customer_users::write(conn, delta),
        Edit::Group(delta) => groups::write(conn, delta),
        Edit::Service(delta) => services::write(conn, delta),
        Edit::BackEnd(delta) => back_ends::write(conn, delta),
        Edit::ExternalId { thing, external_id, present } => {
            external_ids::set(conn, (*thing, external_id), *present, of_new.of(*thing, external_id))
        }
        Edit::CustomerGroupLink { link, .. } => links::set_customer_group(conn, link),
        Edit::CustomerUserGroupLink { link, .. } => links::set_customer_user_group(conn, link),
        Edit::CustomerUserServiceLink(link) => links::set_customer_user_service(conn, link),
        Edit::CustomerMembership(membership) => links::set_membership(conn, membership),
        Edit::Roll { roll, thing, listed } => settings::set_roll(conn, *roll, *thing, *listed),
        Edit::Settings(delta) => delta.after().map_or(Ok(()), |after| settings::write(conn, after)),
    }
}

fn audit_row(edit: &Edit, types: &PermissionTypes) -> Result<AuditRow, StoreError> {
    Ok(match edit {
        Edit::Customer(delta) => of_delta("customer", delta, |c| c.number.to_string())?,
        Edit::CustomerUser(delta) => of_delta("customer_user", delta, |u| u.number.to_string())?,
        Edit::Group(delta) => of_delta("group", delta, |g| g.number.to_string())?,
        Edit::Service(delta) => of_delta("service", delta, |s| s.number.to_string())?,
        Edit::BackEnd(delta) => of_delta("back_end", delta, |b| b.number.to_string())?,
        Edit::Settings(delta) => of_delta("settings", delta, |_: &Settings| "settings".to_owned())?,
        Edit::ExternalId { thing, external_id, present } => {
            of_flag("external_id", thing.to_string(), *present, external_id)?
        }
        Edit::CustomerGroupLink { before, link } => AuditRow {
            kind: "customer_group_link",
            thing_id: format!("{}/{}/{}", link.customer, link.group, link.context.as_str()),
            value_before: Some(text(&types.names(*before))?),
            value_after: Some(text(&types.names(link.permissions))?),
        },
        Edit::CustomerUserGroupLink { before, link } => AuditRow {
            kind: "customer_user_group_link",
            thing_id: format!("{}/{}", link.customer_user, link.group),
            value_before: Some(text(&types.names(*before))?),
            value_after: Some(text(&types.names(link.permissions))?),
        },
        Edit::CustomerUserServiceLink(link) => {
            let thing_id = format!("{}/{}", link.customer_user, link.service);
            of_flag("customer_user_service_link", thing_id, link.linked, &json!(true))?
        }
        Edit::CustomerMembership(membership) => {
            let thing_id = format!("{}/{}", membership.customer_user, membership.customer);
            of_flag("customer_membership", thing_id, membership.member, &json!(true))?
        }
        Edit::Roll { roll, thing, listed } => of_flag(roll.as_str(), thing.to_string(), *listed, &json!(true))?,
    })
}

fn of_delta<T: Serialize + differences::Members>(
    kind: &'static str,
    delta: &Delta<T>,
    thing_id: impl Fn(&T) -> String,
) -> Result<AuditRow, StoreError> {
    let thing_id = thing_id(delta.either());
    let (value_before, value_after) = match delta {
        Delta::Created(after) => (None, Some(text(after)?)),
        Delta::Removed(before) => (Some(text(before)?), None),
        Delta::Changed { before, after } => {
            let (before, after) = differences::between(before, after).map_err(corrupt)?;
            (Some(before), Some(after))
        }
    };
    Ok(AuditRow { kind, thing_id, value_before, value_after })
}

fn of_flag(
    kind: &'static str,
    thing_id: String,
    present: bool,
    value: &impl Serialize,
) -> Result<AuditRow, StoreError> {
    let value = Some(text(value)?);
    let (value_before, value_after) = if present { (None, value) } else { (value, None) };
    Ok(AuditRow { kind, thing_id, value_before, value_after })
}

fn text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(corrupt)
}

fn corrupt(why: serde_json::Error) -> StoreError {
    StoreError::Corrupt(why.to_string())
}

/// Runs `body` so that all of what it wrote is undone if it fails or panics, while the transaction
/// goes on. If it cannot go on, that is a [`StoreError::TransactionLost`]: a full disk and a broken
/// connection end all of it, and on SQLite a savepoint after that would begin another by itself.
pub fn savepoint<T, E: From<StoreError>>(
    conn: &mut Conn,
    body: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    let execute = |conn: &mut Conn, statement| {
        dialect::execute(conn, statement).map_err(|why| StoreError::TransactionLost(why.to_string()))
    };
    execute(conn, "SAVEPOINT one_write")?;
    let outcome = catch_unwind(AssertUnwindSafe(|| body(conn)));
    if !matches!(outcome, Ok(Ok(_))) {
        execute(conn, "ROLLBACK TO SAVEPOINT one_write")?;
    }
    execute(conn, "RELEASE SAVEPOINT one_write")?;
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}
