//! Every route of the OpenAPI document that has a key in its path works with every awkward key.

use crate::common::{Operation, TestApp, Value, at, json, url::decode};

/// A key as it is written, and the reference that names it.
const AWKWARD: [(&str, &str); 13] = [
    ("a/b", "a/b"),
    ("IT::VPN", "IT::VPN"),
    ("50%", "50%"),
    ("50%25", "50%25"),
    ("a+b", "a+b"),
    ("Üb/er", "üB/ER"),
    ("x:rename", "x:rename"),
    ("key:x", "key:key:x"),
    ("id:c12", "key:id:c12"),
    ("external:crm:1", "key:external:crm:1"),
    ("?q=1&r#s", "?q=1&r#s"),
    ("a;b=c,d", "a;b=c,d"),
    ("\\..\\a//", "\\..\\a//"),
];

/// The path parameters that are not keys.
const NO_KEYS: [&str; 4] = ["source", "external_id", "job", "n"];

/// A directory in which everything has the same awkward key, and everything is linked.
fn directory(key: &str, reference: &str) -> TestApp {
    let app = TestApp::start();
    if let Some((parent, _)) = key.rsplit_once("::") {
        app.service(parent);
    }
    app.customer(key);
    app.group(key);
    app.service(key);
    app.back_end(key);
    let body = json!({"login": key, "customer": reference, "back_end": reference});
    app.post("/v1/customer-users", body).expect(201);
    app.link_customer(reference, reference, &["ro"]);
    app.link_customer_user(reference, reference, &["ro"]);
    app.link_service(reference, reference);
    app.add_customer(reference, reference);
    for collection in ["customers", "customer-users", "groups", "services"] {
        app.admin().put_empty(&at(&[collection, reference, "external-ids", "crm", "e"])).expect(201);
    }
    app
}

/// The operations with a key in their path and this method, longer paths first.
fn operations(app: &TestApp, method: &str) -> Vec<&'static Operation> {
    let has_key = |operation: &&Operation| operation.path_parameters().iter().any(|name| !NO_KEYS.contains(name));
    let is_of_keys = |operation: &&Operation| !operation.path_parameters().contains(&"job");
    let all = app.contract().operations.iter().filter(|operation| operation.method == method);
    let mut found: Vec<_> = all.filter(has_key).filter(is_of_keys).collect();
    found.sort_by_key(|operation| std::cmp::Reverse(operation.template.len()));
    found
}

fn fill(operation: &Operation, reference: &str) -> String {
    let value = |name: &str| match name {
        "source" => "crm".to_owned(),
        "external_id" => "e".to_owned(),
        "customer" | "customer_user" | "group" | "service" | "back_end" => reference.to_owned(),
        other => panic!("say in keys/routes.rs what {{{other}}} of {} is", operation.name()),
    };
    let values: Vec<(String, String)> =
        operation.path_parameters().iter().map(|name| ((*name).to_owned(), value(name))).collect();
    operation.fill(|name| values.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value))
}

/// Parameters that a route insists on.
fn with_required_query(operation: &Operation, path: String) -> String {
    let permission = operation.query_parameter("permission").is_some();
    if permission { format!("{path}?permission=ro") } else { path }
}

fn body(operation: &Operation) -> Option<Value> {
    let parameters = operation.path_parameters();
    let is_group_link = parameters.len() == 2 && parameters.contains(&"group");
    let body = if is_group_link { json!({"permissions": ["ro"]}) } else { json!({}) };
    (!operation.value["requestBody"].is_null()).then_some(body)
}

/// The key was understood: the reply is neither "not found" nor about the path.
fn call(app: &TestApp, operation: &Operation, reference: &str, allowed: &[u16]) {
    let path = with_required_query(operation, fill(operation, reference));
    app.admin().send(&operation.method, &path, body(operation).as_ref()).expect_any(allowed);
}

fn works(key: &str, reference: &str) {
    let app = directory(key, reference);
    operations(&app, "GET").into_iter().for_each(|operation| call(&app, operation, reference, &[200]));
    operations(&app, "PATCH").into_iter().for_each(|operation| call(&app, operation, reference, &[200, 422, 428]));
    operations(&app, "PUT").into_iter().for_each(|operation| call(&app, operation, reference, &[200, 201, 422]));
    operations(&app, "POST").into_iter().for_each(|operation| call(&app, operation, reference, &[200, 201, 422]));
    operations(&app, "DELETE").into_iter().for_each(|operation| call(&app, operation, reference, &[204, 409]));
}

macro_rules! awkward_keys {
    ($($name:ident: $index:literal,)*) => {
        $(
            #[test]
            fn $name() {
                let (key, reference) = AWKWARD[$index];
                works(key, reference);
            }
        )*

        #[test]
        fn every_awkward_key_is_a_test() {
            assert_eq!([$($index),*].len(), AWKWARD.len());
        }
    };
}

awkward_keys! {
    a_slash: 0,
    two_colons: 1,
    a_percent_sign: 2,
    a_percent_sign_that_looks_like_an_escape: 3,
    a_plus: 4,
    an_umlaut_and_a_slash: 5,
    a_colon_verb: 6,
    a_key_prefix: 7,
    an_id_prefix: 8,
    an_external_prefix: 9,
    the_marks_of_a_url: 10,
    the_marks_of_parameters: 11,
    dots_and_slashes: 12,
}

#[test]
fn the_links_in_a_representation_lead_back() {
    for (key, reference) in AWKWARD {
        let app = directory(key, reference);
        let found = app.get(&at(&["customer-users", reference])).expect(200);
        for (name, link) in found.json["links"].as_object().expect("links") {
            let link = link.as_str().unwrap_or_default().replace(app.base(), "");
            assert!(decode(&link).is_some(), "{name}: {link}");
            if let Some(operation) = app.contract().operation("GET", &link) {
                app.get(&with_required_query(operation, link)).expect(200);
            }
        }
    }
}
