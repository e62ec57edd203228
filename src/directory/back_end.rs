//! A back end: the source a customer user comes from (`default`, an LDAP, a CRM).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Times;
use super::number::BackEndNumber;
use super::text::{Comment, Patch, key_type, natural_key, present};

key_type!(
    /// The natural key of a back end.
    BackEndName, natural_key, "default"
);

/// What a person writes about a back end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BackEndCreate)]
pub struct BackEndFields {
    /// The natural key: 1 to 200 characters, unique without regard to case. Can be renamed.
    pub name: BackEndName,
    /// Whether groups restrict its customer users (rule 4). Off means that each of them has every
    /// permission on every valid group. `true` where not given.
    #[serde(default = "yes")]
    #[schema(default = true, example = true)]
    pub group_support: bool,
    /// Whether the identity fields (login, e-mail, names, primary customer) are the source's alone:
    /// then only `sync:write` may write them. `false` where not given.
    #[serde(default)]
    #[schema(default = false, example = false)]
    pub read_only: bool,
    /// Free text, up to 4,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
}

fn yes() -> bool {
    true
}

/// The fields of a back end to write: absent leaves (or, in a replacement, resets), `null` clears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackEndPatch {
    /// The natural key. A new one renames.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = BackEndName, required = false)]
    pub name: Option<BackEndName>,
    /// Whether groups restrict its customer users (rule 4).
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false, example = true)]
    pub group_support: Option<bool>,
    /// Whether the identity fields are the source's alone.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false, example = true)]
    pub read_only: Option<bool>,
    /// Free text, up to 4,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<Comment>)]
    pub comment: Patch<Comment>,
}

impl BackEndFields {
    /// A back end of which only the name is known.
    pub fn new(name: BackEndName) -> Self {
        Self { name, group_support: true, read_only: false, comment: None }
    }

    /// These fields after a merge patch.
    pub fn patched(mut self, patch: BackEndPatch) -> Self {
        self.name = patch.name.unwrap_or(self.name);
        self.group_support = patch.group_support.unwrap_or(self.group_support);
        self.read_only = patch.read_only.unwrap_or(self.read_only);
        patch.comment.apply(&mut self.comment);
        self
    }
}

/// A back end as the directory keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackEnd {
    /// What customer users point to.
    pub number: BackEndNumber,
    /// What is known of it.
    pub fields: BackEndFields,
    /// When it was made and last written.
    #[serde(flatten)]
    pub times: Times,
}
