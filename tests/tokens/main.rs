//! Which tokens are believed and which are not, through the library as a route uses it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

mod issuer_url;
mod key_files;
mod keycloak;
mod support;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use customer_access::auth::{Authenticator, Grant, Scopes, mint};
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::*;

fn local() -> Authenticator {
    authenticator(&[("JWT_SECRET", SECRET)])
}

async fn outcome_of(changes: serde_json::Value) -> String {
    outcome(&local(), &sign_with_secret(SECRET.as_bytes(), &claims(changes))).await
}

#[actix_web::test]
async fn a_good_token_names_its_caller() {
    let token = sign_with_secret(SECRET.as_bytes(), &claims(json!({"scope": "openid access:read links:write"})));
    let caller = ask(&local(), &token).await.unwrap();
    assert_eq!(caller.actor, "alice");
    assert_eq!(caller.login.as_deref(), Some("alice"));
    assert_eq!(caller.scopes.to_string(), "links:write access:read");
}

#[actix_web::test]
async fn no_token() {
    let door = local();
    for header in [None, Some(""), Some("Basic YTpi"), Some("Bearer ")] {
        assert_eq!(door.authenticate(header.map(str::as_bytes)).await.unwrap_err().code(), "token_missing");
    }
}

#[actix_web::test]
async fn what_is_not_a_token() {
    for token in ["x", "a.b.c", "e30.e30.", "....", "e30.e30.e30"] {
        assert_eq!(outcome(&local(), token).await, "token_malformed", "{token}");
    }
    let no_text = local().authenticate(Some(b"Bearer e30.\xff.c2ln")).await;
    assert_eq!(no_text.unwrap_err().code(), "token_malformed");
    assert_eq!(outcome(&local(), &"x".repeat(20_000)).await, "token_too_long");
}

#[actix_web::test]
async fn times() {
    assert_eq!(outcome_of(json!({"exp": in_seconds(-3600)})).await, "token_expired");
    assert_eq!(outcome_of(json!({"exp": in_seconds(-10)})).await, "alice", "within the leeway");
    assert_eq!(outcome_of(json!({"exp": null})).await, "expiry_missing");
    for unusable in [json!("never"), json!(-1), json!([])] {
        assert_eq!(outcome_of(json!({"exp": unusable})).await, "expiry_missing");
    }
    assert_eq!(outcome_of(json!({"nbf": in_seconds(3600)})).await, "token_not_yet_valid");
    assert_eq!(outcome_of(json!({"nbf": in_seconds(-3600)})).await, "alice");
    assert_eq!(outcome_of(json!({"nbf": "soon"})).await, "token_malformed");
}

#[actix_web::test]
async fn a_token_that_was_believed_is_refused_when_it_has_expired() {
    let door = authenticator(&[("JWT_SECRET", SECRET), ("JWT_LEEWAY", "0s")]);
    let expires = in_seconds(3);
    let token = sign_with_secret(SECRET.as_bytes(), &claims(json!({"exp": expires})));
    assert_eq!(outcome(&door, &token).await, "alice");
    assert_eq!(outcome(&door, &token).await, "alice");
    let expires = UNIX_EPOCH + Duration::from_secs(expires.unsigned_abs());
    actix_web::rt::time::sleep(expires.duration_since(SystemTime::now()).unwrap()).await;
    // In the very second that it names, and by one who has never seen it.
    assert_eq!(outcome(&door, &token).await, "token_expired");
    let another = authenticator(&[("JWT_SECRET", SECRET), ("JWT_LEEWAY", "0s")]);
    assert_eq!(outcome(&another, &token).await, "token_expired");
}

#[actix_web::test]
async fn a_token_that_was_believed_vouches_for_no_other() {
    let door = local();
    let token = sign_with_secret(SECRET.as_bytes(), &claims(json!({})));
    assert_eq!(outcome(&door, &token).await, "alice");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let admin = URL_SAFE_NO_PAD.encode(claims(json!({"scope": "admin"})).to_string());
    assert_eq!(outcome(&door, &format!("{header}.{admin}.{signature}")).await, "signature_invalid");
    assert_ne!(outcome(&door, &format!("{signed}.{}", signature.to_lowercase())).await, "alice");
}

#[actix_web::test]
async fn issuer_and_audience() {
    assert_eq!(outcome_of(json!({"aud": "another"})).await, "wrong_audience");
    assert_eq!(outcome_of(json!({"aud": null})).await, "wrong_audience");
    assert_eq!(outcome_of(json!({"aud": ["account", AUDIENCE]})).await, "alice");
    assert_eq!(outcome_of(json!({"iss": "https://evil.example"})).await, "wrong_issuer");
    assert_eq!(outcome_of(json!({"iss": null})).await, "wrong_issuer");
}

#[actix_web::test]
async fn without_an_expected_audience_one_that_is_named_is_another() {
    let door = Authenticator::new(&config(&[("JWT_SECRET", SECRET)])).unwrap();
    let sign = |changes| sign_with_secret(SECRET.as_bytes(), &claims(changes));
    assert_eq!(outcome(&door, &sign(json!({"aud": null, "iss": null}))).await, "alice");
    assert_eq!(outcome(&door, &sign(json!({}))).await, "wrong_audience");
}

#[actix_web::test]
async fn a_wrong_signature_comes_before_everything_the_token_says() {
    let forged = |changes| sign_with_secret(b"another secret, which is also longer than 32 bytes", &claims(changes));
    for changes in [json!({}), json!({"exp": in_seconds(-3600)}), json!({"aud": "another"}), json!({"sub": null})] {
        assert_eq!(outcome(&local(), &forged(changes)).await, "signature_invalid");
    }
    let good = sign_with_secret(SECRET.as_bytes(), &claims(json!({})));
    let (content, _) = good.rsplit_once('.').unwrap();
    assert_eq!(outcome(&local(), &format!("{content}.")).await, "signature_invalid");
}

#[actix_web::test]
async fn changed_claims_need_a_new_signature() {
    let good = sign_with_secret(SECRET.as_bytes(), &claims(json!({})));
    let parts: Vec<_> = good.split('.').collect();
    let admin = URL_SAFE_NO_PAD.encode(claims(json!({"scope": "admin"})).to_string());
    assert_eq!(outcome(&local(), &format!("{}.{admin}.{}", parts[0], parts[2])).await, "signature_invalid");
}

#[actix_web::test]
async fn an_unsigned_token_is_refused_however_it_is_spelt() {
    let body = URL_SAFE_NO_PAD.encode(claims(json!({})).to_string());
    let rsa = authenticator(&[("JWT_PUBLIC_KEY", &RSA.public_pem())]);
    for algorithm in ["none", "None", "NONE", "", "HS384", "hs256", "ES512"] {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": algorithm, "typ": "JWT"}).to_string());
        for token in [format!("{header}.{body}."), format!("{header}.{body}.c2ln")] {
            assert_eq!(outcome(&local(), &token).await, "algorithm_not_allowed");
            assert_eq!(outcome(&rsa, &token).await, "algorithm_not_allowed");
        }
    }
}

#[actix_web::test]
async fn a_public_key_is_not_a_secret() {
    let (public, set) = (RSA.public_pem(), key_set(&[&RSA]));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    std::fs::write(&path, &set).unwrap();
    let doors =
        [authenticator(&[("JWT_PUBLIC_KEY", &public)]), authenticator(&[("JWKS_FILE", path.to_str().unwrap())])];
    for door in &doors {
        for secret in [public.as_bytes(), public.trim_end().as_bytes(), set.as_bytes()] {
            assert_eq!(outcome(door, &sign_with_secret(secret, &claims(json!({})))).await, "algorithm_not_allowed");
        }
    }
}

#[actix_web::test]
async fn made_here_and_accepted_here() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().to_str().unwrap();
    for settings in [
        vec![],
        vec![("JWT_ISSUER", ISSUER), ("JWT_AUDIENCE", AUDIENCE)],
        vec![("JWT_LOGIN_CLAIM", "https://id.example/login")],
    ] {
        let config = config(&[settings, vec![("DATA_DIR", data_dir)]].concat());
        let scopes = Scopes::parse("access:self").unwrap();
        let grant = Grant { subject: "jane".to_owned(), scopes, expires_in: Duration::from_secs(60) };
        let token = mint(&config, &grant).unwrap();
        let caller = ask(&Authenticator::new(&config).unwrap(), &token).await.unwrap();
        assert_eq!((caller.login.as_deref(), caller.scopes), (Some("jane"), scopes));
    }
}

#[actix_web::test]
async fn where_an_issuer_makes_the_tokens_none_is_made_here() {
    let settings = [("JWT_PUBLIC_KEY", RSA.public_pem()), ("JWT_ISSUER", ISSUER.into()), ("JWT_AUDIENCE", "x".into())];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let grant =
        Grant { subject: "a".to_owned(), scopes: Scopes::parse("admin").unwrap(), expires_in: Duration::from_secs(1) };
    let refusal = mint(&config(&settings), &grant).unwrap_err().to_string();
    assert_eq!(
        refusal,
        format!("tokens come from the issuer {ISSUER}, whose keys are configured here; ask it for one")
    );
}
