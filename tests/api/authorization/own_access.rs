//! `access:self`: a customer user asks about themselves, and about nobody else.

use crate::common::{TestApp, Value, at, json, query};

/// Jane, who may read in `users`, and John.
fn app() -> TestApp {
    let app = TestApp::start();
    app.customer_user("jane");
    app.customer_user("john");
    app.service("IT");
    app.link_customer_user("jane", "users", &["ro"]);
    app
}

fn about(login: &str) -> Value {
    json!({"customer_user": login, "group": "users", "permission": "ro"})
}

#[test]
fn ones_own_access_is_one_call() {
    let app = app();
    let answer = app.as_customer_user("jane").get("/v1/access/self").expect(200);
    let answer = answer.has("/customer_user/login", "jane").has("/groups/0/name", "users");
    assert_eq!(app.get("/v1/customer-users/jane/access").expect(200).json["groups"], answer.json["groups"]);
}

#[test]
fn one_may_ask_about_oneself_by_any_name() {
    let app = app();
    let id = app.get("/v1/customer-users/jane").expect(200).id();
    app.admin().put_empty("/v1/customer-users/jane/external-ids/crm/1").expect(201);
    let jane = app.as_customer_user("jane");
    for reference in ["jane", "JANE", "key:jane", "external:crm:1", &format!("id:{id}")] {
        jane.get(&at(&["customer-users", reference, "access"])).expect(200);
        jane.get(&query(&at(&["customer-users", reference, "thing-filter"]), &[("permission", "ro")])).expect(200);
        jane.post("/v1/access:check", about(reference)).expect(200).has("/allowed", true);
    }
}

#[test]
fn the_login_of_a_token_is_folded_like_any_other() {
    let app = app();
    app.as_customer_user("JANE").get("/v1/customer-users/jane/access").expect(200);
    app.as_customer_user("id:u1").get("/v1/access/self").expect(404).problem("customer_user_not_found");
}

#[test]
fn anybody_else_is_forbidden_existing_or_not() {
    let app = app();
    let jane = app.as_customer_user("jane");
    let mut details = Vec::new();
    for login in ["john", "nobody", "id:u999", "external:crm:9"] {
        let reply = jane.get(&at(&["customer-users", login, "access"])).expect(403).problem("not_your_own");
        details.push((reply.json["code"].clone(), reply.json["detail"].clone()));
        jane.get(&query(&at(&["customer-users", login, "thing-filter"]), &[("permission", "ro")])).expect(403);
        jane.post("/v1/access:check", about(login)).expect(403).problem("not_your_own");
    }
    assert!(details.iter().all(|detail| *detail == details[0]), "they tell who exists: {details:?}");
}

#[test]
fn the_thing_of_another_may_be_asked_about() {
    let app = app();
    let mut question = about("jane");
    question["thing"] = json!({"customer_user": "john"});
    app.as_customer_user("jane").post("/v1/access:check", question).expect(200).has("/allowed", false);
}

#[test]
fn a_batch_answers_nothing_about_others() {
    let app = app();
    let items = json!({"items": [about("jane"), about("john"), about("nobody")]});
    let reply = app.as_customer_user("jane").post("/v1/access:batch-check", items).expect(200);
    let reply = reply.has("/counts", json!({"allowed": 1, "denied": 0, "failed": 2})).has("/items/0/allowed", true);
    for item in &reply.items()[1..] {
        let (status, code) = (&item["status"], &item["problem"]["code"]);
        assert_eq!((status, code), (&json!(403), &json!("not_your_own")), "{reply}");
        assert_eq!(item.get("allowed"), None, "{reply}");
    }
}

#[test]
fn the_reverse_questions_are_for_others() {
    let app = app();
    let jane = app.as_customer_user("jane");
    for path in ["/v1/groups/users/access?permission=ro", "/v1/services/IT/access", "/v1/customer-users", "/v1/changes"]
    {
        jane.get(path).expect(403).problem("missing_scope");
    }
}

#[test]
fn a_login_that_was_renamed_is_somebody_else_now() {
    let app = app();
    app.patch("/v1/customer-users/jane", json!({"login": "jane.doe"})).expect(200);
    app.as_customer_user("jane").get("/v1/customer-users/jane.doe/access").expect(403);
    app.customer_user("jane");
    let answer = app.as_customer_user("jane").get("/v1/access/self").expect(200);
    answer.has("/groups", json!([]));
}

#[test]
fn somebody_unknown_may_not_ask_about_anybody() {
    let app = app();
    app.as_customer_user("ghost").get("/v1/customer-users/jane/access").expect(403).problem("not_your_own");
    app.as_customer_user("ghost").get("/v1/access/self").expect(404).problem("customer_user_not_found");
}

#[test]
fn a_token_that_names_nobody_may_not_ask() {
    let app = app();
    let token = crate::common::Token::scope("access:self").without("sub").sign();
    app.with_token(&token).get("/v1/access/self").expect(401).problem("login_claim_missing");
    app.with_token(&token).get("/v1/customer-users/jane/access").expect(401).problem("login_claim_missing");
}

#[test]
fn the_claim_that_names_the_login_can_be_configured() {
    let app = TestApp::start_with(&[("JWT_LOGIN_CLAIM", "preferred_username")]);
    app.customer_user("jane");
    app.customer_user("john");
    let token =
        crate::common::Token::scope("access:self").subject("john").claim("preferred_username", json!("jane")).sign();
    app.with_token(&token).get("/v1/customer-users/jane/access").expect(200);
    app.with_token(&token).get("/v1/customer-users/john/access").expect(403);
}
