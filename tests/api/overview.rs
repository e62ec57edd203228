//! The landing page.

use crate::common::{TestApp, Value, each, json};

fn overview(app: &TestApp) -> Value {
    app.get("/v1/overview").expect(200).json
}

fn hints(overview: &Value) -> Vec<(String, u64)> {
    let hints = overview["hints"].as_array().into_iter().flatten();
    let hint =
        |hint: &Value| (hint["code"].as_str().unwrap_or_default().to_owned(), hint["count"].as_u64().unwrap_or(0));
    hints.map(hint).collect()
}

fn codes(overview: &Value) -> Vec<String> {
    hints(overview).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn a_fresh_installation_says_where_to_begin() {
    let app = TestApp::start();
    let shown = overview(&app);
    assert_eq!(shown["groups"], json!({"total": 3, "valid": 3, "invalid": 0, "invalid_temporarily": 0}));
    assert_eq!(shown["group_support"], json!({"active": true, "usable": true, "unrestricted_customer_users": 0}));
    assert_eq!(shown["back_ends"][0]["name"], "default");
    assert_eq!(codes(&shown), ["no_customers", "no_customer_users", "no_services", "groups_without_links"]);
    for hint in shown["hints"].as_array().into_iter().flatten() {
        app.get(hint["path"].as_str().unwrap_or_default()).expect(200);
    }
}

#[test]
fn everything_is_counted_by_validity() {
    let app = TestApp::start();
    each(&["acme", "beta", "gamma"], |customer| app.customer(customer));
    app.patch("/v1/customers/beta", json!({"validity": "invalid"})).expect(200);
    app.patch("/v1/customers/gamma", json!({"validity": "invalid_temporarily"})).expect(200);
    each(&["jane", "john"], |login| app.customer_user_of(login, "acme"));
    app.customer_user("solo");
    app.services(&["IT", "HR", "Idle"]);
    app.set_roll("/v1/default-services", &["IT"]);
    app.set_roll("/v1/always-groups/customer-users", &["users"]);
    app.link_customer("acme", "stats", &["ro"]);
    each(&["jane", "john"], |login| app.link_customer_user(login, "stats", &["ro"]));
    app.link_service("jane", "HR");
    app.add_customer("jane", "beta");
    let shown = overview(&app);
    assert_eq!(shown["customers"], json!({"total": 3, "valid": 1, "invalid": 1, "invalid_temporarily": 1}));
    let links = json!({
        "customer_group_links": 1, "customer_user_group_links": 2, "customer_user_service_links": 1,
        "customer_memberships": 1,
    });
    assert_eq!(shown["link_counts"], links);
    assert_eq!((&shown["default_services"], &shown["customer_user_always_groups"]), (&json!(1), &json!(1)));
    let expected = [
        ("customers_without_customer_users", 1),
        ("customer_users_without_customer", 1),
        ("groups_without_links", 1),
        ("services_without_links", 1),
    ];
    assert_eq!(hints(&shown), expected.map(|(code, count)| (code.to_owned(), count)));
}

#[test]
fn whom_no_group_restricts_is_said() {
    let app = TestApp::start();
    app.back_end("ldap");
    each(&["lars", "lena"], |login| app.customer_user_in(login, "ldap"));
    app.customer_user("jane");
    // Who is not valid has nothing, restricted or not.
    app.customer_user_in("lisa", "ldap");
    app.patch("/v1/customer-users/lisa", json!({"validity": "invalid"})).expect(200);
    let off = app.patch("/v1/back-ends/ldap", json!({"group_support": false})).expect(200);
    assert_eq!(off.json["warnings"][0]["count"], 2);
    let shown = overview(&app);
    assert_eq!(shown["group_support"], json!({"active": true, "usable": true, "unrestricted_customer_users": 2}));
    assert!(hints(&shown).contains(&("back_end_unrestricted".to_owned(), 2)));
    assert!(app.get("/v1/overview").json["back_ends"][1]["restricted"] == false);
    app.set_settings(json!({"group_support": false}));
    let shown = overview(&app);
    assert_eq!(shown["group_support"], json!({"active": false, "usable": false, "unrestricted_customer_users": 3}));
    assert!(hints(&shown).contains(&("group_support_off".to_owned(), 3)));
    assert!(!codes(&shown).contains(&"back_end_unrestricted".to_owned()), "it is off for everybody");
}

#[test]
fn the_overview_is_of_one_revision_and_conditional() {
    let app = TestApp::start();
    let first = app.get("/v1/overview").expect(200);
    app.admin().if_none_match(first.header("etag")).get("/v1/overview").expect(304);
    app.customer("acme");
    let second = app.admin().if_none_match(first.header("etag")).get("/v1/overview").expect(200);
    assert_ne!(second.revision(), first.revision());
}
