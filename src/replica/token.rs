//! The token that names a revision of one history.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A revision, with the epoch of the history it belongs to. Opaque outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionToken {
    /// Of which history.
    pub epoch: Arc<str>,
    /// Which revision.
    pub revision: u64,
}

impl RevisionToken {
    /// What a reply that was put together of two readings is of: the older one.
    pub fn or_older(self, other: Self) -> Self {
        if other.revision < self.revision { other } else { self }
    }
}

/// A text that is no such token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a revision token; send the Access-Revision of an earlier reply as it was")]
pub struct TokenMalformed;

impl fmt::Display for RevisionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.revision)
    }
}

impl FromStr for RevisionToken {
    type Err = TokenMalformed;

    fn from_str(text: &str) -> Result<Self, TokenMalformed> {
        let (epoch, revision) = text.split_once('-').ok_or(TokenMalformed)?;
        let is_epoch = epoch.len() == 16 && epoch.bytes().all(|b| b.is_ascii_hexdigit());
        let revision: u64 = revision.parse().map_err(|_| TokenMalformed)?;
        let token = Self { epoch: epoch.into(), revision };
        if is_epoch && token.to_string() == text && i64::try_from(revision).is_ok() {
            Ok(token)
        } else {
            Err(TokenMalformed)
        }
    }
}
