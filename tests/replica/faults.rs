//! What goes wrong, and leaves nothing wrong behind.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use customer_access::config::DatabaseUrl;
use customer_access::directory::{
    Customer, CustomerUserGroupLink, CustomerUserNumber, Edit, GroupNumber, PermissionSet,
};
use customer_access::plan::{Plan, Refusal};
use customer_access::replica::{Replica, Written};
use customer_access::store::{Store, StoreError};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use futures_util::FutureExt;

use super::database::{Database, Kind, behind_the_back, execute, on_both, replica_on, rows, same_as_anew};
use super::verbs::{customer, find, key, new_customer, revision, write};

pub type AnyPlan = Box<dyn FnOnce(&mut Plan) -> Result<Customer, Refusal> + Send>;
pub type Outcome = Result<Written<Customer>, Refusal>;

fn creates(customer_id: &'static str) -> AnyPlan {
    Box::new(move |plan| new_customer(plan, customer_id))
}

/// Writes these in one transaction: while the writer is held, they gather in its queue.
pub fn in_one_transaction(replica: &Replica, plans: Vec<AnyPlan>) -> Vec<Outcome> {
    let (begun, has_begun) = channel();
    let (release, released) = channel::<()>();
    let hold: AnyPlan = Box::new(move |plan| {
        begun.send(()).expect("somebody waits");
        let _ = released.recv();
        plan.find(&key("nobody"))
    });
    // A write is in the queue once it was asked for.
    let queue = |plan: AnyPlan| {
        let mut waiting = Box::pin(replica.write("tests".to_owned(), plan));
        assert!((&mut waiting).now_or_never().is_none(), "it waits");
        waiting
    };
    let held = queue(hold);
    has_begun.recv().expect("the writer begins");
    let waiting: Vec<_> = plans.into_iter().map(queue).collect();
    drop(release);
    let outcome = |waiting| actix_web::rt::System::new().block_on(waiting);
    assert!(outcome(held).is_err());
    waiting.into_iter().map(outcome).collect()
}

fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Err(Refusal::Store(StoreError::OutcomeUnknown(_))))
}

fn is_unavailable(outcome: &Outcome) -> bool {
    matches!(outcome, Err(Refusal::Store(why)) if !matches!(why, StoreError::OutcomeUnknown(_)))
}

/// The next write works, takes the next revision, and the index has it.
#[track_caller]
fn goes_on(replica: &Replica, database: &Database) {
    let before = revision(replica);
    let written = write(replica, |plan| new_customer(plan, "afterwards")).expect("the next write");
    assert_eq!(written.revision, before + 1);
    same_as_anew(replica, database);
}

fn a_plan_that_panics_takes_nobody_with_it(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    let before = revision(&replica);
    let panics: AnyPlan = Box::new(|plan| {
        new_customer(plan, "never")?;
        execute(plan.conn, "UPDATE sequences SET last_number = 99").expect("a statement");
        panic!("a fault, on purpose")
    });
    let outcomes = in_one_transaction(&replica, vec![creates("first"), panics, creates("last")]);
    assert!(is_unknown(&outcomes[1]), "{outcomes:?}");
    let revisions = [&outcomes[0], &outcomes[2]].map(|it| it.as_ref().map(|written| written.revision).ok());
    assert_eq!(revisions, [Some(before + 1), Some(before + 2)]);
    goes_on(&replica, &database);
    assert_eq!(find::<Customer>(&replica, &key("afterwards")).map(|it| it.number.0), Some(3));
}

fn a_statement_that_fails_takes_nobody_with_it(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    let before = revision(&replica);
    let fails: AnyPlan = Box::new(|plan| {
        let (customer_user, group) = (CustomerUserNumber(99), GroupNumber(99));
        let link = CustomerUserGroupLink { customer_user, group, permissions: PermissionSet::RW };
        plan.edit(Edit::CustomerUserGroupLink { before: PermissionSet::EMPTY, link });
        new_customer(plan, "never")
    });
    let outcomes = in_one_transaction(&replica, vec![creates("first"), fails, creates("last")]);
    assert!(is_unavailable(&outcomes[1]), "{outcomes:?}");
    let revisions = [&outcomes[0], &outcomes[2]].map(|it| it.as_ref().map(|written| written.revision).ok());
    assert_eq!(revisions, [Some(before + 1), Some(before + 2)]);
    goes_on(&replica, &database);
}

/// A row that is seen to be wrong only at the end.
fn breaks_the_commit(kind: Kind) -> AnyPlan {
    Box::new(move |plan| {
        if kind == Kind::Sqlite {
            execute(plan.conn, "PRAGMA defer_foreign_keys = ON").expect("a pragma");
        }
        execute(plan.conn, "INSERT INTO customer_user_customers VALUES (99, 99)").expect("a row");
        new_customer(plan, "never")
    })
}

fn a_commit_that_fails_leaves_nothing(kind: Kind) {
    let database = kind.database();
    if kind == Kind::Postgres {
        let deferred = |column: &str| {
            let constraint = format!("customer_user_customers_{column}_fkey");
            format!("ALTER TABLE customer_user_customers ALTER CONSTRAINT {constraint} DEFERRABLE INITIALLY DEFERRED;")
        };
        behind_the_back(&database, &(deferred("customer_id") + &deferred("customer_user_id")));
    }
    let store = database.store();
    let replica = replica_on(store.clone());
    customer(&replica, "taken");
    let before = rows(&store);
    let again = || creates("first");
    let outcomes = in_one_transaction(&replica, vec![again(), breaks_the_commit(kind), again(), creates("taken")]);
    assert!(is_unknown(&outcomes[0]) && is_unknown(&outcomes[1]), "{outcomes:?}");
    // It was refused because of a write that is not there.
    assert!(is_unavailable(&outcomes[2]), "{outcomes:?}");
    assert_eq!(rows(&store), before);
    goes_on(&replica, &database);
}

fn a_transaction_that_cannot_begin_is_not_left_open(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    behind_the_back(&database, "ALTER TABLE state RENAME TO away");
    let outcome = write(&replica, |plan| new_customer(plan, "never"));
    assert!(is_unavailable(&outcome), "{outcome:?}");
    behind_the_back(&database, "ALTER TABLE away RENAME TO state");
    goes_on(&replica, &database);
}

fn a_read_that_fails_or_panics_is_not_left_open(kind: Kind) {
    let database = kind.database();
    let store = database.store_with(1);
    replica_on(store.clone());
    let panics = || store.read(|_| -> Result<(), StoreError> { panic!("a fault, on purpose") });
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let fails = store.read(|conn| execute(conn, "SELECT nothing FROM nowhere").map_err(StoreError::from));
    assert!(matches!(fails, Err(StoreError::Statement(_))));
    assert!(!rows(&store).is_empty());
    let panics = || store.write(|_, _| -> Result<(), StoreError> { panic!("a fault, on purpose") });
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    goes_on(&replica_on(store), &database);
}

/// The room on the disk ends in the middle: SQLite gives the whole transaction up by itself.
#[test]
fn a_full_disk_undoes_the_whole_transaction() {
    let database = Kind::Sqlite.database();
    let store = database.store();
    let replica = replica_on(store.clone());
    let before = rows(&store);
    let full: AnyPlan = Box::new(|plan| {
        execute(plan.conn, "PRAGMA max_page_count = 1").expect("a pragma");
        let large = "INSERT INTO sequences VALUES ('x' || hex(zeroblob(1000000)), 0)";
        let why = execute(plan.conn, large).expect_err("no room");
        execute(plan.conn, "PRAGMA max_page_count = 1000000000").expect("a pragma");
        Err(StoreError::from(why).into())
    });
    let outcomes = in_one_transaction(&replica, vec![creates("first"), full, creates("last")]);
    assert!(outcomes.iter().all(is_unavailable), "{outcomes:?}");
    assert_eq!(rows(&store), before);
    goes_on(&replica, &database);
}

/// The server ends the connection in the middle, and then every connection there is.
#[test]
fn connections_that_break_are_replaced() {
    let database = Kind::Postgres.database();
    let store = database.store();
    let replica = replica_on(store.clone());
    let before = rows(&store);
    let breaks: AnyPlan = Box::new(|plan| {
        let why = execute(plan.conn, "SELECT pg_terminate_backend(pg_backend_pid())").expect_err("it has ended");
        Err(StoreError::from(why).into())
    });
    let outcomes = in_one_transaction(&replica, vec![creates("first"), breaks, creates("last")]);
    assert!(outcomes.iter().all(is_unavailable), "{outcomes:?}");
    assert_eq!(rows(&store), before);
    goes_on(&replica, &database);
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    behind_the_back(&database, others);
    assert_ne!(rows(&store), before);
    write(&replica, |plan| new_customer(plan, "later")).expect("a write");
}

/// Holds the lock that writers need until it is dropped.
fn hold_the_lock(database: &Database) -> Box<dyn std::any::Any> {
    match database.url() {
        DatabaseUrl::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(&path.to_string_lossy()).expect("a connection");
            conn.batch_execute("BEGIN IMMEDIATE").expect("the lock");
            Box::new(conn)
        }
        DatabaseUrl::Postgres(url) => {
            let mut conn = PgConnection::establish(url.expose()).expect("a connection");
            conn.batch_execute("BEGIN; SELECT * FROM state FOR UPDATE").expect("the lock");
            Box::new(conn)
        }
    }
}

/// A writer elsewhere that hangs makes ours give up in time, and read on.
fn a_writer_that_hangs_is_not_waited_for_without_end(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    let held = hold_the_lock(&database);
    let began = Instant::now();
    let outcome = write(&replica, |plan| new_customer(plan, "never"));
    assert!(is_unavailable(&outcome), "{outcome:?}");
    assert!((8..60).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    drop(held);
    goes_on(&replica, &database);
}

/// Readers read while somebody writes.
fn a_reader_waits_for_no_writer(kind: Kind) {
    let database = kind.database();
    let store: Store = database.store();
    let replica = replica_on(store.clone());
    let held = hold_the_lock(&database);
    let began = Instant::now();
    assert!(!rows(&store).is_empty());
    assert!(began.elapsed() < Duration::from_secs(8));
    drop(held);
    goes_on(&replica, &database);
}

on_both!(
    a_plan_that_panics_takes_nobody_with_it,
    a_statement_that_fails_takes_nobody_with_it,
    a_commit_that_fails_leaves_nothing,
    a_transaction_that_cannot_begin_is_not_left_open,
    a_read_that_fails_or_panics_is_not_left_open,
    a_writer_that_hangs_is_not_waited_for_without_end,
    a_reader_waits_for_no_writer,
);
