//! Key sets (RFC 7517). A key that cannot be used here is left out, as the RFC asks; a set without
//! any usable key is an error.

use super::keys::VerificationKey;
use crate::config::TokenConfig;
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;

/// The largest key set.
pub(super) const MAX_BYTES: u64 = 256 * 1024;
/// The most keys of a set; the others are left out.
const MAX_KEYS: usize = 100;

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

/// The usable keys of a set, or what is wrong with it.
pub(super) fn parse(json: &[u8], config: &TokenConfig) -> Result<Vec<VerificationKey>, String> {
    let document: Document =
        serde_json::from_slice(json).map_err(|error| format!("it is not a key set (JWKS): {error}"))?;
    let usable = |value| match key(value, config) {
        Ok(key) => Some(key),
        Err(problem) => {
            log::debug!("a key of the key set is left out: {problem}");
            None
        }
    };
    let keys: Vec<_> = document.keys.into_iter().take(MAX_KEYS).filter_map(usable).collect();
    if keys.is_empty() {
        return Err(format!("it holds no key for {:?}", config.algorithms));
    }
    Ok(keys)
}

fn key(value: serde_json::Value, config: &TokenConfig) -> Result<VerificationKey, &'static str> {
    let jwk: Jwk = serde_json::from_value(value).map_err(|_| "it is not a JWK")?;
    VerificationKey::from_jwk(&jwk, config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use serde_json::{Value, json};

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn config(algorithms: &str) -> TokenConfig {
        let read = |name: &str| match name {
            "JWKS_FILE" => Some("unused".to_owned()),
            "JWT_ISSUER" | "JWT_AUDIENCE" => Some("x".to_owned()),
            "JWT_ALGORITHMS" => Some(algorithms.to_owned()),
            _ => None,
        };
        Config::read(&read).unwrap().tokens
    }

    fn usable(key: Value) -> bool {
        parse(json!({"keys": [key]}).to_string().as_bytes(), &config("RS256 ES256 EdDSA")).is_ok()
    }

    fn ed25519(more: Value) -> Value {
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "a"});
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    }

    #[test]
    fn use_operations_and_algorithm_are_checked() {
        assert!(usable(ed25519(json!({}))));
        assert!(usable(ed25519(json!({"use": "sig", "alg": "EdDSA", "key_ops": ["verify"]}))));
        assert!(!usable(ed25519(json!({"use": "enc"}))));
        assert!(!usable(ed25519(json!({"key_ops": ["sign"]}))));
        assert!(!usable(ed25519(json!({"alg": "RS256"}))));
        assert!(!usable(ed25519(json!({"alg": "something new"}))));
    }

    #[test]
    fn secrets_and_bad_keys_are_never_usable() {
        assert!(!usable(json!({"kty": "oct", "k": X, "alg": "HS256"})));
        assert!(!usable(ed25519(json!({"x": "AAAA"}))));
        assert!(!usable(json!({"kty": "EC", "crv": "P-256", "x": X, "y": "AAAA"})));
        assert!(!usable(json!({"kty": "EC", "crv": "P-521", "x": X, "y": X})));
        assert!(!usable(json!({"kty": "RSA", "n": X, "e": "AQAB"})), "256 bits");
        assert!(!usable(json!({"kty": "new", "kid": "a"})));
    }

    #[test]
    fn a_bad_key_does_not_spoil_the_set() {
        let set = json!({"keys": [17, {"kty": "oct", "k": X}, ed25519(json!({})), {"kty": "RSA"}]}).to_string();
        assert_eq!(parse(set.as_bytes(), &config("EdDSA")).unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_a_set_is_an_error() {
        let wrong = |text: &str| parse(text.as_bytes(), &config("ES256")).err().unwrap();
        assert!(wrong("<html>").starts_with("it is not a key set (JWKS)"));
        assert!(wrong("[]").starts_with("it is not a key set (JWKS)"));
        assert_eq!(wrong("{\"keys\": []}"), "it holds no key for [ES256]");
        let other = json!({"keys": [ed25519(json!({}))]}).to_string();
        assert_eq!(wrong(&other), "it holds no key for [ES256]", "the configuration pins the algorithms");
    }
}
