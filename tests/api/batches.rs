//! Batches: many rows in one write, with a result for each.

use crate::common::{Reply, TestApp, Token, Value, each, json};

const CUSTOMERS: &str = "/v1/customers:batch-upsert";
const CUSTOMER_USERS: &str = "/v1/customer-users:batch-upsert";
const GROUPS: &str = "/v1/groups:batch-upsert";
const SERVICES: &str = "/v1/services:batch-upsert";
const CUSTOMER_GROUP_LINKS: &str = "/v1/customer-group-links:batch-upsert";
const CUSTOMER_USER_GROUP_LINKS: &str = "/v1/customer-user-group-links:batch-upsert";
const CUSTOMER_USER_SERVICE_LINKS: &str = "/v1/customer-user-service-links:batch-upsert";
const MEMBERSHIPS: &str = "/v1/customer-memberships:batch-upsert";

fn of_crm(items: Value) -> Value {
    json!({"source": "crm", "items": items})
}

/// What became of the rows, in their order.
fn outcomes(reply: &Reply) -> Vec<String> {
    reply.each("outcome")
}

#[track_caller]
fn counts(reply: &Reply) -> [u64; 4] {
    ["created", "updated", "unchanged", "failed"].map(|name| reply.json["counts"][name].as_u64().expect("a count"))
}

#[test]
fn each_row_has_its_result() {
    let app = TestApp::start();
    let rows = of_crm(json!([
        {"row_id": "a", "external_id": "1", "customer_id": "acme", "name": "Acme"},
        {"row_id": "b", "external_id": "2", "customer_id": "beta"},
    ]));
    let first = app.post(CUSTOMERS, rows.clone()).expect(200);
    assert_eq!(counts(&first), [2, 0, 0, 0]);
    let acme = app.get("/v1/customers/external:crm:1").expect(200).has("/name", "Acme");
    let result = &first.items()[0];
    let expected = json!({
        "index": 0, "row_id": "a", "outcome": "created", "status": 201, "id": acme.id(), "key": "acme",
        "etag": acme.json["etag"],
    });
    assert_eq!(*result, expected);
    // What is the same already is not written, and takes no revision.
    let again = app.post(CUSTOMERS, rows).expect(200);
    assert_eq!(counts(&again), [0, 0, 2, 0]);
    assert_eq!(again.revision(), first.revision());
    let changed = app
        .post(
            CUSTOMERS,
            of_crm(json!([{"external_id": "1", "name": null}, {"external_id": "2", "customer_id": "BETA"}])),
        )
        .expect(200);
    assert_eq!(outcomes(&changed), ["updated", "unchanged"], "another spelling renames nothing");
    app.get("/v1/customers/acme").expect(200).lacks("/name");
}

#[test]
fn the_tag_of_a_result_is_that_of_the_record_and_guards_the_next_write() {
    let app = TestApp::start();
    let made = app.post(CUSTOMERS, json!({"items": [{"customer_id": "acme"}]})).expect(200);
    let tag = made.text_at("/items/0/etag");
    let acme =
        app.get("/v1/customers/acme").expect(200).has("/etag", tag.as_str()).has_header("ETag", &format!("\"{tag}\""));
    let if_match = |reply: &Reply, at: &str| app.admin().if_match(&format!("\"{}\"", reply.text_at(at)));
    if_match(&made, "/items/0/etag").patch("/v1/customers/acme", json!({"name": "Acme"})).expect(200);
    if_match(&acme, "/etag").patch("/v1/customers/acme", json!({"name": "A"})).expect(412);
}

#[test]
fn a_row_that_fails_leaves_the_others_alone() {
    let app = TestApp::start();
    app.customer("taken");
    let rows = json!([
        {"row_id": "1", "external_id": "1", "login": "jane", "customer": "taken"},
        {"row_id": "2", "external_id": "2", "login": "joe", "customer": "nobody"},
        {"row_id": "3", "external_id": "3", "login": " ", "colour": "red"},
        {"row_id": "4", "external_id": 4, "login": "jim"},
        "five",
        {"row_id": "6", "external_id": "6"},
        {"row_id": "7", "external_id": "7", "login": "jill"},
    ]);
    let reply = app.post(CUSTOMER_USERS, of_crm(rows)).expect(200);
    assert_eq!(outcomes(&reply), ["created", "failed", "failed", "failed", "failed", "failed", "created"]);
    assert_eq!(counts(&reply), [2, 0, 0, 5]);
    let errors = |row: usize| -> Vec<(String, String)> {
        let errors = reply.items()[row]["problem"]["errors"].as_array().expect("errors").iter();
        let text = |error: &Value, member: &str| error[member].as_str().expect("text").to_owned();
        let mut errors: Vec<_> = errors.map(|error| (text(error, "pointer"), text(error, "code"))).collect();
        errors.sort();
        errors
    };
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(errors(1), [pair("/customer", "customer_not_found")]);
    assert_eq!(errors(2), [pair("/colour", "unknown_field"), pair("/login", "empty")]);
    assert_eq!(errors(3), [pair("/external_id", "wrong_type")]);
    assert_eq!(errors(4), [pair("", "wrong_type")]);
    assert_eq!(errors(5), [pair("/login", "required")]);
    assert_eq!(reply.items()[1]["row_id"], "2");
    assert_eq!(reply.items()[1]["status"], 422);
    app.get("/v1/customer-users/joe").expect(404);
    app.get("/v1/customer-users/jill").expect(200);
}

#[test]
fn an_atomic_batch_is_merged_as_a_whole_or_not_at_all() {
    let app = TestApp::start();
    let before = app.customer("taken").revision();
    let rows = json!([
        {"external_id": "1", "customer_id": "acme"},
        {"external_id": "2", "customer_id": "taken"},
        {"external_id": "3", "customer_id": "c", "url": "ftp://x"},
    ]);
    let reply = app.post(CUSTOMERS, json!({"source": "crm", "atomic": true, "items": rows})).expect(422);
    let reply = reply.problem("batch_failed").pointers(&["/items/1", "/items/2/url"]);
    assert_eq!(reply.revision(), before);
    app.get("/v1/customers/acme").expect(404);
    let rows = json!([{"external_id": "1", "customer_id": "acme"}, {"external_id": "3", "customer_id": "c"}]);
    let reply = app.post(CUSTOMERS, json!({"source": "crm", "atomic": true, "items": rows})).expect(200);
    assert_eq!(counts(&reply), [2, 0, 0, 0]);
}

#[test]
fn the_same_thing_twice_is_refused() {
    let app = TestApp::start();
    let acme = app.customer("acme").id();
    app.customer_user("jane");
    let by_external_id = json!([{"external_id": "1", "customer_id": "a"}, {"external_id": "1", "customer_id": "b"}]);
    app.post(CUSTOMERS, of_crm(by_external_id)).expect(422).problem("invalid_input").pointers(&["/items/1"]);
    let by_key = json!([{"customer_id": "a"}, {"customer_id": "b"}, {"customer_id": "A"}]);
    app.post(CUSTOMERS, of_crm(by_key)).expect(422).error_code("duplicate").pointers(&["/items/2"]);
    app.post(CUSTOMERS, of_crm(json!([{"external_id": "1", "customer_id": "a"}, {"customer_id": "a"}]))).expect(422);
    let link = |customer: &str| json!({"customer_user": "jane", "customer": customer});
    let twice = json!({"items": [link("acme"), link(&format!("id:{acme}"))]});
    app.post(MEMBERSHIPS, twice).expect(422).pointers(&["/items/1"]);
    app.get("/v1/customers/a").expect(404);
}

#[test]
fn an_unknown_external_id_takes_over_only_if_told_to() {
    let app = TestApp::start();
    app.customer("acme");
    let rows = json!([{"external_id": "1", "customer_id": "acme"}]);
    let refused = app.post(CUSTOMERS, of_crm(rows.clone())).expect(200);
    assert_eq!(refused.items()[0]["problem"]["code"], "key_taken");
    assert_eq!(refused.items()[0]["status"], 409);
    let adopt = json!({"source": "crm", "on_existing": "adopt", "items": rows});
    assert_eq!(outcomes(&app.post(CUSTOMERS, adopt).expect(200)), ["updated"]);
    // Two external ids of one source on one record: merged contacts.
    app.put("/v1/customers/acme/external-ids/crm/2", json!({})).expect(201);
    let rows = json!([{"external_id": "2", "name": "Acme"}]);
    assert_eq!(outcomes(&app.post(CUSTOMERS, of_crm(rows)).expect(200)), ["updated"]);
    app.get("/v1/customers/external:crm:1").expect(200).has("/name", "Acme");
}

#[test]
fn a_row_brings_further_external_ids() {
    let app = TestApp::start();
    let merged = |key: &str| json!({"external_id": "1", "customer_id": key, "external_ids": [{"source": "crm", "id": "2"}, {"source": "erp", "id": "A"}]});
    assert_eq!(outcomes(&app.post(CUSTOMERS, of_crm(json!([merged("acme")]))).expect(200)), ["created"]);
    assert_eq!(outcomes(&app.post(CUSTOMERS, of_crm(json!([merged("acme")]))).expect(200)), ["unchanged"]);
    for id in ["crm:1", "crm:2", "erp:A"] {
        app.get(&format!("/v1/customers/external:{id}")).expect(200).has("/customer_id", "acme");
    }
    // Another's are not taken from it, and then nothing of the row is kept.
    let row = json!({"external_id": "9", "customer_id": "beta", "external_ids": [{"source": "erp", "id": "A"}]});
    let reply = app.post(CUSTOMERS, of_crm(json!([row]))).expect(200);
    assert_eq!(reply.items()[0]["problem"]["code"], "external_id_taken");
    app.get("/v1/customers/beta").expect(404);
}

#[test]
fn a_row_sees_what_the_rows_before_it_brought() {
    let app = TestApp::start();
    let rows = json!({"items": [
        {"name": "IT"}, {"name": "IT::VPN"}, {"name": "it::VPN::Token"}, {"name": "HR::Leave"}, {"name": "HR"},
    ]});
    let reply = app.post(SERVICES, rows).expect(200);
    assert_eq!(outcomes(&reply), ["created", "created", "created", "failed", "created"]);
    assert_eq!(reply.items()[2]["key"], "IT::VPN::Token");
    // A parent renamed by one row, and a child brought under its new name by the next.
    app.put("/v1/services/IT/external-ids/crm/1", json!({})).expect(201);
    let rows =
        json!([{"external_id": "1", "name": "Tech"}, {"name": "Tech::Mail"}, {"name": "Tech::VPN", "comment": "x"}]);
    let reply = app.post(SERVICES, of_crm(rows)).expect(200);
    assert_eq!(outcomes(&reply), ["updated", "created", "updated"]);
    app.get("/v1/services/Tech%3A%3AVPN%3A%3AToken").expect(200);
    // The key that one row gives up is free for the next.
    app.put("/v1/customers/a", json!({})).expect(201);
    app.put("/v1/customers/a/external-ids/crm/1", json!({})).expect(201);
    let rows = json!([{"external_id": "1", "customer_id": "b"}, {"external_id": "2", "customer_id": "a"}]);
    assert_eq!(outcomes(&app.post(CUSTOMERS, of_crm(rows)).expect(200)), ["updated", "created"]);
    let rows = json!([
        {"external_id": "1", "login": "jane", "customer": "external:crm:2"},
        {"external_id": "2", "login": "joe", "customer": "b"},
    ]);
    app.post(CUSTOMER_USERS, of_crm(rows)).expect(200);
    app.get("/v1/customer-users/jane").expect(200).has("/customer", "a");
}

#[test]
fn links_are_merged_too() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    app.service("IT");
    let link = |permissions: &[&str]| json!({"items": [{"row_id": "1", "customer": "acme", "group": "users", "permissions": permissions}]});
    let made = app.post(CUSTOMER_GROUP_LINKS, link(&["ro"])).expect(200);
    assert_eq!(outcomes(&made), ["created"]);
    assert!(app.allows("jane", "users", "ro"));
    assert_eq!(outcomes(&app.post(CUSTOMER_GROUP_LINKS, link(&["rw"])).expect(200)), ["updated"]);
    assert_eq!(outcomes(&app.post(CUSTOMER_GROUP_LINKS, link(&["rw", "ro"])).expect(200)), ["unchanged"]);
    assert_eq!(outcomes(&app.post(CUSTOMER_GROUP_LINKS, link(&[])).expect(200)), ["updated"]);
    assert!(!app.allows("jane", "users", "ro"));
    let rows = json!({"items": [
        {"customer_user": "jane", "group": "admin", "permissions": ["ro"]},
        {"customer_user": "jane", "group": "nowhere", "permissions": ["ro"]},
        {"customer_user": "jane", "group": "stats", "permissions": ["fly"]},
    ]});
    let reply = app.post(CUSTOMER_USER_GROUP_LINKS, rows).expect(200);
    assert_eq!(outcomes(&reply), ["created", "failed", "failed"]);
    assert_eq!(reply.items()[1]["problem"]["errors"][0]["pointer"], "/group");
    assert_eq!(reply.items()[2]["problem"]["errors"][0]["code"], "permission_type_unknown");
    assert!(app.allows("jane", "admin", "ro"));
    let service = |linked: bool| json!({"items": [{"customer_user": "jane", "service": "IT", "linked": linked}]});
    app.post(CUSTOMER_USER_SERVICE_LINKS, json!({"items": [{"customer_user": "jane", "service": "IT"}]})).expect(200);
    assert!(app.serves("jane", "IT"));
    assert_eq!(outcomes(&app.post(CUSTOMER_USER_SERVICE_LINKS, service(false)).expect(200)), ["updated"]);
    assert!(!app.serves("jane", "IT"));
    app.customer("beta");
    let member = json!({"items": [{"customer_user": "jane", "customer": "beta"}]});
    assert_eq!(outcomes(&app.post(MEMBERSHIPS, member.clone()).expect(200)), ["created"]);
    assert_eq!(outcomes(&app.post(MEMBERSHIPS, member).expect(200)), ["unchanged"]);
}

#[test]
fn a_context_that_is_off_takes_no_new_grants() {
    let app = TestApp::start();
    app.customer("acme");
    let row = json!({"customer": "acme", "group": "users", "context": "other_customers", "permissions": ["ro"]});
    let reply = app.post(CUSTOMER_GROUP_LINKS, json!({"items": [row]})).expect(200);
    assert_eq!(reply.items()[0]["problem"]["code"], "context_off");
}

#[test]
fn what_is_beyond_people_needs_its_own_scope_too() {
    let app = TestApp::start();
    app.customer("acme");
    let as_scopes = |scopes: &str| app.with_token(&Token::scope(scopes).sign());
    let group = json!({"items": [{"name": "support"}]});
    as_scopes("sync:write").post(GROUPS, group.clone()).expect(403).problem("missing_scope").names("directory:write");
    as_scopes("directory:write").post(GROUPS, group.clone()).expect(403).names("sync:write");
    as_scopes("sync:write directory:write").post(GROUPS, group).expect(200);
    let link = json!({"items": [{"customer": "acme", "group": "users", "permissions": ["ro"]}]});
    as_scopes("sync:write directory:write").post(CUSTOMER_GROUP_LINKS, link.clone()).expect(403).names("links:write");
    as_scopes("sync:write links:write").post(CUSTOMER_GROUP_LINKS, link).expect(200);
    // A back end without group support opens everything: that is beyond a sync.
    app.put("/v1/back-ends/open", json!({"group_support": false})).expect(201);
    let row = of_crm(json!([{"external_id": "1", "login": "jane", "back_end": "open"}]));
    let reply = as_scopes("sync:write").post(CUSTOMER_USERS, row).expect(200);
    assert_eq!(reply.items()[0]["problem"]["code"], "missing_scope");
    assert_eq!(reply.items()[0]["status"], 403);
}

#[test]
fn a_dry_run_says_what_the_batch_would_do() {
    let app = TestApp::start();
    app.customer("acme");
    let before = app.link_customer("acme", "users", &["ro"]).revision();
    let rows = of_crm(json!([
        {"external_id": "1", "login": "jane", "customer": "acme"},
        {"external_id": "2", "login": "joe", "customer": "nobody"},
    ]));
    let foreseen = app.post(&format!("{CUSTOMER_USERS}?dry_run=true"), rows.clone()).expect(200);
    assert_eq!(outcomes(&foreseen), ["created", "failed"]);
    assert_eq!(foreseen.json["preview"]["counts"]["permissions_gained"], 1);
    app.get("/v1/customer-users/jane").expect(404);
    assert_eq!(foreseen.revision(), before);
    let keyed = || app.admin().header("Idempotency-Key", "night-1").post(CUSTOMER_USERS, rows.clone()).expect(200);
    let (first, again) = (keyed(), keyed());
    assert_eq!(first.json, again.json);
    assert_eq!(outcomes(&again), ["created", "failed"]);
}

#[test]
fn a_batch_has_one_to_a_thousand_rows() {
    let app = TestApp::start();
    let many = |count: usize| -> Value {
        let rows: Vec<Value> =
            (0..count).map(|n| json!({"external_id": n.to_string(), "customer_id": format!("c{n}")})).collect();
        of_crm(json!(rows))
    };
    each(&[CUSTOMERS, CUSTOMER_USERS, GROUPS, SERVICES, MEMBERSHIPS], |path| {
        app.post(path, json!({"items": []})).expect(422).error_code("wrong_number");
    });
    app.post(CUSTOMERS, many(1_001)).expect(422).error_code("wrong_number");
    assert_eq!(counts(&app.post(CUSTOMERS, many(1_000)).expect(200)), [1_000, 0, 0, 0]);
    assert_eq!(counts(&app.post(CUSTOMERS, many(1_000)).expect(200)), [0, 0, 1_000, 0]);
    app.post(CUSTOMERS, json!({"items": [{"external_id": "1", "customer_id": "x"}]})).expect(200).names("source");
}
