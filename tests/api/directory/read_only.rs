//! Read-only back ends: the identity fields are the source's alone.

use crate::common::{Caller, TestApp, json};

const JANE: &str = "/v1/customer-users/jane";

fn with_jane() -> TestApp {
    let app = TestApp::start();
    app.put("/v1/back-ends/ldap", json!({"read_only": true})).expect(201);
    app.customer("acme");
    let body = json!({"login": "jane", "email": "jane@acme.example", "back_end": "ldap", "customer": "acme"});
    source(&app).post("/v1/customer-users", body).expect(201);
    app
}

/// The synchronization that the source's data come through.
fn source(app: &TestApp) -> Caller<'_> {
    app.as_scope("sync:write directory:write directory:read")
}

fn clerk(app: &TestApp) -> Caller<'_> {
    app.as_scope("directory:write directory:read")
}

#[test]
fn the_representation_says_which_fields() {
    let app = with_jane();
    let fields = ["login", "email", "title", "first_name", "last_name", "customer"];
    app.get(JANE).expect(200).has("/read_only_fields", json!(fields));
}

#[test]
fn others_are_refused_with_a_pointer_a_field() {
    let app = with_jane();
    let body = json!({"login": "j", "email": "j@x.example", "title": "Dr", "first_name": "J", "last_name": "D",
                      "customer": null, "phone": "1"});
    let refused = clerk(&app).patch(JANE, body).expect(409).problem("back_end_read_only");
    refused.pointers(&["/login", "/email", "/title", "/first_name", "/last_name", "/customer"]);
    app.get(JANE).expect(200).has("/email", "jane@acme.example").lacks("/phone");
}

#[test]
fn a_replacement_that_would_clear_them_is_refused() {
    let app = with_jane();
    let refused = clerk(&app).put(JANE, json!({})).expect(409).problem("back_end_read_only");
    refused.names("email");
    app.get(JANE).expect(200).has("/email", "jane@acme.example").has("/customer", "acme");
}

#[test]
fn others_may_write_the_rest() {
    let app = with_jane();
    let body = json!({"phone": "1", "comment": "calls often", "validity": "invalid"});
    clerk(&app).patch(JANE, body).expect(200).has("/phone", "1").has("/validity", "invalid");
}

#[test]
fn a_form_that_sends_them_unchanged_is_fine() {
    let app = with_jane();
    let body = json!({"login": "jane", "email": "jane@acme.example", "customer": "ACME", "phone": "2"});
    clerk(&app).patch(JANE, body).expect(200).has("/phone", "2");
}

#[test]
fn the_source_may_write_them() {
    let app = with_jane();
    source(&app).patch(JANE, json!({"email": "new@acme.example", "customer": null})).expect(200).lacks("/customer");
    source(&app).put(JANE, json!({"first_name": "Jane"})).expect(200).lacks("/email");
}

#[test]
fn others_create_nobody_there() {
    let app = with_jane();
    let body = json!({"login": "john", "back_end": "ldap"});
    clerk(&app).post("/v1/customer-users", body).expect(409).problem("back_end_read_only");
    app.get("/v1/customer-users/john").expect(404);
}

#[test]
fn grants_may_still_be_made() {
    let app = with_jane();
    app.as_scope("links:write").put("/v1/customer-users/jane/groups/users", json!({"permissions": ["ro"]})).expect(201);
    app.customer("beta");
    app.as_scope("links:write").put_empty("/v1/customer-users/jane/customers/beta").expect(201);
    assert!(app.allows("jane", "users", "ro"));
}

#[test]
fn it_takes_effect_at_once() {
    let app = TestApp::start();
    app.back_end("crm");
    app.customer_user_in("john", "crm");
    clerk(&app).patch("/v1/customer-users/john", json!({"email": "a@x.example"})).expect(200);
    app.patch("/v1/back-ends/crm", json!({"read_only": true})).expect(200);
    clerk(&app).patch("/v1/customer-users/john", json!({"email": "b@x.example"})).expect(409);
    app.patch("/v1/back-ends/crm", json!({"read_only": false})).expect(200);
    clerk(&app).patch("/v1/customer-users/john", json!({"email": "b@x.example"})).expect(200);
}
