//! Who asks, and what may they? Tokens, the keys that verify them, scopes, the caller.
//!
//! This module knows the configuration and no route: which scope a route needs stands beside the
//! route. It believes a token only if a key that the configuration leads to has signed it with an
//! algorithm that the configuration allows and that fits the key; and it fetches nothing from an
//! address that a token names.

mod authenticator;
mod caller;
mod claims;
mod fetch;
mod jwks;
mod key_ring;
mod keys;
mod mint;
mod pem;
mod roles;
mod scope;
mod secret;
mod token;
mod unauthorized;
mod verified;

pub use authenticator::{AuthSetupError, Authenticator};
pub use caller::Caller;
pub use mint::{Grant, MintError, mint};
pub use roles::RoleScopes;
pub use scope::{Scope, Scopes};
pub use secret::{SecretError, missing_secret};
pub use unauthorized::{Unauthorized, insufficient_scope};
