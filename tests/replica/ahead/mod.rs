//! What a job reads before the writer's turn: whatever is written in between, of its rows comes what would have come of
//! them had nothing been read ahead.

mod brought;
mod random;
mod turns;
mod writes;

use customer_access::directory::{Edit, ExternalId, ExternalKey, Source};
use customer_access::plan::batch::{self, Done, Options, Row};
use customer_access::plan::{Ahead, OnExisting, Plan, Powers, Refusal};
use customer_access::replica::{ReadingAhead, Replica};
use customer_access::sync::rows::{RowKind, read};
use serde_json::Value;

use super::database::{Kind, on_both};
use super::verbs::write;
use brought::{brought, furniture};
use writes::{Between, FAR_REACHING, ORDINARY};

fn crm(id: &str) -> ExternalId {
    let source = Source::parse("crm").expect("a source");
    ExternalId { source, id: ExternalKey::parse(id).expect("an external id") }
}

/// A row of `crm`.
fn row(value: Value) -> Row {
    let Value::Object(mut members) = value else { panic!("a row is an object") };
    let kind = members.remove("kind").and_then(|kind| RowKind::parse(kind.as_str()?)).expect("a kind");
    read(kind, Value::Object(members), Some(&crm("0").source)).row.expect("a row")
}

fn rows(values: Value) -> Vec<Row> {
    values.as_array().expect("rows").iter().cloned().map(row).collect()
}

fn options(on_existing: OnExisting) -> Options {
    Options { on_existing, powers: Powers::default(), keeps_grants_of_contexts_off: false }
}

/// Merges rows on behalf of somebody who may all; none of them is refused.
fn merge(plan: &mut Plan, rows: Vec<Row>) -> Result<(), Refusal> {
    let options = Options { powers: Powers::ALL, ..options(OnExisting::Adopt) };
    batch::upsert(plan, rows, options)?.into_iter().try_for_each(|outcome| outcome.map(drop))
}

/// What came of rows, and what it amounts to.
#[derive(Debug, PartialEq)]
struct Came {
    outcomes: Vec<String>,
    edits: Vec<Edit>,
}

fn came(plan: &Plan, done: &[Result<Done, Refusal>]) -> Came {
    Came { outcomes: done.iter().map(|done| format!("{done:?}")).collect(), edits: plan.edits().to_vec() }
}

/// Plans rows twice: as if nothing had been read ahead, and with it. Says whether it served, and what came of either.
fn both_ways(plan: &mut Plan, rows: &[Row], ahead: Ahead, how: OnExisting) -> Result<(bool, [Came; 2]), Refusal> {
    let mut plain = Plan::new(plan.conn, plan.now, plan.base);
    let done = batch::upsert(&mut plain, rows.to_vec(), options(how))?;
    let anew = came(&plain, &done);
    let serves = plan.take_over(ahead);
    let upsert = if serves { batch::upsert_known } else { batch::upsert };
    let done = upsert(plan, rows.to_vec(), options(how))?;
    Ok((serves, [came(plan, &done), anew]))
}

/// Writes rows of which something was read ahead; of them comes what had come of them without. Says whether it served.
#[track_caller]
fn write_ahead(replica: &Replica, rows: &[Row], ahead: Ahead, how: OnExisting, what: &str) -> bool {
    let rows = rows.to_vec();
    let written = write(replica, move |plan| both_ways(plan, &rows, ahead, how));
    let (serves, [with, without]) = written.expect("a write").value;
    assert_eq!(with, without, "{what} ({how:?})");
    serves
}

fn read_ahead(reading: &ReadingAhead, rows: &[Row]) -> Ahead {
    reading.read(rows.iter()).expect("what rows name")
}

/// Who makes the write in between.
#[derive(Clone, Copy)]
enum Who {
    ThisProcess,
    AnotherOne,
}

/// With this write in between, says whether what was read served.
#[track_caller]
fn serves(kind: Kind, who: Who, (what, between): (&str, Between), how: OnExisting) -> bool {
    let database = kind.database();
    let replica = database.sleeper();
    write(&replica, |plan| merge(plan, furniture())).expect("the furniture");
    let (rows, reading) = (brought(), replica.reading_ahead());
    let ahead = read_ahead(&reading, &rows);
    let writer = match who {
        Who::ThisProcess => replica.clone(),
        Who::AnotherOne => database.sleeper(),
    };
    write(&writer, between).unwrap_or_else(|why| panic!("{what}: {why}"));
    write_ahead(&replica, &rows, ahead, how, what)
}

const BOTH: [OnExisting; 2] = [OnExisting::Adopt, OnExisting::Refuse];

fn what_was_read_serves_after_ordinary_writes(kind: Kind) {
    for (write, how) in ORDINARY.into_iter().flat_map(|write| BOTH.map(|how| (write, how))) {
        assert!(serves(kind, Who::ThisProcess, write, how), "{}", write.0);
    }
}

fn it_is_read_anew_after_what_reaches_far(kind: Kind) {
    for write in FAR_REACHING {
        assert!(!serves(kind, Who::ThisProcess, write, OnExisting::Adopt), "{}", write.0);
    }
}

fn it_is_read_anew_after_whatever_another_process_wrote(kind: Kind) {
    for write in ORDINARY.into_iter().skip(1).chain(FAR_REACHING) {
        assert!(!serves(kind, Who::AnotherOne, write, OnExisting::Adopt), "{}", write.0);
    }
}

on_both!(
    what_was_read_serves_after_ordinary_writes,
    it_is_read_anew_after_what_reaches_far,
    it_is_read_anew_after_whatever_another_process_wrote,
);
