//! Public keys from PEM and from a key set in a file.

use crate::support::*;
use customer_access::auth::{AuthSetupError, Authenticator};
use serde_json::json;
use std::{fs, path::PathBuf, time::Duration};

/// A key set in a file of its own.
struct KeyFile {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl KeyFile {
    fn new(content: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        fs::write(&path, content).unwrap();
        Self { _directory: directory, path }
    }

    fn authenticator(&self) -> Authenticator {
        authenticator(&[("JWKS_FILE", self.path.to_str().unwrap())])
    }
}

fn setup_problem(settings: &[(&str, &str)]) -> String {
    let expected = [("JWT_ISSUER", ISSUER), ("JWT_AUDIENCE", AUDIENCE)];
    let refused: Result<_, AuthSetupError> = Authenticator::new(&config(&[settings, &expected].concat()));
    refused.err().unwrap().to_string()
}

async fn long_enough_to_look_again() {
    actix_web::rt::time::sleep(Duration::from_millis(1100)).await;
}

#[actix_web::test]
async fn each_kind_of_key_as_pem() {
    let all = "RS256 ES256 ES384 EdDSA";
    for key in [RSA, P256, P384, ED25519] {
        let door = authenticator(&[("JWT_PUBLIC_KEY", &key.public_pem()), ("JWT_ALGORITHMS", all)]);
        assert_eq!(outcome(&door, &key.sign(&claims(json!({})))).await, "alice", "{}", key.name);
        assert_eq!(outcome(&door, &key.sign_as(None, &claims(json!({})))).await, "alice", "{}", key.name);
        assert_eq!(outcome(&door, &key.sign(&claims(json!({"exp": in_seconds(-60)})))).await, "token_expired");
        assert_ne!(outcome(&door, &RSA_NEXT.sign(&claims(json!({})))).await, "alice", "{}", key.name);
    }
}

#[actix_web::test]
async fn several_keys_as_pem() {
    let pem = [RSA.public_pem(), RSA_NEXT.public_pem(), P256.public_pem()].concat();
    let door = authenticator(&[("JWT_PUBLIC_KEY", &pem)]);
    for key in [RSA, RSA_NEXT, P256] {
        assert_eq!(outcome(&door, &key.sign(&claims(json!({})))).await, "alice");
    }
}

#[test]
fn what_is_not_a_public_key_stops_the_start() {
    for (pem, problem) in [
        (pem("rsa-1"), "holds a private key"),
        (pem("p256"), "holds a private key"),
        (pem("rsa-short.pub"), "it is shorter than 2048 bits"),
        (P384.public_pem(), "it fits no configured algorithm"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".to_owned(), "holds a certificate"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----".to_owned(), "not RSA, P-256, P-384 or Ed25519"),
        ("a secret, perhaps".to_owned(), "holds no PEM block"),
    ] {
        let refused = setup_problem(&[("JWT_PUBLIC_KEY", &pem)]);
        assert!(refused.starts_with("JWT_PUBLIC_KEY holds ") && refused.contains(problem), "{refused}");
    }
}

#[actix_web::test]
async fn each_kind_of_key_in_a_key_set() {
    let door = KeyFile::new(&key_set(&[&RSA, &P256, &ED25519])).authenticator();
    for key in [RSA, P256, ED25519] {
        assert_eq!(outcome(&door, &key.sign(&claims(json!({})))).await, "alice", "{}", key.name);
        assert_eq!(outcome(&door, &key.sign_as(None, &claims(json!({})))).await, "alice", "{}", key.name);
        assert_eq!(outcome(&door, &key.sign_as(Some("other"), &claims(json!({})))).await, "unknown_key");
    }
    assert_eq!(outcome(&door, &P384.sign(&claims(json!({})))).await, "algorithm_not_allowed");
    assert_eq!(outcome(&door, &RSA_NEXT.sign_as(Some("rsa-1"), &claims(json!({})))).await, "signature_invalid");
    assert_eq!(outcome(&door, &P256.sign_as(Some("rsa-1"), &claims(json!({})))).await, "unknown_key");
}

#[actix_web::test]
async fn a_key_without_an_id_may_be_any() {
    let mut key = RSA.jwk();
    key.as_object_mut().unwrap().remove("kid");
    let door = KeyFile::new(&json!({"keys": [P256.jwk(), key]}).to_string()).authenticator();
    assert_eq!(outcome(&door, &RSA.sign(&claims(json!({})))).await, "alice");
    assert_eq!(outcome(&door, &RSA_NEXT.sign(&claims(json!({})))).await, "unknown_key");
}

#[actix_web::test]
async fn a_file_is_read_again_when_it_changes() {
    let file = KeyFile::new(&key_set(&[&RSA]));
    let door = file.authenticator();
    let before = RSA.sign(&claims(json!({})));
    assert_eq!(outcome(&door, &before).await, "alice");
    fs::write(&file.path, key_set(&[&RSA_NEXT, &P256])).unwrap();
    long_enough_to_look_again().await;
    assert_eq!(outcome(&door, &before).await, "unknown_key", "it was verified with a key that is gone");
    assert_eq!(outcome(&door, &RSA_NEXT.sign(&claims(json!({})))).await, "alice");
    assert_eq!(outcome(&door, &RSA.sign(&claims(json!({})))).await, "unknown_key", "it was withdrawn");
}

#[actix_web::test]
async fn a_broken_file_leaves_the_last_good_set() {
    let file = KeyFile::new(&key_set(&[&RSA]));
    let door = file.authenticator();
    fs::write(&file.path, "{\"keys\": [").unwrap();
    long_enough_to_look_again().await;
    assert_eq!(outcome(&door, &RSA.sign(&claims(json!({})))).await, "alice");
    fs::remove_file(&file.path).unwrap();
    long_enough_to_look_again().await;
    assert_eq!(outcome(&door, &RSA.sign(&claims(json!({})))).await, "alice");
    fs::write(&file.path, key_set(&[&P256])).unwrap();
    long_enough_to_look_again().await;
    assert_eq!(outcome(&door, &P256.sign(&claims(json!({})))).await, "alice");
}

#[test]
fn a_file_without_usable_keys_stops_the_start() {
    let private_alone = json!({"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]}).to_string();
    for content in ["", "{}", "{\"keys\": []}", &private_alone] {
        let file = KeyFile::new(content);
        let refused = setup_problem(&[("JWKS_FILE", file.path.to_str().unwrap())]);
        assert!(refused.starts_with("JWKS_FILE ") && refused.contains("cannot be used"), "{refused}");
    }
    assert!(setup_problem(&[("JWKS_FILE", "/not/there")]).contains("it cannot be read"));
}
