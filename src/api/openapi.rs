//! The OpenAPI document: what the handlers declare, with what the list of routes and the conventions
//! say of every operation added in one place, in the form that client generators take best: flat
//! objects, texts in place, no unions, `null` only where it may be sent.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::guard::Access;
use super::problem::CODES;
use super::routes::{PATHS, ROUTES};

/// The document, with the paths under `base_path`.
pub fn document(base_path: &str) -> Value {
    let mut document = serde_json::to_value(&*PATHS).unwrap_or_default();
    document["openapi"] = json!("3.1.0");
    document["info"] = info();
    document["servers"] =
        json!([{ "url": if base_path.is_empty() { "/" } else { base_path }, "description": "This host." }]);
    document["tags"] = tags();
    document["components"]["securitySchemes"] = json!({ "bearer": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "A JWT with the scopes of the operation. `customer-access token` makes one.",
    }});
    let texts = simplify_schemas(&mut document);
    inline(&mut document, &texts);
    member_examples(&mut document);
    for declared in ROUTES {
        complete_operation(&mut document, declared.operation_id, declared.access);
    }
    examples(&mut document);
    drop_unused_schemas(&mut document);
    document
}

fn info() -> Value {
    json!({
        "title": "customer-access",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": env!("CARGO_PKG_DESCRIPTION"),
        "description": include_str!("openapi.md"),
        "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
    })
}

fn tags() -> Value {
    let tag = |(name, description): (&str, &str)| json!({ "name": name, "description": description });
    let tags = [
        ("access", "Questions: what a customer user may see, and why; who may see something."),
        ("customers", "Companies, their external ids and their links."),
        ("customer-users", "Persons of customers, their external ids and their links."),
        ("groups", "Named sets of resources, and their links."),
        ("services", "The service catalogue, a tree, and its links."),
        ("back-ends", "The sources that customer users come from."),
        ("settings", "The settings that bear on access, default services, always-groups."),
        ("changes", "The log of all changes, to follow."),
        ("health", "Whether the service lives and is ready."),
        ("docs", "This document."),
    ];
    Value::Array(tags.map(tag).to_vec())
}

/// Makes every component flat, and takes out the plain texts, to be put where they are named.
fn simplify_schemas(document: &mut Value) -> BTreeMap<String, Value> {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return BTreeMap::new() };
    let all = schemas.clone();
    if let Some(patch) = all.get("CustomerUserPatch") {
        schemas.insert("CustomerUserCreate".to_owned(), as_creation(patch, "login"));
    }
    let is_text = |schema: &Value| schema["type"] == "string";
    let texts =
        schemas.iter().filter(|(_, schema)| is_text(schema)).map(|(name, s)| (name.clone(), open_text(s))).collect();
    schemas.retain(|_, schema| !is_text(schema));
    for (name, schema) in schemas.iter_mut() {
        flatten(schema, &all);
        if !name.ends_with("Patch") {
            schema["properties"].as_object_mut().into_iter().flatten().for_each(|(_, property)| not_null(property));
        }
        if schema["properties"].is_null() && schema["type"] == "object" {
            schema.as_object_mut().map(|schema| schema.remove("properties"));
        }
    }
    texts
}

/// A patch as the body of a creation: the key is required.
fn as_creation(patch: &Value, key: &str) -> Value {
    let mut creation = patch.clone();
    creation["required"] = json!([key]);
    creation["description"] = json!("A customer user to create.");
    creation["properties"][key]["description"] =
        json!("The natural key: 1 to 200 characters, unique without regard to case.");
    creation
}

/// Known values may grow, so they are told, not closed.
fn open_text(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(Value::Array(values)) = schema.as_object_mut().and_then(|schema| schema.remove("enum")) {
        let known: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        let said = schema["description"].as_str().unwrap_or("").to_owned();
        schema["description"] = json!(format!("{said} Known values: `{}`.", known.join("`, `")));
        if schema["example"].is_null() {
            schema["example"] = values[0].clone();
        }
    }
    schema
}

/// Merges an object that is put together of others (`allOf`) into one.
fn flatten(schema: &mut Value, all: &Map<String, Value>) {
    let Some(Value::Array(parts)) = schema.as_object_mut().and_then(|schema| schema.remove("allOf")) else { return };
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in parts {
        let name = part["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        let part = name.and_then(|name| all.get(name)).unwrap_or(&part);
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    schema["type"] = json!("object");
    schema["properties"] = Value::Object(properties);
    schema["required"] = Value::Array(required);
}

/// A member that is absent rather than `null`.
fn not_null(property: &mut Value) {
    if let Some(Value::Array(of)) = property.as_object_mut().and_then(|property| property.remove("oneOf")) {
        let named = of.into_iter().find(|schema| schema["type"] != "null").unwrap_or_default();
        let said = property.as_object().cloned().unwrap_or_default();
        *property = named;
        property.as_object_mut().into_iter().for_each(|property| property.extend(said.clone()));
    }
    if let Value::Array(types) = &mut property["type"] {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            property["type"] = one.clone();
        }
    }
    if property["type"].is_null() {
        property.as_object_mut().map(|property| property.remove("type"));
    }
}

/// Puts texts where they are named, with what is said of them there.
fn inline(value: &mut Value, texts: &BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Array(of)) = members.get("oneOf") {
                let nullable = of.iter().any(|schema| schema["type"] == "null");
                if let Some(mut named) = of.iter().find(|schema| schema["type"] != "null").cloned().filter(|_| nullable)
                {
                    inline(&mut named, texts);
                    if named["type"].is_string() {
                        named["type"] = json!([named["type"], "null"]);
                    }
                    members.remove("oneOf");
                    merge_under(members, named);
                }
            }
            let name = members.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
            if let Some(text) = name.and_then(|name| texts.get(name)).cloned() {
                members.remove("$ref");
                merge_under(members, text);
            }
            members.values_mut().for_each(|member| inline(member, texts));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| inline(item, texts)),
        _ => {}
    }
}

/// Adds what `members` does not say itself.
fn merge_under(members: &mut Map<String, Value>, under: Value) {
    for (name, value) in under.as_object().cloned().unwrap_or_default() {
        members.entry(name).or_insert(value);
    }
}

/// What is true of every operation, by its method, its parameters and who may call it.
fn complete_operation(document: &mut Value, operation_id: &str, access: Access) {
    let all = document["components"]["schemas"].clone();
    let Some((path, method, operation)) = find(document, operation_id) else { return };
    describe(operation);
    let is_write = method != "get" && !operation_id.contains("check");
    let has_body = operation["requestBody"].is_object();
    let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    if body.as_str().is_some_and(|name| name.ends_with("/NoFields")) {
        operation["requestBody"]["required"] = json!(false);
    }
    let mut statuses = vec![400, 500];
    if let Access::Needs(scope) = access {
        operation["security"] = json!([{ "bearer": [scope.as_str()] }]);
        let said = operation["description"].as_str().unwrap_or("").to_owned();
        let needs = format!("Needs the scope `{scope}`.");
        operation["description"] = json!(if said.is_empty() { needs } else { format!("{said}\n\n{needs}") });
        statuses.extend([401, 403, 412, 503]);
        header_parameter(
            operation,
            "At-Least-Revision",
            "Answer from this revision (an `Access-Revision`) or a later one.",
            "5f0c1d9e6a574b0e-42",
        );
    } else {
        operation["security"] = json!([]);
        statuses.extend((path == "/readyz").then_some(503));
    }
    if path.contains('{') || path.ends_with("/self") || has_body && !is_write {
        statuses.push(404);
    }
    if has_body {
        statuses.extend([413, 415, 422]);
    }
    if path.contains("thing-filter") || path.ends_with("{group}/access") {
        statuses.push(422);
    }
    if is_write {
        statuses.push(409);
        if method != "post" {
            header_parameter(
                operation,
                "If-Match",
                "Write only if the entity tag is one of these, or, with `*`, if it exists.",
                "\"9f2c5b1a7e3d4c6b8a901f2e\"",
            );
        }
    }
    if operation["responses"]["304"].is_object() {
        header_parameter(
            operation,
            "If-None-Match",
            "Answer 304 if the entity tag is one of these.",
            "\"9f2c5b1a7e3d4c6b8a901f2e\"",
        );
    }
    statuses.into_iter().for_each(|status| problem_response(operation, status));
    response_headers(operation, method == "post" && is_write, &all);
}

/// What the routes that are made by a macro leave unsaid.
fn describe(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if parameter["description"].is_null() {
            let name = parameter["name"].as_str().unwrap_or_default().replace('_', " ");
            parameter["description"] = json!(format!("The {name}: its natural key, or `id:…`, `external:…`, `key:…`."));
        }
    }
}

/// Drops what only other schemas were put together of.
fn drop_unused_schemas(document: &mut Value) {
    let text = document.to_string();
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| text.contains(&format!("/schemas/{name}\"")));
    }
}

type Found<'d> = (String, &'static str, &'d mut Value);

fn find<'d>(document: &'d mut Value, operation_id: &str) -> Option<Found<'d>> {
    for (path, item) in document["paths"].as_object_mut()? {
        for method in ["get", "put", "post", "patch", "delete"] {
            if item[method]["operationId"] == operation_id {
                return Some((path.clone(), method, &mut item[method]));
            }
            if item[method].is_null() {
                item.as_object_mut()?.remove(method);
            }
        }
    }
    None
}

fn header_parameter(operation: &mut Value, name: &str, description: &str, example: &str) {
    let parameter = json!({
        "name": name, "in": "header", "required": false, "description": description,
        "schema": { "type": "string" }, "example": example,
    });
    match &mut operation["parameters"] {
        Value::Array(parameters) => parameters.push(parameter),
        none => *none = json!([parameter]),
    }
}

fn problem_response(operation: &mut Value, status: u16) {
    let rows: Vec<_> = CODES.iter().filter(|(_, of, _)| *of == status).collect();
    let codes: Vec<String> = rows.iter().map(|(code, ..)| format!("`{code}`")).collect();
    let (code, _, title) = rows.first().copied().copied().unwrap_or(("internal", 500, "Something failed"));
    operation["responses"][status.to_string()] = json!({
        "description": format!("A problem: {}.", codes.join(", ")),
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
            "example": {
                "type": format!("urn:customer-access:problem:{code}"), "title": title, "status": status, "code": code,
                "detail": "A sentence that says what it is this time, and what to do.",
                "request_id": "6a57c1d9-5f0c-4b0e-9d0f-1f2f6f3a9b11",
            },
        }},
    });
}

fn response_headers(operation: &mut Value, creates: bool, schemas: &Value) {
    let header = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        let mut headers = json!({
            "X-Request-Id": header("The request's id, as it stands in the log.", "6a57c1d9-5f0c-4b0e-9d0f-1f2f6f3a9b11"),
            "Access-Revision": header("The revision that the reply is of; send it back as `At-Least-Revision`.", "5f0c1d9e6a574b0e-42"),
        });
        let body = &response["content"]["application/json"]["schema"]["$ref"];
        let name = body.as_str().and_then(|path| path.rsplit('/').next()).unwrap_or("");
        let tagged = schemas[name]["properties"]["etag"].is_object() || name.ends_with("Link");
        if tagged || status == "304" {
            headers["ETag"] = header("The entity tag of the representation.", "\"9f2c5b1a7e3d4c6b8a901f2e\"");
        }
        if status == "201" && creates {
            headers["Location"] = header("Where the new thing is, by its id.", "/v1/customers/id:c12");
        }
        match status.as_str() {
            "401" => {
                headers["WWW-Authenticate"] =
                    header("What is wrong with the token.", "Bearer realm=\"customer-access\"")
            }
            "503" => headers["Retry-After"] = header("Try again after so many seconds.", "1"),
            _ => {}
        }
        response["headers"] = headers;
    }
}

/// Examples of members that share a type of text, which has but one.
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
    ("next_cursor", "eyJ2IjoiYWNtZSIsIm4iOjEyfQ"),
];

fn member_examples(document: &mut Value) {
    for (_, schema) in document["components"]["schemas"].as_object_mut().into_iter().flatten() {
        for (name, member) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
            let known = MEMBER_EXAMPLES.iter().find(|(known, _)| known == name);
            let is_text = member["type"] == "string" || member["type"][0] == "string";
            if let Some((_, example)) = known.filter(|_| is_text) {
                member.as_object_mut().map(|member| member.remove("examples"));
                member["example"] = json!(example);
            }
        }
    }
}

/// Gives every body an example, put together from those of its members.
fn examples(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    for (_, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            let mut media = Vec::new();
            media.extend(operation.pointer_mut("/requestBody/content/application~1json"));
            example_of(media, &schemas);
            for (_, response) in operation["responses"].as_object_mut().into_iter().flatten() {
                example_of(response.pointer_mut("/content/application~1json").into_iter().collect(), &schemas);
            }
        }
    }
}

fn example_of(media: Vec<&mut Value>, schemas: &Value) {
    for media in media.into_iter().filter(|media| media["example"].is_null() && media["schema"].is_object()) {
        media["example"] = example(&media["schema"], schemas);
    }
}

fn example(schema: &Value, schemas: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return example(&schemas[name], schemas);
    }
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    if let Some(first) = schema["examples"].get(0) {
        return first.clone();
    }
    if let Some(properties) = schema["properties"].as_object() {
        return properties.iter().map(|(name, property)| (name.clone(), example(property, schemas))).collect();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
    match kind {
        Some("array") => json!([example(&schema["items"], schemas)]),
        Some("string") if schema["format"] == "date-time" => json!("2026-11-22T09:30:00.123456Z"),
        Some("boolean") => json!(false),
        Some("integer") => json!(1),
        Some("object") => json!({}),
        _ => json!("text"),
    }
}
