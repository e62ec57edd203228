//! What several representations share.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::state::Api;
use crate::access::Index;
use crate::directory::{CustomerNumber, CustomerUserNumber, GroupNumber, Kind, ServiceNumber};
use crate::plan::OnExisting;

/// Where a thing is, and where its answers are. Paths on this host.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Links {
    /// The thing itself, by its id.
    #[serde(rename = "self")]
    #[schema(example = "/v1/customer-users/id:u7")]
    pub self_link: String,
    /// Of a customer user: what they may see. Of a group or service: who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/customer-users/id:u7/access")]
    pub access: Option<String>,
    /// Of a customer user: which things they may see, as a filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/customer-users/id:u7/thing-filter")]
    pub thing_filter: Option<String>,
    /// Of a customer or customer user: their groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/customer-users/id:u7/group-matrix")]
    pub group_matrix: Option<String>,
    /// Of a customer user or group: their customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/customer-users/id:u7/customer-matrix")]
    pub customer_matrix: Option<String>,
    /// Of a customer, group or service: their customer users.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/groups/id:g3/customer-user-matrix")]
    pub customer_user_matrix: Option<String>,
    /// Of a customer user: their services.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/customer-users/id:u7/service-matrix")]
    pub service_matrix: Option<String>,
}

/// The members of [`Links`] besides the thing itself, in their order: the last part of the path, and of which kinds of
/// things there is one.
pub const MEMBERS: [(&str, &str, &[Kind]); 6] = [
    ("access", "access", &[Kind::CustomerUser, Kind::Group, Kind::Service]),
    ("thing_filter", "thing-filter", &[Kind::CustomerUser]),
    ("group_matrix", "group-matrix", &[Kind::Customer, Kind::CustomerUser]),
    ("customer_matrix", "customer-matrix", &[Kind::CustomerUser, Kind::Group]),
    ("customer_user_matrix", "customer-user-matrix", &[Kind::Customer, Kind::Group, Kind::Service]),
    ("service_matrix", "service-matrix", &[Kind::CustomerUser]),
];

impl Links {
    /// The links of what is no thing of the directory.
    pub fn of_path(path: String) -> Self {
        Self {
            self_link: path,
            access: None,
            thing_filter: None,
            group_matrix: None,
            customer_matrix: None,
            customer_user_matrix: None,
            service_matrix: None,
        }
    }

    /// The links of a thing.
    pub fn to(api: &Api, kind: Kind, number: u32) -> Self {
        Self::of(kind, api.path_to(kind, number))
    }

    /// The members that a thing of this kind has, with the last part of each one's path.
    pub fn members(kind: Kind) -> impl Iterator<Item = (&'static str, &'static str)> {
        let of_kind = MEMBERS.iter().filter(move |(.., kinds)| kinds.contains(&kind));
        of_kind.map(|(member, last, _)| (*member, *last))
    }

    /// The links of a thing of this kind at this path.
    pub fn of(kind: Kind, self_link: String) -> Self {
        let below = |member: &str| {
            let found = Self::members(kind).find(|(known, _)| *known == member);
            found.map(|(_, last)| [&self_link, "/", last].concat())
        };
        Self {
            access: below("access"),
            thing_filter: below("thing_filter"),
            group_matrix: below("group_matrix"),
            customer_matrix: below("customer_matrix"),
            customer_user_matrix: below("customer_user_matrix"),
            service_matrix: below("service_matrix"),
            ..Self::of_path(self_link)
        }
    }
}

/// The parameters of a deletion.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeleteParams {
    /// Whether to remove links, memberships and entries of the settings with it.
    #[param(default = false)]
    pub force: Option<bool>,
}

/// The parameters of a PUT that may be an upsert.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UpsertParams {
    /// What to do if `external:{source}:{id}` in the path names nobody yet, but the natural key in the
    /// body somebody: give that one the external id (`adopt`), or refuse with 409 `key_taken`
    /// (`refuse`, the default).
    #[param(inline, example = "adopt")]
    pub on_existing: Option<OnExisting>,
}

/// A customer, by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CustomerRef {
    /// The opaque id.
    #[schema(example = "c12")]
    pub id: String,
    /// The natural key.
    #[schema(example = "acme")]
    pub customer_id: String,
}

impl CustomerRef {
    /// From the index.
    pub fn of(index: &Index, customer: CustomerNumber) -> Self {
        Self { id: customer.to_string(), customer_id: index.key(customer).unwrap_or_default().to_owned() }
    }
}

/// A customer user, by their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CustomerUserRef {
    /// The opaque id.
    #[schema(example = "u7")]
    pub id: String,
    /// The natural key.
    #[schema(example = "jane")]
    pub login: String,
}

impl CustomerUserRef {
    /// From the index.
    pub fn of(index: &Index, customer_user: CustomerUserNumber) -> Self {
        Self { id: customer_user.to_string(), login: index.key(customer_user).unwrap_or_default().to_owned() }
    }
}

/// A group, by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupRef {
    /// The opaque id.
    #[schema(example = "g3")]
    pub id: String,
    /// The natural key.
    #[schema(example = "support")]
    pub name: String,
}

impl GroupRef {
    /// From the index.
    pub fn of(index: &Index, group: GroupNumber) -> Self {
        Self { id: group.to_string(), name: index.key(group).unwrap_or_default().to_owned() }
    }
}

/// A service, by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServiceRef {
    /// The opaque id.
    #[schema(example = "s5")]
    pub id: String,
    /// The natural key.
    #[schema(example = "IT::Network::VPN")]
    pub name: String,
}

impl ServiceRef {
    /// From the index.
    pub fn of(index: &Index, service: ServiceNumber) -> Self {
        Self { id: service.to_string(), name: index.key(service).unwrap_or_default().to_owned() }
    }
}
