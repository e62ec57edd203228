//! The ways to name a thing: key, `id:`, `external:`, `key:`; in paths, bodies and queries.

use super::{CUSTOMERS, RESOURCES, for_each};
use crate::common::{TestApp, at, json, query};

#[test]
fn a_thing_is_found_by_key_and_by_id() {
    for_each(&RESOURCES, |app, resource| {
        let id = resource.create(app, "Find Me").id();
        for reference in ["Find Me", "find me", "key:Find Me", " FIND ME ", &format!("id:{id}")] {
            app.get(&resource.at(reference)).expect(200).has("/id", id.clone());
        }
    });
}

#[test]
fn what_is_not_there_is_not_found() {
    for_each(&RESOURCES, |app, resource| {
        for reference in ["nobody", "key:nobody", "id:c999999", "id:nonsense", "id:"] {
            app.get(&resource.at(reference)).expect(404).problem(&resource.not_found());
        }
    });
}

#[test]
fn an_id_is_of_one_kind() {
    let app = TestApp::start();
    let customer = app.customer("acme").id();
    for resource in &RESOURCES[1..] {
        app.get(&resource.at_id(&customer)).expect(404).problem(&resource.not_found());
    }
}

#[test]
fn an_external_id_that_nobody_has_is_not_found() {
    let app = TestApp::start();
    for resource in RESOURCES.iter().filter(|resource| resource.has_external_ids) {
        app.get(&resource.at("external:crm:1")).expect(404).problem(&resource.not_found());
        app.delete(&resource.at("external:crm:1")).expect(404).problem(&resource.not_found());
    }
}

#[test]
fn a_reference_that_cannot_be_read_is_no_server_error() {
    let app = TestApp::start();
    for reference in ["external:crm", "external::1", "external:CRM:1", "external:crm:", "key:", "key:.."] {
        app.get(&CUSTOMERS.at(reference)).expect(400).problem("invalid_path");
    }
}

#[test]
fn bodies_take_every_form() {
    let app = TestApp::start();
    let id = app.customer("id:acme").id();
    app.put(&CUSTOMERS.external_id("key:id:acme", "crm", "0:15"), json!({})).expect(201);
    for (n, reference) in [format!("id:{id}"), "key:ID:acme".into(), "external:crm:0:15".into()].iter().enumerate() {
        app.customer_user_of(&format!("user {n}"), reference).has("/customer", "id:acme");
    }
}

#[test]
fn queries_take_every_form() {
    let app = TestApp::start();
    let id = app.customer("a/b").id();
    app.put(&CUSTOMERS.external_id("a/b", "crm", "15"), json!({})).expect(201);
    app.customer_user_of("jane", "a/b");
    app.customer_user("john");
    for reference in ["a/b", "A/B", &format!("id:{id}"), "key:a/b", "external:crm:15"] {
        app.get(&query("/v1/customer-users", &[("customer", reference)])).expect(200).lists("login", &["jane"]);
    }
}

#[test]
fn questions_take_every_form() {
    let app = TestApp::start();
    let (user, group) = (app.customer_user("jane").id(), app.group("support").id());
    app.link_customer_user("jane", "support", &["ro"]);
    app.put(&at(&["customer-users", "jane", "external-ids", "crm", "7"]), json!({})).expect(201);
    for (user, group) in
        [(format!("id:{user}"), format!("id:{group}")), ("external:crm:7".to_owned(), "key:SUPPORT".to_owned())]
    {
        assert!(app.allows(&user, &group, "ro"));
    }
}
