//! PUT by an external id: what a CRM sends, created or merged.

use super::{CUSTOMER_USERS, CUSTOMERS, GROUPS, Resource, SERVICES, for_each};
use crate::common::{TestApp, json};

const UPSERTED: [Resource; 4] = [CUSTOMERS, CUSTOMER_USERS, GROUPS, SERVICES];

#[test]
fn the_first_creates_and_the_next_merges() {
    for_each(&UPSERTED, |app, resource| {
        let path = resource.at("external:crm:7");
        let made = app.put(&path, resource.full_body("acme")).expect(201);
        assert_eq!(made.json["external_ids"], json!([{"source": "crm", "id": "7"}]), "{made}");
        let (member, pointer) = resource.text();
        let merged = app.put(&path, json!({member: "merged"})).expect(200).has(&pointer, "merged");
        for other in &resource.texts[1..] {
            assert_eq!(merged.json[*other], format!("the {other}"), "{merged}");
        }
        app.put(&path, json!({member: null})).expect(200).lacks(&pointer).has("/id", made.id());
    });
}

#[test]
fn a_new_one_needs_its_key() {
    for_each(&UPSERTED, |app, resource| {
        app.put(&resource.at("external:crm:8"), json!({})).refused().pointers(&[&resource.key_pointer()]);
    });
}

#[test]
fn an_upsert_may_rename() {
    for_each(&UPSERTED, |app, resource| {
        let path = resource.at("external:crm:9");
        let made = app.put(&path, resource.body("old")).expect(201);
        app.put(&path, resource.body("new")).expect(200).has("/id", made.id()).has(&resource.key_pointer(), "new");
    });
}

#[test]
fn a_key_that_another_record_has_is_not_taken_silently() {
    for_each(&UPSERTED, |app, resource| {
        let id = resource.create(app, "acme").id();
        let path = resource.at("external:crm:10");
        app.put(&path, resource.body("ACME")).expect(409).problem("key_taken").names(&id);
        app.put(&format!("{path}?on_existing=adopt"), resource.body("ACME"))
            .expect(200)
            .has("/id", id.clone())
            .has(&resource.key_pointer(), "acme");
        app.get(&path).expect(200).has("/id", id);
    });
}

#[test]
fn an_upsert_leaves_links_customers_and_other_ids_alone() {
    let app = TestApp::start();
    app.put("/v1/customer-users/external:crm:1", json!({"login": "jane"})).expect(201);
    app.admin().put_empty(&CUSTOMER_USERS.external_id("jane", "erp", "J1")).expect(201);
    app.customer("acme");
    app.add_customer("jane", "acme");
    app.link_customer_user("jane", "users", &["rw"]);
    let again = app.put("/v1/customer-users/external:crm:1", json!({"first_name": "Jane"})).expect(200);
    again.has("/additional_customers", json!(["acme"])).has("/external_ids/1/source", "erp");
    assert!(app.allows("jane", "users", "rw"));
}

#[test]
fn the_same_upsert_again_changes_nothing() {
    let app = TestApp::start();
    let body = CUSTOMERS.full_body("acme");
    let first = app.put("/v1/customers/external:crm:1", body.clone()).expect(201);
    let second = app.put("/v1/customers/external:crm:1", body).expect(200);
    assert_eq!((second.etag(), second.revision()), (first.etag(), first.revision()));
}
