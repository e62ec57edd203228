//! A write with an `Idempotency-Key` is made once, however often it is sent.

use crate::common::{TestApp, Value, each, json};

fn keyed<'a>(app: &'a TestApp, key: &str) -> crate::common::Caller<'a> {
    app.admin().header("Idempotency-Key", key)
}

#[test]
fn a_repetition_gets_the_reply_that_was_kept() {
    let app = TestApp::start();
    let acme = json!({"customer_id": "acme"});
    let first = keyed(&app, "k-1").post("/v1/customers", acme.clone()).expect(201);
    assert!(first.headers.get("idempotency-replayed").is_none());
    // In the meantime it is renamed: the repetition says what was replied then.
    app.patch("/v1/customers/acme", json!({"customer_id": "acme-2"})).expect(200);
    let again = keyed(&app, "k-1").post("/v1/customers", acme.clone()).expect(201);
    assert_eq!(again.json, first.json);
    for header in ["etag", "location", "access-revision"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(again.header("idempotency-replayed"), "true");
    // Without the key it is another write.
    app.post("/v1/customers", acme).expect(201);
}

#[test]
fn a_key_is_of_one_request_and_one_writer() {
    let app = TestApp::start();
    keyed(&app, "k").post("/v1/groups", json!({"name": "a"})).expect(201);
    keyed(&app, "k").post("/v1/groups", json!({"name": "b"})).expect(422).problem("idempotency_key_reused");
    keyed(&app, "k").post("/v1/customers", json!({"customer_id": "a"})).expect(422).problem("idempotency_key_reused");
    let somebody = app.with_token(&crate::common::Token::scope("admin").subject("somebody").sign());
    somebody.header("Idempotency-Key", "k").post("/v1/groups", json!({"name": "b"})).expect(201);
}

#[test]
fn a_save_of_a_matrix_is_made_once_although_the_screen_changed() {
    let app = TestApp::start();
    app.customer("acme");
    let delta = json!({"cells": [{"row": "users", "permissions": ["ro"], "expected": []}]});
    let first = keyed(&app, "save").patch("/v1/customers/acme/group-matrix", delta.clone()).expect(200);
    // Sent again without a key, it meets what it did itself.
    app.patch("/v1/customers/acme/group-matrix", delta.clone()).expect(409).problem("cells_changed");
    let again = keyed(&app, "save").patch("/v1/customers/acme/group-matrix", delta).expect(200);
    assert_eq!(again.json, first.json);
    // What was kept is what a fresh look says.
    let screen = app.get("/v1/customers/acme/group-matrix").expect(200);
    assert_eq!(screen.json["links_version"], first.json["links_version"]);
    let row = screen.items().iter().find(|row| row["key"] == "users").cloned().unwrap_or_default();
    assert_eq!(row, first.json["items"][0]);
}

#[test]
fn the_reply_to_a_write_that_changed_nothing_is_kept_too() {
    let app = TestApp::start();
    app.customer("acme");
    let name = json!({"name": "Acme"});
    app.patch("/v1/customers/acme", name.clone()).expect(200);
    let first = keyed(&app, "same").patch("/v1/customers/acme", name.clone()).expect(200);
    app.patch("/v1/customers/acme", json!({"name": "Other"})).expect(200);
    let again = keyed(&app, "same").patch("/v1/customers/acme", name).expect(200);
    assert_eq!(again.json["name"], "Acme");
    assert_eq!(again.revision(), first.revision());
    assert_eq!(app.get("/v1/customers/acme").json["name"], "Other");
}

#[test]
fn what_was_refused_may_be_sent_again() {
    let app = TestApp::start();
    let vpn = json!({"name": "IT::VPN"});
    keyed(&app, "k").post("/v1/services", vpn.clone()).refused();
    app.service("IT");
    keyed(&app, "k").post("/v1/services", vpn).expect(201);
}

#[test]
fn of_many_at_once_one_is_made() {
    let app = TestApp::start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let send = || keyed(&app, "race").post("/v1/customers", json!({"customer_id": "acme"})).status;
        let senders: Vec<_> = (0..16).map(|_| scope.spawn(send)).collect();
        senders.into_iter().map(|sender| sender.join().expect("a reply")).collect()
    });
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&201));
    assert_eq!(app.admin().pages("/v1/customers", &[]).len(), 1);
    keyed(&app, "race").post("/v1/customers", json!({"customer_id": "acme"})).expect(201);
}

#[test]
fn a_kept_reply_outlives_a_restart() {
    let mut app = TestApp::start();
    let body = json!({"name": "support"});
    let first = keyed(&app, "k").post("/v1/groups", body.clone()).expect(201);
    app.stop();
    app.resume();
    assert_eq!(keyed(&app, "k").post("/v1/groups", body).expect(201).json, first.json);
}

#[test]
fn keys_that_are_none_are_refused() {
    let app = TestApp::start();
    for key in ["", "two words", &"k".repeat(256), "schlüssel"] {
        keyed(&app, key).post("/v1/groups", json!({"name": "a"})).expect(400).problem("invalid_header");
    }
    keyed(&app, &"k".repeat(255)).post("/v1/groups", json!({"name": "a"})).expect(201);
    keyed(&app, "x").header("Idempotency-Key", "y").post("/v1/groups", json!({"name": "b"})).expect(400);
}

#[test]
fn a_dry_run_keeps_no_reply() {
    let app = TestApp::start();
    keyed(&app, "k").post("/v1/groups?dry_run=true", json!({"name": "a"})).expect(200);
    keyed(&app, "k").post("/v1/groups", json!({"name": "a"})).expect(201);
    assert_ne!(app.get("/v1/groups/a").json, Value::Null);
    each(&["a"], |name| app.get(&format!("/v1/groups/{name}")).expect(200));
}
