//! A service: an entry of the service catalogue, a tree. Its natural key is the full name, the
//! parts joined by `::`; so the name says where in the tree it stands, and renaming may move it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::number::ServiceNumber;
use super::reference::ExternalId;
use super::text::{Comment, Invalid, Patch, key_type, natural_key, present};
use super::{Times, Validity};

/// What stands between the parts of a service's name.
pub const SEPARATOR: &str = "::";

key_type!(
    /// The natural key of a service: its parts joined by `::`.
    ServiceName, service_name, "IT::Network"
);

fn service_name(written: &str) -> Result<String, Invalid> {
    let parts: Vec<String> = written
        .split(SEPARATOR)
        .map(|part| natural_key(part).map_err(|why| in_a_part(why, written)))
        .collect::<Result<_, _>>()?;
    if let Some(part) = parts.iter().find(|part| part.starts_with(':') || part.ends_with(':')) {
        return Err(Invalid::new(
            "not_a_service_name",
            format!("the part {part:?} must not begin or end with a colon"),
        ));
    }
    natural_key(&parts.join(SEPARATOR))
}

fn in_a_part(why: Invalid, written: &str) -> Invalid {
    match why.code {
        "empty" => Invalid::new(
            "not_a_service_name",
            format!("a part of {written:?} is empty; write the parts joined by ::, such as IT::Network"),
        ),
        _ => why,
    }
}

impl ServiceName {
    /// The full name of the parent, where there is one.
    pub fn parent(&self) -> Option<ServiceName> {
        self.0.rsplit_once(SEPARATOR).map(|(parent, _)| Self(parent.into()))
    }

    /// The last part.
    pub fn last_part(&self) -> &str {
        self.0.rsplit_once(SEPARATOR).map_or(self.0.as_str(), |(_, last)| last)
    }

    /// The name of a child of this one.
    pub fn child(&self, last_part: &str) -> Result<Self, Invalid> {
        Self::parse(&format!("{}{SEPARATOR}{last_part}", self.0))
    }
}

/// What a person writes about a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceCreate)]
pub struct ServiceFields {
    /// The natural key: the parts joined by `::`, 1 to 200 characters in all, unique without regard
    /// to case. Every part but the last names the parent, which must exist. A new name renames or
    /// moves the service, with everything below it.
    pub name: ServiceName,
    /// Free text, up to 4,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    /// Whether the service counts (rule 1: only if every ancestor does too). `valid` where not given.
    #[serde(default)]
    pub validity: Validity,
}

/// The fields of a service to write: absent leaves (or, in a replacement, clears), `null` clears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServicePatch {
    /// The natural key. A new one renames or moves the service and everything below it; links follow.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = ServiceName, required = false)]
    pub name: Option<ServiceName>,
    /// Free text, up to 4,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<Comment>)]
    pub comment: Patch<Comment>,
    /// Whether the service counts (rule 1).
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Validity, required = false)]
    pub validity: Option<Validity>,
}

impl ServiceFields {
    /// A service of which only the name is known.
    pub fn new(name: ServiceName) -> Self {
        Self { name, comment: None, validity: Validity::Valid }
    }

    /// These fields after a merge patch.
    pub fn patched(mut self, patch: ServicePatch) -> Self {
        self.name = patch.name.unwrap_or(self.name);
        patch.comment.apply(&mut self.comment);
        self.validity = patch.validity.unwrap_or(self.validity);
        self
    }
}

/// A service as the directory keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// What links go by.
    pub number: ServiceNumber,
    /// The parent's number, where there is a parent.
    pub parent: Option<ServiceNumber>,
    /// What is known of it.
    pub fields: ServiceFields,
    /// What other systems call it.
    pub external_ids: Vec<ExternalId>,
    /// When it was made and last written.
    #[serde(flatten)]
    pub times: Times,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_trimmed_and_never_empty() {
        assert_eq!(ServiceName::parse(" IT :: VPN ").map(String::from), Ok("IT::VPN".to_owned()));
        for written in ["IT::", "::VPN", "IT::::VPN", "IT:::VPN", "IT:: ::VPN", "IT::.."] {
            assert!(ServiceName::parse(written).is_err(), "{written:?}");
        }
    }
}
