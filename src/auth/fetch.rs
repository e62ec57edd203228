//! Fetches the issuer's key set. The address comes from the configuration alone, never from a token.

use super::jwks;
use std::{sync::Arc, time::Duration};
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

/// The longest a fetch may take, all together.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Fetches one address.
pub(super) struct Fetcher {
    agent: Agent,
    url: String,
}

impl Fetcher {
    /// A fetcher of this address. It trusts the certificates that the operating system trusts, and
    /// follows no redirect: one could lead to plain http.
    pub(super) fn new(url: &str) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .accept("application/jwk-set+json, application/json")
            .build();
        Self { agent: config.new_agent(), url: url.to_owned() }
    }

    /// The address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The body of the answer. Blocks for five seconds at most.
    pub(super) fn fetch(&self) -> Result<Vec<u8>, String> {
        let failed = |error: ureq::Error| error.to_string();
        #[expect(clippy::disallowed_methods, reason = "this is the one place; the address is the configuration's")]
        let mut response = self.agent.get(&self.url).call().map_err(failed)?;
        if response.status() != 200 {
            return Err(format!("it answered with the status {}", response.status()));
        }
        response.body_mut().with_config().limit(jwks::MAX_BYTES).read_to_vec().map_err(failed)
    }
}
