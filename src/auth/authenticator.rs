//! The front door: an `Authorization` header comes in, a [`Caller`] or the reason against one goes out.

use super::{
    caller::Caller,
    key_ring::KeyRing,
    keys::VerificationKey,
    pem,
    secret::{self, SecretError},
    token::{self, Refusal},
    unauthorized::Unauthorized,
    verified::{self, Verified},
};
use crate::config::{Config, KeySource, Secret, TokenConfig};
use std::{path::PathBuf, sync::Arc, time::SystemTime};

/// Why no token could be verified with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum AuthSetupError {
    /// The secret of the data directory.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The configured public keys.
    #[error("JWT_PUBLIC_KEY {0}")]
    PublicKey(String),
    /// The configured key set.
    #[error("JWKS_FILE {path} cannot be used: {problem}", path = path.display())]
    KeySet {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Verifies tokens. Clones share their keys, and what they have verified.
#[derive(Clone)]
pub struct Authenticator {
    config: Arc<TokenConfig>,
    keys: Arc<KeyRing>,
    verified: Arc<Verified>,
}

impl Authenticator {
    /// Gets the keys ready: reads or generates the secret, reads the file, or fetches the key set
    /// (which may take five seconds, and may fail: it is tried again later). Blocks.
    pub fn new(config: &Config) -> Result<Self, AuthSetupError> {
        let tokens = &config.tokens;
        let keys = match &tokens.keys {
            KeySource::GeneratedSecret => of_secret(&secret::load_or_generate(config)?, tokens),
            KeySource::Secret(secret) => of_secret(secret, tokens),
            KeySource::PublicKeys(text) => {
                KeyRing::fixed(pem::parse(text, tokens).map_err(AuthSetupError::PublicKey)?, tokens)
            }
            KeySource::JwksFile(path) => KeyRing::file(path.clone(), tokens)
                .map_err(|problem| AuthSetupError::KeySet { path: path.clone(), problem })?,
            KeySource::JwksUrl { url, refresh_interval, max_age } => {
                KeyRing::url(url, *refresh_interval, *max_age, tokens)
            }
        };
        Ok(Self { config: Arc::new(tokens.clone()), keys: Arc::new(keys), verified: Arc::default() })
    }

    /// Who asks. Reads memory only, but for the one request in a while that renews the keys: that
    /// one, and those whose key is not known, wait for it without blocking a thread.
    pub async fn authenticate(&self, authorization: Option<&[u8]>) -> Result<Arc<Caller>, Unauthorized> {
        let token = token::bearer(authorization)?;
        self.keys.keep_up().await;
        match self.verify(token) {
            Err((seen, Refusal { new_keys_may_help: true, .. })) if self.keys.renew_for_unknown_key(seen).await => {
                self.verify(token)
            }
            outcome => outcome,
        }
        .map_err(|(_, refusal)| refusal.reason)
    }

    /// Who asks, as is remembered or verified now; a refusal comes with the set of keys that was at hand.
    fn verify(&self, token: &[u8]) -> Result<Arc<Caller>, (u64, Refusal)> {
        let digest = verified::digest(token);
        if let Some(known) = self.verified.get(&digest, self.keys.generation(), SystemTime::now()) {
            return Ok(known);
        }
        let keys = self.keys.current();
        let caller = token::verify(token, &keys, &self.config).map_err(|refusal| (keys.generation, refusal))?;
        let caller = Arc::new(caller);
        self.verified.put(digest, keys.generation, Arc::clone(&caller));
        Ok(caller)
    }
}

fn of_secret(secret: &Secret, config: &TokenConfig) -> KeyRing {
    KeyRing::fixed(vec![VerificationKey::from_secret(secret.expose(), config)], config)
}
