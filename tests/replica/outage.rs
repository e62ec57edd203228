//! The database goes away under the real server, and comes back: questions are answered for a while,
//! nothing that was acknowledged is lost, and nobody has to start anything again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::cluster::{Cluster, Way};
use super::common::{Reply, TestApp, Value, json};

/// Answers are stale after three intervals.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(100);
const MAX_STALENESS: Duration = Duration::from_secs(4);
/// No question waits for a database that is away; the machine may be busy.
const AT_ONCE: Duration = Duration::from_secs(2);

fn app_on(url: &str) -> TestApp {
    TestApp::start_with(&[
        ("DATABASE_URL", url),
        ("FOLLOW_INTERVAL", &format!("{}ms", FOLLOW_INTERVAL.as_millis())),
        ("MAX_STALENESS", &format!("{}s", MAX_STALENESS.as_secs())),
        ("REQUEST_TIMEOUT", "3s"),
        ("METRICS_LISTEN", "127.0.0.1:0"),
    ])
}

fn with_jane(url: &str) -> TestApp {
    let app = app_on(url);
    app.customer_user("jane");
    app.link_customer_user("jane", "users", &["ro"]);
    app
}

fn may_jane(app: &TestApp) -> Reply {
    app.post("/v1/access:check", json!({"customer_user": "jane", "group": "users", "permission": "ro"}))
}

fn age(reply: &Reply) -> Option<u64> {
    reply.headers.get("access-stale").map(|age| age.to_str().expect("a text").parse().expect("seconds"))
}

#[track_caller]
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "waited in vain for: {what}");
        thread::sleep(Duration::from_millis(20));
    }
    began.elapsed()
}

fn ready(app: &TestApp) -> (u16, Value) {
    let reply = app.anonymous().get("/readyz");
    (reply.status, reply.json)
}

/// Writes until it is told to stop; gives the keys that were acknowledged.
fn write_until(app: &TestApp, done: &AtomicBool, name: &str) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("{name}-{number}");
        let reply = app.post("/v1/customers", json!({"customer_id": key})).expect_any(&[201, 503]);
        if reply.status == 201 {
            acknowledged.push(key);
        } else {
            assert!(
                ["database_unavailable", "outcome_unknown"].contains(&reply.json["code"].as_str().unwrap()),
                "{reply}"
            );
            assert_eq!(reply.header("Retry-After"), "1");
            thread::sleep(Duration::from_millis(10));
        }
    }
    acknowledged
}

/// Asks until it is told to stop; gives the longest time that an answer took.
fn ask_until(app: &TestApp, done: &AtomicBool) -> Duration {
    let mut longest = Duration::ZERO;
    while !done.load(Ordering::Relaxed) {
        let began = Instant::now();
        let reply = may_jane(app).expect_any(&[200, 503]);
        longest = longest.max(began.elapsed());
        if reply.status == 200 {
            assert_eq!(reply.json["allowed"], true, "{reply}");
        } else {
            reply.problem("stale");
        }
        thread::sleep(Duration::from_millis(2));
    }
    longest
}

/// Reads what only the database knows until it is told to stop.
fn list_until(app: &TestApp, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        let reply = app.get("/v1/customers?limit=1").expect_any(&[200, 503]);
        if reply.status == 503 {
            reply.problem("database_unavailable");
        }
    }
}

#[track_caller]
fn answers_are_stale_and_then_none(app: &TestApp) {
    let away = Instant::now();
    wait_for("answers that are marked", || age(&may_jane(app).expect(200)).is_some());
    let (status, health) = ready(app);
    assert_eq!((status, &health["status"]), (200, &json!("stale")));
    assert!(health["stale_seconds"].as_u64().is_some_and(|seconds| seconds <= MAX_STALENESS.as_secs()));
    // The rest of what is answered from the index, and what is not.
    let reply = app.get("/v1/customer-users/jane/access").expect(200);
    assert!(age(&reply).is_some(), "{reply}");
    let began = Instant::now();
    for path in ["/v1/customer-users/jane/group-matrix", "/v1/customers", "/v1/settings"] {
        app.get(path).expect(503).problem("database_unavailable");
    }
    app.put("/v1/groups/users/customer-users/jane", json!({"permissions": ["rw"]})).expect(503);
    assert!(began.elapsed() < AT_ONCE, "who needs the database is told at once: {:?}", began.elapsed());
    wait_for("no more answers", || may_jane(app).status == 503);
    assert!(away.elapsed() > MAX_STALENESS / 2, "{:?}", away.elapsed());
    assert_eq!(ready(app).0, 503);
    app.anonymous().get("/healthz").expect(200);
}

#[track_caller]
fn all_goes_on(app: &TestApp) -> Duration {
    let took = wait_for("writes", || app.post("/v1/groups", json!({"name": "afterwards"})).status == 201);
    wait_for("answers that are not marked", || {
        let reply = may_jane(app);
        reply.status == 200 && age(&reply).is_none()
    });
    assert_eq!(ready(app), (200, json!({"status": "ok"})));
    took
}

#[test]
fn a_server_that_crashes_under_load_and_comes_back() {
    let mut cluster = Cluster::start();
    let app = with_jane(&cluster.url());
    let done = AtomicBool::new(false);
    let (acknowledged, longest) = thread::scope(|scope| {
        let (app, done) = (&app, &done);
        let writers: Vec<_> =
            ["a", "b"].into_iter().map(|name| scope.spawn(move || write_until(app, done, name))).collect();
        let askers: Vec<_> = (0..2).map(|_| scope.spawn(move || ask_until(app, done))).collect();
        let listers: Vec<_> = (0..4).map(|_| scope.spawn(move || list_until(app, done))).collect();
        thread::sleep(Duration::from_millis(500));
        cluster.crash();
        answers_are_stale_and_then_none(app);
        cluster.come_back();
        let took = all_goes_on(app);
        thread::sleep(Duration::from_millis(300));
        done.store(true, Ordering::Relaxed);
        eprintln!("writes were possible again {took:?} after the server was");
        listers.into_iter().for_each(|lister| lister.join().expect("a lister"));
        let longest = askers.into_iter().map(|asker| asker.join().expect("an asker")).max();
        let keys: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect();
        (keys, longest.expect("somebody asked"))
    });
    eprintln!("{} writes were acknowledged, the slowest answer took {longest:?}", acknowledged.len());
    assert!(longest < AT_ONCE, "{longest:?}");
    for key in &acknowledged {
        app.get(&format!("/v1/customers/{key}")).expect(200);
    }
    counts_agree(&app);
}

/// As many customers as the database has, the index has.
#[track_caller]
pub fn counts_agree(app: &TestApp) {
    let stored = app.get("/v1/customers?limit=1&total=true").expect(200);
    let counted = app.admin().at_least(stored.header("Access-Revision")).get("/v1/overview").expect(200);
    assert_eq!(counted.json["customers"]["total"], stored.json["total"]);
}

/// One replica is cut off, and the other goes on writing.
#[test]
fn a_replica_that_is_cut_off_catches_up() {
    let cluster = Cluster::start();
    let way = Way::to(&cluster);
    let (app, far) = (with_jane(&cluster.url()), app_on(&way.url()));
    assert_eq!(may_jane(&far).expect(200).json["allowed"], true);
    way.cut();
    let revoked = app.delete("/v1/customer-users/jane/groups/users").expect(204);
    let token = revoked.header("Access-Revision");
    let late = far
        .admin()
        .at_least(token)
        .post("/v1/access:check", json!({"customer_user": "jane", "group": "users", "permission": "ro"}));
    late.expect(503).problem("revision_not_reached");
    wait_for("answers that are marked", || age(&may_jane(&far).expect(200)).is_some());
    for number in 0..50 {
        app.customer(&format!("meanwhile-{number}"));
    }
    way.open();
    wait_for("the revocation", || may_jane(&far).json["allowed"] == false);
    all_goes_on_for(&far);
    counts_agree(&far);
}

#[track_caller]
fn all_goes_on_for(app: &TestApp) {
    app.post("/v1/groups", json!({"name": "afterwards"})).expect(201);
    wait_for("a good state", || ready(app) == (200, json!({"status": "ok"})));
}

/// Nothing comes back any more, not even an error: what is answered from the index is answered, however
/// many wait for the database.
#[test]
fn a_database_that_hangs_takes_no_question_with_it() {
    let cluster = Cluster::start();
    let way = Way::to(&cluster);
    let app = with_jane(&way.url());
    let done = AtomicBool::new(false);
    way.freeze();
    let longest = thread::scope(|scope| {
        let (app, done) = (&app, &done);
        let listers: Vec<_> =
            (0..40).map(|_| scope.spawn(move || app.get("/v1/customers?limit=1").expect_any(&[200, 503]))).collect();
        let writer = scope.spawn(move || app.post("/v1/groups", json!({"name": "perhaps"})).expect_any(&[201, 503]));
        let asker = scope.spawn(move || ask_until(app, done));
        thread::sleep(Duration::from_secs(2));
        assert!(age(&may_jane(app).expect(200)).is_some());
        assert_eq!(ready(app).1["status"], "stale");
        wait_for("no more answers", || may_jane(app).status == 503);
        listers.into_iter().for_each(|lister| drop(lister.join().expect("a lister")));
        drop(writer.join().expect("a writer"));
        done.store(true, Ordering::Relaxed);
        asker.join().expect("an asker")
    });
    eprintln!("while the database hung, the slowest answer took {longest:?}");
    assert!(longest < AT_ONCE, "{longest:?}");
    way.open();
    all_goes_on(&app);
}
