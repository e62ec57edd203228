//! The tree of services: where the name says it stands, and everything below it moves along.

use super::directory::SERVICES;
use crate::common::{Reply, TestApp, at, json};

fn with_tree() -> TestApp {
    let app = TestApp::start();
    app.services(&["IT", "IT::Network", "IT::Network::VPN", "IT::Mail", "HR"]);
    app
}

fn rename(app: &TestApp, from: &str, to: &str) -> Reply {
    app.patch(&SERVICES.at(from), json!({"name": to}))
}

#[track_caller]
fn has_names(app: &TestApp, names: &[&str]) {
    app.get("/v1/services").expect(200).lists("name", names);
}

const UNTOUCHED: [&str; 5] = ["IT", "IT::Network", "IT::Network::VPN", "IT::Mail", "HR"];

#[test]
fn a_service_shows_its_parent() {
    let app = with_tree();
    app.get(&SERVICES.at("it::network::vpn")).expect(200).has("/parent", "IT::Network");
    app.get(&SERVICES.at("IT")).expect(200).lacks("/parent");
}

#[test]
fn a_parent_must_exist() {
    let app = with_tree();
    let refused = app.post("/v1/services", json!({"name": "Legal::Contracts"})).refused();
    refused.error_code("parent_not_found").names("Legal");
    app.put(&SERVICES.at("Legal::Contracts"), json!({})).refused().error_code("parent_not_found").names("Legal");
    has_names(&app, &UNTOUCHED);
}

#[test]
fn a_child_takes_the_case_of_its_parent() {
    let app = with_tree();
    app.post("/v1/services", json!({"name": "it::MAIL::Archive"})).expect(201).has("/name", "IT::Mail::Archive");
}

#[test]
fn parts_are_trimmed() {
    let app = with_tree();
    app.post("/v1/services", json!({"name": " IT ::  Mail:: Archive "})).expect(201).has("/name", "IT::Mail::Archive");
}

#[test]
fn parts_are_never_empty_and_hold_no_separator() {
    let app = with_tree();
    for name in ["IT::", "::IT", "IT::::Mail", "IT:: ::Mail", "::", "IT:::Mail", "IT::..", "IT::a\u{0}b"] {
        app.post("/v1/services", json!({"name": name})).refused().pointers(&["/name"]);
    }
    app.post("/v1/services", json!({"name": "IT::a:b"})).expect(201).has("/parent", "IT");
}

#[test]
fn siblings_have_different_names_whatever_their_case() {
    let app = with_tree();
    app.post("/v1/services", json!({"name": "it::network"})).expect(409).problem("key_taken");
    app.post("/v1/services", json!({"name": "HR::Network"})).expect(201);
}

#[test]
fn a_rename_carries_the_subtree() {
    let app = with_tree();
    let vpn = app.get(&SERVICES.at("IT::Network::VPN")).expect(200).id();
    rename(&app, "IT", "Technik").expect(200).has("/name", "Technik");
    has_names(&app, &["Technik", "Technik::Network", "Technik::Network::VPN", "Technik::Mail", "HR"]);
    let moved = app.get(&SERVICES.at_id(&vpn)).expect(200).has("/name", "Technik::Network::VPN");
    moved.has("/parent", "Technik::Network");
    app.get(&SERVICES.at("IT::Network::VPN")).expect(404);
}

#[test]
fn a_rename_changes_the_etags_below_it() {
    let app = with_tree();
    let before = app.get(&SERVICES.at("IT::Network::VPN")).expect(200).etag();
    rename(&app, "IT", "Technik").expect(200);
    assert_ne!(app.get(&SERVICES.at("Technik::Network::VPN")).expect(200).etag(), before);
}

#[test]
fn a_rename_may_change_the_case_alone() {
    let app = with_tree();
    rename(&app, "IT", "It").expect(200);
    has_names(&app, &["It", "It::Network", "It::Network::VPN", "It::Mail", "HR"]);
}

#[test]
fn the_old_names_are_free_at_once() {
    let app = with_tree();
    rename(&app, "IT", "Technik").expect(200);
    app.services(&["IT", "IT::Network", "IT::Network::VPN"]);
}

#[test]
fn a_move_carries_the_subtree() {
    let app = with_tree();
    rename(&app, "IT::Network", "HR::Net").expect(200).has("/parent", "HR");
    has_names(&app, &["IT", "IT::Mail", "HR", "HR::Net", "HR::Net::VPN"]);
}

#[test]
fn a_move_may_lead_to_the_root_or_up_its_own_branch() {
    let app = with_tree();
    rename(&app, "IT::Network", "Network").expect(200).lacks("/parent");
    rename(&app, "Network::VPN", "VPN").expect(200);
    rename(&app, "Network", "VPN::Network").expect(200).has("/parent", "VPN");
    has_names(&app, &["IT", "IT::Mail", "HR", "VPN", "VPN::Network"]);
}

#[test]
fn a_move_below_itself_is_a_cycle() {
    let app = with_tree();
    for (from, to) in [("IT", "IT::IT"), ("IT", "IT::Network::IT"), ("IT::Network", "it::network::vpn::x")] {
        rename(&app, from, to).expect(409).problem("service_cycle");
    }
    has_names(&app, &UNTOUCHED);
}

#[test]
fn a_name_that_only_begins_alike_is_no_cycle() {
    let app = with_tree();
    app.service("ITx");
    rename(&app, "IT", "ITx::IT").expect(200).has("/parent", "ITx");
    app.get(&SERVICES.at("ITx::IT::Network::VPN")).expect(200);
}

#[test]
fn a_collision_is_refused_by_name() {
    let app = with_tree();
    app.service("HR::Network");
    rename(&app, "IT::Network", "HR::Network").expect(409).problem("key_taken").names("HR::Network");
    rename(&app, "HR", "it").expect(409).problem("key_taken");
    app.get(&SERVICES.at("IT::Network::VPN")).expect(200);
}

#[test]
fn a_move_to_a_parent_that_is_not_there_is_refused() {
    let app = with_tree();
    rename(&app, "IT::Network", "Legal::Network").refused().error_code("parent_not_found").names("Legal");
    has_names(&app, &UNTOUCHED);
}

#[test]
fn a_descendant_that_would_be_too_long_is_refused_by_name() {
    let app = TestApp::start();
    let leaf = "x".repeat(150);
    app.services(&["A", &format!("A::{leaf}")]);
    let long = "y".repeat(60);
    rename(&app, "A", &long).expect(409).problem("service_name_too_long").names(&leaf);
    rename(&app, "A", &"y".repeat(48)).expect(200);
    app.get(&SERVICES.at(&format!("{}::{leaf}", "y".repeat(48)))).expect(200);
}

#[test]
fn links_defaults_and_external_ids_follow_a_move() {
    let app = with_tree();
    app.customer_user("jane");
    app.customer_user("john");
    app.link_service("jane", "IT::Network::VPN");
    app.set_roll("/v1/default-services", &["IT::Mail"]);
    app.admin().put_empty(&SERVICES.external_id("IT::Network::VPN", "cmdb", "7")).expect(201);
    rename(&app, "IT", "HR::IT").expect(200);
    assert!(app.serves("jane", "HR::IT::Network::VPN"));
    assert!(app.serves("john", "HR::IT::Mail"));
    app.get(&SERVICES.at("external:cmdb:7")).expect(200).has("/name", "HR::IT::Network::VPN");
}

#[test]
fn a_service_counts_only_with_every_ancestor() {
    let app = with_tree();
    app.customer_user("jane");
    app.link_service("jane", "IT::Network::VPN");
    app.set_roll("/v1/default-services", &["HR"]);
    for (ancestor, validity, expected) in [
        ("IT", "invalid", false),
        ("IT", "valid", true),
        ("IT::Network", "invalid_temporarily", false),
        ("IT::Network", "valid", true),
        ("IT::Network::VPN", "invalid", false),
    ] {
        app.patch(&SERVICES.at(ancestor), json!({"validity": validity})).expect(200);
        assert_eq!(app.serves("jane", "IT::Network::VPN"), expected, "{ancestor} is {validity}");
        // A link that does not count suppresses no default (rule 5).
        assert_eq!(app.serves("jane", "HR"), !expected, "{ancestor} is {validity}");
    }
}

#[test]
fn a_move_out_of_an_invalid_branch_makes_it_count() {
    let app = with_tree();
    app.customer_user("jane");
    app.link_service("jane", "IT::Network::VPN");
    app.patch(&SERVICES.at("IT"), json!({"validity": "invalid"})).expect(200);
    assert!(!app.serves("jane", "IT::Network::VPN"));
    rename(&app, "IT::Network", "HR::Network").expect(200);
    assert!(app.serves("jane", "HR::Network::VPN"));
}

#[test]
fn the_answer_names_the_basis_and_what_was_suppressed() {
    let app = with_tree();
    app.customer_user("jane");
    app.set_roll("/v1/default-services", &["HR", "IT::Mail"]);
    let access = at(&["customer-users", "jane", "access"]);
    app.get(&access).expect(200).has("/services/basis", "default");
    app.link_service("jane", "IT");
    let answer = app.get(&access).expect(200).has("/services/basis", "assigned");
    let suppressed = answer.json["services"]["suppressed_defaults"].as_array().expect("a list");
    let mut names: Vec<_> = suppressed.iter().map(|service| service["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [Some("HR"), Some("IT::Mail")], "{answer}");
}
