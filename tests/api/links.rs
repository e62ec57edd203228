//! Links, one at a time, from either side, and additional customers likewise.

use crate::common::{Reply, TestApp, each, json, query};

const CUSTOMER: &str = "/v1/customers/acme/groups/support";
const CUSTOMER_MIRROR: &str = "/v1/groups/support/customers/acme";
const CUSTOMER_USER: &str = "/v1/customer-users/jane/groups/support";
const CUSTOMER_USER_MIRROR: &str = "/v1/groups/support/customer-users/jane";
const SERVICE: &str = "/v1/customer-users/jane/services/IT";
const SERVICE_MIRROR: &str = "/v1/services/IT/customer-users/jane";
const MEMBERSHIP: &str = "/v1/customer-users/jane/customers/beta";
const MEMBERSHIP_MIRROR: &str = "/v1/customers/beta/customer-users/jane";

/// Every link path, with the other side's path for the same link.
const PAIRS: [(&str, &str); 4] = [
    (CUSTOMER, CUSTOMER_MIRROR),
    (CUSTOMER_USER, CUSTOMER_USER_MIRROR),
    (SERVICE, SERVICE_MIRROR),
    (MEMBERSHIP, MEMBERSHIP_MIRROR),
];

/// What is said of an end that is not there.
const ENDS: [&str; 4] = ["customer_not_found", "customer_user_not_found", "group_not_found", "service_not_found"];

/// Jane of acme, the group support, the service IT, and a customer beta that she has nothing to do with.
fn app() -> TestApp {
    let app = TestApp::start();
    each(&["acme", "beta"], |customer| app.customer(customer));
    app.customer_user_of("jane", "acme");
    app.group("support");
    app.service("IT");
    app.set_settings(json!({"permission_types": [{"name": "ro"}, {"name": "note"}, {"name": "rw"}]}));
    app
}

/// Makes the link that a path names, of `ro` where it has permissions.
fn make(app: &TestApp, path: &str) -> Reply {
    match path.contains("/groups/") {
        true => app.put(path, json!({"permissions": ["ro"]})),
        false => app.admin().put_empty(path),
    }
}

#[test]
fn a_link_is_made_once() {
    let app = app();
    for path in PAIRS.iter().flat_map(|(path, mirror)| [path, mirror]) {
        let first = make(&app, path).expect(201);
        let second = make(&app, path).expect(200);
        assert_eq!(second.revision(), first.revision(), "{path}");
        app.delete(path).expect(204);
    }
}

#[test]
fn a_delete_is_idempotent() {
    let app = app();
    for path in PAIRS.iter().flat_map(|(path, mirror)| [path, mirror]) {
        make(&app, path).expect(201);
        let first = app.delete(path).expect(204);
        let second = app.delete(path).expect(204);
        assert_eq!(second.revision(), first.revision(), "{path}");
    }
}

#[test]
fn both_sides_show_and_change_the_same_link() {
    let app = app();
    for (path, mirror) in PAIRS {
        make(&app, path).expect(201);
        make(&app, mirror).expect(200);
        if path != MEMBERSHIP {
            assert_eq!(app.get(path).expect(200).json, app.get(mirror).expect(200).json);
        }
        app.delete(mirror).expect(204);
        make(&app, path).expect(201);
    }
}

#[test]
fn a_link_that_is_not_there_is_not_found() {
    let app = app();
    for path in [CUSTOMER, CUSTOMER_MIRROR, CUSTOMER_USER, CUSTOMER_USER_MIRROR, SERVICE, SERVICE_MIRROR] {
        app.get(path).expect(404).problem("link_not_found");
    }
}

#[test]
fn both_ends_must_exist() {
    let app = app();
    for path in PAIRS.iter().flat_map(|(path, mirror)| [path, mirror]) {
        let (left, end) = path.rsplit_once('/').expect("a path");
        for broken in [
            format!("{left}/nobody"),
            path.replace("acme", "no").replace("jane", "no").replace("support", "no").replace("IT", "no"),
        ] {
            for reply in [make(&app, &broken), app.delete(&broken)] {
                let problem = reply.expect(404);
                let code = problem.text_at("/code");
                assert!(ENDS.contains(&code.as_str()), "{problem}");
                problem.problem(&code);
            }
            assert_ne!(broken, format!("{left}/{end}"));
        }
    }
}

#[test]
fn a_customer_link_is_shown_with_both_ends_and_contexts() {
    let app = app();
    app.put(CUSTOMER, json!({"permissions": ["ro", "note"]})).expect(201);
    let shown = app.get(CUSTOMER).expect(200).has("/customer/customer_id", "acme").has("/group/name", "support");
    shown.has("/contexts", json!([{"context": "same_customer", "permissions": ["ro", "note"]}]));
}

#[test]
fn a_customer_user_link_is_shown_with_both_ends() {
    let app = app();
    app.put(CUSTOMER_USER, json!({"permissions": ["note", "ro"]})).expect(201);
    let shown = app.get(CUSTOMER_USER).expect(200).has("/customer_user/login", "jane").has("/group/name", "support");
    shown.has("/permissions", json!(["ro", "note"]));
}

#[test]
fn put_sets_exactly_what_it_says() {
    let app = app();
    for path in [CUSTOMER, CUSTOMER_USER] {
        app.put(path, json!({"permissions": ["ro", "note"]})).expect(201);
        app.put(path, json!({"permissions": ["note"]})).expect(200);
        assert!(app.allows("jane", "support", "note") && !app.allows("jane", "support", "ro"));
        app.delete(path).expect(204);
        assert!(!app.allows("jane", "support", "note"));
    }
}

#[test]
fn rw_implies_every_other_and_is_held_alone() {
    let app = app();
    app.put(CUSTOMER_USER, json!({"permissions": ["ro", "rw", "note"]})).expect(201);
    app.get(CUSTOMER_USER).expect(200).has("/permissions", json!(["rw"]));
    for permission in ["ro", "note", "rw"] {
        assert!(app.allows("jane", "support", permission));
    }
}

#[test]
fn no_permissions_are_no_link() {
    let app = app();
    for path in [CUSTOMER, CUSTOMER_USER] {
        app.put(path, json!({"permissions": ["ro"]})).expect(201);
        app.put(path, json!({"permissions": []})).expect(200);
        app.get(path).expect(404).problem("link_not_found");
    }
}

#[test]
fn a_permission_type_that_is_not_configured_is_refused() {
    let app = app();
    for path in [CUSTOMER, CUSTOMER_USER] {
        app.put(path, json!({"permissions": ["ro", "fly"]})).refused().pointers(&["/permissions/1"]);
        app.put(path, json!({"permissions": "ro"})).refused().pointers(&["/permissions"]);
        app.put(path, json!({})).refused().pointers(&["/permissions"]);
        app.put(path, json!({"permissions": [], "group": "x"})).refused().pointers(&["/group"]);
    }
}

#[test]
fn contexts_are_set_one_at_a_time() {
    let app = app();
    app.set_other_customers(true);
    app.put(CUSTOMER, json!({"permissions": ["ro"]})).expect(201);
    app.put(CUSTOMER, json!({"context": "other_customers", "permissions": ["rw"]})).expect(201);
    let both = json!([{"context": "same_customer", "permissions": ["ro"]},
                      {"context": "other_customers", "permissions": ["rw"]}]);
    app.get(CUSTOMER).expect(200).has("/contexts", both);
    app.delete("/v1/customers/acme/groups/support?context=same_customer").expect(204);
    app.get(CUSTOMER).expect(200).has("/contexts/0/context", "other_customers").lacks("/contexts/1");
}

#[test]
fn delete_without_a_context_removes_both() {
    let app = app();
    app.set_other_customers(true);
    app.put(CUSTOMER, json!({"permissions": ["ro"]})).expect(201);
    app.put(CUSTOMER, json!({"context": "other_customers", "permissions": ["ro"]})).expect(201);
    app.delete(CUSTOMER).expect(204);
    app.get(CUSTOMER).expect(404).problem("link_not_found");
}

#[test]
fn a_new_link_in_a_context_that_is_off_is_refused() {
    let app = app();
    let other = json!({"context": "other_customers", "permissions": ["ro"]});
    app.put(CUSTOMER, other.clone()).expect(409).problem("context_off");
    app.put(CUSTOMER_MIRROR, other).expect(409).problem("context_off");
    app.put(CUSTOMER, json!({"context": "elsewhere", "permissions": ["ro"]})).refused().pointers(&["/context"]);
}

#[test]
fn links_in_a_context_that_is_off_are_kept_shown_and_can_go() {
    let app = app();
    app.set_other_customers(true);
    app.put(CUSTOMER, json!({"context": "other_customers", "permissions": ["ro"]})).expect(201);
    app.set_other_customers(false);
    app.get(CUSTOMER).expect(200).has("/contexts/0/context", "other_customers");
    app.delete("/v1/customers/acme/groups/support?context=other_customers").expect(204);
    app.get(CUSTOMER).expect(404).problem("link_not_found");
}

#[test]
fn a_link_names_its_source_in_the_answer() {
    let app = app();
    make(&app, CUSTOMER).expect(201);
    let question = json!({"customer_user": "jane", "group": "support", "permission": "ro", "explain": true});
    let yes = app.post("/v1/access:check", question).expect(200).has("/allowed", true);
    yes.has("/sources/0/kind", "customer_link").has("/sources/0/customer/customer_id", "acme").lacks("/sources/1");
}

#[test]
fn a_no_says_why() {
    let app = app();
    let reasons = |permission: &str| {
        let question = json!({"customer_user": "jane", "group": "support", "permission": permission});
        app.post("/v1/access:check", question).expect(200).has("/allowed", false).json["reasons"].clone()
    };
    assert_eq!(reasons("ro"), json!(["no_link"]));
    make(&app, CUSTOMER_USER).expect(201);
    assert_eq!(reasons("note"), json!(["link_lacks_permission"]));
    app.patch("/v1/groups/support", json!({"validity": "invalid"})).expect(200);
    assert!(reasons("ro").as_array().is_some_and(|why| why.contains(&json!("group_not_valid"))));
}

#[test]
fn an_additional_customer_gives_what_the_customer_has() {
    let app = app();
    app.link_customer("beta", "support", &["ro"]);
    assert!(!app.allows("jane", "support", "ro"));
    make(&app, MEMBERSHIP).expect(201);
    assert!(app.allows("jane", "support", "ro"));
    app.patch("/v1/customers/beta", json!({"validity": "invalid"})).expect(200);
    assert!(!app.allows("jane", "support", "ro"));
    app.patch("/v1/customers/beta", json!({"validity": "valid"})).expect(200);
    app.delete(MEMBERSHIP).expect(204);
    assert!(!app.allows("jane", "support", "ro"));
}

#[test]
fn grants_to_what_is_not_valid_are_kept_until_it_is() {
    let app = app();
    app.patch("/v1/groups/support", json!({"validity": "invalid"})).expect(200);
    make(&app, CUSTOMER_USER).expect(201);
    assert!(!app.allows("jane", "support", "ro"));
    app.patch("/v1/groups/support", json!({"validity": "valid"})).expect(200);
    assert!(app.allows("jane", "support", "ro"));
}

#[test]
fn a_link_heeds_if_match() {
    let app = app();
    make(&app, CUSTOMER_USER).expect(201);
    let etag = app.get(CUSTOMER_USER).expect(200).etag();
    app.put(CUSTOMER_USER, json!({"permissions": ["note"]})).expect(200);
    app.admin()
        .if_match(&etag)
        .put(CUSTOMER_USER, json!({"permissions": ["rw"]}))
        .expect(412)
        .problem("precondition_failed");
    app.admin().if_match(&etag).delete(CUSTOMER_USER).expect(412).problem("precondition_failed");
    assert!(app.allows("jane", "support", "note"));
}

#[test]
fn a_batch_of_questions_fails_item_by_item() {
    let app = app();
    make(&app, CUSTOMER_USER).expect(201);
    let items = json!([
        {"customer_user": "jane", "group": "support", "permission": "ro", "row_id": "a"},
        {"customer_user": "nobody", "group": "support", "permission": "ro", "row_id": "b"},
        {"customer_user": "jane", "group": "support", "permission": "fly"},
        {"customer_user": "jane", "service": "IT"},
    ]);
    let reply = app.post("/v1/access:batch-check", json!({"items": items})).expect(200);
    let reply = reply.has("/counts", json!({"allowed": 1, "denied": 1, "failed": 2}));
    let reply = reply.has("/items/0/allowed", true).has("/items/1/status", 404).has("/items/1/row_id", "b");
    reply.has("/items/2/status", 422).has("/items/3/allowed", false).lacks("/items/1/allowed");
}

#[test]
fn a_batch_has_at_most_1000_questions() {
    let app = app();
    let question = json!({"customer_user": "jane", "group": "support", "permission": "ro"});
    let batch = |length: usize| app.post("/v1/access:batch-check", json!({"items": vec![question.clone(); length]}));
    assert_eq!(batch(1_000).expect(200).items().len(), 1_000);
    batch(1_001).refused().pointers(&["/items"]);
    batch(0).refused().pointers(&["/items"]);
}

#[test]
fn a_question_is_about_a_group_or_a_service() {
    let app = app();
    let ask = |question| app.post("/v1/access:check", question);
    ask(json!({"customer_user": "jane"})).refused().pointers(&[""]);
    ask(json!({"group": "support", "permission": "ro"})).refused().pointers(&["/customer_user"]);
    ask(json!({"customer_user": "jane", "group": "support"})).refused().pointers(&["/permission"]);
    ask(json!({"customer_user": "jane", "group": "support", "permission": "ro", "service": "IT"}))
        .refused()
        .pointers(&[""]);
    ask(json!({"customer_user": "jane", "service": "IT", "thing": {}})).refused().pointers(&[""]);
    ask(json!({"customer_user": "jane", "group": "support", "permission": "fly"})).refused().pointers(&["/permission"]);
    ask(json!({"customer_user": "jane", "group": "nowhere", "permission": "ro"}))
        .expect(404)
        .problem("group_not_found");
    ask(json!({"customer_user": "jane", "service": "nowhere"})).expect(404).problem("service_not_found");
}

#[test]
fn a_permission_type_in_a_query_is_configured() {
    let app = app();
    for path in ["/v1/customer-users/jane/thing-filter", "/v1/groups/support/access"] {
        for wrong in ["fly", "R O", ""] {
            let reply = app.get(&query(path, &[("permission", wrong)])).expect(400);
            reply.problem("invalid_parameter").names("permission");
        }
    }
    app.get("/v1/groups/support/access").expect(200);
    let missing = app.get("/v1/customer-users/jane/thing-filter").expect(400);
    missing.problem("invalid_parameter").names("permission");
}
