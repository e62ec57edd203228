//! A key set that is fetched from the issuer.

use crate::support::*;
use customer_access::auth::Authenticator;
use serde_json::json;
use std::time::Duration;

fn door(issuer: &Issuer, refresh_interval: &str, max_age: &str) -> Authenticator {
    authenticator(&[("JWKS_URL", &issuer.url), ("JWKS_REFRESH_INTERVAL", refresh_interval), ("JWKS_MAX_AGE", max_age)])
}

async fn pause(milliseconds: u64) {
    actix_web::rt::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[actix_web::test]
async fn keys_are_fetched_once_and_kept() {
    let issuer = Issuer::start(&[&RSA, &P256, &ED25519]);
    let door = door(&issuer, "1m", "1h");
    for key in [RSA, P256, ED25519, RSA] {
        assert_eq!(outcome(&door, &key.sign(&claims(json!({})))).await, "alice");
    }
    assert_eq!(issuer.fetches(), 1);
}

#[actix_web::test]
async fn a_new_key_is_fetched_when_it_is_met() {
    let issuer = Issuer::start(&[&RSA]);
    let door = door(&issuer, "1m", "1h");
    issuer.serve(key_set(&[&RSA_NEXT]));
    assert_eq!(outcome(&door, &RSA.sign(&claims(json!({})))).await, "alice");
    assert_eq!(outcome(&door, &RSA_NEXT.sign(&claims(json!({})))).await, "alice");
    assert_eq!(outcome(&door, &RSA.sign(&claims(json!({})))).await, "unknown_key", "it was withdrawn");
    assert_eq!(issuer.fetches(), 2);
}

#[actix_web::test]
async fn unknown_keys_cause_one_fetch_an_interval() {
    let issuer = Issuer::start(&[&RSA]);
    let door = door(&issuer, "500ms", "1h");
    let unknown = RSA_NEXT.sign(&claims(json!({})));
    for _ in 0..20 {
        assert_eq!(outcome(&door, &unknown).await, "unknown_key");
    }
    assert_eq!(issuer.fetches(), 2);
    pause(600).await;
    assert_eq!(outcome(&door, &unknown).await, "unknown_key");
    assert_eq!(issuer.fetches(), 3);
}

#[actix_web::test]
async fn all_who_bring_the_new_key_at_once_are_let_in_by_one_fetch() {
    let issuer = Issuer::start(&[&RSA]);
    let door = door(&issuer, "1m", "1h");
    issuer.serve(key_set(&[&RSA, &RSA_NEXT]));
    let token = RSA_NEXT.sign(&claims(json!({})));
    let outcomes = futures_util::future::join_all((0..50).map(|_| outcome(&door, &token))).await;
    assert!(outcomes.iter().all(|outcome| outcome == "alice"), "{outcomes:?}");
    assert_eq!(issuer.fetches(), 2);
}

#[actix_web::test]
async fn a_caller_who_gives_up_does_not_cost_the_others_their_fetch() {
    let issuer = Issuer::start(&[&RSA]);
    let door = door(&issuer, "1m", "1h");
    issuer.serve(key_set(&[&RSA_NEXT]));
    let token = RSA_NEXT.sign(&claims(json!({})));
    let impatient = actix_web::rt::time::timeout(Duration::ZERO, outcome(&door, &token)).await;
    assert!(impatient.is_err());
    assert_eq!(outcome(&door, &token).await, "alice");
    assert_eq!(issuer.fetches(), 2);
}

#[actix_web::test]
async fn while_the_issuer_is_down_the_last_good_set_stays() {
    let issuer = Issuer::start(&[&RSA]);
    let door = door(&issuer, "100ms", "100ms");
    let too_large = key_set(&[&P256]) + &" ".repeat(300_000);
    let troubles = [
        "",
        "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /keys\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}",
        &format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{too_large}", too_large.len()),
    ];
    for trouble in troubles {
        issuer.serve_raw(trouble);
        let before = issuer.fetches();
        pause(150).await;
        assert_eq!(outcome(&door, &RSA.sign(&claims(json!({})))).await, "alice");
        assert_eq!(issuer.fetches(), before + 1, "it was asked");
    }
    issuer.break_down();
    pause(150).await;
    assert_eq!(outcome(&door, &RSA.sign(&claims(json!({})))).await, "alice");
}

#[actix_web::test]
async fn an_issuer_that_is_late_is_waited_for() {
    let issuer = Issuer::down();
    let door = door(&issuer, "300ms", "1h");
    let token = RSA.sign(&claims(json!({})));
    let refusal = ask(&door, &token).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.status(), refusal.www_authenticate()), ("keys_unavailable", 503, None));
    issuer.serve(key_set(&[&RSA]));
    pause(350).await;
    assert_eq!(outcome(&door, &token).await, "alice");
}

#[actix_web::test]
async fn keys_are_fetched_anew_in_time() {
    let issuer = Issuer::start(&[&RSA, &P256]);
    let door = door(&issuer, "100ms", "300ms");
    issuer.serve(key_set(&[&P256]));
    pause(350).await;
    assert_eq!(outcome(&door, &RSA.sign(&claims(json!({})))).await, "unknown_key", "it was withdrawn");
    assert_eq!(outcome(&door, &P256.sign(&claims(json!({})))).await, "alice");
}

#[actix_web::test]
async fn a_token_cannot_bring_its_own_key() {
    let issuer = Issuer::start(&[&RSA]);
    let door = door(&issuer, "1m", "1h");
    let evil = Issuer::start(&[&RSA_NEXT]);
    let private = pem(RSA_NEXT.name);
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(private.as_bytes()).unwrap();
    let header = jsonwebtoken::Header {
        kid: Some("rsa-1".to_owned()),
        jku: Some(evil.url.clone()),
        x5u: Some(evil.url.clone()),
        jwk: serde_json::from_value(RSA_NEXT.jwk()).unwrap(),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256)
    };
    let token = jsonwebtoken::encode(&header, &claims(json!({})), &key).unwrap();
    assert_eq!(outcome(&door, &token).await, "signature_invalid");
    assert_eq!((issuer.fetches(), evil.fetches()), (1, 0));
}

#[actix_web::test]
async fn an_authenticator_is_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    shared(&door(&Issuer::start(&[&RSA]), "1m", "1h"));
}
