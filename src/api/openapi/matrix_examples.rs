//! The examples of matrices: the schemas are shared by several of them, what they show is not.

use serde_json::{Value, json};

use super::examples::own_links;

/// A thing that can be the subject or a row.
struct Thing {
    collection: &'static str,
    id: &'static str,
    /// The member of a subject that is its natural key.
    member: Option<&'static str>,
    key: &'static str,
    name: &'static str,
}

const THINGS: [Thing; 4] = [
    Thing { collection: "customers", id: "c12", member: Some("customer_id"), key: "acme", name: "Acme Inc." },
    Thing { collection: "customer-users", id: "u7", member: Some("login"), key: "jane", name: "Jane Doe" },
    Thing { collection: "groups", id: "g3", member: None, key: "support", name: "support" },
    Thing { collection: "services", id: "s5", member: None, key: "IT::Network", name: "IT::Network" },
];

/// Makes the examples of one screen show what is its own: of a matrix its subject and rows, of a page no
/// counts, of a save no next page.
pub fn complete(path: &str, method: &str, operation: &mut Value) {
    of_matrix(path, operation);
    let Some(page) = operation.pointer_mut("/responses/200/content/application~1json/example") else { return };
    if page.get("links_version").is_some() {
        let others: &[&str] = if method == "get" { &["counts"] } else { &["next_cursor", "total"] };
        others.iter().for_each(|name| remove(page, name));
    }
}

fn of_matrix(path: &str, operation: &mut Value) {
    if !path.ends_with("-matrix") {
        return;
    }
    let collection = path.split('/').nth(2).unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default().replace("-matrix", "s");
    let of = |collection: &str| THINGS.iter().find(|thing| thing.collection == collection);
    let (Some(subject), Some(row)) = (of(collection), of(&last)) else { return };
    let has_contexts = [collection, &last].iter().all(|side| matches!(*side, "customers" | "groups"));
    if let Some(delta) = operation.pointer_mut("/requestBody/content/application~1json/example") {
        members(delta, "cells").for_each(|cell| cell["row"] = json!(row.key));
        members(delta, "cells").for_each(|cell| context(cell, has_contexts));
    }
    let Some(page) = operation.pointer_mut("/responses/200/content/application~1json/example") else { return };
    show_subject(page, subject);
    columns(page, has_contexts);
    members(page, "items").for_each(|item| show_row(item, row, &last, collection, has_contexts));
}

fn show_subject(page: &mut Value, thing: &Thing) {
    let mut subject = json!({ "id": thing.id, "name": thing.name, "validity": "valid", "links": {} });
    if let Some(member) = thing.member {
        subject[member] = json!(thing.key);
    }
    own_links(&mut subject);
    page["subject"] = subject;
}

/// One column for each of two permission types.
fn columns(page: &mut Value, has_contexts: bool) {
    let Some(columns) = page.get_mut("columns").and_then(Value::as_array_mut) else { return };
    columns.iter_mut().for_each(|column| context(column, has_contexts));
    if let [only] = columns.as_slice() {
        let mut other = only.clone();
        other["permission"] = json!("rw");
        other["label"] = json!("Read and write");
        other["description"] = json!("May do everything with the things of the group.");
        columns.push(other);
    }
}

fn show_row(item: &mut Value, thing: &Thing, rows: &str, subjects: &str, has_contexts: bool) {
    (item["id"], item["key"], item["name"]) = (json!(thing.id), json!(thing.key), json!(thing.name));
    own_links(item);
    remove(item, "lock_reason");
    for cell in members(item, "cells") {
        context(cell, has_contexts);
        remove(cell, "lock_reason");
        if !has_contexts {
            cell["sources"] = json!([{ "kind": "customer_user_link" }]);
        }
    }
    if item.get("granted").is_some() {
        let is_of_services = [rows, subjects].contains(&"services");
        item["sources"] = if is_of_services { json!([{ "kind": "assigned_service" }]) } else { json!([]) };
    }
}

fn context(part: &mut Value, has_contexts: bool) {
    if !has_contexts {
        remove(part, "context");
    }
}

fn remove(part: &mut Value, name: &str) {
    part.as_object_mut().map(|members| members.remove(name));
}

fn members<'v>(value: &'v mut Value, name: &str) -> impl Iterator<Item = &'v mut Value> {
    value.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}
