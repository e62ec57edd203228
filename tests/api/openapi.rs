//! The OpenAPI document: complete, consistent, and the one that is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::common::{Contract, Value, app::BINARY};

fn printed() -> String {
    let output = Command::new(BINARY).arg("openapi").env_clear().output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the document is UTF-8")
}

fn contract() -> Contract {
    Contract::new(serde_json::from_str(&printed()).expect("the document is JSON"))
}

/// Every value in the document that is not an example, with the JSON pointer to it.
fn walk(value: &Value, pointer: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(pointer, value);
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| !matches!(name.as_str(), "example" | "examples"));
            members.for_each(|(name, member)| walk(member, &format!("{pointer}/{}", name.replace('/', "~1")), visit));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{pointer}/{index}"), visit));
        }
        _ => {}
    }
}

/// The places where something is wrong.
fn places(document: &Value, is_wrong: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    walk(document, "", &mut |pointer, value| {
        if is_wrong(value) {
            found.push(pointer.to_owned());
        }
    });
    found
}

#[track_caller]
fn none(found: impl IntoIterator<Item = impl std::fmt::Debug>, what: &str) {
    let found: Vec<_> = found.into_iter().collect();
    assert!(found.is_empty(), "{what}: {found:#?}");
}

#[test]
fn the_committed_document_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed.trim_end() == printed().trim_end(),
        "write it anew: customer-access openapi > openapi/openapi.json"
    );
}

#[test]
fn the_document_is_openapi_3_1_with_a_license() {
    let document = contract().document;
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    for member in ["/info/title", "/info/version", "/info/description", "/info/license/name"] {
        let text = document.pointer(member).and_then(Value::as_str);
        assert!(text.is_some_and(|text| !text.is_empty()), "{member}");
    }
}

#[test]
fn operations_have_an_id_of_their_own() {
    let contract = contract();
    let mut by_id: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for operation in &contract.operations {
        let id = operation.value["operationId"].as_str().unwrap_or_default().to_lowercase();
        by_id.entry(id).or_default().push(operation.name());
    }
    none(by_id.get(""), "without an operationId");
    none(by_id.into_iter().filter(|(_, names)| names.len() > 1), "the same operationId");
}

#[test]
fn operations_have_one_declared_tag() {
    let contract = contract();
    let declared = contract.document["tags"].as_array().into_iter().flatten();
    let declared: BTreeSet<&str> = declared
        .filter(|tag| tag["description"].as_str().is_some_and(|text| !text.is_empty()))
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    let has_one = |tags: &Value| {
        tags.as_array()
            .is_some_and(|tags| tags.len() == 1 && tags[0].as_str().is_some_and(|tag| declared.contains(tag)))
    };
    let wrong = contract.operations.iter().filter(|operation| !has_one(&operation.value["tags"]));
    none(wrong.map(|operation| operation.name()), "not just one tag that is declared and described");
}

/// Has no description, or an empty one.
fn is_missing(value: &Value) -> bool {
    value["description"].as_str().is_none_or(|text| text.trim().is_empty())
}

#[test]
fn operations_parameters_and_replies_are_described() {
    let contract = contract();
    for operation in &contract.operations {
        let name = operation.name();
        assert!(!is_missing(&operation.value), "{name} has no description");
        assert!(operation.value["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name} has no summary");
        let parameters = operation.value["parameters"].as_array().into_iter().flatten();
        none(parameters.filter(|parameter| is_missing(contract.resolve(parameter))), &name);
        let replies = operation.value["responses"].as_object().expect("replies");
        none(replies.iter().filter(|(_, reply)| is_missing(contract.resolve(reply))).map(|(status, _)| status), &name);
    }
}

#[test]
fn schemas_and_their_members_are_described() {
    let contract = contract();
    for (name, schema) in contract.document["components"]["schemas"].as_object().expect("schemas") {
        assert!(!is_missing(schema), "{name} has no description");
        let members = schema["properties"].as_object().into_iter().flatten();
        none(members.filter(|(_, member)| is_missing(member)).map(|(member, _)| member), name);
    }
}

#[test]
fn every_schema_is_used() {
    let document = contract().document;
    let mut used = BTreeSet::new();
    walk(&document, "", &mut |_, value| used.extend(value["$ref"].as_str().map(str::to_owned)));
    let schemas = document["components"]["schemas"].as_object().expect("schemas").keys();
    none(schemas.filter(|name| !used.contains(&format!("#/components/schemas/{name}"))), "nothing leads to these");
}

#[test]
fn nothing_in_the_document_is_null() {
    none(places(&contract().document, Value::is_null), "null");
}

#[test]
fn path_parameters_are_declared() {
    let contract = contract();
    for operation in &contract.operations {
        let declared = operation.value["parameters"].as_array().into_iter().flatten().map(|p| contract.resolve(p));
        let declared: BTreeSet<&str> = declared
            .filter(|p| p["in"] == "path" && p["required"] == true)
            .filter_map(|p| p["name"].as_str())
            .collect();
        assert_eq!(declared, operation.path_parameters().into_iter().collect(), "{}", operation.name());
    }
}

/// The JSON contents of an operation: its body, and its good replies.
fn contents<'c>(contract: &'c Contract, operation: &'c Value) -> Vec<&'c Value> {
    let replies = operation["responses"].as_object().into_iter().flatten();
    let good = replies.filter(|(status, _)| status.starts_with('2')).map(|(_, reply)| contract.resolve(reply));
    let body = contract.resolve(&operation["requestBody"]);
    good.chain([body]).map(|holder| &holder["content"]["application/json"]).filter(|c| !c.is_null()).collect()
}

#[test]
fn every_body_has_an_example() {
    let contract = contract();
    let has_example = |value: &Value| !value["example"].is_null() || !value["examples"].is_null();
    for operation in &contract.operations {
        let without = contents(&contract, &operation.value)
            .into_iter()
            .filter(|content| !has_example(content) && !has_example(contract.resolve(&content["schema"])));
        none(without.map(|content| &content["schema"]), &format!("{}: without an example", operation.name()));
    }
}

#[test]
fn errors_are_problems_and_documented() {
    let contract = contract();
    for operation in &contract.operations {
        let name = operation.name();
        let replies = operation.value["responses"].as_object().expect("replies");
        let bad = replies.iter().filter(|(status, _)| status.starts_with(['4', '5']));
        for (status, reply) in bad {
            let content = &contract.resolve(reply)["content"];
            assert!(content["application/problem+json"]["schema"].is_object(), "{name}: {status} is no problem");
        }
        if operation.template.starts_with("/v1") {
            none(["401", "403"].iter().filter(|status| !replies.contains_key(**status)), &name);
        }
    }
}

#[test]
fn whatever_needs_a_token_says_so() {
    let contract = contract();
    let schemes = &contract.document["components"]["securitySchemes"];
    assert!(schemes.as_object().is_some_and(|schemes| schemes.values().any(|scheme| scheme["scheme"] == "bearer")));
    for operation in contract.operations.iter().filter(|operation| operation.template.starts_with("/v1")) {
        let own = &operation.value["security"];
        let security = if own.is_null() { &contract.document["security"] } else { own };
        assert!(security.as_array().is_some_and(|list| !list.is_empty()), "{}", operation.name());
    }
}

#[test]
fn there_are_no_alternatives_for_client_generators_to_stumble_on() {
    let document = contract().document;
    none(places(&document, |value| !value["oneOf"].is_null() || !value["anyOf"].is_null()), "oneOf or anyOf");
    let is_nullable = |value: &Value| value["type"].as_array().is_some_and(|types| types.iter().any(|t| t == "null"));
    none(places(&document, |value| !value["$ref"].is_null() && is_nullable(value)), "a nullable $ref");
    none(
        places(&document, |value| !value["nullable"].is_null() && value["nullable"].is_boolean()),
        "nullable is of 3.0",
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let contract = contract();
    let is_broken = |value: &Value| value["$ref"].is_string() && contract.resolve(value).is_null();
    none(places(&contract.document, is_broken), "a $ref to nothing");
}

#[test]
fn schemas_have_names_of_their_own() {
    let document = contract().document;
    let mut names = BTreeMap::<String, Vec<&String>>::new();
    for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
        let plain = name.to_lowercase().replace(['_', '.', '-'], "");
        names.entry(plain).or_default().push(name);
    }
    none(names.into_values().filter(|names| names.len() > 1), "names that generators take for one");
}

#[test]
fn no_member_of_the_document_stands_there_twice() {
    let printed = printed();
    // serde_json keeps the last of two members of a name; printing what was read tells whether there were two.
    let read: Value = serde_json::from_str(&printed).expect("the document is JSON");
    let count = |text: &str| text.matches("\":").count();
    assert_eq!(count(&printed.replace("\": ", "\":")), count(&read.to_string()));
}
