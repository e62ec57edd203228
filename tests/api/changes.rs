//! The change log, and how fresh an answer is.

use crate::common::{Reply, TestApp, json, query};

const CHANGES: &str = "/v1/changes";

fn after(app: &TestApp, revision: &str) -> Reply {
    app.get(&query(CHANGES, &[("after", revision)])).expect(200)
}

/// The revisions of a page of changes, each once, in their order.
fn revisions(page: &Reply) -> Vec<String> {
    let mut revisions = page.each("revision");
    revisions.dedup();
    revisions
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
    assert_eq!(self::revisions(&after(&app, &before)), revisions);
    assert_eq!(self::revisions(&after(&app, &revisions[0])), revisions[1..]);
    after(&app, &revisions[2]).has("/items", json!([])).has("/more", false);
}

#[test]
fn a_revision_says_what_changed() {
    let app = TestApp::start();
    let before = now(&app);
    let made = app.customer("acme");
    let changes = after(&app, &before);
    let facts = json!({"id": made.id(), "customer_id": "acme", "validity": "valid"});
    let changes = changes.has("/items/0/change", "customer_put").has("/items/0/facts", facts).lacks("/items/1");
    changes.has("/items/0/revision", made.revision());
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
    after(&app, &first).has("/items", json!([])).has("/next_after", first);
}

#[test]
fn changes_come_in_pages() {
    let app = TestApp::start();
    let before = now(&app);
    let revisions: Vec<String> = (0..7).map(|n| app.group(&format!("g{n}")).revision()).collect();
    assert_eq!(followed(&app, &before, "3").each("revision"), revisions);
}

/// All that comes after a place in the log, as whoever follows the pages sees it: the last page, with the items of all.
fn followed(app: &TestApp, from: &str, limit: &str) -> Reply {
    let (mut seen, mut last) = (Vec::new(), from.to_owned());
    loop {
        let mut page = app.get(&query(CHANGES, &[("after", &last), ("limit", limit)])).expect(200);
        assert!(page.items().len() <= limit.parse().expect("a number"), "{page}");
        seen.extend_from_slice(page.items());
        last = page.text_at("/next_after");
        if page.json["more"] == false {
            page.json["items"] = json!(seen);
            return page;
        }
    }
}

#[test]
fn a_page_may_end_within_a_revision() {
    let app = TestApp::start();
    app.customer("acme");
    for group in ["g1", "g2", "g3"] {
        app.group(group);
        app.link_customer("acme", group, &["ro"]);
    }
    let before = now(&app);
    let removed = app.delete("/v1/customers/acme?force=true").expect(204).revision();
    let whole = after(&app, &before);
    assert_eq!(revisions(&whole), std::slice::from_ref(&removed));
    assert_eq!(whole.items().len(), 4, "{whole}");
    assert_eq!(followed(&app, &before, "1").json["items"], whole.json["items"]);
    after(&app, &removed).has("/items", json!([])).has("/more", false);
}

#[test]
fn whoever_has_followed_to_the_end_can_ask_again_there() {
    let app = TestApp::start();
    let end = app.get(CHANGES).expect(200).has("/more", false).text_at("/next_after");
    let still = after(&app, &end).has("/items", json!([])).text_at("/next_after");
    let made = app.customer("acme").revision();
    assert_eq!(revisions(&after(&app, &still)), [made]);
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
        app.admin().at_least(token).get("/v1/settings").expect(400).problem("invalid_header");
        app.get(&query(CHANGES, &[("after", token)])).expect(400).problem("invalid_parameter");
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
    let (app, ahead) = put_back();
    app.get("/v1/customers/gamma").expect(404);
    let start = std::time::Instant::now();
    let refused = app.admin().at_least(&ahead).get("/v1/customers").expect(503).problem("revision_not_reached");
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
    let mut logged = revisions(&app.get(&query(CHANGES, &[("after", &before), ("limit", "1000")])).expect(200));
    written.sort_unstable();
    logged.sort_unstable();
    assert_eq!(written, logged);
}
