//! Who asks.

use std::time::SystemTime;

use super::scope::{Scope, Scopes};

/// Who asks, as a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who the audit names: the configured claim, or `sub` where a token lacks it.
    pub actor: String,
    /// The login that `access:self` is about: the configured claim alone.
    pub login: Option<String>,
    /// What the token allows.
    pub scopes: Scopes,
    /// From when on it is accepted.
    pub begins_at: SystemTime,
    /// From when on it is refused.
    pub expires_at: SystemTime,
}

impl Caller {
    /// Whether the caller may do what the scope stands for.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.allows(scope)
    }
}
