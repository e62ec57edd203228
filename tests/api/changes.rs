//! The change log, and how fresh an answer is.

use crate::common::{Reply, TestApp, json, query};

const CHANGES: &str = "/v1/changes";

fn after(app: &TestApp, revision: &str) -> Reply {
    app.get(&query(CHANGES, &[("after", revision)])).expect(200)
}

/// The revision now.
fn now(app: &TestApp) -> String {
    app.get("/v1/settings").expect(200).revision()
}

#[test]
fn each_write_is_one_revision() {
    let app = TestApp::start();
    let before = now(&app);
    let revisions =
        [app.customer("acme"), app.group("support"), app.customer_user_of("jane", "acme")].map(|r| r.revision());
    assert_eq!(after(&app, &before).each("revision"), revisions);
    assert_eq!(after(&app, &revisions[0]).each("revision"), revisions[1..]);
    assert_eq!(after(&app, &revisions[2]).items().len(), 0);
}

#[test]
fn a_revision_says_what_changed() {
    let app = TestApp::start();
    let before = now(&app);
    let made = app.customer("acme");
    let changes = after(&app, &before);
    let change = &changes.items()[0]["changes"][0];
    assert_eq!(change["change"], "customer_put", "{changes}");
    assert_eq!((&change["id"], &change["customer_id"]), (&json!(made.id()), &json!("acme")), "{changes}");
}

#[test]
fn what_changes_nothing_takes_no_revision() {
    let app = TestApp::start();
    let first = app.customer("acme").revision();
    app.put("/v1/customers/acme", json!({})).expect(200);
    app.patch("/v1/customers/acme", json!({})).expect(200);
    app.delete("/v1/customers/acme/groups/users").expect(204);
    app.post("/v1/customers", json!({"customer_id": "acme"})).expect(409);
    assert_eq!(now(&app), first);
    assert_eq!(after(&app, &first).items().len(), 0);
}

#[test]
fn changes_come_in_pages() {
    let app = TestApp::start();
    let before = now(&app);
    let revisions: Vec<String> = (0..7).map(|n| app.group(&format!("g{n}")).revision()).collect();
    let (mut seen, mut last) = (Vec::new(), before);
    loop {
        let page = app.get(&query(CHANGES, &[("after", &last), ("limit", "3")])).expect(200).each("revision");
        assert!(page.len() <= 3, "{page:?}");
        let Some(newest) = page.last() else { break };
        last.clone_from(newest);
        seen.extend(page);
    }
    assert_eq!(seen, revisions);
}

#[test]
fn from_the_beginning_there_is_everything() {
    let app = TestApp::start();
    app.customer("acme");
    let all = app.get(CHANGES).expect(200);
    assert!(all.text.contains("acme"), "{all}");
}

#[test]
fn a_write_is_visible_at_once_to_whoever_asks_for_its_revision() {
    let app = TestApp::start();
    app.customer_user("jane");
    for n in 0..20 {
        let group = format!("g{n}");
        app.group(&group);
        let revision = app.link_customer_user("jane", &group, &["ro"]).revision();
        let question = json!({"customer_user": "jane", "group": group, "permission": "ro"});
        let fresh = app.admin().at_least(&revision);
        let reply = fresh.post("/v1/access:check", question).expect(200).has("/allowed", true);
        assert_eq!(reply.text_at("/revision"), reply.revision());
    }
}

#[test]
fn an_older_revision_is_always_there() {
    let app = TestApp::start();
    let old = app.customer("acme").revision();
    let new = app.customer("beta").revision();
    let reply = app.admin().at_least(&old).get("/v1/customers/beta").expect(200);
    assert_eq!(reply.revision(), new);
}

#[test]
fn a_malformed_revision_is_refused() {
    let app = TestApp::start();
    for token in ["x", "0", "-1", "999999999999999999999999", "a.b.c", "\"quoted\""] {
        app.admin().at_least(token).get("/v1/settings").expect(400).any_problem();
        app.get(&query(CHANGES, &[("after", token)])).expect_any(&[400, 422]).any_problem();
    }
}

#[test]
fn a_revision_of_another_epoch_is_refused() {
    let (app, other) = (TestApp::start(), TestApp::start());
    let token = other.customer("acme").revision();
    app.admin().at_least(&token).get("/v1/settings").expect(412).problem("epoch_changed");
    app.get(&query(CHANGES, &[("after", &token)])).expect(412).problem("epoch_changed");
}

/// A server whose database was put back to an earlier state of the same epoch, and a revision of its lost future.
fn put_back() -> (TestApp, String) {
    let mut app = TestApp::start();
    app.customer("acme");
    app.stop();
    let copy = app.copy_of_data();
    app.resume();
    app.customer("beta");
    let ahead = app.customer("gamma").revision();
    app.stop();
    app.restore_data(&copy);
    app.resume();
    (app, ahead)
}

#[test]
fn a_revision_ahead_of_the_log_is_refused_at_once() {
    if std::env::var_os("TEST_DATABASE").is_some() {
        return; // The data are not in the data directory then.
    }
    let (app, ahead) = put_back();
    app.get("/v1/customers/gamma").expect(404);
    let start = std::time::Instant::now();
    let refused = app.admin().at_least(&ahead).get("/v1/customers").expect(503).any_problem();
    assert!(refused.header("Retry-After").parse::<u32>().is_ok(), "{refused}");
    assert!(start.elapsed().as_millis() < 1_000, "it waited {:?} for what cannot come", start.elapsed());
}

#[test]
fn everything_survives_a_kill() {
    let mut app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    let revision = app.link_customer("acme", "users", &["rw"]).revision();
    app.stop();
    app.resume();
    assert_eq!(now(&app), revision);
    assert!(app.allows("jane", "users", "rw"));
}

#[test]
fn writers_at_once_get_revisions_of_their_own() {
    let app = TestApp::start();
    let before = now(&app);
    let write = |n: usize| (0..10).map(|m| app.group(&format!("g{n}-{m}")).revision()).collect::<Vec<_>>();
    let mut written: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4).map(|n| scope.spawn(move || write(n))).collect();
        writers.into_iter().flat_map(|writer| writer.join().expect("revisions")).collect()
    });
    let mut logged = app.get(&query(CHANGES, &[("after", &before), ("limit", "1000")])).expect(200).each("revision");
    written.sort_unstable();
    logged.sort_unstable();
    assert_eq!(written, logged);
}
