//! Many who write at once, through one replica and through two on the same database.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use customer_access::directory::{Customer, Validity};
use customer_access::plan::{Plan, Refusal};
use customer_access::replica::{Replica, install};
use customer_access::store::{self, Store, StoreError};

use super::database::{Database, Kind, on_both, same_as_anew};
use super::verbs::{customer, find, key, new_customer, revision, set_comment, set_validity, write};

const THREADS: usize = 8;
const EACH: usize = 20;

/// Adds one to the number in the comment of a customer.
fn count_up(plan: &mut Plan) -> Result<u64, Refusal> {
    let counter: Customer = plan.find(&key("counter"))?;
    let count = counter.fields.comment.map_or(0, |comment| comment.as_str().parse::<u64>().expect("a number")) + 1;
    set_comment(plan, "counter", &count.to_string())?;
    Ok(count)
}

/// Counts up from many threads; each count and each revision is given out once.
fn count_together(replicas: &[Replica]) {
    customer(&replicas[0], "counter");
    let before = revision(&replicas[0]);
    let counted: Vec<_> = thread::scope(|scope| {
        let work = |replica: &Replica| {
            let count = |_| write(replica, count_up).expect("a write");
            (0..EACH).map(count).map(|written| (written.value, written.revision)).collect::<Vec<_>>()
        };
        let threads: Vec<_> =
            (0..THREADS).map(|at| scope.spawn(move || work(&replicas[at % replicas.len()]))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    });
    let all = (THREADS * EACH) as u64;
    let counted: BTreeSet<_> = counted.into_iter().collect();
    let expected: BTreeSet<_> = (1..=all).map(|count| (count, before + count)).collect();
    assert_eq!(counted, expected, "no count is lost, and revisions are in the order of the counts");
}

fn no_write_is_lost(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    count_together(std::slice::from_ref(&replica));
    same_as_anew(&replica, &database);
}

fn no_write_is_lost_between_two_replicas(kind: Kind) {
    let database = kind.database();
    let replicas = [database.replica(), database.replica()];
    count_together(&replicas);
    replicas.iter().for_each(|replica| same_as_anew(replica, &database));
}

/// Whoever wrote asks at once, and gets an answer of that revision or a later one.
fn who_wrote_reads_what_was_written(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    thread::scope(|scope| {
        for at in 0..THREADS {
            let replica = &replica;
            scope.spawn(move || {
                for number in 0..EACH {
                    let id = format!("c{at}-{number}");
                    let written = customer(replica, &id);
                    let (index, found) = replica.ask(|index| (index.revision(), index.find_key(&id)));
                    assert_eq!(found, Some(written.number), "at revision {index}");
                }
            });
        }
    });
}

fn validity_of(replica: &Replica, customer: &str) -> Option<Validity> {
    replica.ask(|index| index.validity(index.find_key::<customer_access::directory::CustomerNumber>(customer)?))
}

/// Two customers that are always of one validity are never seen apart, on either replica.
fn nobody_sees_half_a_revision(kind: Kind) {
    let database = kind.database();
    let (replica, other) = (database.replica(), database.replica());
    let both = |plan: &mut Plan, validity| {
        set_validity(plan, "left", validity)?;
        set_validity(plan, "right", validity).map(drop)
    };
    write(&replica, |plan| new_customer(plan, "left")).expect("a customer");
    write(&replica, |plan| new_customer(plan, "right")).expect("a customer");
    super::database::catch_up(&other);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for reader in [&replica, &other] {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let (left, right, at) = reader.ask(|index| {
                        let of = |key| index.find_key::<customer_access::directory::CustomerNumber>(key);
                        let validity = |key| of(key).and_then(|number| index.validity(number));
                        (validity("left"), validity("right"), index.revision())
                    });
                    assert_eq!(left, right);
                    assert!(at >= last, "revisions go forward");
                    last = at;
                }
            });
        }
        for at in 0..100 {
            let validity = Validity::ALL[(at + 1) % 3];
            write(&replica, move |plan| both(plan, validity)).expect("a write");
        }
        done.store(true, Ordering::Relaxed);
    });
    super::database::catch_up(&other);
    assert_eq!(validity_of(&replica, "left"), validity_of(&other, "right"));
}

/// Of many who create the same thing one does, and the others are told who has it.
fn one_key_is_given_once(kind: Kind) {
    let database = kind.database();
    let replicas = [database.replica(), database.replica()];
    let create = |at: usize| write(&replicas[at % 2], |plan| new_customer(plan, "acme"));
    let outcomes: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|at| scope.spawn(move || create(at))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let acme: Customer = find(&replicas[0], &key("acme")).expect("a customer");
    for refusal in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(refusal, Refusal::KeyTaken { id, .. } if id == acme.number.to_string()));
    }
}

/// Processes that start at once on a database that is not there yet make one installation.
fn one_installation_is_made(kind: Kind) {
    let database: Database = kind.empty_database();
    let start = || {
        let store: Store = database.store();
        install(&store).expect("an installation");
        store.read(store::state).expect("a state")
    };
    let states: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
    });
    assert!(states.iter().all(|state| *state == states[0]), "{states:?}");
    let groups =
        database.store().read(|conn| store::by_folded_key(conn, customer_access::directory::Kind::Group, "users"));
    assert_eq!(groups.map_err(|why: StoreError| why.to_string()), Ok(Some(1)));
}

on_both!(
    no_write_is_lost,
    no_write_is_lost_between_two_replicas,
    who_wrote_reads_what_was_written,
    nobody_sees_half_a_revision,
    one_key_is_given_once,
    one_installation_is_made,
);
