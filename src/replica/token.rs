//! The token that names a revision of one history.

use std::fmt;
use std::str::FromStr;

use crate::store::Epoch;

/// A revision, with the epoch of the history it belongs to. Opaque outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionToken {
    /// Of which history.
    pub epoch: Epoch,
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
        let epoch = Epoch::parse(epoch).ok_or(TokenMalformed)?;
        let revision: u64 = revision.parse().map_err(|_| TokenMalformed)?;
        let token = Self { epoch, revision };
        let is_one = token.to_string() == text && i64::try_from(revision).is_ok();
        is_one.then_some(token).ok_or(TokenMalformed)
    }
}
