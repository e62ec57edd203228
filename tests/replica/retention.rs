//! The log and the audit are cut at their far ends.

use std::time::{Duration, Instant};

use customer_access::replica::{Replica, Retention};
use customer_access::store::audit::{AuditQuery, page};
use customer_access::store::{StoreError, log_cut};

use super::database::{Kind, on_both, same_as_anew};
use super::verbs::{customer, revision};

const FOR_LONG: Duration = Duration::from_secs(1_000_000);
const AT_ONCE: Retention = Retention { changes: Duration::ZERO, audit: Duration::ZERO, imports: FOR_LONG };
const CHANGES_ALONE: Retention = Retention { changes: Duration::ZERO, audit: FOR_LONG, imports: FOR_LONG };

fn cut(replica: &Replica) -> u64 {
    replica.read(log_cut).expect("a state").0
}

#[track_caller]
fn wait_for_cut(replica: &Replica, revision: u64) {
    let begun = Instant::now();
    while cut(replica) != revision {
        assert!(begun.elapsed() < Duration::from_secs(20), "the log is cut at {} only", cut(replica));
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn audited(replica: &Replica) -> usize {
    let query = AuditQuery { limit: 1_000, ..AuditQuery::default() };
    replica.read(|conn| page(conn, &query).map_err(|why: StoreError| why)).expect("rows").0.len()
}

fn who_lags_behind_what_was_cut_builds_anew(kind: Kind) {
    let database = kind.database();
    let (here, there) = (database.sleeper(), database.sleeper());
    customer(&here, "acme");
    customer(&here, "beta");
    here.keep_only(CHANGES_ALONE).expect("a thread");
    wait_for_cut(&here, revision(&here));
    assert!(audited(&here) > 2, "the audit is another thing");
    // The next write of the one that was away makes it look.
    customer(&there, "gamma");
    same_as_anew(&there, &database);
}

fn what_this_process_has_not_applied_is_kept(kind: Kind) {
    let database = kind.database();
    let (here, there) = (database.sleeper(), database.sleeper());
    let applied = revision(&there);
    customer(&here, "acme");
    there.keep_only(CHANGES_ALONE).expect("a thread");
    wait_for_cut(&there, applied);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(cut(&there), applied);
    // Not by building anew: the log has what is missing.
    customer(&there, "beta");
    same_as_anew(&there, &database);
}

fn an_index_at_the_end_of_the_log_is_not_built_anew(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    customer(&replica, "acme");
    replica.keep_only(AT_ONCE).expect("a thread");
    wait_for_cut(&replica, revision(&replica));
    let begun = Instant::now();
    while audited(&replica) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the audit is never cut");
        std::thread::sleep(Duration::from_millis(20));
    }
    customer(&replica, "beta");
    same_as_anew(&replica, &database);
    wait_for_cut(&replica, revision(&replica));
}

on_both!(
    who_lags_behind_what_was_cut_builds_anew,
    what_this_process_has_not_applied_is_kept,
    an_index_at_the_end_of_the_log_is_not_built_anew,
);
