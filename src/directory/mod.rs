//! What exists: customers, customer users, groups, services, back ends, the links between them and
//! the settings; one file each, with its types and the rules that hold for it alone.
//!
//! This module does no I/O and knows neither SQL nor HTTP. A value of one of its types is good: it
//! was parsed when it came in, so that nothing after has to ask. A write amounts to [`change::Edit`]s,
//! and an edit to the [`change::Change`] that the index follows.

pub mod back_end;
pub mod change;
pub mod customer;
pub mod customer_user;
mod field_error;
pub mod group;
pub mod link;
pub mod number;
pub mod permission;
pub mod reference;
pub mod service;
pub mod settings;
pub mod text;

pub use back_end::{BackEnd, BackEndFields, BackEndName, BackEndPatch};
pub use change::{Change, Delta, Edit};
pub use customer::{Customer, CustomerFields, CustomerId, CustomerPatch};
pub use customer_user::{CustomerUser, CustomerUserFields, CustomerUserPatch, Login};
pub use field_error::FieldError;
pub use group::{Group, GroupFields, GroupName, GroupPatch};
pub use link::{CustomerGroupLink, CustomerMembership, CustomerUserGroupLink, CustomerUserServiceLink, Roll};
pub use number::{BackEndNumber, CustomerNumber, CustomerUserNumber, GroupNumber, Kind, Number, ServiceNumber, Thing};
pub use permission::{Context, PermissionName, PermissionSet, PermissionType, PermissionTypes};
pub use reference::{ExternalId, ExternalKey, Reference, Source};
pub use service::{Service, ServiceFields, ServiceName, ServicePatch};
pub use settings::{ContextText, Settings};
pub use text::{Comment, Email, Invalid, Patch, Text, Url};

use serde::{Deserialize, Serialize};

/// Whether a thing counts. Only `valid` does (rule 1); the other two differ for people alone.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(example = "valid")]
pub enum Validity {
    /// It counts.
    #[default]
    Valid,
    /// It does not count.
    Invalid,
    /// It does not count for now.
    InvalidTemporarily,
}

impl Validity {
    /// Every validity.
    pub const ALL: [Validity; 3] = [Validity::Valid, Validity::Invalid, Validity::InvalidTemporarily];

    /// Whether it counts.
    pub fn is_valid(self) -> bool {
        self == Validity::Valid
    }

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Validity::Valid => "valid",
            Validity::Invalid => "invalid",
            Validity::InvalidTemporarily => "invalid_temporarily",
        }
    }

    /// A stored validity; what we did not write does not count.
    pub(crate) fn stored(name: &str) -> Self {
        Self::parse(name).unwrap_or(Validity::Invalid)
    }

    /// The validity of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|validity| validity.as_str() == name)
    }
}

/// When a thing was made and last written, UTC, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Times {
    /// When it was created.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When it was last written.
    pub updated_at: chrono::DateTime<chrono::Utc>,
}

impl Times {
    /// Of a thing that is made now.
    pub fn new(now: chrono::DateTime<chrono::Utc>) -> Self {
        Self { created_at: now, updated_at: now }
    }

    /// As they were stored.
    pub(crate) fn stored(created_at: chrono::NaiveDateTime, updated_at: chrono::NaiveDateTime) -> Self {
        Self { created_at: created_at.and_utc(), updated_at: updated_at.and_utc() }
    }
}

/// The entity tag of a record: a digest of all that its representation shows.
pub fn etag(record: &impl Serialize) -> String {
    digest(&serde_json::to_vec(record).unwrap_or_default())
}

/// A digest of what is shown, as entity tags are.
pub fn digest(shown: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    Sha256::digest(shown)[..12].iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
