//! What comes after: a restart, a restore, a history that was replaced under a replica.

use customer_access::directory::CustomerNumber;
use customer_access::plan::{Plan, Precondition, customers};
use customer_access::replica::{NotCurrent, Replica};

use super::database::{Database, Kind, behind_the_back, on_both, same_as_anew};
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

/// Puts a revision back, after which only customers called `lost…` came.
pub fn put_back(database: &Database, kept: u64) {
    behind_the_back(
        database,
        &format!(
            "BEGIN; DELETE FROM audit WHERE revision > {kept}; DELETE FROM changes WHERE revision > {kept};
            DELETE FROM revisions WHERE revision > {kept}; DELETE FROM customers WHERE customer_id LIKE 'lost%';
            UPDATE state SET revision = {kept}; COMMIT;"
        ),
    );
}

/// As a restore of an older backup does it, into which somebody writes at once.
fn a_replaced_history_is_noticed(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    customer(&replica, "kept");
    let kept = revision(&replica);
    customer(&replica, "lost");
    put_back(&database, kept);
    let restored = database.replica();
    customer(&restored, "new");
    assert_eq!(revision(&restored), kept + 1, "the number of a revision that the first replica has applied");
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

/// A database that lost its last commits, with replicas that had them and writers who go on at once:
/// the replicas find out, and no token of what was lost is good for anything.
fn lost_commits_are_noticed(is_said: bool) {
    let database = Kind::Postgres.database();
    let replicas = [database.replica(), database.replica()];
    customer(&replicas[0], "kept");
    let kept = revision(&replicas[0]);
    database.of_postgres().back_up();
    // The server was away for the copy, so each connection of before fails once.
    for at in 0..10 {
        let key = format!("lost-{at}");
        eventually(|| {
            let new = key.clone();
            write(&replicas[0], move |plan| new_customer(plan, &new)).is_ok() || knows(&replicas[0], &key)
        });
    }
    replicas.iter().for_each(|replica| eventually(|| knows(replica, "lost-9")));
    let token = replicas[1].token(kept + 10);
    assert_eq!(at_least(&replicas[1], &token), Ok(()));
    database.of_postgres().put_back();
    if is_said {
        behind_the_back(&database, "UPDATE state SET epoch = '0123456789abcdef'");
    }
    for replica in &replicas {
        // As long as it says yes, it has what the token is of.
        eventually(|| {
            let knew = knows(replica, "lost-9");
            let answer = at_least(replica, &token);
            assert!(answer != Ok(()) || knew, "a yes without what was asked for");
            answer == Err(NotCurrent::EpochChanged)
        });
    }
    let later = database.replica();
    (0..20).for_each(|at| drop(customer(&later, &format!("new-{at}"))));
    for replica in replicas.iter().chain([&later]) {
        same_as_anew(replica, &database);
        assert!(knows(replica, "kept") && knows(replica, "new-19") && !knows(replica, "lost-0"));
        assert_eq!(at_least(replica, &token), Err(NotCurrent::EpochChanged));
    }
}

#[track_caller]
fn eventually(mut is_so: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("it has not come to that");
}

/// As a restore does it: the epoch says that this is another history.
#[test]
fn a_restore_that_lost_commits() {
    lost_commits_are_noticed(true);
}

/// As a failover to a server that was behind does it: nothing says so.
#[test]
fn a_failover_that_lost_commits() {
    lost_commits_are_noticed(false);
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
