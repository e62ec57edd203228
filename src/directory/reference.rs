//! How a request names a thing: by its natural key, by `id:…`, by `external:{source}:{id}`, or by
//! `key:…` for a natural key that looks like one of these.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use super::number::{Kind, Number};
use super::text::{Invalid, folded, natural_key, text_type};

/// A way to name one thing of a kind; which kind, the place says where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// By the opaque id, still in text: only the kind tells whether it is one.
    Id(String),
    /// By natural key, normalized.
    Key(String),
    /// By the key another system knows it by.
    External(ExternalId),
}

impl Reference {
    /// Reads any of the four forms.
    pub fn parse(written: &str) -> Result<Self, Invalid> {
        if let Some(id) = written.strip_prefix("id:") {
            return Ok(Reference::Id(id.to_owned()));
        }
        if let Some(external) = written.strip_prefix("external:") {
            let (source, id) = external.split_once(':').ok_or_else(|| {
                Invalid::new(
                    "not_a_reference",
                    "must be external:{source}:{id}; to name a natural key that begins so, write key: before it",
                )
            })?;
            return Ok(Reference::External(ExternalId { source: Source::parse(source)?, id: ExternalKey::parse(id)? }));
        }
        natural_key(written.strip_prefix("key:").unwrap_or(written)).map(Reference::Key)
    }

    /// The reference to a thing with this number.
    pub fn to_number<N: Number>(number: N) -> Self {
        Reference::Id(number.id())
    }

    /// The number, if this is an opaque id of the kind.
    pub fn number(&self, kind: Kind) -> Option<u32> {
        match self {
            Reference::Id(id) => kind.parse_id(id),
            _ => None,
        }
    }

    /// The form under which the natural key is unique, if this names one.
    pub fn folded_key(&self) -> Option<Cow<'_, str>> {
        match self {
            Reference::Key(key) => Some(folded(key)),
            _ => None,
        }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reference::Id(id) => write!(f, "id:{id}"),
            Reference::Key(key) => f.write_str(key),
            Reference::External(external) => write!(f, "external:{}:{}", external.source, external.id),
        }
    }
}

impl utoipa::PartialSchema for Reference {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some(
                "The natural key, `id:` and the opaque id, `external:{source}:{id}`, or `key:` and a natural key that \
                 looks like one of these.",
            ))
            .examples(["acme", "id:c12", "external:crm:0015e00001AbCdE"])
            .into()
    }
}

impl utoipa::ToSchema for Reference {}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::read(deserializer, Reference::parse)
    }
}

text_type!(
    /// The name of another system: 1 to 50 characters of `a-z`, `0-9`, `_` and `-`.
    Source, source, 50, "crm"
);
text_type!(
    /// A key in another system: 1 to 200 characters without control characters, compared byte for byte.
    ExternalKey, external_key, 200, "0015e00001AbCdE"
);

/// The key another system knows a customer, customer user, group or service by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExternalId {
    /// The other system.
    pub source: Source,
    /// The key there.
    pub id: ExternalKey,
}

fn source(written: &str) -> Result<String, Invalid> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if written.is_empty() || written.len() > 50 || !written.chars().all(allowed) {
        return Err(Invalid::new("not_a_source", "must be 1 to 50 characters of a-z, 0-9, _ and -"));
    }
    Ok(written.to_owned())
}

/// Not normalized: systems exist whose keys differ by case, or by nothing that a person would see.
fn external_key(written: &str) -> Result<String, Invalid> {
    let length = written.chars().count();
    if length == 0 || length > 200 || written.chars().any(char::is_control) {
        return Err(Invalid::new("not_an_external_id", "must be 1 to 200 characters without control characters"));
    }
    Ok(written.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        assert_eq!(Reference::parse("id:c12"), Ok(Reference::Id("c12".into())));
        assert_eq!(Reference::parse("key:id:c12"), Ok(Reference::Key("id:c12".into())));
        assert_eq!(Reference::parse("IT::VPN"), Ok(Reference::Key("IT::VPN".into())));
        assert!(matches!(Reference::parse("external:crm:a:b"), Ok(Reference::External(e)) if e.id.as_str() == "a:b"));
        assert!(Reference::parse("external:crm").is_err());
    }
}
