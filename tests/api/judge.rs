//! The judge judged: what the test application makes of a document.

use crate::common::{Contract, Value, json, url::decode};
use crate::common::{at, query};

fn contract() -> Contract {
    let named = json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}});
    let base = json!({"type": "object", "properties": {"id": {"type": "string"}}});
    let whole = json!({"allOf": [{"$ref": "#/components/schemas/Base"},
                                 {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}}]});
    let list = json!({"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Named"}}}});
    let reply = json!({"responses": {"200": {"description": "fine"}}});
    Contract::new(json!({
        "components": {"schemas": {"Named": named, "Base": base, "Whole": whole, "List": list}},
        "paths": {"/v1/a/{x}": {"get": reply, "put": reply}, "/v1/a/b": {"get": reply}, "/v1/a/{x}/c/{y}": {"get": reply}},
    }))
}

fn errors(schema: &str, instance: Value) -> usize {
    contract().errors(&json!({"$ref": format!("#/components/schemas/{schema}")}), &instance).len()
}

#[test]
fn members_that_are_not_documented_are_mistakes() {
    assert_eq!(errors("Named", json!({"name": "a"})), 0);
    assert_eq!(errors("Named", json!({"name": "a", "other": 1})), 1);
    assert_eq!(errors("Named", json!({})), 1);
    assert_eq!(errors("List", json!({"items": [{"name": "a"}, {"name": "b", "other": 1}, {"name": 5}]})), 2);
}

#[test]
fn an_all_of_is_closed_as_a_whole() {
    assert_eq!(errors("Whole", json!({"id": "1", "key": "a"})), 0);
    assert_eq!(errors("Whole", json!({"id": "1"})), 1);
    assert_eq!(errors("Whole", json!({"id": "1", "key": "a", "other": 1})), 1);
}

#[test]
fn inline_schemas_are_closed_too() {
    let schema = json!({"type": "object", "properties": {"named": {"$ref": "#/components/schemas/Named"}}});
    assert!(contract().errors(&schema, &json!({"named": {"name": "a"}})).is_empty());
    assert_eq!(contract().errors(&schema, &json!({"named": {"name": "a"}, "other": 1})).len(), 1);
}

#[test]
fn a_path_finds_its_operation() {
    let contract = contract();
    let find = |method, path: &str| contract.operation(method, path).map(|operation| operation.template.clone());
    assert_eq!(find("GET", "/v1/a/b"), Some("/v1/a/b".into()));
    assert_eq!(find("GET", "/v1/a/b%2Fc?q=/"), Some("/v1/a/{x}".into()));
    assert_eq!(find("GET", "/v1/a/1/c/2"), Some("/v1/a/{x}/c/{y}".into()));
    assert_eq!((find("POST", "/v1/a/b"), find("GET", "/v1/a/1/d/2"), find("GET", "/v1/a")), (None, None, None));
}

#[test]
fn paths_are_encoded_and_decoded() {
    assert_eq!(at(&["services", "IT::Ü/a b+%"]), "/v1/services/IT%3A%3A%C3%9C%2Fa%20b%2B%25");
    assert_eq!(query("/v1/groups", &[("q", "a b"), ("sort", "id")]), "/v1/groups?q=a%20b&sort=id");
    assert_eq!(decode("IT%3A%3A%C3%9C%2fa"), Some("IT::Ü/a".into()));
    assert_eq!((decode("%FF"), decode("%4"), decode("%zz")), (None, None, None));
}
