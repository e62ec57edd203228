//! POST and PUT: what comes back, where it is, what it clears.

use super::{RESOURCES, for_each};
use crate::common::{TestApp, json};

#[test]
fn post_creates_and_says_where() {
    for_each(&RESOURCES, |app, resource| {
        let made = app.post(&resource.path(), resource.full_body("new")).expect(201);
        let location = made.header("Location").to_owned();
        assert!(location.ends_with(&resource.at_id(&made.id())), "{location} in {made}");
        let found = app.get(&resource.at("new")).expect(200);
        assert_eq!(found.json, made.json);
        assert_eq!(app.get(&location.replace(app.base(), "")).expect(200).json, made.json);
    });
}

#[test]
fn a_representation_has_what_every_one_has() {
    for_each(&RESOURCES, |app, resource| {
        let made = resource.create(app, "plain");
        let own = made.text_at("/links/self");
        assert_eq!(app.get(&own.replace(app.base(), "")).expect(200).id(), made.id());
        for member in ["/created_at", "/updated_at"] {
            let time = made.text_at(member);
            assert!(chrono::DateTime::parse_from_rfc3339(&time).is_ok() && time.ends_with('Z'), "{made}");
        }
        assert_eq!(format!("\"{}\"", made.text_at("/etag")), made.etag());
        let made = made.has(&resource.key_pointer(), "plain").lacks(&resource.text().1);
        if resource.has_external_ids {
            made.has("/external_ids", json!([])).has("/validity", "valid");
        }
    });
}

#[test]
fn post_keeps_every_field() {
    for_each(&RESOURCES, |app, resource| {
        let body = resource.full_body("full");
        let made = app.post(&resource.path(), body.clone()).expect(201);
        for (member, value) in body.as_object().expect("an object") {
            assert_eq!(made.json[member], *value, "{made}");
        }
    });
}

#[test]
fn post_of_a_key_that_is_there_is_refused_whatever_its_case() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, "Straße");
        for key in ["Straße", "STRASSE", " strasse "] {
            app.post(&resource.path(), resource.body(key)).expect(409).problem("key_taken");
        }
    });
}

#[test]
fn put_creates_then_replaces() {
    for_each(&RESOURCES, |app, resource| {
        let (member, pointer) = resource.text();
        let mut body = resource.full_body("one");
        let made = app.put(&resource.at("one"), body.clone()).expect(201);
        assert!(!made.header("Location").is_empty(), "{made}");
        body[member] = json!("another");
        app.put(&resource.at("one"), body).expect(200).has(&pointer, "another").has("/id", made.id());
        let bare = app.put(&resource.at("one"), json!({})).expect(200).has("/id", made.id());
        let bare = resource.texts.iter().fold(bare, |reply, member| reply.lacks(&format!("/{member}")));
        bare.has(&resource.key_pointer(), "one");
    });
}

#[test]
fn put_takes_the_key_from_the_path() {
    for_each(&RESOURCES, |app, resource| {
        app.put(&resource.at("from the path"), json!({})).expect(201).has(&resource.key_pointer(), "from the path");
    });
}

#[test]
fn put_with_another_key_in_the_body_is_refused() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, "here");
        for reference in ["here", "not yet"] {
            app.put(&resource.at(reference), resource.body("there")).refused().pointers(&[&resource.key_pointer()]);
        }
        app.get(&resource.at("there")).expect(404);
    });
}

#[test]
fn put_by_an_opaque_id_that_is_nobodys_creates_nothing() {
    for_each(&RESOURCES, |app, resource| {
        let id = resource.create(app, "here").id();
        app.delete(&resource.at("here")).expect(204);
        app.put(&resource.at_id(&id), resource.body("here")).expect(404).problem(&resource.not_found());
    });
}

#[test]
fn the_same_put_again_changes_nothing() {
    for_each(&RESOURCES, |app, resource| {
        let body = resource.full_body("same");
        let first = app.put(&resource.at("same"), body.clone()).expect(201);
        let second = app.put(&resource.at("same"), body).expect(200);
        assert_eq!(second.etag(), first.etag());
        assert_eq!(second.revision(), first.revision());
        assert_eq!(second.json["updated_at"], first.json["updated_at"]);
    });
}

#[test]
fn an_id_is_never_given_again() {
    for_each(&RESOURCES, |app, resource| {
        let first = resource.create(app, "phoenix").id();
        app.delete(&resource.at("phoenix")).expect(204);
        let second = resource.create(app, "phoenix").id();
        assert_ne!(second, first);
        app.get(&resource.at_id(&first)).expect(404).problem(&resource.not_found());
    });
}

#[test]
fn a_fresh_installation_has_groups_and_a_back_end() {
    let app = TestApp::start();
    app.get("/v1/groups").expect(200).lists("name", &["users", "admin", "stats"]);
    app.get("/v1/back-ends").expect(200).lists("name", &["default"]);
    app.get("/v1/back-ends/default").expect(200).has("/group_support", true).has("/read_only", false);
    for collection in ["customers", "customer-users", "services"] {
        app.get(&format!("/v1/{collection}")).expect(200).lists("id", &[]);
    }
}
