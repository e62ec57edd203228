//! When what was read has its turn: beside other writes in one transaction, after some that failed, in another history.

use std::sync::{Arc, Mutex};

use customer_access::directory::Customer;
use customer_access::plan::{OnExisting, Plan, Refusal};
use customer_access::replica::Replica;
use serde_json::json;

use super::{Came, both_ways, brought, furniture, merge, read_ahead, row, write_ahead};
use crate::database::{Database, Kind, behind_the_back, on_both, same_as_anew};
use crate::faults::{AnyPlan, in_one_transaction};
use crate::verbs::{key, new_customer, revision, set_comment, write};

fn furnished(kind: Kind) -> (Database, Replica) {
    let database = kind.database();
    let replica = database.sleeper();
    write(&replica, |plan| merge(plan, furniture())).expect("the furniture");
    (database, replica)
}

/// Renames and creates, and then fails.
fn fails(plan: &mut Plan) -> Result<(), Refusal> {
    new_customer(plan, "gamma")?;
    let renamed = json!({"kind": "customer", "external_id": "acme", "customer_id": "never"});
    merge(plan, vec![row(renamed)])?;
    plan.find::<Customer>(&key("nobody")).map(drop)
}

/// Does the same, and then ends in a fault.
fn panics(plan: &mut Plan) -> Result<(), Refusal> {
    assert!(fails(plan).is_ok(), "a fault, on purpose");
    Ok(())
}

/// What came of rows in either way, and whether what was read served, once that is known.
type Seen = Arc<Mutex<Option<(bool, [Came; 2])>>>;

fn what_was_undone_is_not_taken_for_written(kind: Kind) {
    let (database, replica) = furnished(kind);
    let (rows, reading) = (brought(), replica.reading_ahead());
    let ahead = read_ahead(&reading, &rows);
    assert!(write(&replica, fails).is_err());
    assert!(write(&replica, panics).is_err());
    assert!(write_ahead(&replica, &rows, ahead, OnExisting::Adopt, "what failed"));
    same_as_anew(&replica, &database);
}

fn writes_that_share_its_transaction_count(kind: Kind) {
    let (database, replica) = furnished(kind);
    let (rows, reading) = (brought(), replica.reading_ahead());
    let ahead = read_ahead(&reading, &rows);
    let seen = Seen::default();
    let says = Arc::clone(&seen);
    let merges: AnyPlan = Box::new(move |plan| {
        *says.lock().expect("nobody failed") = Some(both_ways(plan, &rows, ahead, OnExisting::Adopt)?);
        plan.find(&key("acme"))
    });
    let late: AnyPlan = Box::new(|plan| new_customer(plan, "late"));
    let undone: AnyPlan = Box::new(|plan| fails(plan).and_then(|()| plan.find(&key("never"))));
    let panics: AnyPlan = Box::new(|plan| set_comment(plan, "acme", "never").map(|_| panic!("a fault, on purpose")));
    let changes: AnyPlan = Box::new(|plan| set_comment(plan, "acme", "Changed in between"));
    let outcomes = in_one_transaction(&replica, vec![late, undone, panics, changes, merges]);
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true, true]);
    let (serves, [with, without]) = seen.lock().expect("nobody failed").take().expect("it had its turn");
    assert_eq!((serves, with), (true, without));
    same_as_anew(&replica, &database);
}

fn what_was_read_of_another_history_serves_no_more(kind: Kind) {
    const REPLACED: &str = "UPDATE revisions SET identity = 'another' WHERE revision = {}";
    const RENEWED: &str = "; UPDATE state SET epoch = '0123456789abcdef'";
    for replaced in [REPLACED, &format!("{REPLACED}{RENEWED}")] {
        let (database, replica) = furnished(kind);
        let (rows, reading) = (brought(), replica.reading_ahead());
        let ahead = read_ahead(&reading, &rows);
        behind_the_back(&database, &replaced.replace("{}", &revision(&replica).to_string()));
        write(&replica, |plan| new_customer(plan, "late")).expect("a customer");
        assert!(!write_ahead(&replica, &rows, ahead, OnExisting::Adopt, replaced));
        same_as_anew(&replica, &database);
    }
}

/// Until somebody holds it, nothing is kept of what is written; what is held again later is of later.
fn what_nobody_holds_serves_no_more(kind: Kind) {
    let (database, replica) = furnished(kind);
    let (rows, reading) = (brought(), replica.reading_ahead());
    let ahead = read_ahead(&reading, &rows);
    drop(reading);
    write(&replica, |plan| new_customer(plan, "late")).expect("a customer");
    let reading = replica.reading_ahead();
    let later = read_ahead(&reading, &rows);
    write(&replica, |plan| new_customer(plan, "later")).expect("a customer");
    assert!(write_ahead(&replica, &rows, later, OnExisting::Adopt, "held again"));
    assert!(!write_ahead(&replica, &rows, ahead, OnExisting::Adopt, "not held"));
    same_as_anew(&replica, &database);
}

on_both!(
    what_was_undone_is_not_taken_for_written,
    writes_that_share_its_transaction_count,
    what_was_read_of_another_history_serves_no_more,
    what_nobody_holds_serves_no_more,
);
