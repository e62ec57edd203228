//! The relation screens, in the steps of whoever sits before them.

use crate::common::{Reply, TestApp, Value, at, each, json, query};

fn matrix(app: &TestApp, segments: &[&str]) -> Reply {
    app.get(&at(segments)).expect(200)
}

/// The row of this key.
fn row<'r>(reply: &'r Reply, key: &str) -> &'r Value {
    reply.items().iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no row {key}: {}", reply.json))
}

fn save(app: &TestApp, segments: &[&str], cells: Value) -> Reply {
    app.patch(&at(segments), json!({ "cells": cells }))
}

#[test]
fn assign_some_groups_to_a_customer() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    // 1. Open the customer: every group is there, none is granted.
    let screen = matrix(&app, &["customers", "acme", "group-matrix"]);
    assert_eq!(row(&screen, "users")["cells"][0]["granted"], json!([]));
    // 2. Mark "read only" for users and "read and write" for stats.
    let cells = json!([{"row": "users", "permissions": ["ro"]}, {"row": "stats", "permissions": ["rw"]}]);
    // 3. Save: the reply is the rows of the delta, fresh.
    let saved = save(&app, &["customers", "acme", "group-matrix"], cells).expect(200).has("/counts/created", 2);
    assert_eq!(row(&saved, "stats")["cells"][0]["effective"], json!(["ro", "rw"]));
    assert_eq!(row(&saved, "users")["cells"][0]["sources"][0]["kind"], "customer_link");
    assert!(
        app.allows("jane", "users", "ro") && app.allows("jane", "stats", "rw") && !app.allows("jane", "users", "rw")
    );
}

#[test]
fn assign_some_customers_to_a_group() {
    let app = TestApp::start();
    each(&["acme", "beta", "gamma"], |customer| app.customer(customer));
    app.link_customer("gamma", "users", &["rw"]);
    let cells = json!([{"row": "acme", "permissions": ["ro"]}, {"row": "gamma", "permissions": []}]);
    let saved = save(&app, &["groups", "users", "customer-matrix"], cells).expect(200);
    assert_eq!(saved.json["counts"], json!({"created": 1, "changed": 0, "removed": 1, "unchanged": 0}));
    let screen = matrix(&app, &["groups", "users", "customer-matrix"]);
    assert_eq!(row(&screen, "acme")["cells"][0]["granted"], json!(["ro"]));
    assert_eq!(row(&screen, "gamma")["cells"][0]["granted"], json!([]));
}

#[test]
fn assign_groups_to_a_customer_user_and_customer_users_to_a_group() {
    let app = TestApp::start();
    each(&["jane", "john"], |login| app.customer_user(login));
    let cells = json!([{"row": "users", "permissions": ["ro"]}]);
    save(&app, &["customer-users", "jane", "group-matrix"], cells).expect(200).has("/counts/created", 1);
    let cells = json!([{"row": "john", "permissions": ["rw"], "expected": []}]);
    save(&app, &["groups", "users", "customer-user-matrix"], cells).expect(200).has("/counts/created", 1);
    let screen = matrix(&app, &["groups", "users", "customer-user-matrix"]);
    assert_eq!(row(&screen, "jane")["cells"][0]["granted"], json!(["ro"]));
    assert_eq!(row(&screen, "john")["cells"][0]["effective"], json!(["ro", "rw"]));
    assert!(screen.json["columns"][0].get("context").is_none());
}

#[test]
fn assign_services_and_additional_customers_from_both_sides() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer("beta");
    app.customer_user_of("jane", "acme");
    app.services(&["IT", "IT::VPN"]);
    let services = ["customer-users", "jane", "service-matrix"];
    save(&app, &services, json!([{"row": "IT::VPN", "granted": true}])).expect(200).has("/counts/created", 1);
    assert!(app.serves("jane", "IT::VPN") && !app.serves("jane", "IT"));
    let side = ["services", "IT::VPN", "customer-user-matrix"];
    assert_eq!(row(&matrix(&app, &side), "jane")["granted"], true);
    let customers = ["customer-users", "jane", "customer-matrix"];
    let saved = save(&app, &customers, json!([{"row": "beta", "granted": true}])).expect(200);
    assert_eq!(row(&saved, "beta")["effective"], true);
    let screen = matrix(&app, &customers);
    assert_eq!(
        (&row(&screen, "acme")["locked"], &row(&screen, "acme")["lock_reason"]),
        (&json!(true), &json!("primary_customer"))
    );
    save(&app, &["customers", "beta", "customer-user-matrix"], json!([{"row": "jane", "granted": false}])).expect(200);
    assert_eq!(row(&matrix(&app, &customers), "beta")["granted"], false);
}

#[test]
fn a_save_leaves_alone_whom_the_screen_did_not_show() {
    let app = TestApp::start();
    let customers: Vec<String> = (0..230).map(|number| format!("c{number:03}")).collect();
    for customer in &customers {
        app.customer(customer);
        app.link_customer(customer, "users", &["ro"]);
    }
    // The screen shows 200 rows; somebody changes the first one and saves.
    let screen = app.get(&query("/v1/groups/users/customer-matrix", &[("limit", "200")])).expect(200);
    assert_eq!(screen.items().len(), 200);
    let version = screen.text_at("/links_version");
    let delta =
        json!({"links_version": version, "cells": [{"row": "c000", "permissions": ["rw"], "expected": ["ro"]}]});
    app.patch("/v1/groups/users/customer-matrix", delta).expect(200).has("/counts/changed", 1);
    // Nobody unseen lost anything, and the pages show everybody once.
    let rows = app.admin().pages("/v1/groups/users/customer-matrix", &[("limit", "50"), ("granted", "any")]);
    assert_eq!(rows.len(), 230);
    assert!(rows[1..].iter().all(|row| row["cells"][0]["granted"] == json!(["ro"])));
}

#[test]
fn of_two_saves_of_one_screen_the_second_is_told() {
    let app = TestApp::start();
    app.customer("acme");
    let path = at(&["customers", "acme", "group-matrix"]);
    let version = app.get(&path).text_at("/links_version");
    let delta = |row: &str| json!({"links_version": version, "cells": [{"row": row, "permissions": ["ro"]}]});
    app.patch(&path, delta("users")).expect(200);
    app.patch(&path, delta("stats")).expect(412).problem("precondition_failed");
    app.admin()
        .if_match(&format!("\"{version}\""))
        .patch(&path, json!({"cells": []}))
        .expect(412)
        .problem("precondition_failed");
    assert_eq!(row(&app.get(&path), "stats")["cells"][0]["granted"], json!([]));
}

#[test]
fn a_rename_in_the_meantime_does_not_make_a_save_fail() {
    let app = TestApp::start();
    let id = app.customer("acme").id();
    let screen = matrix(&app, &["groups", "users", "customer-matrix"]);
    app.patch("/v1/customers/acme", json!({"customer_id": "acme-2"})).expect(200);
    let cells = json!([{"row": format!("id:{id}"), "permissions": ["ro"]}]);
    let delta = json!({"links_version": screen.text_at("/links_version"), "cells": cells});
    app.patch("/v1/groups/users/customer-matrix", delta).expect(200).has("/items/0/key", "acme-2");
}

#[test]
fn a_cell_that_is_not_what_the_screen_showed_is_named_and_nothing_is_saved() {
    let app = TestApp::start();
    app.customer("acme");
    app.link_customer("acme", "stats", &["rw"]);
    let cells = json!([
        {"row": "users", "permissions": ["ro"], "expected": []},
        {"row": "stats", "permissions": ["ro"], "expected": []},
    ]);
    let refused = save(&app, &["customers", "acme", "group-matrix"], cells).expect(409).problem("cells_changed");
    refused.pointers(&["/cells/1"]);
    let screen = matrix(&app, &["customers", "acme", "group-matrix"]);
    assert_eq!(row(&screen, "users")["cells"][0]["granted"], json!([]));
}

#[test]
fn a_delta_is_saved_whole_or_not_at_all() {
    let app = TestApp::start();
    app.customer("acme");
    let path = ["customers", "acme", "group-matrix"];
    let good = json!({"row": "users", "permissions": ["ro"]});
    for (bad, pointer) in [
        (json!({"row": "nowhere", "permissions": ["ro"]}), "/cells/1/row"),
        (json!({"row": "stats", "permissions": ["fly"]}), "/cells/1/permissions/0"),
        (json!({"row": "id:g1", "permissions": ["rw"]}), "/cells/1/row"),
    ] {
        save(&app, &path, json!([good, bad])).expect(422).problem("invalid_input").pointers(&[pointer]);
    }
    let none = |row: &str| json!({"row": row, "permissions": ["ro"]});
    save(&app, &path, json!([none("nowhere"), good, none("id:g99")]))
        .expect(422)
        .pointers(&["/cells/0/row", "/cells/2/row"]);
    let refused = save(&app, &path, json!([{"row": "users", "permissions": ["fly"]}])).expect(422);
    assert_eq!(refused.json["errors"][0]["detail"], "the permission type \"fly\" is not configured; there are ro, rw");
    save(&app, &path, json!([{"row": "users", "context": "other_customers", "permissions": ["ro"]}]))
        .expect(409)
        .problem("context_off");
    assert_eq!(row(&matrix(&app, &path), "users")["cells"][0]["granted"], json!([]));
}

#[test]
fn what_is_given_anyway_is_locked_and_can_be_prepared_all_the_same() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    app.put("/v1/always-groups/customer-users/stats", json!({})).expect(201);
    let cell = |app: &TestApp, subject: &[&str], key: &str| row(&matrix(app, subject), key)["cells"][0].clone();
    let (customer, user) = (["customers", "acme", "group-matrix"], ["customer-users", "jane", "group-matrix"]);
    assert_eq!(cell(&app, &customer, "stats")["lock_reason"], "customer_user_always_group");
    assert_eq!(cell(&app, &user, "stats")["effective"], json!(["ro", "rw"]));
    app.set_settings(json!({"group_support": false}));
    assert_eq!(cell(&app, &user, "users")["lock_reason"], "group_support_off");
    save(&app, &user, json!([{"row": "users", "permissions": ["ro"]}])).expect(200).has("/group_support/active", false);
    app.set_settings(json!({"group_support": true}));
    assert!(app.allows("jane", "users", "ro") && !app.allows("jane", "users", "rw"));
}

#[test]
fn rows_can_be_searched_and_filtered() {
    let app = TestApp::start();
    app.customer("acme");
    app.group("Support");
    app.link_customer("acme", "users", &["ro"]);
    let keys = |parameters: &[(&str, &str)]| {
        app.get(&query("/v1/customers/acme/group-matrix", parameters)).expect(200).each("key")
    };
    assert_eq!(keys(&[("q", "supp*")]), ["Support"]);
    assert_eq!(keys(&[("granted", "any")]), ["users"]);
    assert_eq!(keys(&[("granted", "none"), ("sort", "id")]), ["admin", "stats", "Support"]);
    app.patch("/v1/groups/stats", json!({"validity": "invalid"})).expect(200);
    assert_eq!(keys(&[("validity", "invalid")]), ["stats"]);
}

#[test]
fn a_screen_leads_to_its_rows_and_back() {
    let app = TestApp::start();
    app.customer("acme");
    let screen = matrix(&app, &["customers", "acme", "group-matrix"]);
    let there = row(&screen, "users")["links"]["customer_matrix"].as_str().expect("a link").to_owned();
    let back = app.get(&there).expect(200);
    let back = row(&back, "acme")["links"]["group_matrix"].as_str().expect("a link").to_owned();
    app.get(&back).expect(200).has("/subject/customer_id", "acme");
}
