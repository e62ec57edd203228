//! The settings, always-groups and default services: what a change means for access, at once.

use crate::common::{TestApp, Value, each, json};

const SETTINGS: &str = "/v1/settings";
const DEFAULTS: &str = "/v1/default-services";
const OF_CUSTOMERS: &str = "/v1/always-groups/customers";
const OF_CUSTOMER_USERS: &str = "/v1/always-groups/customer-users";

fn types(names: &[&str]) -> Value {
    json!({"permission_types": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()})
}

#[test]
fn a_fresh_installation_restricts() {
    let app = TestApp::start();
    let fresh = app.get(SETTINGS).expect(200).has("/group_support", true).has("/company_access", true);
    let fresh = fresh.has("/permission_types/0/name", "ro").has("/permission_types/1/name", "rw");
    let fresh = fresh.lacks("/permission_types/2").has("/default_services_for_unknown_customer_users", false);
    let fresh = fresh.has("/contexts/same_customer/enabled", true).has("/contexts/other_customers/enabled", false);
    for text in ["/permission_types/0/label", "/permission_types/1/description", "/contexts/same_customer/label"] {
        assert!(!fresh.text_at(text).is_empty());
    }
    assert_eq!(format!("\"{}\"", fresh.text_at("/etag")), fresh.etag());
    each(&[DEFAULTS, OF_CUSTOMERS, OF_CUSTOMER_USERS], |roll| {
        app.get(&format!("{roll}?granted=any")).lists("name", &[])
    });
}

#[test]
fn a_patch_merges() {
    let app = TestApp::start();
    let patch = |body| app.patch(SETTINGS, body).expect(200);
    patch(json!({"company_access": false})).has("/company_access", false).has("/group_support", true);
    let text = json!({"contexts": {"other_customers": {"label": "Everybody's"}}});
    let patched = patch(text).has("/contexts/other_customers/label", "Everybody's");
    patched.has("/contexts/other_customers/enabled", false).has("/company_access", false);
    patch(json!({"contexts": {"other_customers": {"label": null}}})).lacks("/contexts/other_customers/label");
}

#[test]
fn a_patch_of_nothing_changes_nothing() {
    let app = TestApp::start();
    let before = app.get(SETTINGS).expect(200);
    let after = app.patch(SETTINGS, json!({"group_support": true})).expect(200);
    assert_eq!((after.etag(), after.revision()), (before.etag(), before.revision()));
}

#[test]
fn mistakes_are_refused_with_pointers() {
    let app = TestApp::start();
    let refused = app.patch(SETTINGS, json!({"group_support": 1, "nonsense": true, "company_access": null})).refused();
    refused.pointers(&["/group_support", "/nonsense", "/company_access"]);
    let nested = json!({"contexts": {"other_customers": {"enabled": "on"}, "third": {}}});
    app.patch(SETTINGS, nested).refused().pointers(&["/contexts/other_customers/enabled", "/contexts/third"]);
    app.patch(SETTINGS, json!({"contexts": null, "permission_types": null}))
        .refused()
        .pointers(&["/contexts", "/permission_types"]);
}

#[test]
fn the_context_of_the_customer_itself_is_always_there() {
    let app = TestApp::start();
    let refused = app.patch(SETTINGS, json!({"contexts": {"same_customer": {"enabled": false}}})).refused();
    refused.pointers(&["/contexts/same_customer/enabled"]);
}

#[test]
fn settings_heed_their_etag() {
    let app = TestApp::start();
    let etag = app.get(SETTINGS).expect(200).etag();
    app.admin().if_none_match(&etag).get(SETTINGS).expect(304);
    app.patch(SETTINGS, json!({"company_access": false})).expect(200);
    app.admin()
        .if_match(&etag)
        .patch(SETTINGS, json!({"company_access": true}))
        .expect(412)
        .problem("precondition_failed");
    app.get(SETTINGS).expect(200).has("/company_access", false);
}

#[test]
fn permission_types_are_replaced_only_with_if_match() {
    let app = TestApp::start();
    app.patch(SETTINGS, types(&["ro", "note", "rw"])).expect(428).problem("precondition_required");
    app.set_settings(types(&["ro", "note", "rw"])).has("/permission_types/1/name", "note");
}

#[test]
fn the_texts_of_a_type_are_left_set_and_cleared() {
    let app = TestApp::start();
    let set =
        |label: Value| app.set_settings(json!({"permission_types": [{"name": "ro", "label": label}, {"name": "rw"}]}));
    let before = app.get(SETTINGS).expect(200);
    app.set_settings(types(&["ro", "rw"])).has("/permission_types", before.json["permission_types"].clone());
    set(json!("Lesen")).has("/permission_types/0/label", "Lesen");
    set(json!(null)).lacks("/permission_types/0/label");
}

#[test]
fn rw_is_always_there_and_last() {
    let app = TestApp::start();
    let etag = app.get(SETTINGS).expect(200).etag();
    for names in [&["ro"][..], &[], &["rw", "ro"], &["ro", "ro", "rw"], &["ro", "R W", "rw"], &["ro", "", "rw"]] {
        app.admin().if_match(&etag).patch(SETTINGS, types(names)).refused();
    }
    app.set_settings(types(&["rw"])).has("/permission_types/0/name", "rw");
}

#[test]
fn a_new_type_is_implied_by_rw_at_once() {
    let app = TestApp::start();
    app.customer_user("jane");
    app.link_customer_user("jane", "users", &["rw"]);
    app.set_settings(types(&["ro", "note", "rw"]));
    assert!(app.allows("jane", "users", "note"));
}

#[test]
fn types_can_be_reordered_without_changing_what_links_give() {
    let app = TestApp::start();
    app.customer_user("jane");
    app.set_settings(types(&["ro", "note", "create", "rw"]));
    app.link_customer_user("jane", "users", &["note", "create"]);
    app.set_settings(types(&["create", "note", "ro", "rw"]));
    app.get("/v1/customer-users/jane/groups/users").expect(200).has("/permissions", json!(["create", "note"]));
    assert!(!app.allows("jane", "users", "ro"));
}

#[test]
fn a_type_in_use_cannot_be_removed() {
    let app = TestApp::start();
    app.set_settings(types(&["ro", "note", "rw"]));
    app.customer("acme");
    app.link_customer("acme", "users", &["note"]);
    let etag = app.get(SETTINGS).expect(200).etag();
    let refused = app.admin().if_match(&etag).patch(SETTINGS, types(&["ro", "rw"])).expect(409);
    refused.problem("permission_type_in_use").names("note").names("1");
    app.delete("/v1/customers/acme/groups/users").expect(204);
    app.set_settings(types(&["ro", "rw"])).lacks("/permission_types/2");
}

#[test]
fn a_type_that_comes_back_gives_nothing_that_it_did_not() {
    let app = TestApp::start();
    app.customer_user("jane");
    app.set_settings(types(&["ro", "note", "rw"]));
    app.link_customer_user("jane", "users", &["ro"]);
    app.set_settings(types(&["ro", "rw"]));
    app.set_settings(types(&["ro", "create", "rw"]));
    assert!(!app.allows("jane", "users", "create"));
}

#[test]
fn group_support_off_gives_everything_and_is_the_only_source() {
    let app = TestApp::start();
    app.customer_user("jane");
    app.link_customer_user("jane", "users", &["ro"]);
    app.patch(SETTINGS, json!({"group_support": false})).expect(200);
    let question = json!({"customer_user": "jane", "group": "admin", "permission": "rw", "explain": true});
    let yes = app.post("/v1/access:check", question).expect(200).has("/allowed", true);
    yes.has("/sources/0/kind", "group_support_off").lacks("/sources/1");
    app.get("/v1/customer-users/jane/access").expect(200).has("/group_support/active", false);
    app.patch(SETTINGS, json!({"group_support": true})).expect(200);
    assert!(!app.allows("jane", "admin", "rw") && app.allows("jane", "users", "ro"));
}

#[test]
fn group_support_off_in_a_back_end_is_for_its_own_people() {
    let app = TestApp::start();
    app.back_end("crm");
    app.customer_user_in("jane", "crm");
    app.customer_user("john");
    app.patch("/v1/back-ends/crm", json!({"group_support": false})).expect(200);
    assert!(app.allows("jane", "admin", "rw") && !app.allows("john", "admin", "rw"));
    app.get("/v1/customer-users/jane/access").expect(200).has("/group_support/active", false);
    app.get("/v1/customer-users/john/access").expect(200).has("/group_support/active", true);
}

#[test]
fn company_access_decides_about_the_things_of_a_customer() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    app.link_customer_user("jane", "users", &["ro"]);
    let ask = |thing: Value| {
        app.check(json!({"customer_user": "jane", "group": "users", "permission": "ro", "thing": thing}))
    };
    assert!(ask(json!({"customer": "acme"})) && ask(json!({"customer_user": "jane"})) && !ask(json!({})));
    app.patch(SETTINGS, json!({"company_access": false})).expect(200);
    assert!(!ask(json!({"customer": "acme"})) && ask(json!({"customer_user": "jane"})));
}

#[test]
fn an_unknown_login_has_the_default_services_if_the_settings_say_so() {
    let app = TestApp::start();
    app.service("IT");
    app.set_roll(DEFAULTS, &["IT"]);
    let ask = || app.post("/v1/access:check", json!({"customer_user": "guest", "service": "IT"}));
    ask().expect(404).problem("customer_user_not_found");
    app.patch(SETTINGS, json!({"default_services_for_unknown_customer_users": true})).expect(200);
    ask().expect(200).has("/allowed", true);
    app.get("/v1/customer-users/guest/access").expect(200).has("/known", false).has("/services/items/0/name", "IT");
    let by_group = json!({"customer_user": "guest", "group": "users", "permission": "ro"});
    app.post("/v1/access:check", by_group).expect(404).problem("customer_user_not_found");
    // An id that names nobody is a mistake, not a login.
    let by_id = json!({"customer_user": "id:u999", "service": "IT"});
    app.post("/v1/access:check", by_id).expect(404).problem("customer_user_not_found");
    app.get("/v1/customer-users/id:u999/access").expect(404).problem("customer_user_not_found");
}

#[test]
fn a_roll_is_replaced_as_a_whole_only_with_if_match() {
    let app = TestApp::start();
    app.service("IT");
    for (roll, key) in [(DEFAULTS, "IT"), (OF_CUSTOMERS, "users"), (OF_CUSTOMER_USERS, "users")] {
        app.put(roll, json!({"keys": [key]})).expect(428).problem("precondition_required");
        let stale = app.get(roll).expect(200).etag();
        app.set_roll(roll, &[key]).has("/keys", json!([key]));
        app.admin().if_match(&stale).put(roll, json!({"keys": []})).expect(412).problem("precondition_failed");
        app.set_roll(roll, &[]);
        app.get(&format!("{roll}?granted=any")).expect(200).lists("key", &[]);
    }
}

#[test]
fn a_roll_shows_every_row_with_what_is_granted() {
    let app = TestApp::start();
    app.set_roll(OF_CUSTOMERS, &["stats"]);
    let rows = app.get(OF_CUSTOMERS).expect(200);
    let granted = |row: &Value| (row["name"] == "stats") == (row["granted"] == true);
    assert!(rows.items().iter().all(granted), "{rows}");
    rows.lists("name", &["users", "admin", "stats"]);
    app.get("/v1/always-groups/customers?granted=any").expect(200).lists("name", &["stats"]);
    app.get("/v1/always-groups/customers?granted=none").expect(200).lists("name", &["users", "admin"]);
}

#[test]
fn one_member_of_a_roll_comes_and_goes() {
    let app = TestApp::start();
    app.service("IT");
    for (roll, key) in [(DEFAULTS, "IT"), (OF_CUSTOMERS, "users"), (OF_CUSTOMER_USERS, "users")] {
        let member = format!("{roll}/{key}");
        let first = app.admin().put_empty(&member).expect(201);
        assert_eq!(app.admin().put_empty(&member).expect(200).revision(), first.revision());
        app.delete(&member).expect(204);
        app.delete(&member).expect(204);
        let code = if roll == DEFAULTS { "service_not_found" } else { "group_not_found" };
        app.admin().put_empty(&format!("{roll}/nobody")).expect(404).problem(code);
        app.delete(&format!("{roll}/nobody")).expect(404).problem(code);
    }
}

#[test]
fn a_roll_names_what_it_does_not_know() {
    let app = TestApp::start();
    for roll in [DEFAULTS, OF_CUSTOMERS, OF_CUSTOMER_USERS] {
        let etag = app.get(roll).expect(200).etag();
        let put = |body| app.admin().if_match(&etag).put(roll, body);
        put(json!({"keys": ["nowhere"]})).refused().pointers(&["/keys/0"]);
        put(json!({"keys": "users"})).refused().pointers(&["/keys"]);
        put(json!({})).refused().pointers(&["/keys"]);
    }
}

#[test]
fn an_always_group_gives_every_permission() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    app.customer_user("john");
    app.admin().put_empty("/v1/always-groups/customers/stats").expect(201);
    assert!(app.allows("jane", "stats", "rw") && !app.allows("john", "stats", "rw"));
    app.patch("/v1/customers/acme", json!({"validity": "invalid"})).expect(200);
    assert!(!app.allows("jane", "stats", "rw"));
    app.admin().put_empty("/v1/always-groups/customer-users/stats").expect(201);
    assert!(app.allows("jane", "stats", "rw") && app.allows("john", "stats", "rw"));
    app.patch("/v1/groups/stats", json!({"validity": "invalid"})).expect(200);
    assert!(!app.allows("john", "stats", "rw"));
}

#[test]
fn rolls_follow_renames() {
    let app = TestApp::start();
    app.admin().put_empty("/v1/always-groups/customer-users/stats").expect(201);
    app.patch("/v1/groups/stats", json!({"name": "numbers"})).expect(200);
    app.get("/v1/always-groups/customer-users?granted=any").expect(200).lists("name", &["numbers"]);
}
