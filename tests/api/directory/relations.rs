//! A customer user's customers and back end, and what follows their renames.

use crate::common::{TestApp, json};

#[test]
fn a_customer_user_shows_customer_back_end_and_additional_customers() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer("beta");
    app.customer_user_of("jane", "ACME");
    app.add_customer("jane", "BETA");
    let jane = app.get("/v1/customer-users/jane").expect(200);
    let jane = jane.has("/customer", "acme").has("/additional_customers", json!(["beta"]));
    jane.has("/back_end", "default").has("/read_only_fields", json!([]));
}

#[test]
fn without_a_customer_the_member_is_absent() {
    let app = TestApp::start();
    app.customer_user("jane").lacks("/customer").has("/additional_customers", json!([]));
}

#[test]
fn a_primary_customer_is_set_left_and_cleared() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    let patch = |body| app.patch("/v1/customer-users/jane", body).expect(200);
    patch(json!({"first_name": "Jane"})).has("/customer", "acme");
    patch(json!({"customer": null})).lacks("/customer");
    patch(json!({"customer": "acme"})).has("/customer", "acme");
    app.put("/v1/customer-users/jane", json!({})).expect(200).lacks("/customer");
}

#[test]
fn put_leaves_additional_customers_and_links_alone() {
    let app = TestApp::start();
    app.customer("beta");
    app.customer_user("jane");
    app.add_customer("jane", "beta");
    app.link_customer_user("jane", "users", &["ro"]);
    app.put("/v1/customer-users/jane", json!({"first_name": "J"}))
        .expect(200)
        .has("/additional_customers", json!(["beta"]));
    assert!(app.allows("jane", "users", "ro"));
}

#[test]
fn additional_customers_are_no_field_of_a_body() {
    let app = TestApp::start();
    app.customer_user("jane");
    let body = json!({"additional_customers": []});
    app.put("/v1/customer-users/jane", body.clone()).refused().pointers(&["/additional_customers"]);
    app.patch("/v1/customer-users/jane", body).refused().pointers(&["/additional_customers"]);
}

#[test]
fn customer_users_follow_the_rename_of_a_customer() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    app.customer_user("john");
    app.add_customer("john", "acme");
    app.patch("/v1/customers/acme", json!({"customer_id": "acme2"})).expect(200);
    app.customer("acme");
    app.get("/v1/customer-users/jane").expect(200).has("/customer", "acme2");
    app.get("/v1/customer-users/john").expect(200).has("/additional_customers", json!(["acme2"]));
    app.get("/v1/customer-users?customer=acme").expect(200).lists("login", &[]);
}

#[test]
fn links_follow_renames_of_both_ends() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    app.group("support");
    app.link_customer("acme", "support", &["ro"]);
    app.patch("/v1/customers/acme", json!({"customer_id": "beta"})).expect(200);
    app.patch("/v1/groups/support", json!({"name": "help desk"})).expect(200);
    app.patch("/v1/customer-users/jane", json!({"login": "jane.doe"})).expect(200);
    assert!(app.allows("jane.doe", "help desk", "ro"));
    app.get("/v1/customers/beta/groups/help%20desk").expect(200).has("/customer/customer_id", "beta");
    app.group("support");
    assert!(!app.allows("jane.doe", "support", "ro"));
}

#[test]
fn customer_users_follow_the_rename_of_a_back_end() {
    let app = TestApp::start();
    app.back_end("ldap");
    app.customer_user_in("jane", "ldap");
    app.patch("/v1/back-ends/ldap", json!({"name": "ldap-emea"})).expect(200);
    app.get("/v1/customer-users/jane").expect(200).has("/back_end", "ldap-emea");
}

#[test]
fn the_etag_of_a_customer_user_covers_what_it_shows() {
    let app = TestApp::start();
    app.customer("acme");
    let first = app.customer_user("jane").etag();
    app.add_customer("jane", "acme");
    let second = app.get("/v1/customer-users/jane").expect(200).etag();
    app.patch("/v1/customers/acme", json!({"customer_id": "acme2"})).expect(200);
    let third = app.get("/v1/customer-users/jane").expect(200).etag();
    assert!(first != second && second != third, "{first} {second} {third}");
}

#[test]
fn put_without_a_back_end_keeps_the_one_there_is() {
    let app = TestApp::start();
    app.back_end("ldap");
    app.customer_user_in("jane", "ldap");
    // A back end decides whether groups restrict anybody: a replacement never moves anybody silently.
    let replaced = app.as_scope("directory:write").put("/v1/customer-users/jane", json!({"first_name": "Jane"}));
    replaced.expect(200).has("/back_end", "ldap");
}
