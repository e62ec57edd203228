//! `q`: words, accents, wildcards; whose fields it looks at.

use super::{CUSTOMER_USERS, CUSTOMERS, GROUPS, RESOURCES, SERVICES, for_each};
use crate::common::{TestApp, json, query};

/// What a search in the groups of this installation finds.
fn groups_found(app: &TestApp, q: &str) -> Vec<String> {
    let mut found = app.get(&query("/v1/groups", &[("q", q)])).expect(200).each("name");
    found.sort_unstable();
    found
}

fn with_groups(names: &[&str]) -> TestApp {
    let app = TestApp::start();
    GROUPS.create_all(&app, names);
    app
}

#[test]
fn a_word_is_a_substring_whatever_its_case() {
    for_each(&RESOURCES, |app, resource| {
        resource.create_all(app, &["Northwind", "wind farm", "Southwest"]);
        let path = query(&resource.path(), &[("q", "WIND")]);
        app.get(&path).expect(200).lists(resource.key, &["Northwind", "wind farm"]);
    });
}

#[test]
fn words_are_anded_in_any_order() {
    let app = with_groups(&["network support emea", "network emea", "support apac"]);
    assert_eq!(groups_found(&app, "emea  supp"), ["network support emea"]);
    assert_eq!(groups_found(&app, "net emea"), ["network emea", "network support emea"]);
    assert_eq!(groups_found(&app, "net apac"), [""; 0]);
}

#[test]
fn accents_do_not_matter() {
    let app = with_groups(&["Zürich", "Curaçao", "Straße", "Łódź", "Ελλάδα"]);
    for (q, expected) in [
        ("zurich", "Zürich"),
        ("ZÜRICH", "Zürich"),
        ("Zu\u{308}rich", "Zürich"),
        ("curacao", "Curaçao"),
        ("strasse", "Straße"),
        ("ελλαδα", "Ελλάδα"),
    ] {
        assert_eq!(groups_found(&app, q), [expected], "{q}");
    }
}

#[test]
fn a_wildcard_anchors() {
    let app = with_groups(&["net-one", "intranet", "network", "planet x"]);
    assert_eq!(groups_found(&app, "net*"), ["net-one", "network"]);
    assert_eq!(groups_found(&app, "*net"), ["intranet"]);
    assert_eq!(groups_found(&app, "n*k"), ["network"]);
    assert_eq!(groups_found(&app, "*net*"), ["intranet", "net-one", "network", "planet x"]);
}

#[test]
fn wildcards_have_a_limit() {
    let app = TestApp::start();
    app.get(&query("/v1/groups", &[("q", "a*b*c*d*e*f*g*h*i*j*k*l*m*")])).expect(400).problem("invalid_parameter");
}

#[test]
fn a_search_is_no_longer_than_what_it_looks_for() {
    let app = TestApp::start();
    app.get(&query("/v1/groups", &[("q", &"x".repeat(200))])).expect(200);
    for long in ["x".repeat(201), "x ".repeat(2_000), "x".repeat(60_000)] {
        let refused = app.get(&query("/v1/groups", &[("q", &long)])).expect(400);
        refused.problem("invalid_parameter").names("q");
    }
}

#[test]
fn a_search_is_text() {
    let app = TestApp::start();
    for path in ["/v1/customers?q=%00", "/v1/customer-users?q=a%00b&total=true", "/v1/customer-users?email=%00"] {
        app.get(path).expect(400).problem("invalid_parameter");
    }
    for filter in [json!({"q": "\0"}), json!({"q": "a\0b"}), json!({"email": "a\0"})] {
        let body = json!({"customer_users": {"filter": filter}, "groups": {"keys": ["users"]}, "grant": ["ro"]});
        app.post("/v1/customer-user-group-links:bulk", body).expect(422).problem("invalid_input");
    }
}

#[test]
fn other_characters_mean_themselves() {
    let names = ["50% off_", "500 off-", "a\\b", "axb", "it's", "\"quoted\""];
    let app = with_groups(&names);
    for (q, expected) in
        [("50%", "50% off_"), ("off_", "50% off_"), ("a\\b", "a\\b"), ("t's", "it's"), ("\"q", "\"quoted\"")]
    {
        assert_eq!(groups_found(&app, q), [expected], "{q}");
    }
}

#[test]
fn nothing_to_look_for_finds_everything() {
    let app = TestApp::start();
    for q in ["", "  ", "*"] {
        assert_eq!(groups_found(&app, q), ["admin", "stats", "users"], "{q:?}");
    }
}

#[test]
fn customers_are_found_by_key_and_name() {
    let app = TestApp::start();
    app.post("/v1/customers", json!({"customer_id": "K-17", "name": "Acme", "city": "Ulm"})).expect(201);
    let found = |q| app.get(&query("/v1/customers", &[("q", q)])).expect(200).items().len();
    assert_eq!([found("k-1"), found("acm"), found("17 acme"), found("ulm")], [1, 1, 1, 0]);
}

#[test]
fn customer_users_are_found_by_login_email_and_names() {
    let app = TestApp::start();
    let body =
        json!({"login": "jd", "email": "mail@x.example", "first_name": "Jané", "last_name": "Doe", "city": "Ulm"});
    app.post("/v1/customer-users", body).expect(201);
    app.customer_user("other");
    for q in ["jd", "mail@", "jane", "doe", "doe JANE x.example"] {
        app.get(&query("/v1/customer-users", &[("q", q)])).expect(200).lists("login", &["jd"]);
    }
    app.get("/v1/customer-users?q=ulm").expect(200).lists("login", &[]);
}

#[test]
fn customer_users_are_found_by_their_customers() {
    let app = TestApp::start();
    app.post("/v1/customers", json!({"customer_id": "K-17", "name": "Acmé Inc."})).expect(201);
    app.customer_user_of("primary", "K-17");
    app.customer_user("additional");
    app.add_customer("additional", "K-17");
    app.customer_user("stranger");
    for q in ["k-17", "acme", "acme inc"] {
        let found = app.get(&query("/v1/customer-users", &[("q", q)])).expect(200);
        found.lists("login", &["primary", "additional"]);
    }
    app.get("/v1/customer-users?q=acme%20prim").expect(200).lists("login", &["primary"]);
}

#[test]
fn a_search_follows_renames_at_once() {
    let app = TestApp::start();
    CUSTOMERS.create(&app, "acme");
    app.customer_user_of("jane", "acme");
    app.patch("/v1/customers/acme", json!({"customer_id": "beta", "name": "Gamma"})).expect(200);
    for (q, expected) in [("acme", &[][..]), ("beta", &["jane"]), ("gamma", &["jane"])] {
        app.get(&query(&CUSTOMER_USERS.path(), &[("q", q)])).expect(200).lists("login", expected);
    }
}

#[test]
fn groups_are_found_by_comment() {
    let app = TestApp::start();
    app.post("/v1/groups", json!({"name": "g", "comment": "für das Büro"})).expect(201);
    assert_eq!(groups_found(&app, "buro"), ["g"]);
}

#[test]
fn services_are_found_by_their_full_name() {
    let app = TestApp::start();
    SERVICES.create_all(&app, &["IT", "IT::Network", "IT::Network::VPN", "HR"]);
    let found = |q| app.get(&query("/v1/services", &[("q", q)])).expect(200);
    found("it::net").lists("name", &["IT::Network", "IT::Network::VPN"]);
    found("*vpn").lists("name", &["IT::Network::VPN"]);
    app.patch("/v1/services/IT", json!({"name": "Technik"})).expect(200);
    found("technik vpn").lists("name", &["Technik::Network::VPN"]);
}
