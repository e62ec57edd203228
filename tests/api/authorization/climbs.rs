//! Climbs: ways to more rights than a scope is meant to give. Each is refused, and nothing happens.

use crate::common::{Reply, TestApp, json};

/// Jane in the back end `default`, and a back end `open` whose group support is off.
fn app() -> TestApp {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user("jane");
    app.put("/v1/back-ends/open", json!({"group_support": false})).expect(201);
    app.back_end("ldap");
    app
}

#[track_caller]
fn needs(reply: Reply, scope: &str) {
    reply.expect(403).problem("missing_scope").names(scope);
}

#[test]
fn a_synchronization_grants_nothing() {
    let app = app();
    let sync = app.as_scope("sync:write");
    let rw = json!({"permissions": ["rw"]});
    needs(sync.put("/v1/customer-users/jane/groups/admin", rw.clone()), "links:write");
    needs(sync.put("/v1/groups/admin/customer-users/jane", rw.clone()), "links:write");
    needs(sync.put("/v1/customers/acme/groups/admin", rw), "links:write");
    needs(sync.put_empty("/v1/customer-users/jane/customers/acme"), "links:write");
    needs(sync.put_empty("/v1/always-groups/customer-users/admin"), "settings:write");
    needs(sync.patch("/v1/settings", json!({"group_support": false})), "settings:write");
    needs(sync.patch("/v1/back-ends/default", json!({"group_support": false})), "settings:write");
    assert!(!app.allows("jane", "admin", "ro"));
}

#[test]
fn a_synchronization_writes_no_groups_and_services() {
    let app = app();
    let sync = app.as_scope("sync:write");
    for (path, body) in [("/v1/groups", json!({"name": "g"})), ("/v1/services", json!({"name": "s"}))] {
        needs(sync.post(path, body), "directory:write");
    }
    needs(sync.delete("/v1/groups/users"), "directory:write");
    needs(sync.patch("/v1/groups/users", json!({"validity": "invalid"})), "directory:write");
}

#[test]
fn a_synchronization_moves_nobody_to_another_back_end() {
    let app = app();
    let sync = app.as_scope("sync:write directory:write");
    needs(sync.patch("/v1/customer-users/jane", json!({"back_end": "open"})), "settings:write");
    needs(sync.post("/v1/customer-users", json!({"login": "new", "back_end": "open"})), "settings:write");
    needs(sync.put("/v1/customer-users/external:crm:1", json!({"login": "new", "back_end": "open"})), "settings:write");
    let adopt = "/v1/customer-users/external:crm:1?on_existing=adopt";
    needs(sync.put(adopt, json!({"login": "jane", "back_end": "open"})), "settings:write");
    assert!(!app.allows("jane", "admin", "ro"));
}

#[test]
fn moving_a_customer_user_to_another_back_end_needs_the_settings() {
    let app = app();
    let clerk = app.as_scope("directory:write");
    for back_end in ["open", "ldap"] {
        let body = json!({"back_end": back_end});
        needs(clerk.patch("/v1/customer-users/jane", body.clone()), "settings:write");
        needs(clerk.put("/v1/customer-users/jane", body), "settings:write");
    }
    app.get("/v1/customer-users/jane").expect(200).has("/back_end", "default");
    let both = app.as_scope("directory:write settings:write");
    both.patch("/v1/customer-users/jane", json!({"back_end": "open"})).expect(200).has("/back_end", "open");
    needs(clerk.patch("/v1/customer-users/jane", json!({"back_end": "default"})), "settings:write");
}

#[test]
fn naming_the_back_end_that_is_there_moves_nobody() {
    let app = app();
    let clerk = app.as_scope("directory:write");
    let body = json!({"back_end": "DEFAULT", "first_name": "Jane"});
    clerk.patch("/v1/customer-users/jane", body.clone()).expect(200);
    clerk.put("/v1/customer-users/jane", body).expect(200);
}

#[test]
fn creating_a_customer_user_who_has_everything_needs_the_settings() {
    let app = app();
    let clerk = app.as_scope("directory:write");
    needs(clerk.post("/v1/customer-users", json!({"login": "new", "back_end": "open"})), "settings:write");
    needs(clerk.put("/v1/customer-users/new", json!({"back_end": "open"})), "settings:write");
    app.get("/v1/customer-users/new").expect(404);
    clerk.post("/v1/customer-users", json!({"login": "new", "back_end": "ldap"})).expect(201);
    let both = app.as_scope("directory:write settings:write");
    both.post("/v1/customer-users", json!({"login": "newer", "back_end": "open"})).expect(201);
}

#[test]
fn a_directory_writer_grants_nothing() {
    let app = app();
    let clerk = app.as_scope("directory:write");
    needs(clerk.put("/v1/customer-users/jane/groups/admin", json!({"permissions": ["rw"]})), "links:write");
    needs(clerk.put_empty("/v1/customer-users/jane/customers/acme"), "links:write");
    needs(clerk.put_empty("/v1/default-services/x"), "settings:write");
    needs(clerk.put("/v1/back-ends/default", json!({"group_support": false})), "settings:write");
}

#[test]
fn a_dry_run_needs_the_right_to_see_what_it_shows() {
    let app = app();
    let reply = app
        .as_scope("links:write")
        .put("/v1/customer-users/jane/groups/admin?dry_run=true", json!({"permissions": ["rw"]}));
    // Until there are dry runs the parameter is refused; it is never ignored, which would write.
    assert_ne!(reply.status, 201, "{reply}");
    assert!(!app.allows("jane", "admin", "rw"));
}
