//! The schemas in the form that client generators take best: flat objects, texts in place, no unions,
//! `null` only where it may be sent, and a member of a reply required unless it can be absent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Brings the document's schemas into that form.
pub fn simplify(document: &mut Value) {
    let texts = simplify_components(document);
    inline(document, &texts);
    remove_unused(document);
}

/// The members of an object schema; none where it has none.
pub fn properties(schema: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
}

/// The name of the component that a `$ref` leads to.
pub fn referenced(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// Makes every component flat, and takes out the plain texts, to be put where they are named.
fn simplify_components(document: &mut Value) -> BTreeMap<String, Value> {
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
        // In these, `null` clears.
        if !name.ends_with("Patch") && !name.ends_with("Upsert") {
            properties(schema).for_each(|(_, property)| not_null(property));
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

/// Where the known values of a text are told, until it stands where it is named.
const KNOWN_VALUES: &str = "x-known-values";

/// Known values may grow, so they are told, not closed.
fn open_text(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(Value::Array(values)) = schema.as_object_mut().and_then(|schema| schema.remove("enum")) {
        let known: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        schema[KNOWN_VALUES] = json!(format!("Known values: `{}`.", known.join("`, `")));
        if schema["example"].is_null() {
            schema["example"] = values[0].clone();
        }
    }
    schema
}

/// Merges an object that is put together of others (`allOf`) into one. These are replies, which leave
/// out only what is not set.
fn flatten(schema: &mut Value, all: &Map<String, Value>) {
    let Some(Value::Array(parts)) = schema.as_object_mut().and_then(|schema| schema.remove("allOf")) else { return };
    let (mut properties, mut required) = (Map::new(), BTreeSet::new());
    for part in parts {
        let part = referenced(&part).and_then(|name| all.get(name)).unwrap_or(&part);
        let members = part["properties"].as_object().cloned().unwrap_or_default();
        let written = part["required"].as_array().cloned().unwrap_or_default();
        let is_fields = part["additionalProperties"] == false;
        let always =
            members.iter().filter(|(_, member)| is_fields && !may_be_null(member)).map(|(name, _)| name.clone());
        required.extend(always.chain(written.iter().filter_map(Value::as_str).map(str::to_owned)));
        properties.extend(members);
    }
    properties.values_mut().for_each(|member| drop(member.as_object_mut().map(|member| member.remove("default"))));
    schema["type"] = json!("object");
    schema["properties"] = Value::Object(properties);
    schema["required"] = json!(required);
}

fn may_be_null(member: &Value) -> bool {
    let is_null = |schema: &Value| schema["type"] == "null";
    let types = member["type"].as_array().is_some_and(|types| types.contains(&json!("null")));
    types || member["oneOf"].as_array().is_some_and(|of| of.iter().any(is_null))
}

/// A member that is absent rather than `null`.
fn not_null(property: &mut Value) {
    if let Some(Value::Array(of)) = property.as_object_mut().and_then(|property| property.remove("oneOf")) {
        let named = of.into_iter().find(|schema| schema["type"] != "null").unwrap_or_default();
        let said = property.as_object().cloned().unwrap_or_default();
        *property = named;
        property.as_object_mut().into_iter().for_each(|property| property.extend(said.clone()));
    }
    let Some(Value::Array(types)) = property.get_mut("type") else { return };
    types.retain(|name| name != "null");
    if let [one] = types.as_slice() {
        property["type"] = one.clone();
    }
}

/// Puts texts where they are named, with what is said of them there.
fn inline(value: &mut Value, texts: &BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            if let Some(named) = nullable_text(members, texts) {
                members.remove("oneOf");
                merge_under(members, named);
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

/// The text of a member that may be one or `null`.
fn nullable_text(members: &Map<String, Value>, texts: &BTreeMap<String, Value>) -> Option<Value> {
    let of = members.get("oneOf")?.as_array()?;
    let is_null = |schema: &&Value| schema["type"] == "null";
    of.iter().find(is_null)?;
    let mut named = of.iter().find(|schema| !is_null(schema))?.clone();
    inline(&mut named, texts);
    if named["type"].is_string() {
        named["type"] = json!([named["type"], "null"]);
    }
    Some(named)
}

/// Adds what `members` does not say itself.
fn merge_under(members: &mut Map<String, Value>, mut under: Value) {
    let known = under.as_object_mut().and_then(|under| under.remove(KNOWN_VALUES));
    for (name, value) in under.as_object().cloned().unwrap_or_default() {
        members.entry(name).or_insert(value);
    }
    if let Some(known) = known.as_ref().and_then(Value::as_str) {
        let said = members.get("description").and_then(Value::as_str).unwrap_or_default();
        let both = format!("{said} {known}").trim().to_owned();
        members.insert("description".to_owned(), Value::String(both));
    }
}

/// Takes out the components that nothing leads to: parts of others, which stand in these now.
fn remove_unused(document: &mut Value) {
    let mut used = BTreeSet::new();
    collect_used(&document["paths"], &document["components"]["schemas"], &mut used);
    used.insert("Problem".to_owned());
    collect_used(&document["components"]["schemas"]["Problem"], &document["components"]["schemas"], &mut used);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| used.contains(name));
    }
}

fn collect_used(value: &Value, schemas: &Value, used: &mut BTreeSet<String>) {
    if let Some(name) = referenced(value).filter(|name| !used.contains(*name)) {
        used.insert(name.to_owned());
        collect_used(&schemas[name], schemas, used);
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| collect_used(member, schemas, used)),
        Value::Array(items) => items.iter().for_each(|item| collect_used(item, schemas, used)),
        _ => {}
    }
}
