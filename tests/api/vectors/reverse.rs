//! Reverse: who has a permission on a group, who has a service; in pages so small that there are several.

use std::collections::BTreeMap;

use super::{Vector, text};
use crate::common::{TestApp, Value, at};

const LIMIT: &str = "3";

pub fn check(app: &TestApp, vector: &Vector) {
    for group in vector.group_names() {
        for permission in &vector.settings.permission_types {
            who_may(app, vector, group, permission);
        }
    }
    for service in vector.service_names() {
        who_has(app, vector, service);
    }
}

fn who_may(app: &TestApp, vector: &Vector, group: &str, permission: &str) {
    let parameters = [("permission", permission), ("limit", LIMIT)];
    let items = app.pages(&at(&["groups", group, "access"]), &parameters);
    let mut found: Vec<&str> = items.iter().map(login).collect();
    let mut expected: Vec<&str> = vector.logins().filter(|login| vector.expects(login, group, permission)).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "who has {permission} on {group}");
    for item in &items {
        let permissions = item["permissions"].as_array().into_iter().flatten();
        let asked = permissions.into_iter().find(|found| text(found, "permission") == permission);
        let sources = asked.and_then(|asked| asked["sources"].as_array());
        assert!(sources.is_some_and(|sources| !sources.is_empty()), "{group}: a yes without a source: {item}");
    }
}

fn who_has(app: &TestApp, vector: &Vector, service: &str) {
    let items = app.pages(&at(&["services", service, "access"]), &[("limit", LIMIT)]);
    let found: BTreeMap<&str, &str> = items.iter().map(|item| (login(item), text(item, "basis"))).collect();
    assert_eq!(found.len(), items.len(), "nobody stands there twice: {items:?}");
    let has = |login: &&str| vector.expect.services[*login].services.iter().any(|name| name == service);
    let basis = |login| (login, vector.expect.services[login].basis.as_str());
    let expected: BTreeMap<&str, &str> = vector.logins().filter(has).map(basis).collect();
    assert_eq!(found, expected, "who has {service}");
}

fn login(item: &Value) -> &str {
    text(&item["customer_user"], "login")
}
