//! The default screens, saved as the relation screens are: a delta of rows, whole or not at all.

use crate::common::{Reply, TestApp, Value, json, query};

const DEFAULTS: &str = "/v1/default-services";
const OF_CUSTOMERS: &str = "/v1/always-groups/customers";
const OF_CUSTOMER_USERS: &str = "/v1/always-groups/customer-users";

fn row<'r>(reply: &'r Reply, key: &str) -> &'r Value {
    reply.items().iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no row {key}: {}", reply.json))
}

fn listed(app: &TestApp, screen: &str) -> Vec<String> {
    app.get(&query(screen, &[("granted", "any")])).expect(200).each("key")
}

#[test]
fn edit_the_default_services() {
    let app = TestApp::start();
    app.customer_user("jane");
    app.services(&["HR", "IT", "IT::VPN"]);
    app.set_roll(DEFAULTS, &["HR", "IT"]);
    // 1. Open the screen: every service is there, with whether it is a default.
    let screen = app.get(DEFAULTS).expect(200);
    assert_eq!((&row(&screen, "IT::VPN")["granted"], &row(&screen, "IT")["granted"]), (&json!(false), &json!(true)));
    // 2. Mark one, unmark another, leave the third; save.
    let cells = json!([
        {"row": "IT::VPN", "granted": true, "expected": false},
        {"row": "HR", "granted": false, "expected": true},
        {"row": "IT", "granted": true},
    ]);
    let delta = json!({"links_version": screen.text_at("/links_version"), "cells": cells});
    let saved = app.patch(DEFAULTS, delta).expect(200);
    // 3. The reply is the rows of the delta, fresh, with what was done.
    assert_eq!(saved.json["counts"], json!({"created": 1, "changed": 0, "removed": 1, "unchanged": 1}));
    assert_eq!((&row(&saved, "IT::VPN")["granted"], &row(&saved, "HR")["granted"]), (&json!(true), &json!(false)));
    // 4. It takes effect at once, and the new version is that of the screen.
    assert!(app.serves("jane", "IT::VPN") && !app.serves("jane", "HR"));
    app.get(DEFAULTS).expect(200).has("/links_version", saved.text_at("/links_version"));
}

#[test]
fn edit_the_groups_that_everybody_has() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    app.customer_user("john");
    let mark = |screen, group: &str, granted: bool| {
        let cells = json!([{"row": group, "granted": granted}]);
        app.patch(screen, json!({ "cells": cells })).expect(200)
    };
    mark(OF_CUSTOMERS, "users", true).has("/counts/created", 1).has("/items/0/key", "users");
    mark(OF_CUSTOMER_USERS, "stats", true).has("/counts/created", 1).lacks("/items/1");
    assert!(app.allows("jane", "users", "rw") && !app.allows("john", "users", "rw"));
    assert!(app.allows("jane", "stats", "rw") && app.allows("john", "stats", "rw"));
    mark(OF_CUSTOMERS, "users", false).has("/counts/removed", 1);
    assert_eq!((listed(&app, OF_CUSTOMERS).len(), listed(&app, OF_CUSTOMER_USERS)), (0, vec!["stats".to_owned()]));
}

#[test]
fn of_two_saves_of_one_screen_the_second_is_told() {
    let app = TestApp::start();
    for screen in [OF_CUSTOMERS, OF_CUSTOMER_USERS] {
        let shown = app.get(screen).expect(200);
        let version = shown.text_at("/links_version");
        // The tag of the page: the version of the whole list, and what this page shows.
        assert!(shown.etag().starts_with(&format!("\"{version}.")), "{}", shown.etag());
        let cells = |group: &str| json!([{"row": group, "granted": true}]);
        app.patch(screen, json!({"links_version": version, "cells": cells("users")})).expect(200);
        let late = json!({"links_version": version, "cells": cells("stats")});
        app.patch(screen, late).expect(412).problem("precondition_failed");
        let late = app.admin().if_match(&shown.etag()).patch(screen, json!({"cells": cells("stats")}));
        late.expect(412).problem("precondition_failed");
        assert_eq!(listed(&app, screen), ["users"]);
        let current = app.get(screen).etag();
        app.admin().if_match(&current).patch(screen, json!({"cells": cells("stats")})).expect(200);
    }
}

#[test]
fn a_row_that_is_not_what_the_screen_showed_is_named_and_nothing_is_saved() {
    let app = TestApp::start();
    app.services(&["HR", "IT"]);
    app.set_roll(DEFAULTS, &["IT"]);
    let before = app.get(DEFAULTS).revision();
    let cells = json!([
        {"row": "HR", "granted": true, "expected": false},
        {"row": "IT", "granted": true, "expected": false},
    ]);
    let refused = app.patch(DEFAULTS, json!({ "cells": cells })).expect(409).problem("cells_changed");
    refused.pointers(&["/cells/1"]).names("IT");
    assert_eq!((listed(&app, DEFAULTS), app.get(DEFAULTS).revision()), (vec!["IT".to_owned()], before));
}

#[test]
fn a_delta_is_saved_whole_or_not_at_all() {
    let app = TestApp::start();
    let good = json!({"row": "users", "granted": true});
    for (bad, pointer) in [
        (json!({"row": "nowhere", "granted": true}), "/cells/1/row"),
        (json!({"row": "id:g1", "granted": true}), "/cells/1/row"),
        (json!({"row": "stats"}), "/cells/1/granted"),
    ] {
        app.patch(OF_CUSTOMERS, json!({"cells": [good, bad]})).refused().pointers(&[pointer]);
    }
    assert!(listed(&app, OF_CUSTOMERS).is_empty());
    let nothing = app.patch(OF_CUSTOMERS, json!({"cells": []})).expect(200);
    assert_eq!(nothing.revision(), app.get(OF_CUSTOMERS).revision());
}
