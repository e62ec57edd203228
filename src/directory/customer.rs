//! A customer: a company.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::number::CustomerNumber;
use super::reference::ExternalId;
use super::text::{Comment, Patch, Text, Url, key_type, natural_key, present};
use super::{Times, Validity};

key_type!(
    /// The natural key of a customer.
    CustomerId, natural_key, "acme"
);

/// What a person or a CRM writes about a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CustomerCreate)]
pub struct CustomerFields {
    /// The natural key: 1 to 200 characters, unique without regard to case. Can be renamed; links follow.
    pub customer_id: CustomerId,
    /// The company's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Street and house number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<Text>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<Text>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Text>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Text>,
    /// The company's web address, `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Url>,
    /// Free text, up to 4,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    /// Whether the customer counts (rule 1). `valid` where not given.
    #[serde(default)]
    pub validity: Validity,
}

/// The fields of a customer to write: absent leaves (or, in a replacement, clears), `null` clears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerPatch {
    /// The natural key. A new one renames; links follow, the old one is free at once.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = CustomerId, required = false)]
    pub customer_id: Option<CustomerId>,
    /// The company's name.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub name: Patch<Text>,
    /// Street and house number.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub street: Patch<Text>,
    /// Postal code.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub zip: Patch<Text>,
    /// City.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub city: Patch<Text>,
    /// Country.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub country: Patch<Text>,
    /// The company's web address, `http` or `https`.
    #[serde(default)]
    #[schema(value_type = Option<Url>)]
    pub url: Patch<Url>,
    /// Free text, up to 4,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<Comment>)]
    pub comment: Patch<Comment>,
    /// Whether the customer counts (rule 1).
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Validity, required = false)]
    pub validity: Option<Validity>,
}

impl CustomerFields {
    /// A customer of which only the key is known.
    pub fn new(customer_id: CustomerId) -> Self {
        Self {
            customer_id,
            name: None,
            street: None,
            zip: None,
            city: None,
            country: None,
            url: None,
            comment: None,
            validity: Validity::Valid,
        }
    }

    /// These fields after a merge patch.
    pub fn patched(mut self, patch: CustomerPatch) -> Self {
        self.customer_id = patch.customer_id.unwrap_or(self.customer_id);
        patch.name.apply(&mut self.name);
        patch.street.apply(&mut self.street);
        patch.zip.apply(&mut self.zip);
        patch.city.apply(&mut self.city);
        patch.country.apply(&mut self.country);
        patch.url.apply(&mut self.url);
        patch.comment.apply(&mut self.comment);
        self.validity = patch.validity.unwrap_or(self.validity);
        self
    }
}

/// A customer as the directory keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Customer {
    /// What links go by.
    pub number: CustomerNumber,
    /// What is known of it.
    pub fields: CustomerFields,
    /// What other systems call it.
    pub external_ids: Vec<ExternalId>,
    /// When it was made and last written.
    #[serde(flatten)]
    pub times: Times,
}
