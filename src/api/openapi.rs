//! The OpenAPI document: what the handlers declare, with what the list of routes and the conventions
//! say of every operation added in one place. [`schemas`] gives it the form that client generators
//! take best, [`problems`] the errors of each operation, [`examples`] an example for every body.

mod examples;
mod matrix_examples;
mod problems;
mod schemas;
mod writes;

use serde_json::{Value, json};

use super::guard::Access;
use super::routes::{PATHS, ROUTES};
use crate::auth::Scope;
use problems::Described;

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
    writes::complete(&mut document);
    schemas::simplify(&mut document);
    for declared in ROUTES {
        complete_operation(&mut document, declared.operation_id, declared.access);
    }
    examples::complete(&mut document);
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
        ("links", "Many links at once: all pairs of two sets of things."),
        ("services", "The service catalogue, a tree, and its links."),
        ("back-ends", "The sources that customer users come from."),
        ("settings", "The settings that bear on access, default services, always-groups."),
        ("changes", "The log of all changes, to follow."),
        ("import-jobs", "Whole exports of another system, uploaded in chunks and written in the background."),
        ("audit", "Who wrote what and when."),
        ("health", "Whether the service lives and is ready."),
        ("docs", "This document."),
    ];
    Value::Array(tags.map(tag).to_vec())
}

/// What is true of every operation, by its method, its parameters and who may call it.
fn complete_operation(document: &mut Value, operation_id: &str, access: Access) {
    let all = document["components"]["schemas"].clone();
    let Some((path, method, operation)) = find(document, operation_id) else { return };
    let scopes: Vec<Scope> = access.scopes().collect();
    if !scopes.is_empty() {
        operation["security"] = json!([{ "bearer": scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>() }]);
        let said = operation["description"].as_str().unwrap_or("").to_owned();
        operation["description"] = json!(format!("{said}\n\n{}", needs(&scopes)).trim());
    } else {
        operation["security"] = json!([]);
    }
    let is_secured = access != Access::Public;
    let is_stream = operation["responses"]["200"]["content"]["text/event-stream"].is_object();
    if is_secured && method == "get" && !is_stream {
        operation["responses"]["304"] = json!({ "description": "Unchanged." });
    }
    path_parameters(operation);
    optional_body(operation);
    request_headers(operation, method, is_secured);
    if access.writes() && matches!(method, "post" | "patch") {
        writes::idempotency_key(operation);
    }
    let described = Described { id: operation_id, path: &path, method, is_secured, operation };
    let problems = described.problems();
    for (status, problem) in problems {
        operation["responses"][status.to_string()] = problem;
    }
    response_headers(operation, &all);
}

fn needs(scopes: &[Scope]) -> String {
    match scopes {
        [Scope::AccessSelf] => "Needs the scope `access:read`, or, about oneself, `access:self`.".to_owned(),
        [scope] => format!("Needs the scope `{scope}`."),
        scopes => {
            let named: Vec<String> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
            format!("Needs the scopes {}.", named.join(" and "))
        }
    }
}

type Found<'d> = (String, &'static str, &'d mut Value);

fn find<'d>(document: &'d mut Value, operation_id: &str) -> Option<Found<'d>> {
    for (path, item) in document["paths"].as_object_mut()? {
        for method in ["get", "put", "post", "patch", "delete"] {
            if item[method]["operationId"] == operation_id {
                return Some((path.clone(), method, item.get_mut(method)?));
            }
        }
    }
    None
}

/// How a path names a thing.
fn path_parameters(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
    for parameter in parameters.filter(|parameter| parameter["in"] == "path") {
        let forms = match parameter["name"].as_str().unwrap_or_default() {
            "customer" | "customer_user" | "group" | "service" => "`id:…`, `external:{source}:{id}` or `key:…`",
            "back_end" => "`id:…` or `key:…`",
            _ => continue,
        };
        let what = parameter["name"].as_str().unwrap_or_default().replace('_', " ");
        parameter["description"] = json!(format!("The {what}: its natural key, percent-encoded, {forms}."));
    }
}

/// Where there is nothing to say, nothing need be sent.
fn optional_body(operation: &mut Value) {
    let says_nothing = operation.pointer("/requestBody/content/application~1json/schema").and_then(schemas::referenced)
        == Some("NoFields");
    if says_nothing {
        operation["requestBody"]["required"] = json!(false);
    }
}

const A_TAG: &str = "\"9f2c5b1a7e3d4c6b8a901f2e\"";
const A_REVISION: &str = "5f0c1d9e6a574b0e-42";

fn request_headers(operation: &mut Value, method: &str, is_secured: bool) {
    if is_secured {
        let said = "Answer from this revision (an `Access-Revision`) or a later one.";
        header_parameter(operation, "At-Least-Revision", said, A_REVISION);
    }
    if operation["responses"]["200"]["content"]["text/event-stream"].is_object() {
        header_parameter(operation, "Last-Event-ID", "The `id` of the last event that was seen.", A_REVISION);
    }
    // A chunk is not replaced, so that nothing is expected of the one before.
    let is_chunk = operation["operationId"] == "put_import_chunk";
    if matches!(method, "put" | "patch" | "delete") && !is_chunk {
        let said = "Write only if the entity tag is one of these, or, with `*`, if it exists.";
        header_parameter(operation, "If-Match", said, A_TAG);
    }
    if method == "put" && operation["responses"]["201"].is_object() && !is_chunk {
        let said = "`*`: write only if there is nothing yet.";
        header_parameter(operation, "If-None-Match", said, "*");
    }
    if operation["responses"]["304"].is_object() {
        header_parameter(operation, "If-None-Match", "Answer 304 if the entity tag is one of these.", A_TAG);
    }
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

fn response_headers(operation: &mut Value, schemas: &Value) {
    let header = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    let is_read = operation["responses"]["304"].is_object();
    let is_asked_of_index = operation["tags"][0] == "access" || operation["operationId"] == "get_overview";
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        let mut headers = json!({
            "X-Request-Id": header("The request's id, as it stands in the log.", "6a57c1d9-5f0c-4b0e-9d0f-1f2f6f3a9b11"),
            "Access-Revision": header("The revision that the reply is of; send it back as `At-Least-Revision`.", A_REVISION),
        });
        if is_asked_of_index && matches!(status.as_str(), "200" | "304") {
            headers["Access-Stale"] = header(
                "Only while the database is out of reach: the seconds since answers about access were last confirmed current. After `MAX_STALENESS` there are none (503 `stale`).",
                "4",
            );
        }
        let is_tagged = is_read && matches!(status.as_str(), "200" | "304");
        let schema = response.pointer("/content/application~1json/schema").unwrap_or(&Value::Null);
        let name = schemas::referenced(schema).unwrap_or_default();
        let members = &schemas[name]["properties"];
        if is_tagged || members["etag"].is_object() || TAGGED.contains(&name) {
            headers["ETag"] = header("The entity tag of the representation.", A_TAG);
        }
        if status == "201" && members["etag"].is_object() && members["links"].is_object() {
            headers["Location"] = header("Where the new thing is, by its id.", "/v1/customers/id:c12");
        }
        match status.as_str() {
            "401" | "403" => {
                headers["WWW-Authenticate"] =
                    header("What is wrong with the token.", "Bearer realm=\"customer-access\"");
            }
            "429" | "503" => headers["Retry-After"] = header("Try again after so many seconds.", "1"),
            _ => {}
        }
        let own = response["headers"].as_object().cloned().unwrap_or_default();
        headers.as_object_mut().into_iter().for_each(|headers| headers.extend(own.clone()));
        response["headers"] = headers;
    }
}

/// Replies that carry a tag in the header alone.
const TAGGED: [&str; 5] =
    ["CustomerGroupLink", "CustomerUserGroupLink", "CustomerUserServiceLink", "CustomerMembership", "ExternalIdList"];
