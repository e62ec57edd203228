//! What comes after: a restart, a restore, a history that was replaced under a replica.

use customer_access::directory::CustomerNumber;
use customer_access::plan::{Plan, Precondition, customers};
use customer_access::replica::{NotCurrent, Replica};

use super::database::{Kind, behind_the_back, on_both, same_as_anew};
use super::verbs::{at_least, customer, key, new_customer, revision, write};

fn knows(replica: &Replica, customer: &str) -> bool {
    replica.ask(|index| index.find_key::<CustomerNumber>(customer).is_some())
}

/// Waits until the replica knows a customer, or knows it no longer.
#[track_caller]
pub fn wait_until(replica: &Replica, customer: &str, known: bool) {
    for _ in 0..1_000 {
        if knows(replica, customer) == known {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("the replica has not found out about {customer}");
}

fn what_was_written_is_there_after_a_restart(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    customer(&replica, "acme");
    let (facts, token) = replica.ask(|index| (index.facts(), replica.token(index.revision())));
    drop(replica);
    let again = database.replica();
    assert_eq!(again.ask(|index| index.facts()), facts);
    assert_eq!(again.token(again.ask(|index| index.revision())), token);
}

fn numbers_are_never_given_twice(kind: Kind) {
    let database = kind.database();
    let mut given = Vec::new();
    for round in 0..3 {
        let replica = database.replica();
        given.push(customer(&replica, &format!("acme{round}")).number.0);
        let delete = |plan: &mut Plan| customers::delete(plan, &key("gone"), false, &Precondition::None).map(drop);
        given.push(customer(&replica, "gone").number.0);
        write(&replica, delete).expect("a delete");
    }
    assert_eq!(given, (1..=6).collect::<Vec<_>>());
}

/// As a restore of an older backup does it, into which somebody writes at once.
fn a_replaced_history_is_noticed(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    customer(&replica, "kept");
    let kept = revision(&replica);
    customer(&replica, "lost");
    let number = kept + 1;
    behind_the_back(
        &database,
        &format!(
            "BEGIN; DELETE FROM audit WHERE revision = {number}; DELETE FROM changes WHERE revision = {number};
            DELETE FROM revisions WHERE revision = {number}; DELETE FROM customers WHERE customer_id = 'lost';
            UPDATE state SET revision = {kept}; COMMIT;"
        ),
    );
    let restored = database.replica();
    customer(&restored, "new");
    assert_eq!(revision(&restored), number, "the number of a revision that the first replica has applied");
    wait_until(&replica, "lost", false);
    wait_until(&replica, "new", true);
    same_as_anew(&replica, &database);
}

fn a_renewed_epoch_is_noticed(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    customer(&replica, "acme");
    let token = replica.token(replica.ask(|index| index.revision()));
    behind_the_back(&database, "UPDATE state SET epoch = '0123456789abcdef'");
    let written = write(&replica, |plan| new_customer(plan, "beta")).expect("a write");
    assert_eq!(replica.token(written.revision).to_string(), format!("0123456789abcdef-{}", written.revision));
    assert_eq!(at_least(&replica, &token), Err(NotCurrent::EpochChanged));
    same_as_anew(&replica, &database);
}

/// A token of the new history may come before the replica has noticed it.
fn a_renewed_epoch_is_noticed_by_its_token(kind: Kind) {
    let database = kind.database();
    let (replica, other) = (database.sleeper(), database.sleeper());
    behind_the_back(&database, "UPDATE state SET epoch = '0123456789abcdef'");
    customer(&other, "acme");
    let token = other.token(revision(&other));
    assert_eq!(at_least(&replica, &token), Ok(()));
    assert!(knows(&replica, "acme"));
}

/// The log was cut while a replica was away: it starts anew from the tables.
fn a_log_that_was_cut_is_noticed(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    let at = revision(&replica);
    behind_the_back(
        &database,
        &format!(
            "BEGIN; INSERT INTO customers (id, customer_id, customer_id_folded, customer_id_search, name_search,
                validity, created_at, updated_at)
            VALUES (99, 'new', 'new', 'new', '', 'valid', '2026-01-01 00:00:00', '2026-01-01 00:00:00');
            INSERT INTO revisions VALUES ({0}, 'x', '2026-01-01 00:00:00'); UPDATE state SET revision = {0}; COMMIT;",
            at + 2
        ),
    );
    wait_until(&replica, "new", true);
    same_as_anew(&replica, &database);
}

on_both!(
    what_was_written_is_there_after_a_restart,
    numbers_are_never_given_twice,
    a_replaced_history_is_noticed,
    a_renewed_epoch_is_noticed,
    a_renewed_epoch_is_noticed_by_its_token,
    a_log_that_was_cut_is_noticed,
);
