//! A group: a named set of resources (queues, projects …).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::number::GroupNumber;
use super::reference::ExternalId;
use super::text::{Comment, Patch, key_type, natural_key, present};
use super::{Times, Validity};

key_type!(
    /// The natural key of a group.
    GroupName, natural_key, "support"
);

/// What a person writes about a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GroupCreate)]
pub struct GroupFields {
    /// The natural key: 1 to 200 characters, unique without regard to case. Can be renamed; links follow.
    pub name: GroupName,
    /// Free text, up to 4,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    /// Whether the group counts (rule 1). `valid` where not given.
    #[serde(default)]
    pub validity: Validity,
}

/// The fields of a group to write: absent leaves (or, in a replacement, clears), `null` clears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupPatch {
    /// The natural key. A new one renames; links follow, the old one is free at once.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = GroupName, required = false)]
    pub name: Option<GroupName>,
    /// Free text, up to 4,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<Comment>)]
    pub comment: Patch<Comment>,
    /// Whether the group counts (rule 1).
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Validity, required = false)]
    pub validity: Option<Validity>,
}

impl GroupFields {
    /// A group of which only the name is known.
    pub fn new(name: GroupName) -> Self {
        Self { name, comment: None, validity: Validity::Valid }
    }

    /// These fields after a merge patch.
    pub fn patched(mut self, patch: GroupPatch) -> Self {
        self.name = patch.name.unwrap_or(self.name);
        patch.comment.apply(&mut self.comment);
        self.validity = patch.validity.unwrap_or(self.validity);
        self
    }
}

/// A group as the directory keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// What links go by.
    pub number: GroupNumber,
    /// What is known of it.
    pub fields: GroupFields,
    /// What other systems call it.
    pub external_ids: Vec<ExternalId>,
    /// When it was made and last written.
    #[serde(flatten)]
    pub times: Times,
}
