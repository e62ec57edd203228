//! Tokens and key sets as Keycloak makes them, with the settings that the README gives for it.

use customer_access::auth::{Authenticator, Scopes};
use serde_json::{Value, json};

use super::support::*;

/// The key set of a realm: what signs, and a key for encryption, which is none of ours.
fn realm_keys() -> String {
    let mut encrypting = RSA_NEXT.jwk();
    (encrypting["use"], encrypting["alg"]) = (json!("enc"), json!("RSA-OAEP"));
    let mut signing = RSA.jwk();
    (signing["alg"], signing["x5c"], signing["x5t"]) = (json!("RS256"), json!(["MIIC"]), json!("x"));
    json!({"keys": [encrypting, signing]}).to_string()
}

/// An access token of somebody with these roles.
fn access_token(issuer: &str, changes: Value) -> String {
    let mut token = json!({
        "iat": in_seconds(0), "auth_time": in_seconds(0), "jti": "onrtac:1", "iss": issuer,
        "aud": [AUDIENCE, "account"], "sub": "f3b1c7de-0000-4000-8000-000000000001", "typ": "Bearer", "azp": "portal",
        "sid": "6a9d", "acr": "1", "allowed-origins": ["https://portal.example"],
        "realm_access": {"roles": ["offline_access", "default-roles-desk", "uma_authorization", "admin"]},
        "resource_access": {"account": {"roles": ["manage-account"]}},
        "scope": "openid profile email", "email_verified": false, "preferred_username": "jane", "desk_login": "jane@acme",
    });
    for (claim, value) in changes.as_object().unwrap() {
        token[claim] = value.clone();
    }
    RSA.sign(&claims(token))
}

fn roles(role: &str) -> Value {
    json!({"realm_access": {"roles": ["offline_access", role]}})
}

/// The README's settings, with a key set that is not fetched from a place that does not exist.
fn of_the_readme(directory: &std::path::Path) -> (Authenticator, String) {
    let readme = include_str!("../../README.md");
    let (_, block) = readme.split_once("```sh\nJWKS_URL=").unwrap();
    let (_, block) = block.split_once('\n').unwrap();
    let lines = block.split("```").next().unwrap().lines();
    let mut settings: Vec<_> = lines.filter_map(|line| line.split_once('=')).collect();
    let issuer = settings.iter().find(|(name, _)| *name == "JWT_ISSUER").unwrap().1.to_owned();
    let keys = directory.join("keys.json");
    std::fs::write(&keys, realm_keys()).unwrap();
    settings.push(("JWKS_FILE", keys.to_str().unwrap()));
    (Authenticator::new(&config(&settings)).unwrap(), issuer)
}

#[actix_web::test]
async fn the_settings_of_the_readme_give_each_role_its_scopes() {
    let directory = tempfile::tempdir().unwrap();
    let (door, issuer) = of_the_readme(directory.path());
    for (role, scopes) in [
        ("desk-admin", "admin"),
        ("crm", "directory:read sync:write"),
        ("portal", "access:read"),
        ("admin", ""),
        ("default-roles-desk", ""),
    ] {
        let caller = ask(&door, &access_token(&issuer, roles(role))).await.unwrap();
        assert_eq!((caller.actor.as_str(), caller.scopes), ("jane@acme", Scopes::parse(scopes).unwrap()), "{role}");
    }
}

#[actix_web::test]
async fn what_the_realm_made_for_others_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (door, issuer) = of_the_readme(directory.path());
    for (changes, code) in [
        (json!({"aud": "account"}), "wrong_audience"),
        (json!({"aud": ["account", "another"], "azp": AUDIENCE}), "wrong_audience"),
        (json!({"iss": "https://id.example.com/realms/master"}), "wrong_issuer"),
        (json!({"exp": in_seconds(-3600)}), "token_expired"),
    ] {
        assert_eq!(outcome(&door, &access_token(&issuer, changes)).await, code);
    }
    let encrypting = RSA_NEXT.sign(&claims(json!({"iss": issuer, "aud": AUDIENCE})));
    assert_ne!(outcome(&door, &encrypting).await, "alice", "a key for encryption signs nothing");
}

#[actix_web::test]
async fn a_keycloak_token_gives_nothing_without_the_map() {
    let keycloak = RSA.sign(&claims(json!({
        "typ": "Bearer", "azp": "desk", "aud": [AUDIENCE, "account"], "scope": "profile email",
        "preferred_username": "jane", "sub": "f3b1c7de-0000-4000-8000-000000000001",
        "realm_access": {"roles": ["offline_access", "desk-admin", "admin"]},
        "resource_access": {"account": {"roles": ["manage-account"]}},
    })));
    let public = RSA.public_pem();
    let keys = ("JWT_PUBLIC_KEY", public.as_str());
    let caller = ask(&authenticator(&[keys]), &keycloak).await.unwrap();
    assert_eq!((caller.actor.as_str(), caller.scopes), ("f3b1c7de-0000-4000-8000-000000000001", Scopes::NONE));
    let settings = [
        keys,
        ("JWT_LOGIN_CLAIM", "preferred_username"),
        ("JWT_ROLES_CLAIM", "realm_access.roles"),
        ("JWT_ROLE_SCOPES", "desk-admin=access:read links:write"),
    ];
    let caller = ask(&authenticator(&settings), &keycloak).await.unwrap();
    assert_eq!((caller.actor.as_str(), caller.scopes.to_string().as_str()), ("jane", "links:write access:read"));
}
