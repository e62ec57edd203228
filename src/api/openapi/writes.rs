//! What is true of every write: that its reply may carry warnings and, of a dry run, a preview; and the
//! header that makes it once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::routes::ROUTES;
use super::{find, header_parameter, schemas};

/// Declares the replies to dry runs, and what the replies to writes carry.
pub fn complete(document: &mut Value) {
    let mut bodies = BTreeSet::new();
    for declared in ROUTES.iter().filter(|declared| declared.access.writes()) {
        let Some((_, _, operation)) = find(document, declared.operation_id) else { continue };
        let responses = &mut operation["responses"];
        bodies.extend(["200", "201"].iter().filter_map(|status| body(&responses[*status])));
        if responses["200"].is_null() {
            responses["200"] = of_dry_run(&responses["201"]);
        }
    }
    for name in bodies {
        carry(&mut document["components"]["schemas"][name]);
    }
}

fn body(response: &Value) -> Option<String> {
    schemas::referenced(&response["content"]["application/json"]["schema"]).map(str::to_owned)
}

/// A dry run is a 200, whatever the write would be.
fn of_dry_run(created: &Value) -> Value {
    let mut response = created.clone();
    if response.is_null() {
        response =
            json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/DryRun" } } } });
    }
    response["description"] = json!("With `dry_run=true`: what the write would do.");
    response
}

/// Adds the members that a reply to a write may have.
fn carry(schema: &mut Value) {
    let members = json!({
        "preview": {
            "$ref": "#/components/schemas/Preview",
            "description": "What the write would do; only in the reply to a dry run of it.",
        },
        "warnings": {
            "type": "array", "items": { "$ref": "#/components/schemas/Warning" },
            "description": "What the write did besides what it says; only in the reply to it, and only if there is something.",
        },
    });
    match schema.get_mut("allOf").and_then(Value::as_array_mut) {
        Some(parts) => parts.push(json!({ "type": "object", "properties": members })),
        None => {
            for (name, member) in members.as_object().into_iter().flatten() {
                schema["properties"][name] = member.clone();
            }
        }
    }
}

/// The header under which a write is made once.
pub fn idempotency_key(operation: &mut Value) {
    let said = "Makes the write once, however often it is sent within 24 hours: a repetition gets the reply that was \
                kept, with the header `Idempotency-Replayed`. 1 to 255 visible characters, made anew for each write.";
    header_parameter(operation, "Idempotency-Key", said, "8e03978e-40d5-43e8-bc93-6894a57f9324");
    let replayed = json!({
        "description": "`true` where this is the reply that was kept for the Idempotency-Key.",
        "schema": { "type": "string" }, "example": "true",
    });
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if status.starts_with('2') {
            response["headers"]["Idempotency-Replayed"] = replayed.clone();
        }
    }
}
