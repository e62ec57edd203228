//! PATCH, rename, DELETE of what nothing hangs on.

use super::{CUSTOMER_USERS, RESOURCES, for_each};
use crate::common::{TestApp, json};

#[test]
fn patch_sets_what_it_names_and_leaves_the_rest() {
    for_each(&RESOURCES, |app, resource| {
        app.post(&resource.path(), resource.full_body("p")).expect(201);
        let (member, pointer) = resource.text();
        let patched = app.patch(&resource.at("p"), json!({member: "patched"})).expect(200).has(&pointer, "patched");
        for other in &resource.texts[1..] {
            assert_eq!(patched.json[*other], format!("the {other}"), "{patched}");
        }
        assert_eq!(app.get(&resource.at("p")).expect(200).json, patched.json);
    });
}

#[test]
fn patch_clears_with_null() {
    for_each(&RESOURCES, |app, resource| {
        app.post(&resource.path(), resource.full_body("n")).expect(201);
        for member in resource.texts {
            app.patch(&resource.at("n"), json!({*member: null})).expect(200).lacks(&format!("/{member}"));
        }
    });
}

#[test]
fn patch_may_say_that_it_is_a_merge_patch() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, "m");
        let (member, pointer) = resource.text();
        let body = json!({member: "merged"}).to_string().into_bytes();
        let content_type = Some("application/merge-patch+json");
        app.admin()
            .send_bytes("PATCH", &resource.at("m"), content_type, Some(body))
            .expect(200)
            .has(&pointer, "merged");
    });
}

#[test]
fn patch_of_nothing_changes_nothing() {
    for_each(&RESOURCES, |app, resource| {
        let made = resource.create(app, "still");
        let patched = app.patch(&resource.at("still"), json!({})).expect(200);
        assert_eq!((patched.etag(), patched.revision()), (made.etag(), made.revision()));
    });
}

#[test]
fn patch_cannot_clear_what_must_be_there() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, "must");
        app.patch(&resource.at("must"), json!({resource.key: null})).refused().pointers(&[&resource.key_pointer()]);
    });
}

#[test]
fn patch_of_what_is_not_there_is_not_found() {
    for_each(&RESOURCES, |app, resource| {
        app.patch(&resource.at("nobody"), json!({})).expect(404).problem(&resource.not_found());
    });
}

#[test]
fn a_rename_keeps_the_id_and_frees_the_old_key_at_once() {
    for_each(&RESOURCES, |app, resource| {
        let made = resource.create(app, "old");
        app.patch(&resource.at("old"), resource.body("new")).expect(200).has(&resource.key_pointer(), "new");
        app.get(&resource.at("old")).expect(404).problem(&resource.not_found());
        app.get(&resource.at("new")).expect(200).has("/id", made.id());
        assert_ne!(resource.create(app, "old").id(), made.id());
    });
}

#[test]
fn a_rename_may_change_the_case_alone() {
    for_each(&RESOURCES, |app, resource| {
        let made = resource.create(app, "acme");
        app.patch(&resource.at("acme"), resource.body("ACME")).expect(200).has(&resource.key_pointer(), "ACME");
        app.get(&resource.at("aCmE")).expect(200).has("/id", made.id()).has(&resource.key_pointer(), "ACME");
    });
}

#[test]
fn a_rename_to_a_key_that_is_taken_is_refused() {
    for_each(&RESOURCES, |app, resource| {
        resource.create_all(app, &["one", "two"]);
        app.patch(&resource.at("one"), resource.body("TWO")).expect(409).problem("key_taken");
        app.get(&resource.at("one")).expect(200);
    });
}

#[test]
fn what_nothing_hangs_on_is_deleted() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, "gone");
        let reply = app.delete(&resource.at("gone")).expect(204);
        assert_eq!(reply.text, "");
        app.get(&resource.at("gone")).expect(404).problem(&resource.not_found());
        app.delete(&resource.at("gone")).expect(404).problem(&resource.not_found());
    });
}

#[test]
fn validity_is_one_of_three() {
    let app = TestApp::start();
    app.customer_user("jane");
    for validity in ["invalid", "invalid_temporarily", "valid"] {
        app.patch("/v1/customer-users/jane", json!({"validity": validity})).expect(200).has("/validity", validity);
    }
    app.patch(&CUSTOMER_USERS.at("jane"), json!({"validity": "maybe"})).refused().pointers(&["/validity"]);
}
