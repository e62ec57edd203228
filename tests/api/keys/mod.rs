//! Natural keys: which are the same, which are refused, and that each works in every route.

mod routes;

use super::directory::{BACK_ENDS, CUSTOMERS, RESOURCES, for_each};
use crate::common::{TestApp, json};

/// Pairs that are one key: NFC, and full, locale-free case folding.
const SAME: [(&str, &str); 11] = [
    ("acme", "ACME"),
    ("Straße", "STRASSE"),
    ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ("ΟΔΟΣ", "οδος"),
    ("οδος", "οδοσ"),
    ("İx", "i\u{307}x"),
    ("\u{fb01}sh", "FISH"),
    ("Mu\u{308}ller", "MÜLLER"),
    ("\u{212b}ngstrom", "ångstrom"),
    ("ǅ", "ǆ"),
    ("Ωmega", "\u{2126}mega"),
];

/// Pairs that look alike and are two keys.
const DIFFERENT: [(&str, &str); 6] =
    [("Muller", "Müller"), ("ı", "i"), ("İ", "i"), ("a b", "a  b"), ("²", "2"), ("a\u{430}", "aa")];

#[test]
fn keys_that_are_the_same_name_one_thing() {
    for_each(&RESOURCES, |app, resource| {
        for (written, asked) in SAME {
            let id = resource.create(app, written).id();
            app.get(&resource.at(asked)).expect(200).has("/id", id.clone());
            app.post(&resource.path(), resource.body(asked)).expect(409).problem("key_taken");
            app.put(&resource.at(asked), json!({})).expect(200).has("/id", id);
            app.delete(&resource.at(asked)).expect(204);
        }
    });
}

#[test]
fn keys_that_only_look_alike_name_two_things() {
    for_each(&RESOURCES, |app, resource| {
        for (one, other) in DIFFERENT {
            let ids = [one, other].map(|key| resource.create(app, key).id());
            for (key, id) in [one, other].into_iter().zip(ids) {
                app.get(&resource.at(key)).expect(200).has("/id", id);
                app.delete(&resource.at(key)).expect(204);
            }
        }
    });
}

#[test]
fn keys_keep_the_case_they_were_written_in() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, "Straße ΣΊΣΥΦΟΣ");
        app.get(&resource.at("STRASSE σίσυφος")).expect(200).has(&resource.key_pointer(), "Straße ΣΊΣΥΦΟΣ");
    });
}

#[test]
fn keys_are_trimmed_and_composed() {
    for_each(&RESOURCES, |app, resource| {
        resource.create(app, " \u{a0}Mu\u{308}ller\u{3000} ").has(&resource.key_pointer(), "Müller");
    });
}

#[test]
fn keys_have_1_to_200_characters() {
    for_each(&RESOURCES, |app, resource| {
        let longest = "ü".repeat(200);
        resource.create(app, &longest);
        app.get(&resource.at(&longest)).expect(200).has(&resource.key_pointer(), longest);
        let too_long = "ü".repeat(201);
        for (key, code) in [("", "empty"), (" \u{2003} ", "empty"), (&too_long, "too_long")] {
            let refused = app.post(&resource.path(), resource.body(key)).refused();
            let refused = refused.pointers(&[&resource.key_pointer()]);
            if resource.collection != "services" || code != "empty" {
                refused.error_code(code);
            }
        }
        app.get(&resource.at(&too_long)).expect(400).problem("invalid_path");
    });
}

#[test]
fn characters_that_nobody_can_see_are_refused() {
    for_each(&RESOURCES, |app, resource| {
        for c in [
            '\u{0}', '\t', '\n', '\u{1b}', '\u{7f}', '\u{ad}', '\u{200b}', '\u{202e}', '\u{2028}', '\u{2029}',
            '\u{feff}', '\u{378}',
        ] {
            let key = format!("a{c}b");
            let refused = app.post(&resource.path(), resource.body(&key)).refused();
            refused.pointers(&[&resource.key_pointer()]).error_code("forbidden_character");
            app.get(&resource.at(&key)).expect(400).problem("invalid_path");
            app.put(&resource.at(&key), json!({})).expect(400).problem("invalid_path");
        }
    });
}

#[test]
fn dots_alone_are_refused() {
    for_each(&RESOURCES, |app, resource| {
        for key in [".", "..", " .. "] {
            app.post(&resource.path(), resource.body(key)).refused().pointers(&[&resource.key_pointer()]);
        }
        for key in ["...", ".a", "a."] {
            resource.create(app, key);
            app.get(&resource.at(key)).expect(200).has(&resource.key_pointer(), key);
        }
    });
}

#[test]
fn a_key_that_looks_like_a_reference_is_reached_with_a_prefix() {
    for_each(&RESOURCES, |app, resource| {
        // A part of a service's name does not end with a colon.
        let bare = if resource.collection == "services" { &[][..] } else { &["id:", "external:"] };
        for key in ["id:c12", "external:crm:1", "key:x", "key:key:x"].iter().chain(bare) {
            let id = resource.create(app, key).id();
            app.get(&resource.at(&format!("key:{key}"))).expect(200).has("/id", id);
        }
        app.get(&resource.at("id:c12")).expect(404);
        app.get(&resource.at("key:x")).expect(404);
    });
}

#[test]
fn put_by_a_prefixed_key_creates_the_literal_one() {
    for_each(&RESOURCES, |app, resource| {
        app.put(&resource.at("key:id:c99"), resource.body("id:c99")).expect(201).has(&resource.key_pointer(), "id:c99");
        app.put(&resource.at("key:id:c99"), json!({})).expect(200);
    });
}

#[test]
fn a_plus_is_a_plus_in_a_path() {
    let app = TestApp::start();
    CUSTOMERS.create_all(&app, &["a+b", "a b"]);
    app.get("/v1/customers/a+b").expect(200).has("/customer_id", "a+b");
    app.get("/v1/customers/a%2Bb").expect(200).has("/customer_id", "a+b");
    app.get("/v1/customers/a%20b").expect(200).has("/customer_id", "a b");
}

#[test]
fn a_path_is_decoded_once() {
    let app = TestApp::start();
    BACK_ENDS.create_all(&app, &["50%", "50%25", "a%2Fb", "a/b"]);
    for (path, key) in
        [("50%25", "50%"), ("50%2525", "50%25"), ("a%252Fb", "a%2Fb"), ("a%2Fb", "a/b"), ("a%2fb", "a/b")]
    {
        app.get(&format!("/v1/back-ends/{path}")).expect(200).has("/name", key);
    }
}
