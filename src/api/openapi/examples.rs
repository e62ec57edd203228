//! Examples: one for every body, put together from those of its members, and true: what an example
//! sends would be accepted, and what it shows could be replied.

use serde_json::{Value, json};

use super::super::views::Links;
use super::matrix_examples;
use super::schemas::{properties, referenced};
use crate::directory::Kind;

/// Examples of members whose type has but one for all.
const MEMBER_EXAMPLES: &[(&str, &str)] = &[
    ("street", "1 Main Street"),
    ("zip", "10115"),
    ("city", "Berlin"),
    ("country", "Germany"),
    ("title", "Dr."),
    ("first_name", "Jane"),
    ("last_name", "Doe"),
    ("phone", "+49 30 1234567"),
    ("mobile", "+49 170 1234567"),
    ("fax", "+49 30 1234568"),
    ("back_end", "default"),
    ("customer_user", "jane"),
    ("group", "support"),
    ("service", "IT::Network"),
    ("label", "Read only"),
    ("description", "May see the things of the group."),
    ("row_id", "ticket-4711"),
    ("next_cursor", "eyJ2IjoiYWNtZSIsIm4iOjEyfQ"),
];

/// The example of every line of text that has none of its own.
const ANY_TEXT: &str = "Acme Inc.";

/// Gives members and bodies their examples.
pub fn complete(document: &mut Value) {
    for (_, schema) in document["components"]["schemas"].as_object_mut().into_iter().flatten() {
        properties(schema).for_each(|(name, member)| of_member(name, member));
    }
    let schemas = document["components"]["schemas"].clone();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            of_operation(path, operation, &schemas);
            matrix_examples::complete(path, method, operation);
        }
    }
}

fn of_member(name: &str, member: &mut Value) {
    let is_text = member["type"] == "string" || member["type"][0] == "string";
    let has_own = !member["example"].is_null() && member["example"] != ANY_TEXT;
    let Some((_, example)) = MEMBER_EXAMPLES.iter().find(|(known, _)| *known == name && is_text && !has_own) else {
        return;
    };
    member.as_object_mut().map(|member| member.remove("examples"));
    member["example"] = json!(example);
}

fn of_operation(path: &str, operation: &mut Value, schemas: &Value) {
    if let Some(media) = operation.pointer_mut("/requestBody/content/application~1json") {
        of_media(path, media, schemas);
    }
    for (_, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if let Some(media) = response.pointer_mut("/content/application~1json") {
            of_media(path, media, schemas);
        }
        in_header(response, "Location", "links/self", |place| place.to_owned());
        in_header(response, "ETag", "etag", |etag| format!("\"{etag}\""));
    }
}

/// A header that repeats what stands in the body.
fn in_header(response: &mut Value, header: &str, member: &str, write: impl Fn(&str) -> String) {
    let shown = response.pointer(&format!("/content/application~1json/example/{member}")).and_then(Value::as_str);
    let written = shown.map(write);
    if let (Some(written), Some(example)) = (written, response.pointer_mut(&format!("/headers/{header}/example"))) {
        *example = Value::String(written);
    }
}

fn of_media(path: &str, media: &mut Value, schemas: &Value) {
    if media["example"].is_null() && media["schema"].is_object() {
        media["example"] = example(&media["schema"], schemas);
        at_home(path, &mut media["example"]);
    }
}

/// What a schema shared by several paths shows in one of them: things of that path's kind.
fn at_home(path: &str, example: &mut Value) {
    let swaps: &[(&str, &str)] = match path {
        path if path.starts_with("/v1/always-groups") => &[("acme", "support")],
        path if path.starts_with("/v1/default-services") => &[
            ("acme", "IT::Network"),
            ("support", "IT::Network"),
            ("g3", "s5"),
            ("/v1/groups/id:g3", "/v1/services/id:s5"),
            ("/v1/groups/id:g3/access", "/v1/services/id:s5/access"),
        ],
        path if path.starts_with("/v1/customer-users") && path.contains("external-ids") => &[("c12", "u7")],
        path if path.starts_with("/v1/groups") && path.contains("external-ids") => &[("c12", "g3")],
        path if path.starts_with("/v1/services") && path.contains("external-ids") => &[("c12", "s5")],
        _ => &[],
    };
    match example {
        Value::String(text) => {
            if let Some((_, other)) = swaps.iter().find(|(one, _)| one == text) {
                (*other).clone_into(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| at_home(path, item)),
        Value::Object(members) => members.values_mut().for_each(|member| at_home(path, member)),
        _ => {}
    }
}

fn example(schema: &Value, schemas: &Value) -> Value {
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    if let Some(name) = referenced(schema) {
        return example(&schemas[name], schemas);
    }
    if let Some(first) = schema["examples"].get(0) {
        return first.clone();
    }
    if let Some(properties) = schema["properties"].as_object() {
        // A reply shows a preview or warnings only where the request or the moment is special.
        let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name));
        let shown = properties.iter().filter(|(name, _)| !is_of_writes(name) || required(name));
        let mut object = shown.map(|(name, property)| (name.clone(), example(property, schemas))).collect();
        own_links(&mut object);
        return object;
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
    match kind {
        Some("array") => json!([example(&schema["items"], schemas)]),
        Some("string") if schema["format"] == "date-time" => json!("2026-11-22T09:30:00.123456Z"),
        Some("boolean") => schema.get("default").cloned().unwrap_or(json!(false)),
        Some("integer") => json!(1),
        Some("object") => json!({}),
        _ => json!("text"),
    }
}

fn is_of_writes(name: &str) -> bool {
    matches!(name, "preview" | "warnings")
}

/// The links of a thing lead to the thing with the id beside them.
pub fn own_links(object: &mut Value) {
    if object.get("links").is_none() {
        return;
    }
    let id = object["id"].as_str().unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.parse_id(id).is_some());
    let links = match kind {
        Some(kind) => Links::of(kind, format!("/v1/{}/id:{id}", kind.collection())),
        None => Links::of_path("/v1/settings".to_owned()),
    };
    object["links"] = json!(links);
}
