//! Tokens that are good, and all the ways in which they are not.

use crate::common::{Caller, Reply, TestApp, Token, json};

const PRIVATE: &[u8] = include_bytes!("../../common/keys/rsa-private.pem");
const PUBLIC: &str = include_str!("../../common/keys/rsa-public.pem");
const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "customer-access";

fn ask(caller: Caller<'_>) -> Reply {
    caller.get("/v1/settings")
}

#[track_caller]
fn refused(app: &TestApp, token: &str, code: &str) {
    let reply = ask(app.with_token(token)).expect(401).problem(code);
    assert!(reply.header("WWW-Authenticate").starts_with("Bearer"), "{reply}");
    assert!(!reply.text.contains(token), "the reply repeats the token: {reply}");
}

fn admin() -> Token {
    Token::scope("admin")
}

#[test]
fn a_good_token_passes() {
    let app = TestApp::start();
    ask(app.with_token(&admin().sign())).expect(200);
    ask(app.anonymous().header("Authorization", &format!("bearer {}", admin().sign()))).expect(200);
}

#[test]
fn scopes_may_stand_in_scp_too() {
    let app = TestApp::start();
    for scp in [json!(["settings:read", "other"]), json!("other settings:read")] {
        ask(app.with_token(&admin().without("scope").claim("scp", scp).sign())).expect(200);
    }
}

#[test]
fn other_claims_give_no_scopes() {
    let app = TestApp::start();
    for claim in ["scopes", "roles", "realm_access", "permissions", "Scope"] {
        ask(app.with_token(&admin().without("scope").claim(claim, json!(["admin"])).sign())).expect(403);
    }
    for scope in ["ADMIN", "admins", "settings:*", "*", "settings", "settings:read,settings:write"] {
        ask(app.with_token(&Token::scope(scope).sign())).expect(403);
    }
}

#[test]
fn no_token_at_all() {
    let app = TestApp::start();
    ask(app.anonymous()).expect(401).problem("token_missing");
    for header in ["", "Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4=", &admin().sign()] {
        let reply = ask(app.anonymous().header("Authorization", header)).expect(401).problem("token_missing");
        assert!(reply.header("WWW-Authenticate").starts_with("Bearer"), "{reply}");
    }
}

#[test]
fn a_token_in_the_query_does_not_count() {
    let app = TestApp::start();
    app.anonymous().get(&format!("/v1/groups?access_token={}", admin().sign())).expect(401);
}

#[test]
fn what_is_no_token() {
    let app = TestApp::start();
    for token in ["x", "a.b.c", "..", "eyJhbGciOiJIUzI1NiJ9"] {
        refused(&app, token, "token_malformed");
    }
    refused(&app, "eyJhbGciOiJIUzI1NiJ9..", "signature_invalid");
    refused(&app, &"x".repeat(20_000), "token_too_long");
}

#[test]
fn an_expired_token() {
    let app = TestApp::start();
    refused(&app, &admin().expires_in(-3_600).sign(), "token_expired");
    refused(&app, &admin().without("exp").sign(), "expiry_missing");
    refused(&app, &admin().claim("exp", json!("tomorrow")).sign(), "expiry_missing");
}

#[test]
fn a_token_of_tomorrow() {
    let app = TestApp::start();
    refused(&app, &admin().claim("nbf", json!(crate::common::token::now() + 3_600)).sign(), "token_not_yet_valid");
}

#[test]
fn a_wrong_signature() {
    let app = TestApp::start();
    refused(&app, &admin().sign_with(b"another secret of more than 32 bytes, really"), "signature_invalid");
    refused(&app, &admin().sign_with(b""), "signature_invalid");
    let (good, reader) = (admin().sign(), Token::scope("directory:read").sign());
    let signature = |token: &str| token.rsplit_once('.').map(|(_, signature)| signature.to_owned()).unwrap_or_default();
    let payload = good.rsplit_once('.').map(|(payload, _)| payload).unwrap_or_default();
    refused(&app, &format!("{payload}.{}", signature(&reader)), "signature_invalid");
    refused(&app, &format!("{payload}."), "signature_invalid");
    refused(&app, payload, "token_malformed");
}

#[test]
fn alg_none() {
    let app = TestApp::start();
    refused(&app, &admin().unsigned(), "algorithm_not_allowed");
    let signed = admin().sign();
    let signature = signed.rsplit_once('.').map(|(_, signature)| signature).unwrap_or_default();
    refused(&app, &format!("{}{signature}", admin().unsigned()), "algorithm_not_allowed");
}

#[test]
fn another_algorithm() {
    let app = TestApp::start();
    refused(&app, &admin().sign_rs256(PRIVATE), "algorithm_not_allowed");
}

fn with_public_key() -> TestApp {
    TestApp::start_with(&[("JWT_PUBLIC_KEY", PUBLIC), ("JWT_ISSUER", ISSUER), ("JWT_AUDIENCE", AUDIENCE)])
}

fn issued() -> Token {
    admin().claim("iss", json!(ISSUER)).claim("aud", json!(AUDIENCE))
}

#[test]
fn the_public_key_of_an_issuer() {
    let app = with_public_key();
    ask(app.with_token(&issued().sign_rs256(PRIVATE))).expect(200);
    refused(&app, &issued().sign(), "algorithm_not_allowed");
}

#[test]
fn a_public_key_taken_for_a_secret() {
    let app = with_public_key();
    for secret in [PUBLIC.as_bytes(), PUBLIC.trim_end().as_bytes(), &der(PUBLIC)] {
        refused(&app, &issued().sign_with(secret), "algorithm_not_allowed");
    }
    refused(&app, &issued().unsigned(), "algorithm_not_allowed");
}

/// What stands between the lines of a PEM.
fn der(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("--")).collect();
    base64::Engine::decode(&base64::prelude::BASE64_STANDARD, base64).expect("a PEM")
}

#[test]
fn a_wrong_audience() {
    let app = with_public_key();
    refused(&app, &issued().claim("aud", json!("another-service")).sign_rs256(PRIVATE), "wrong_audience");
    refused(&app, &issued().claim("aud", json!(["a", "b"])).sign_rs256(PRIVATE), "wrong_audience");
    refused(&app, &issued().without("aud").sign_rs256(PRIVATE), "wrong_audience");
    ask(app.with_token(&issued().claim("aud", json!(["a", AUDIENCE])).sign_rs256(PRIVATE))).expect(200);
}

#[test]
fn a_wrong_issuer() {
    let app = with_public_key();
    refused(&app, &issued().claim("iss", json!("https://evil.example")).sign_rs256(PRIVATE), "wrong_issuer");
    refused(&app, &issued().without("iss").sign_rs256(PRIVATE), "wrong_issuer");
}

#[test]
fn a_wrong_audience_with_a_secret() {
    let app = TestApp::start_with(&[("JWT_AUDIENCE", AUDIENCE)]);
    refused(&app, &admin().sign(), "wrong_audience");
    refused(&app, &admin().claim("aud", json!("another-service")).sign(), "wrong_audience");
    ask(app.with_token(&admin().claim("aud", json!(AUDIENCE)).sign())).expect(200);
}
