//! Forward: what has this customer user, and from where.

use std::collections::BTreeMap;

use super::{CustomerUser, Vector, text};
use crate::common::{Reply, TestApp, Value, at, json};

const NOBODY: &str = "nobody.of.this.name";

pub fn check(app: &TestApp, vector: &Vector) {
    for customer_user in &vector.customer_users {
        let answer = app.get(&at(&["customer-users", &customer_user.login, "access"])).expect(200);
        groups(vector, customer_user, &answer);
        services(vector, customer_user, &answer);
        sources(vector, &answer);
    }
}

fn groups(vector: &Vector, customer_user: &CustomerUser, answer: &Reply) {
    let listed = answer.json["groups"].as_array().expect("groups");
    let found: BTreeMap<&str, Vec<&str>> =
        listed.iter().map(|group| (text(group, "name"), permissions(group))).collect();
    let expected = vector.expect.groups.get(&customer_user.login).into_iter().flatten();
    let expected: BTreeMap<&str, Vec<&str>> = expected
        .filter(|(_, permissions)| !permissions.is_empty())
        .map(|(group, permissions)| (group.as_str(), permissions.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(found, expected, "{answer}");
    let says_why = answer.json["reasons"].as_array().is_some_and(|why| why.contains(&json!("customer_user_not_valid")));
    assert_eq!(says_why, customer_user.validity != "valid", "{answer}");
}

fn permissions(group: &Value) -> Vec<&str> {
    let permissions = group["permissions"].as_array().into_iter().flatten();
    permissions.map(|permission| text(permission, "permission")).collect()
}

fn services(vector: &Vector, customer_user: &CustomerUser, answer: &Reply) {
    let expected = &vector.expect.services[&customer_user.login];
    assert_eq!(answer.json["services"]["basis"], expected.basis, "{answer}");
    assert_eq!(service_names(answer), sorted(&expected.services), "{answer}");
    let suppressed = answer.json["services"]["suppressed_defaults"].as_array().map_or(0, Vec::len);
    if expected.basis != "assigned" {
        assert_eq!(suppressed, 0, "nothing suppresses them: {answer}");
    }
}

fn service_names(answer: &Reply) -> Vec<&str> {
    let items = answer.json["services"]["items"].as_array().expect("services");
    let mut names: Vec<&str> = items.iter().map(|service| text(service, "name")).collect();
    names.sort_unstable();
    names
}

fn sorted(names: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Every yes has a source; with group support off it is the only one (rule 4).
fn sources(vector: &Vector, answer: &Reply) {
    for permission in
        answer.json["groups"].as_array().into_iter().flatten().flat_map(|g| g["permissions"].as_array()).flatten()
    {
        let kinds: Vec<&str> =
            permission["sources"].as_array().into_iter().flatten().map(|source| text(source, "kind")).collect();
        assert!(!kinds.is_empty(), "a yes without a source: {answer}");
        let off = kinds.contains(&"group_support_off");
        assert!(!off || kinds.len() == 1, "beside group_support_off: {kinds:?} in {answer}");
        assert!(off || vector.settings.group_support, "group support is off: {kinds:?} in {answer}");
    }
}

/// Rule 2: an unknown login is an error, or has the default services.
pub fn check_unknown_login(app: &TestApp, vector: &Vector) {
    let access = at(&["customer-users", NOBODY, "access"]);
    for service in vector.service_names() {
        let question = json!({"customer_user": NOBODY, "service": service});
        match &vector.expect.unknown_login_services {
            None => drop(app.post("/v1/access:check", question).expect(404).problem("customer_user_not_found")),
            Some(defaults) => assert_eq!(app.check(question), defaults.iter().any(|name| name == service), "{service}"),
        }
    }
    match &vector.expect.unknown_login_services {
        None => drop(app.get(&access).expect(404).problem("customer_user_not_found")),
        Some(defaults) => {
            let answer = app.get(&access).expect(200).has("/known", false);
            assert_eq!(service_names(&answer), sorted(defaults), "{answer}");
        }
    }
    for group in vector.group_names().take(1) {
        let question = json!({"customer_user": NOBODY, "group": group, "permission": "rw"});
        app.post("/v1/access:check", question).expect(404).problem("customer_user_not_found");
    }
}
