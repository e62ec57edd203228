//! The OpenAPI document as a judge: every reply has a documented status, headers and body.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

use super::{Reply, url};

const BASE: &str = "https://customer-access.example/openapi.json";

/// The methods that a path of the document may have.
pub const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// One operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    /// In capitals.
    pub method: String,
    /// The path with its parameters in braces.
    pub template: String,
    /// What the document says of it.
    pub value: Value,
}

impl Operation {
    /// `GET /v1/customers/{customer}`
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }

    /// The names of the parameters in the path.
    pub fn path_parameters(&self) -> Vec<&str> {
        self.template.split('/').filter_map(parameter).collect()
    }

    /// The query parameter of this name, as documented.
    pub fn query_parameter(&self, name: &str) -> Option<&Value> {
        let parameters = self.value["parameters"].as_array()?;
        parameters.iter().find(|parameter| parameter["in"] == "query" && parameter["name"] == name)
    }

    /// The path with its parameters filled in, percent-encoded.
    pub fn fill<'v>(&self, value: impl Fn(&str) -> &'v str) -> String {
        let part = |part: &str| parameter(part).map_or(part.to_owned(), |name| url::seg(value(name)));
        self.template.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// How many parts of this path are literally those of the template, if the path fits.
    fn fit(&self, path: &str) -> Option<usize> {
        let (template, path): (Vec<&str>, Vec<&str>) = (self.template.split('/').collect(), path.split('/').collect());
        let fits = |(template, part): (&&str, &&str)| template == part || parameter(template).is_some();
        if template.len() != path.len() || !template.iter().zip(&path).all(fits) {
            return None;
        }
        Some(template.iter().zip(&path).filter(|(template, part)| template == part).count())
    }
}

fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// The document, ready to judge.
pub struct Contract {
    /// As it was served.
    pub document: Value,
    /// Its operations.
    pub operations: Vec<Operation>,
    registry: Registry<'static>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// The document that the server at this address serves; fetched once, for all are the same.
    pub fn of(agent: &ureq::Agent, base: &str) -> &'static Self {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(|| {
            let served = agent.get(format!("{base}/openapi.json")).call();
            let text =
                served.expect("/openapi.json is served").body_mut().with_config().limit(64 << 20).read_to_string();
            Self::new(serde_json::from_str(&text.expect("a text")).expect("/openapi.json is JSON"))
        })
    }

    /// This document.
    pub fn new(document: Value) -> Self {
        let mut strict = json!({"components": document["components"]});
        close_components(&mut strict);
        let registry = Registry::new().add(BASE, strict).and_then(|registry| registry.prepare());
        let registry = registry.expect("the schemas of the document can be resolved");
        Self { operations: operations(&document), document, registry, validators: Mutex::default() }
    }

    /// The operation that a request is for.
    pub fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let path = path.split('?').next().unwrap_or_default();
        let of_method = self.operations.iter().filter(|operation| operation.method == method);
        of_method
            .filter_map(|operation| Some((operation.fit(path)?, operation)))
            .max_by_key(|(fit, _)| *fit)
            .map(|o| o.1)
    }

    /// Holds a reply against the document.
    #[track_caller]
    pub fn check(&self, reply: &Reply) {
        check_headers(reply);
        match self.operation(&reply.method, &reply.path) {
            Some(operation) => self.check_against(operation, reply),
            // A preflight is a browser's question about an operation, and none itself.
            None if reply.method == "OPTIONS" && reply.status == 204 => {}
            None if reply.path.starts_with("/v1") => {
                assert!(
                    matches!(reply.status, 400 | 401 | 404 | 405 | 413 | 414),
                    "not in the OpenAPI document: {reply}"
                );
            }
            None => {}
        }
    }

    #[track_caller]
    fn check_against(&self, operation: &Operation, reply: &Reply) {
        let name = operation.name();
        let documented = self.resolve(&operation.value["responses"][reply.status.to_string()]);
        assert!(!documented.is_null(), "{name} does not document the status {reply}");
        let Some(contents) = documented["content"].as_object().filter(|contents| !contents.is_empty()) else {
            assert!(reply.text.is_empty(), "{name} documents no body for {reply}");
            return;
        };
        let content = contents.get(reply.content_type());
        let content = content.unwrap_or_else(|| panic!("{name} does not document the content type of {reply}"));
        let is_json = reply.content_type().ends_with("json") && !reply.content_type().ends_with("ndjson");
        if is_json {
            self.check_schema(&format!("{name} {}", reply.status), &content["schema"], &reply.json, reply);
        }
        self.check_request(operation, reply);
    }

    /// What was accepted is documented as acceptable.
    #[track_caller]
    fn check_request(&self, operation: &Operation, reply: &Reply) {
        let Some(sent) = reply.sent.as_ref().filter(|_| (200..300).contains(&reply.status)) else { return };

        let body = self.resolve(&operation.value["requestBody"]);
        let schema = &body["content"]["application/json"]["schema"];
        if let Some(accepted) = without_failed_rows(sent, reply).filter(|_| !schema.is_null()) {
            self.check_schema(&format!("{} request", operation.name()), schema, &accepted, reply);
        }
    }

    #[track_caller]
    fn check_schema(&self, name: &str, schema: &Value, instance: &Value, reply: &Reply) {
        let validator = self.validator(name, schema);
        let errors: Vec<String> =
            validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: against the OpenAPI document: {errors:#?}\n{reply}");
    }

    fn validator(&self, name: &str, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let build = || {
            let mut schema = schema.clone();
            close(&mut schema, false);
            make_absolute(&mut schema);
            let built = jsonschema::options().with_registry(&self.registry).build(&schema);
            Arc::new(built.unwrap_or_else(|error| panic!("{name}: the schema is broken: {error}")))
        };
        Arc::clone(validators.entry(name.to_owned()).or_insert_with(build))
    }

    /// What is wrong with a value, by a schema of the document.
    pub fn errors(&self, schema: &Value, instance: &Value) -> Vec<String> {
        let validator = self.validator(&schema.to_string(), schema);
        validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// Follows a `$ref` within the document.
    pub fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.document.pointer(pointer).unwrap_or(&Value::Null),
            None => value,
        }
    }
}

#[track_caller]
fn check_headers(reply: &Reply) {
    assert!(!reply.header("X-Request-Id").is_empty(), "no X-Request-Id on {reply}");
    if reply.path.starts_with("/v1") {
        assert!(!reply.header("Access-Revision").is_empty(), "no Access-Revision on {reply}");
        let is_read = reply.method == "GET" && matches!(reply.status, 200 | 304);
        assert!(!is_read || reply.header("ETag").starts_with('"'), "no strong ETag on {reply}");
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("the document has paths");
    let of_path = |(template, item): (&String, &Value)| {
        let of_method = |method: &str| {
            let value = item.get(method)?.clone();
            Some(Operation { method: method.to_uppercase(), template: template.clone(), value })
        };
        METHODS.into_iter().filter_map(of_method).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

/// In a reply, a member that the document does not know is a mistake: objects are closed before
/// they are compared, unless they are parts of an `allOf`, where the whole is.
fn close_components(document: &mut Value) {
    let mut parts = HashSet::new();
    collect_parts(&document["components"], &mut parts);
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for (name, schema) in schemas {
        let is_part = parts.contains(&format!("#/components/schemas/{name}"));
        close(schema, is_part);
    }
}

fn collect_parts(value: &Value, parts: &mut HashSet<String>) {
    let of_all_of = value["allOf"].as_array().into_iter().flatten();
    parts.extend(of_all_of.filter_map(|part| part["$ref"].as_str()).map(str::to_owned));
    match value {
        Value::Object(members) => members.values().for_each(|member| collect_parts(member, parts)),
        Value::Array(items) => items.iter().for_each(|item| collect_parts(item, parts)),
        _ => {}
    }
}

fn close(schema: &mut Value, is_part: bool) {
    let Some(members) = schema.as_object_mut() else { return };
    let whole = if members.contains_key("allOf") { "unevaluatedProperties" } else { "additionalProperties" };
    let has_members = members.contains_key("properties") || members.contains_key("allOf");
    if has_members && !is_part && !members.contains_key("additionalProperties") {
        members.insert(whole.to_owned(), Value::Bool(false));
    }
    for (name, member) in members {
        match (name.as_str(), member) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(|p| close(p, false)),
            ("allOf", Value::Array(all)) => all.iter_mut().for_each(|part| close(part, true)),
            ("items" | "additionalProperties", schema) => close(schema, false),
            _ => {}
        }
    }
}

fn make_absolute(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(reference) if name == "$ref" && reference.starts_with('#') => {
                        *reference = format!("{BASE}{reference}");
                    }
                    member => make_absolute(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_absolute),
        _ => {}
    }
}

/// Of a batch, the rows that were merged; nothing, where all of them failed.
fn without_failed_rows(sent: &Value, reply: &Reply) -> Option<Value> {
    let mut accepted = sent.clone();
    let failed = |place: usize| reply.json["items"][place]["outcome"] == "failed";
    if let Some(rows) = accepted.get_mut("items").and_then(Value::as_array_mut) {
        let mut places = 0..rows.len();
        rows.retain(|_| !places.next().is_some_and(failed));
        if rows.is_empty() && failed(0) {
            return None;
        }
    }
    Some(accepted)
}
