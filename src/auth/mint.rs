//! Makes tokens with the local secret: for the first administrator, for tests, for programs of
//! installations without an identity provider.

use super::{
    scope::Scopes,
    secret::{self, SecretError},
};
use crate::config::{Config, KeySource};
use jsonwebtoken::{Algorithm, EncodingKey, Header, get_current_timestamp};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The longest life of a token: ten years.
const MAX_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// What a token shall say.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Who it is for: the actor of the audit, the login of `access:self`.
    pub subject: String,
    /// What it allows.
    pub scopes: Scopes,
    /// How long it is good for.
    pub expires_in: Duration,
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// Tokens are verified with somebody else's public keys.
    #[error("tokens come from the issuer {0}, whose keys are configured here; ask it for one")]
    IssuedElsewhere(String),
    /// It would allow nothing.
    #[error("a token needs at least one scope")]
    NoScope,
    /// It would name nobody.
    #[error("the subject must be a name of 1 to 200 characters")]
    BadSubject,
    /// It would never be good, or for ever.
    #[error("a token must be good for a second at least and ten years at most")]
    BadLife,
    /// There is no secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It could not be signed.
    #[error("the token could not be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// Makes a token that this configuration accepts.
pub fn mint(config: &Config, grant: &Grant) -> Result<String, MintError> {
    let secret = match &config.tokens.keys {
        KeySource::Secret(secret) => secret.clone(),
        KeySource::GeneratedSecret => secret::load_or_generate(config)?,
        _ => return Err(MintError::IssuedElsewhere(config.tokens.issuer.clone().unwrap_or_default())),
    };
    let claims = claims(config, grant)?;
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?)
}

fn claims(config: &Config, grant: &Grant) -> Result<Map<String, Value>, MintError> {
    let now = get_current_timestamp();
    let mut claims = Map::new();
    claims.insert(config.tokens.login_claim.clone(), json!(grant.subject));
    claims.insert("sub".to_owned(), json!(grant.subject));
    claims.insert("scope".to_owned(), json!(grant.scopes.to_string()));
    claims.insert("iat".to_owned(), json!(now));
    claims.insert("exp".to_owned(), json!(now + grant.expires_in.as_secs()));
    for (claim, value) in [("iss", &config.tokens.issuer), ("aud", &config.tokens.audience)] {
        value.as_ref().map(|value| claims.insert(claim.to_owned(), json!(value)));
    }
    check(config, grant, &claims).map(|()| claims)
}

fn check(config: &Config, grant: &Grant, claims: &Map<String, Value>) -> Result<(), MintError> {
    if grant.scopes.is_empty() {
        return Err(MintError::NoScope);
    }
    if grant.expires_in.as_secs() == 0 || grant.expires_in > MAX_LIFE {
        return Err(MintError::BadLife);
    }
    super::claims::caller(claims, &config.tokens).map(|_| ()).map_err(|_| MintError::BadSubject)
}
