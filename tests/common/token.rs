//! Tokens, good and bad.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

/// The secret that the test server is configured with.
pub const SECRET: &str = "a-secret-for-tests-of-more-than-32-bytes";

/// A token in the making: claims, then one of the `sign` verbs.
#[derive(Clone)]
pub struct Token(Map<String, Value>);

impl Token {
    /// Good for an hour, with these scopes, of nobody in particular.
    pub fn scope(scopes: &str) -> Self {
        Self(Map::new()).claim("scope", json!(scopes)).claim("sub", json!("tests")).expires_in(3_600)
    }

    /// Whose it is.
    pub fn subject(self, login: &str) -> Self {
        self.claim("sub", json!(login))
    }

    /// When it ends, in seconds from now.
    pub fn expires_in(self, seconds: i64) -> Self {
        self.claim("exp", json!(now() + seconds))
    }

    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Takes a claim away.
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Signed as the server expects it.
    pub fn sign(&self) -> String {
        self.sign_with(SECRET.as_bytes())
    }

    /// Signed with HS256 and this secret.
    pub fn sign_with(&self, secret: &[u8]) -> String {
        self.encode(Algorithm::HS256, &EncodingKey::from_secret(secret))
    }

    /// Signed with RS256 and this private key.
    pub fn sign_rs256(&self, private_pem: &[u8]) -> String {
        self.encode(Algorithm::RS256, &EncodingKey::from_rsa_pem(private_pem).expect("the PEM of a private key"))
    }

    /// With `alg: none` and no signature.
    pub fn unsigned(&self) -> String {
        let part = |value: &Value| base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, value.to_string());
        format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(&Value::Object(self.0.clone())))
    }

    fn encode(&self, algorithm: Algorithm, key: &EncodingKey) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), &self.0, key).expect("claims can be signed")
    }
}

/// The time now, in seconds since 1970.
pub fn now() -> i64 {
    chrono::Utc::now().timestamp()
}
