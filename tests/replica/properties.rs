//! Whatever is written, in whatever order: what the index says is what the rows say, what was refused
//! or changed nothing left no trace, and every question is answered by the rules.

use customer_access::directory::{Change, PermissionTypes, Settings};
use customer_access::plan::Refusal;
use customer_access::replica::{Replica, Written};
use customer_access::store::{self, Conn, LoggedRevision, Store, StoreError};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use super::acts::{Act, acts};
use super::database::{Database, Kind, catch_up, on_both, replica_on, rows, same_as_anew};
use super::naive::Naive;
use super::perform::{Said, perform};
use super::questions::check_all;
use super::verbs::{customer, write};

/// Runs a body on sequences of acts, each on a database of its own. `PROPTEST_CASES` says how many.
pub fn for_sequences(kind: Kind, body: impl Fn(&Database, &[Act])) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(16);
    let config =
        ProptestConfig { cases, failure_persistence: None, max_shrink_time: 30_000, ..ProptestConfig::default() };
    let run = |acts: Vec<Act>| {
        body(&kind.database(), &acts);
        Ok::<_, TestCaseError>(())
    };
    TestRunner::new(config).run(&acts(), run).unwrap_or_else(|why| panic!("{why}"));
}

pub fn act(replica: &Replica, act: &Act) -> Result<Written<Said>, Refusal> {
    let act = act.clone();
    write(replica, move |plan| perform(plan, &act))
}

/// Does an act; the rows change if and only if it takes a revision. Gives the rows after it.
fn act_and_look(store: &Store, replica: &Replica, it: &Act, before: Vec<String>) -> Vec<String> {
    let revision = replica.ask(|index| index.revision());
    let outcome = act(replica, it);
    let after = rows(store);
    match outcome {
        Ok(written) if written.revision == revision + 1 => {
            assert_ne!(after, before);
            let check = |conn: &mut Conn| {
                written.value.check(conn);
                Ok::<_, StoreError>(())
            };
            store.read(check).expect("a read");
        }
        Ok(written) => assert_eq!((written.revision, &after), (revision, &before), "it changed nothing"),
        Err(Refusal::Store(why)) => panic!("{it:?}: {why}"),
        Err(_) => assert_eq!(after, before, "it was refused"),
    }
    assert_eq!(replica.ask(|index| index.revision()), if after == before { revision } else { revision + 1 });
    after
}

fn only_changes_take_a_revision(kind: Kind) {
    for_sequences(kind, |database, acts| {
        let store = database.store();
        let replica = replica_on(store.clone());
        let mut now = rows(&store);
        for it in acts {
            now = act_and_look(&store, &replica, it, now);
            let again = act_and_look(&store, &replica, it, now.clone());
            assert_eq!(now, again, "done again, it changes nothing or is refused: {it:?}");
        }
    });
}

fn the_index_is_what_the_rows_say(kind: Kind) {
    for_sequences(kind, |database, acts| {
        let (replica, other, sleeper) = (database.replica(), database.replica(), database.sleeper());
        for it in acts {
            let _ = act(&replica, it);
        }
        customer(&sleeper, "wakes up, and reads all of it at once");
        [replica, other, sleeper].iter().for_each(|replica| same_as_anew(replica, database));
    });
}

fn two_replicas_that_take_turns_agree(kind: Kind) {
    for_sequences(kind, |database, acts| {
        let replicas = [database.replica(), database.replica()];
        for (turn, it) in acts.iter().enumerate() {
            let _ = act(&replicas[turn % 2], it);
        }
        replicas.iter().for_each(|replica| same_as_anew(replica, database));
    });
}

/// The changes as the log has them.
fn feed(store: &Store) -> Vec<LoggedRevision> {
    store.read(|conn| store::changes_after(conn, 0, usize::MAX >> 1)).expect("the log")
}

fn decoded(revisions: &[LoggedRevision]) -> Vec<Change> {
    let mut types: PermissionTypes = Settings::fresh().permission_types;
    let mut changes = Vec::new();
    for body in revisions.iter().flat_map(|revision| revision.changes.clone()) {
        let change = store::decode(body, &types).expect("a change");
        if let Change::SettingsPut { settings } = &change {
            types = settings.permission_types.clone();
        }
        changes.push(change);
    }
    changes
}

fn naive(changes: impl IntoIterator<Item = Change>) -> Naive {
    let mut naive = Naive::new();
    changes.into_iter().for_each(|change| naive.apply(&change));
    naive
}

fn every_question_is_answered_by_the_rules(kind: Kind) {
    for_sequences(kind, |database, acts| {
        let store = database.store();
        let replica = replica_on(store.clone());
        for it in acts {
            let _ = act(&replica, it);
        }
        catch_up(&replica);
        let from_log = naive(decoded(&feed(&store)));
        let mut stored = Vec::new();
        store.read(|conn| store::all_facts(conn, &mut |fact| stored.push(fact))).expect("every fact");
        assert_eq!(format!("{from_log:?}"), format!("{:?}", naive(stored)), "the log and the rows");
        replica.ask(|index| check_all(&from_log, index));
    });
}

fn the_log_and_the_audit_tell_all(kind: Kind) {
    for_sequences(kind, |database, acts| {
        let store = database.store();
        let replica = replica_on(store.clone());
        for it in acts {
            let _ = act(&replica, it);
        }
        let revisions = feed(&store);
        let numbers: Vec<_> = revisions.iter().map(|it| it.revision).collect();
        assert_eq!(numbers, (1..=replica.ask(|index| index.revision())).collect::<Vec<_>>());
        assert!(revisions.iter().all(|it| !it.changes.is_empty()));
        assert!(revisions.windows(2).all(|two| two[0].committed_at <= two[1].committed_at));
        let rows = rows(&store);
        let count = |table: &str| rows.iter().filter(|row| row.starts_with(table)).count();
        assert_eq!(count("audit "), count("changes "));
        assert_eq!(count("changes "), revisions.iter().map(|it| it.changes.len()).sum::<usize>());
    });
}

on_both!(
    only_changes_take_a_revision,
    the_index_is_what_the_rows_say,
    two_replicas_that_take_turns_agree,
    every_question_is_answered_by_the_rules,
    the_log_and_the_audit_tell_all,
);
