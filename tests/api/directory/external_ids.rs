//! External ids: what other systems call a thing; compared byte for byte, unique per source and kind.

use super::{CUSTOMER_USERS, CUSTOMERS, RESOURCES, Resource, for_each};
use crate::common::{Reply, TestApp, json};

fn with_external_ids() -> Vec<Resource> {
    RESOURCES.into_iter().filter(|resource| resource.has_external_ids).collect()
}

fn give(app: &TestApp, resource: &Resource, key: &str, source: &str, id: &str) -> Reply {
    app.admin().put_empty(&resource.external_id(key, source, id))
}

#[test]
fn an_external_id_is_given_shown_and_addresses() {
    for_each(&with_external_ids(), |app, resource| {
        let id = resource.create(app, "acme").id();
        give(app, resource, "acme", "crm", "0015e/A:b").expect(201);
        let shown = json!([{"source": "crm", "id": "0015e/A:b"}]);
        app.get(&resource.at("external:crm:0015e/A:b")).expect(200).has("/id", id).has("/external_ids", shown);
    });
}

#[test]
fn giving_it_again_changes_nothing() {
    for_each(&with_external_ids(), |app, resource| {
        resource.create(app, "acme");
        let first = give(app, resource, "acme", "crm", "1").expect(201);
        let second = give(app, resource, "acme", "crm", "1").expect(200);
        assert_eq!(second.revision(), first.revision());
    });
}

#[test]
fn giving_one_changes_the_etag() {
    for_each(&with_external_ids(), |app, resource| {
        let before = resource.create(app, "acme").etag();
        give(app, resource, "acme", "crm", "1").expect(201);
        assert_ne!(app.get(&resource.at("acme")).expect(200).etag(), before);
    });
}

#[test]
fn ids_that_differ_in_bytes_are_different() {
    for_each(&with_external_ids(), |app, resource| {
        for (key, id) in
            [("one", "0015e00001AbCdE"), ("two", "0015e00001aBcDe"), ("three", "Mu\u{308}"), ("four", "Mü")]
        {
            let own = resource.create(app, key).id();
            give(app, resource, key, "crm", id).expect(201);
            app.get(&resource.at(&format!("external:crm:{id}"))).expect(200).has("/id", own);
        }
        app.get(&resource.at("external:crm:0015E00001ABCDE")).expect(404);
    });
}

#[test]
fn one_that_another_has_is_refused() {
    for_each(&with_external_ids(), |app, resource| {
        resource.create_all(app, &["first", "second"]);
        give(app, resource, "first", "crm", "1").expect(201);
        let holder = app.get(&resource.at("first")).expect(200).id();
        give(app, resource, "second", "crm", "1").expect(409).problem("external_id_taken").names(&holder);
        give(app, resource, "second", "erp", "1").expect(201);
    });
}

#[test]
fn a_customer_and_a_customer_user_may_have_the_same() {
    let app = TestApp::start();
    CUSTOMERS.create(&app, "acme");
    CUSTOMER_USERS.create(&app, "jane");
    give(&app, &CUSTOMERS, "acme", "crm", "1").expect(201);
    give(&app, &CUSTOMER_USERS, "jane", "crm", "1").expect(201);
    app.get("/v1/customer-users/external:crm:1").expect(200).has("/login", "jane");
}

#[test]
fn a_record_may_have_several_of_one_source() {
    for_each(&with_external_ids(), |app, resource| {
        resource.create(app, "merged");
        give(app, resource, "merged", "crm", "1").expect(201);
        give(app, resource, "merged", "crm", "2").expect(201);
        app.delete(&resource.external_id("merged", "crm", "1")).expect(204);
        app.get(&resource.at("merged")).expect(200).has("/external_ids", json!([{"source": "crm", "id": "2"}]));
        app.get(&resource.at("external:crm:1")).expect(404);
    });
}

#[test]
fn one_that_was_taken_away_or_deleted_is_free() {
    for_each(&with_external_ids(), |app, resource| {
        resource.create_all(app, &["first", "second", "third"]);
        give(app, resource, "first", "crm", "1").expect(201);
        app.delete(&resource.external_id("first", "crm", "1")).expect(204);
        give(app, resource, "second", "crm", "1").expect(201);
        app.delete(&resource.at("second")).expect(204);
        give(app, resource, "third", "crm", "1").expect(201);
    });
}

#[test]
fn they_follow_a_rename() {
    for_each(&with_external_ids(), |app, resource| {
        resource.create(app, "old");
        give(app, resource, "old", "crm", "1").expect(201);
        app.patch(&resource.at("external:crm:1"), resource.body("new")).expect(200);
        app.get(&resource.at("external:crm:1")).expect(200).has(&resource.key_pointer(), "new");
    });
}

#[test]
fn a_source_is_a_plain_word() {
    let app = TestApp::start();
    CUSTOMERS.create(&app, "acme");
    for source in ["CRM", "c r m", "ü", "a:b", &"x".repeat(51)] {
        give(&app, &CUSTOMERS, "acme", source, "1").expect(400).problem("invalid_path");
    }
    give(&app, &CUSTOMERS, "acme", "crm", &"x".repeat(201)).expect(400).problem("invalid_path");
    give(&app, &CUSTOMERS, "acme", "sales_force-2", &"x".repeat(200)).expect(201);
}

#[test]
fn nobody_has_no_external_ids() {
    for_each(&with_external_ids(), |app, resource| {
        give(app, resource, "nobody", "crm", "1").expect(404).problem(&resource.not_found());
    });
}
