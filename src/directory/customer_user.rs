//! A customer user: a person of a customer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::back_end::BackEndName;
use super::customer::CustomerId;
use super::number::{BackEndNumber, CustomerNumber, CustomerUserNumber};
use super::reference::{ExternalId, Reference};
use super::text::{Comment, Email, Patch, Text, key_type, natural_key, present};
use super::{Times, Validity};

key_type!(
    /// The natural key of a customer user.
    Login, natural_key, "jane"
);

/// What a person or a CRM writes about a customer user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerUserFields {
    /// The natural key: 1 to 200 characters, unique without regard to case. Can be renamed; links follow.
    pub login: Login,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Form of address, such as a degree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Text>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Text>,
    /// Telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Text>,
    /// Mobile number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<Text>,
    /// Fax number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fax: Option<Text>,
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
    /// Free text, up to 4,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    /// Whether the customer user counts (rule 2). `valid` where not given.
    #[serde(default)]
    pub validity: Validity,
}

/// The fields of a customer user to write: absent leaves (or, in a replacement, clears), `null` clears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerUserPatch {
    /// The natural key. A new one renames; links follow, the old one is free at once.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Login, required = false)]
    pub login: Option<Login>,
    /// E-mail address.
    #[serde(default)]
    #[schema(value_type = Option<Email>)]
    pub email: Patch<Email>,
    /// Form of address, such as a degree.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub title: Patch<Text>,
    /// First name.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub first_name: Patch<Text>,
    /// Last name.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub last_name: Patch<Text>,
    /// Telephone number.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub phone: Patch<Text>,
    /// Mobile number.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub mobile: Patch<Text>,
    /// Fax number.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub fax: Patch<Text>,
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
    /// Free text, up to 4,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<Comment>)]
    pub comment: Patch<Comment>,
    /// The primary customer: its `customer_id`, `id:…`, `external:…` or `key:…`.
    #[serde(default)]
    #[schema(value_type = Option<Reference>)]
    pub customer: Patch<Reference>,
    /// The back end it comes from. Moving a customer user between back ends needs `settings:write`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Reference, required = false)]
    pub back_end: Option<Reference>,
    /// Whether the customer user counts (rule 2).
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Validity, required = false)]
    pub validity: Option<Validity>,
}

impl CustomerUserFields {
    /// A customer user of whom only the login is known.
    pub fn new(login: Login) -> Self {
        Self {
            login,
            email: None,
            title: None,
            first_name: None,
            last_name: None,
            phone: None,
            mobile: None,
            fax: None,
            street: None,
            zip: None,
            city: None,
            country: None,
            comment: None,
            validity: Validity::Valid,
        }
    }

    /// These fields after a merge patch. What the patch says of the customer and the back end is
    /// for the caller, who can look them up.
    pub fn patched(mut self, patch: CustomerUserPatch) -> Self {
        self.login = patch.login.unwrap_or(self.login);
        patch.email.apply(&mut self.email);
        patch.title.apply(&mut self.title);
        patch.first_name.apply(&mut self.first_name);
        patch.last_name.apply(&mut self.last_name);
        patch.phone.apply(&mut self.phone);
        patch.mobile.apply(&mut self.mobile);
        patch.fax.apply(&mut self.fax);
        patch.street.apply(&mut self.street);
        patch.zip.apply(&mut self.zip);
        patch.city.apply(&mut self.city);
        patch.country.apply(&mut self.country);
        patch.comment.apply(&mut self.comment);
        self.validity = patch.validity.unwrap_or(self.validity);
        self
    }
}

/// A customer, named from a customer user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerOfUser {
    /// Its number.
    pub number: CustomerNumber,
    /// Its natural key.
    pub customer_id: CustomerId,
}

/// A back end, named from a customer user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackEndOfUser {
    /// Its number.
    pub number: BackEndNumber,
    /// Its natural key.
    pub name: BackEndName,
    /// Whether the identity fields are the source's alone.
    pub read_only: bool,
}

/// A customer user as the directory keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerUser {
    /// What links go by.
    pub number: CustomerUserNumber,
    /// What is known of the person.
    pub fields: CustomerUserFields,
    /// The primary customer.
    pub customer: Option<CustomerOfUser>,
    /// The additional customers, in the order of their keys.
    pub additional_customers: Vec<CustomerOfUser>,
    /// Where the person comes from.
    pub back_end: BackEndOfUser,
    /// What other systems call the person.
    pub external_ids: Vec<ExternalId>,
    /// When it was made and last written.
    #[serde(flatten)]
    pub times: Times,
}

/// The fields that a read-only back end keeps to itself.
pub const IDENTITY_FIELDS: [&str; 6] = ["login", "email", "title", "first_name", "last_name", "customer"];

/// The identity fields in which two states of a customer user differ.
pub fn identity_differences(before: &CustomerUser, after: &CustomerUser) -> Vec<&'static str> {
    let (b, a) = (&before.fields, &after.fields);
    let differs = [
        b.login != a.login,
        b.email != a.email,
        b.title != a.title,
        b.first_name != a.first_name,
        b.last_name != a.last_name,
        before.customer.as_ref().map(|c| c.number) != after.customer.as_ref().map(|c| c.number),
    ];
    IDENTITY_FIELDS.into_iter().zip(differs).filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}
