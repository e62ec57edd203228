//! Every reply to a GET has a tag, and is not sent again to who has it.

use crate::common::{TestApp, json};

const MATRIX: &str = "/v1/customers/acme/group-matrix";

fn app() -> TestApp {
    let app = TestApp::start();
    app.post("/v1/customers", json!({"customer_id": "acme"})).expect(201);
    app.post("/v1/customer-users", json!({"login": "jane", "customer": "acme"})).expect(201);
    app.post("/v1/services", json!({"name": "IT"})).expect(201);
    app.put("/v1/customers/acme/groups/users", json!({"permissions": ["ro"]})).expect(201);
    app
}

#[test]
fn every_get_has_a_tag_and_heeds_it() {
    let app = app();
    let operations = app.contract().operations.iter().filter(|operation| operation.method == "GET");
    let mut asked = 0;
    let is_tagged = |path: &str| path.starts_with("/v1") && !path.ends_with("/stream");
    for operation in operations.filter(|operation| is_tagged(&operation.template)) {
        let path = operation.fill(|name| match name {
            "customer" => "acme",
            "customer_user" => "jane",
            "group" => "users",
            "service" => "IT",
            _ => "default",
        });
        let path = if path.ends_with("thing-filter") { format!("{path}?permission=ro") } else { path };
        let reply = app.as_scope("admin").get(&path);
        if reply.status != 200 {
            continue;
        }
        let tag = reply.etag();
        assert!(tag.starts_with('"'), "a strong tag on {reply}");
        let known = app.admin().if_none_match(&format!("\"other\", {tag}")).get(&path).expect(304);
        assert_eq!((known.etag(), known.text.as_str()), (tag, ""), "{path}");
        app.admin().if_none_match("\"other\"").get(&path).expect(200);
        app.admin().if_none_match("other").get(&path).expect(400).problem("invalid_header");
        asked += 1;
    }
    assert!(asked >= 25, "only {asked} were asked");
}

#[test]
fn the_tag_of_what_one_has_is_of_nobody_else_and_of_one_revision() {
    let app = app();
    app.post("/v1/customer-users", json!({"login": "john", "customer": "acme"})).expect(201);
    app.patch("/v1/settings", json!({"default_services_for_unknown_customer_users": true})).expect(200);
    let tag_of = |login: &str| app.get(&format!("/v1/customer-users/{login}/access")).expect(200).etag();
    let jane = tag_of("jane");
    assert_eq!(jane, app.as_customer_user("jane").get("/v1/access/self").expect(200).etag());
    let others = [tag_of("john"), tag_of("nobody")];
    assert!(others[0] != others[1] && !others.contains(&jane), "{jane} {others:?}");
    let ask = |login: &str| app.as_customer_user(login).if_none_match(&jane).get("/v1/access/self");
    ask("jane").expect(304);
    ask("john").expect(200);
    app.put("/v1/customer-users/jane/groups/users", json!({"permissions": ["rw"]})).expect(201);
    assert_ne!(ask("jane").expect(200).etag(), jane);
}

/// What is asked for again at one revision is kept from the second time on.
#[test]
fn what_one_has_is_told_as_it_is_however_often_it_is_asked_for() {
    let app = app();
    let told = || {
        let [first, others @ ..] = [(); 4].map(|()| app.get("/v1/customer-users/jane/access").expect(200));
        for other in others {
            assert_eq!((&other.text, other.etag(), other.revision()), (&first.text, first.etag(), first.revision()));
        }
        let groups = first.json["groups"].as_array().expect("groups").iter();
        let groups: Vec<String> = groups.filter_map(|group| group["name"].as_str().map(str::to_owned)).collect();
        for group in &groups {
            assert!(app.allows("jane", group, "ro"), "a check says otherwise than {first}");
        }
        groups
    };
    assert_eq!(told(), ["users"]);
    app.put("/v1/customer-users/jane/groups/stats", json!({"permissions": ["ro"]})).expect(201);
    assert_eq!(told(), ["users", "stats"]);
    app.patch("/v1/groups/stats", json!({"name": "figures"})).expect(200);
    assert_eq!(told(), ["users", "figures"]);
    app.patch("/v1/customers/acme", json!({"validity": "invalid"})).expect(200);
    assert_eq!(told(), ["figures"]);
    app.patch("/v1/customer-users/jane", json!({"validity": "invalid"})).expect(200);
    assert!(told().is_empty());
}

#[test]
fn the_tag_of_a_list_changes_with_what_it_shows() {
    let app = app();
    let before = app.get("/v1/customers").expect(200).etag();
    assert_ne!(before, app.get("/v1/customers?total=true").expect(200).etag());
    app.patch("/v1/customers/acme", json!({"name": "Acme Inc."})).expect(200);
    let after = app.admin().if_none_match(&before).get("/v1/customers").expect(200).etag();
    assert_ne!(before, after);
}

#[test]
fn the_tag_of_a_matrix_changes_with_all_that_it_shows() {
    let app = app();
    let before = app.get(MATRIX).expect(200);
    app.patch("/v1/groups/users", json!({"validity": "invalid"})).expect(200);
    let after = app.admin().if_none_match(&before.etag()).get(MATRIX).expect(200);
    assert_eq!(before.text_at("/links_version"), after.text_at("/links_version"));
    assert_ne!(before.etag(), after.etag());
}

#[test]
fn a_save_takes_the_tag_of_a_page() {
    let app = app();
    let page = app.get(MATRIX).expect(200).etag();
    let save = |tag: &str, permission: &str| {
        app.admin().if_match(tag).patch(
            MATRIX,
            json!({"cells": [{"row": "users", "permissions": [permission], "context": "same_customer"}]}),
        )
    };
    app.patch("/v1/groups/users", json!({"comment": "not a link"})).expect(200);
    let saved = save(&page, "rw").expect(200);
    save(&page, "ro").expect(412).problem("precondition_failed");
    save(&format!("\"{}\"", saved.text_at("/links_version")), "ro").expect(200);
}

#[test]
fn a_list_of_the_settings_is_replaced_by_the_tag_of_a_page() {
    let app = app();
    let page = app.get("/v1/default-services?limit=1").expect(200).etag();
    app.patch("/v1/services/IT", json!({"comment": "not the list"})).expect(200);
    let replace = |tag: &str| app.admin().if_match(tag).put("/v1/default-services", json!({"keys": ["IT"]}));
    replace(&page).expect(200);
    replace(&page).expect(412).problem("precondition_failed");
}
