//! The examples of the OpenAPI document: each fits its schema, and each is true.

use crate::common::{Contract, Operation, Reply, TestApp, Value, at, json, query};

/// Every example in the document, with its schema: of bodies, parameters, headers and members.
fn examples(document: &Value) -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    collect(document, "", &mut found);
    found
}

fn collect(value: &Value, pointer: &str, found: &mut Vec<(String, Value, Value)>) {
    let schema = if value["schema"].is_object() { &value["schema"] } else { value };
    let is_schema = ["type", "$ref", "properties", "schema"].iter().any(|member| !value[*member].is_null());
    let several = value["examples"].as_array().into_iter().flatten();
    let single = Some(&value["example"]).filter(|example| !example.is_null());
    if is_schema {
        found.extend(single.into_iter().chain(several).map(|e| (pointer.to_owned(), schema.clone(), e.clone())));
    }
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| !matches!(name.as_str(), "example" | "examples"));
            members.for_each(|(name, member)| collect(member, &format!("{pointer}/{name}"), found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, pointer, found)),
        _ => {}
    }
}

#[test]
fn every_example_fits_its_schema() {
    let app = TestApp::start();
    let examples = examples(&app.contract().document);
    assert!(examples.len() > 500, "only {} examples were found", examples.len());
    for (pointer, schema, example) in examples {
        let errors = app.contract().errors(&schema, &example);
        assert!(errors.is_empty(), "{pointer}: {example}: {errors:#?}");
    }
}

/// What the examples name, besides what they create.
fn directory() -> TestApp {
    let app = TestApp::start();
    app.service("IT");
    app.customer("beta");
    for collection in ["customers", "customer-users", "groups", "services"] {
        let path = format!("/v1/{collection}");
        app.post(&path, body(operation(&app, "POST", &path))).expect(201);
    }
    app
}

fn operation(app: &TestApp, method: &str, path: &str) -> &'static Operation {
    app.contract().operation(method, path).unwrap_or_else(|| panic!("there is no {method} {path}"))
}

fn body(operation: &Operation) -> Value {
    operation.value["requestBody"]["content"]["application/json"]["example"].clone()
}

/// The path with the examples of its parameters.
fn path(contract: &Contract, operation: &Operation) -> String {
    let example = |name: &str| parameters(contract, operation, "path").into_iter().find(|(known, ..)| known == name);
    let values: Vec<_> = operation.path_parameters().into_iter().filter_map(example).collect();
    operation.fill(|name| values.iter().find(|(known, ..)| known == name).map_or("", |(_, value, _)| value))
}

/// The parameters that have an example: name, example, whether it is required.
fn parameters(contract: &Contract, operation: &Operation, place: &str) -> Vec<(String, String, bool)> {
    let all = operation.value["parameters"].as_array().into_iter().flatten().map(|p| contract.resolve(p));
    let of_place = all.filter(|parameter| parameter["in"] == place);
    let with_example = of_place.filter_map(|parameter| {
        let example = parameter["example"].as_str()?;
        Some((parameter["name"].as_str()?.to_owned(), example.to_owned(), parameter["required"] == true))
    });
    with_example.collect()
}

/// Sends the example of an operation's body, to the example of its path. What a matrix showed before is
/// left out: it is of another moment.
fn send(app: &TestApp, operation: &Operation) -> Reply {
    let mut body = body(operation);
    body.as_object_mut().map(|members| members.remove("links_version"));
    let cells = body.get_mut("cells").and_then(Value::as_array_mut).into_iter().flatten();
    cells.for_each(|cell| drop(cell.as_object_mut().map(|cell| cell.remove("expected"))));
    let admin = app.admin();
    let caller = if operation.value["responses"]["428"].is_null() { admin } else { admin.if_match("*") };
    caller.send(&operation.method, &path(app.contract(), operation), Some(&body))
}

#[test]
fn every_body_that_is_shown_is_accepted() {
    let app = directory();
    // Of an import job there is none yet; `import_jobs/` makes the calls.
    let has_body = |operation: &&Operation| !body(operation).is_null() && !operation.template.contains("import-jobs");
    for operation in app.contract().operations.iter().filter(has_body) {
        let reply = send(&app, operation);
        let creates = operation.method == "POST" && !operation.template.contains(':');
        // What is to be created is there already.
        if creates { drop(reply.expect(409).problem("key_taken")) } else { drop(reply.expect_any(&[200, 201])) }
    }
}

#[test]
fn every_query_that_is_shown_is_accepted() {
    let app = directory();
    for operation in app.contract().operations.iter().filter(|operation| operation.method == "GET") {
        if operation.path_parameters().len() > 1
            || operation.template.ends_with("/stream")
            || operation.template.contains("{job}")
        {
            continue; // A link, of which nothing is asked, or a reply without end.
        }
        let all = parameters(app.contract(), operation, "query");
        let required: Vec<_> = all.iter().filter(|(.., required)| *required).collect();
        for asked in all.iter().filter(|(name, ..)| name != "after") {
            let mut pairs: Vec<_> = required.iter().map(|(name, value, _)| (name.as_str(), value.as_str())).collect();
            pairs.push((&asked.0, &asked.1));
            pairs.dedup();
            app.get(&query(&path(app.contract(), operation), &pairs)).expect(200);
        }
    }
}

#[test]
fn the_place_that_is_shown_is_that_of_the_kind() {
    let app = directory();
    for collection in ["customers", "customer-users", "groups", "services", "back-ends"] {
        let created = &operation(&app, "POST", &at(&[collection])).value["responses"]["201"];
        let shown = &created["content"]["application/json"]["example"];
        let place = format!("/v1/{collection}/id:{}", shown["id"].as_str().unwrap_or_default());
        assert_eq!(created["headers"]["Location"]["example"], json!(place));
        assert_eq!(shown["links"]["self"], json!(place));
    }
}
