//! Bodies that are refused: with a pointer to each mistake, and all mistakes at once.

use super::{CUSTOMER_USERS, CUSTOMERS, RESOURCES, for_each};
use crate::common::{TestApp, Value, json};

#[test]
fn unknown_fields_are_refused_by_name() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, "there");
        let mut body = resource.body("x");
        body["nonsense"] = json!(1);
        app.post(&resource.path(), body.clone()).refused().pointers(&["/nonsense"]);
        app.put(&resource.at("x"), body).refused().pointers(&["/nonsense"]);
        app.patch(&resource.at("there"), json!({"nonsense": 1})).refused().pointers(&["/nonsense"]);
    });
}

#[test]
fn what_the_service_sets_is_not_for_bodies() {
    for_each(&RESOURCES, |app, resource| {
        for member in ["id", "etag", "created_at", "updated_at", "links", "external_ids"] {
            let mut body = resource.body("x");
            body[member] = json!("x");
            app.post(&resource.path(), body).refused().pointers(&[&format!("/{member}")]);
        }
    });
}

#[test]
fn the_key_is_required() {
    for_each(&RESOURCES, |app, resource| {
        app.post(&resource.path(), json!({})).refused().pointers(&[&resource.key_pointer()]);
    });
}

#[test]
fn every_mistake_is_reported_at_once() {
    for_each(&RESOURCES, |app, resource| {
        let (member, pointer) = resource.text();
        let body = json!({resource.key: "..", member: "", "nonsense": true});
        let expected = [resource.key_pointer(), pointer, "/nonsense".to_owned()];
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        app.post(&resource.path(), body.clone()).refused().pointers(&expected);
        app.put(&resource.at("x"), body).refused().pointers(&expected);
    });
}

#[test]
fn mistakes_in_a_customer_users_fields_and_references_come_together() {
    let app = TestApp::start();
    let body = json!({"login": "a\u{0}b", "email": "no address", "validity": "perhaps", "customer": "external:crm",
                      "phone": 5});
    let expected = ["/login", "/email", "/validity", "/customer", "/phone"];
    app.post("/v1/customer-users", body).refused().pointers(&expected);
}

#[test]
fn text_of_the_wrong_type_is_refused() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, "typed");
        let (member, pointer) = resource.text();
        for wrong in [json!(5), json!(true), json!([]), json!({})] {
            app.patch(&resource.at("typed"), json!({member: wrong})).refused().pointers(&[&pointer]);
        }
    });
}

#[test]
fn texts_have_a_length() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, "long");
        for member in resource.texts {
            let (longest, pointer) = (if *member == "comment" { 4_000 } else { 200 }, format!("/{member}"));
            let patch = |length: usize| app.patch(&resource.at("long"), json!({*member: "ü".repeat(length)}));
            patch(longest).expect(200);
            patch(longest + 1).refused().pointers(&[&pointer]).error_code("too_long");
            app.patch(&resource.at("long"), json!({*member: " "})).refused().pointers(&[&pointer]).error_code("empty");
        }
    });
}

#[test]
fn a_comment_may_have_lines_and_a_line_may_not() {
    let app = TestApp::start();
    CUSTOMERS.create(&app, "acme");
    app.patch("/v1/customers/acme", json!({"comment": "one\ntwo\tthree"}))
        .expect(200)
        .has("/comment", "one\ntwo\tthree");
    let refused = app.patch("/v1/customers/acme", json!({"name": "one\ntwo"})).refused();
    refused.pointers(&["/name"]).error_code("forbidden_character");
}

#[test]
fn a_url_is_of_the_web() {
    let app = TestApp::start();
    CUSTOMERS.create(&app, "acme");
    let patch = |url: &str| app.patch("/v1/customers/acme", json!({"url": url}));
    for url in ["https://acme.example", "http://acme.example:8080/a?b=c#d"] {
        patch(url).expect(200).has("/url", url);
    }
    for url in ["javascript:alert(1)", "ftp://acme.example", "https://", "acme.example", "data:text/html,x"] {
        patch(url).refused().pointers(&["/url"]).error_code("not_a_url");
    }
}

#[test]
fn an_email_is_an_address() {
    let app = TestApp::start();
    CUSTOMER_USERS.create(&app, "jane");
    let patch = |email: &str| app.patch("/v1/customer-users/jane", json!({"email": email}));
    patch("jane+tag@acme.example").expect(200).has("/email", "jane+tag@acme.example");
    for email in ["jane", "@acme.example", "jane@", "ja ne@acme.example", "a@b@c"] {
        patch(email).refused().pointers(&["/email"]).error_code("not_an_email");
    }
}

#[test]
fn a_body_is_an_object() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, "body");
        for body in [json!([]), json!("text"), json!(5), Value::Null] {
            app.post(&resource.path(), body.clone()).refused().pointers(&[""]);
            app.put(&resource.at("body"), body.clone()).refused().pointers(&[""]);
            app.patch(&resource.at("body"), body).refused().pointers(&[""]);
        }
    });
}

#[test]
fn a_list_is_no_object_anywhere_in_a_body() {
    let app = TestApp::start();
    app.patch("/v1/settings", json!({"contexts": []})).refused().pointers(&["/contexts"]);
    let nested = json!({"contexts": {"other_customers": [true]}});
    app.patch("/v1/settings", nested).refused().pointers(&["/contexts/other_customers"]);
    CUSTOMER_USERS.create(&app, "jane");
    let question = json!({"customer_user": "jane", "group": "users", "permission": "ro", "thing": ["acme"]});
    app.post("/v1/access:check", question).refused().pointers(&["/thing"]);
    let rows = app.patch("/v1/customer-users/jane/group-matrix", json!({"cells": [["users", null, ["ro"]]]}));
    rows.refused().pointers(&["/cells/0"]);
}

#[test]
fn a_member_that_stands_there_twice_is_refused() {
    let app = TestApp::start();
    let body = br#"{"customer_id": "one", "customer_id": "two"}"#.to_vec();
    let reply = app.admin().send_bytes("POST", "/v1/customers", Some("application/json"), Some(body));
    reply.expect(400).problem("invalid_json");
}

#[test]
fn references_to_what_is_not_there_are_refused_with_a_pointer() {
    let app = TestApp::start();
    for (member, reference) in [("customer", "nobody"), ("customer", "id:c999999"), ("back_end", "nowhere")] {
        let body = json!({"login": "jane", member: reference});
        app.post("/v1/customer-users", body).refused().pointers(&[&format!("/{member}")]);
    }
    app.get("/v1/customer-users/jane").expect(404);
}
