//! Every operation of the OpenAPI document × every scope, against the table in `authorization.txt`.

use std::collections::BTreeMap;

use crate::common::{Operation, Reply, TestApp, Token, Value, at, json};

const SCOPES: [&str; 12] = [
    "directory:read",
    "directory:write",
    "links:read",
    "links:write",
    "settings:read",
    "settings:write",
    "access:read",
    "access:self",
    "changes:read",
    "sync:write",
    "sync:approve",
    "admin",
];

/// What the table says of an operation.
struct Rule {
    passes: Vec<&'static str>,
    /// Not judged here.
    depends: Vec<&'static str>,
}

impl Rule {
    fn is_public(&self) -> bool {
        self.passes == ["public"]
    }
}

fn table() -> BTreeMap<String, Rule> {
    let lines = include_str!("../../authorization.txt").lines();
    lines.filter(|line| !line.starts_with('#') && !line.trim().is_empty()).map(rule).collect()
}

fn rule(line: &'static str) -> (String, Rule) {
    let mut words = line.split_whitespace();
    let operation = format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (depends, passes): (Vec<&str>, Vec<&str>) = words.partition(|word| word.starts_with('('));
    let known = |word: &&str| word.split('+').all(|scope| SCOPES.contains(&scope) || scope == "public");
    let depends: Vec<&str> = depends.iter().map(|word| word.trim_matches(['(', ')'])).collect();
    assert!(!passes.is_empty() && passes.iter().chain(&depends).all(known), "{line}");
    (operation, Rule { passes, depends })
}

fn with_everything() -> TestApp {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user("jane");
    app.customer_user("self");
    app.group("support");
    app.service("IT");
    app.back_end("ldap");
    app
}

/// The path of an operation, about things that exist.
fn path(operation: &Operation) -> String {
    let path = operation.fill(|parameter| match parameter {
        "customer" => "acme",
        "customer_user" => "jane",
        "group" => "support",
        "service" => "IT",
        "back_end" => "ldap",
        "source" => "crm",
        "external_id" | "job" | "n" => "1",
        other => panic!("say in authorization/matrix.rs what {{{other}}} of {} is", operation.name()),
    });
    if operation.template.ends_with("/stream") {
        // Whoever may stream is told that this is no place to begin at; the stream itself would not end.
        return format!("{path}?after=x");
    }
    let asks_permission = operation.query_parameter("permission").is_some();
    if asks_permission { format!("{path}?permission=ro") } else { path }
}

fn body(operation: &Operation) -> Option<Value> {
    let question = json!({"customer_user": "jane", "group": "support", "permission": "ro"});
    match operation.template.as_str() {
        "/v1/access:check" => Some(question),
        "/v1/access:batch-check" => Some(json!({"items": [question]})),
        _ => (!operation.value["requestBody"].is_null()).then(|| json!({})),
    }
}

fn call(app: &TestApp, operation: &Operation, token: Option<&str>) -> Reply {
    let caller = token.map_or_else(|| app.anonymous(), |token| app.with_token(token));
    caller.send(&operation.method, &path(operation), body(operation).as_ref())
}

fn token(scope: &str) -> String {
    Token::scope(scope).subject("self").sign()
}

#[test]
fn every_operation_has_a_line_and_every_line_an_operation() {
    let app = TestApp::start();
    let table = table();
    let operations: Vec<String> = app.contract().operations.iter().map(Operation::name).collect();
    let missing: Vec<&String> = operations.iter().filter(|name| !table.contains_key(*name)).collect();
    let stale: Vec<&String> = table.keys().filter(|name| name.contains(" /v1") && !operations.contains(name)).collect();
    assert!(missing.is_empty(), "add to tests/authorization.txt: {missing:#?}");
    assert!(stale.is_empty(), "not in the OpenAPI document: {stale:#?}");
}

#[test]
fn every_scope_passes_where_the_table_says_and_nowhere_else() {
    let (app, table) = (with_everything(), table());
    let mut wrong = Vec::new();
    for operation in &app.contract().operations {
        let Some(rule) = table.get(&operation.name()) else { continue };
        for scope in SCOPES.into_iter().filter(|scope| !rule.depends.contains(scope)) {
            let reply = call(&app, operation, Some(&token(scope)));
            let passed = !matches!(reply.status, 401 | 403);
            if passed != (rule.is_public() || rule.passes.contains(&scope)) {
                wrong.push(format!("{} with {scope}: {}", operation.name(), reply.status));
            }
        }
        for together in rule.passes.iter().filter(|word| word.contains('+')) {
            let reply = call(&app, operation, Some(&token(&together.replace('+', " "))));
            assert!(!matches!(reply.status, 401 | 403), "{reply}");
        }
    }
    assert!(wrong.is_empty(), "against tests/authorization.txt: {wrong:#?}");
}

#[test]
fn a_refusal_names_the_missing_scope() {
    let (app, table) = (with_everything(), table());
    for operation in &app.contract().operations {
        let Some(rule) = table.get(&operation.name()).filter(|rule| !rule.is_public()) else { continue };
        let other = if rule.passes.contains(&"sync:approve") { "changes:read" } else { "sync:approve" };
        let reply = call(&app, operation, Some(&token(other))).expect(403).problem("missing_scope");
        let is_named = |scope: &&&str| **scope != "admin" || rule.passes == ["admin"];
        let mut scopes = rule.passes.iter().chain(&rule.depends).filter(is_named);
        let named = scopes.any(|word| word.split('+').any(|scope| reply.text.contains(scope)));
        assert!(named, "none of {:?} in {reply}", rule.passes);
    }
}

#[test]
fn without_a_token_nothing_but_the_public_passes() {
    let (app, table) = (with_everything(), table());
    for operation in &app.contract().operations {
        let reply = call(&app, operation, None);
        if table.get(&operation.name()).is_some_and(Rule::is_public) {
            assert!(!matches!(reply.status, 401 | 403), "{reply}");
        } else {
            let reply = reply.expect(401).problem("token_missing");
            assert!(reply.header("WWW-Authenticate").starts_with("Bearer"), "{reply}");
        }
    }
}

#[test]
fn a_token_without_scopes_passes_nowhere() {
    let (app, table) = (with_everything(), table());
    for operation in &app.contract().operations {
        if table.get(&operation.name()).is_some_and(|rule| !rule.is_public()) {
            call(&app, operation, Some(&token(""))).expect(403).problem("missing_scope");
        }
    }
}

#[test]
fn what_is_refused_does_nothing() {
    let app = with_everything();
    let before = app.get("/v1/settings").expect(200).revision();
    let reader = app.as_scope("directory:read links:read settings:read access:read changes:read");
    let bodies = [json!({"customer_id": "new"}), json!({"login": "new"}), json!({"name": "new"})];
    for collection in ["customers", "customer-users", "groups", "services", "back-ends"] {
        bodies.iter().for_each(|body| drop(reader.post(&at(&[collection]), body.clone()).expect(403)));
    }
    reader.delete("/v1/customers/acme").expect(403);
    reader.put("/v1/customer-users/jane/groups/support", json!({"permissions": ["rw"]})).expect(403);
    assert_eq!(app.get("/v1/settings").expect(200).revision(), before);
}
