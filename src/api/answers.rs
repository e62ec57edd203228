//! Answers of the resolver as they are written in replies.

use serde::Serialize;
use utoipa::ToSchema;

use super::state::Api;
use super::views::{CustomerRef, CustomerUserRef, GroupRef, Links, ServiceRef};
use crate::access::{Basis, Effective, EffectiveServices, GroupPermission, Index, Reason, Source};
use crate::directory::{CustomerUserNumber, Kind, PermissionName, ServiceNumber, Validity};

/// What gives something (rules 4 to 6).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AccessSource)]
pub struct SourceView {
    /// Which kind: `customer_user_link`, `customer_link`, `customer_user_always_group`,
    /// `customer_always_group`, `group_support_off` (rule 4); `assigned_service`, `default_service`
    /// (rule 5); `own_thing`, `customer_of_the_thing`, `other_customers` (rule 6).
    #[schema(value_type = String, example = "customer_link")]
    pub kind: &'static str,
    /// The customer through whom it comes, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerRef>,
}

impl SourceView {
    /// From the index.
    pub fn of(index: &Index, source: Source) -> Self {
        Self { kind: source.kind(), customer: source.customer().map(|customer| CustomerRef::of(index, customer)) }
    }
}

/// A permission that somebody has on a group, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionAnswer {
    /// The permission type.
    pub permission: PermissionName,
    /// Whether it reaches the things of all customers (rule 6), and not only one's own and those of
    /// one's customers.
    #[schema(example = false)]
    pub all_customers: bool,
    /// What gives it; never empty.
    pub sources: Vec<SourceView>,
}

/// Permissions as they are written, in the order of the settings.
pub fn permissions(index: &Index, permissions: Vec<GroupPermission>) -> Vec<PermissionAnswer> {
    let types = &index.settings().permission_types;
    let answer = |found: GroupPermission| {
        let permission = types.0.iter().find(|t| t.bit == found.bit)?.name.clone();
        let sources = found.sources.into_iter().map(|source| SourceView::of(index, source)).collect();
        Some(PermissionAnswer { permission, all_customers: found.all_customers, sources })
    };
    permissions.into_iter().filter_map(answer).collect()
}

/// Everything that a customer user may see, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessAnswer {
    /// The revision that the answer is of, as in the header `Access-Revision`.
    #[schema(example = "5f0c1d9e6a574b0e-42")]
    pub revision: String,
    /// Whether the customer user is known. Of an unknown one there are at most default services
    /// (rule 2), and the other members are absent or empty.
    #[schema(example = true)]
    pub known: bool,
    /// Who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_user: Option<CustomerUserState>,
    /// Why the customer user has nothing: `customer_user_not_valid` (rule 2); else empty.
    #[schema(example = json!([]))]
    pub reasons: Vec<String>,
    /// Whether groups restrict the customer user.
    pub group_support: GroupSupportState,
    /// Their customers, valid or not: the primary one first.
    pub customers: Vec<CustomerOfUserAnswer>,
    /// The groups on which they have a permission.
    pub groups: Vec<GroupAnswer>,
    /// Their services.
    pub services: ServicesAnswer,
}

/// A customer user, and whether they count.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerUserState {
    /// The opaque id.
    #[schema(example = "u7")]
    pub id: String,
    /// The natural key.
    #[schema(example = "jane")]
    pub login: String,
    /// Whether they count (rule 2).
    pub validity: Validity,
    /// Where they are.
    pub links: Links,
}

/// Whether groups restrict somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupSupportState {
    /// On globally and for the back end; where it is off, every valid group is everybody's (rule 4).
    #[schema(example = true)]
    pub active: bool,
}

/// A customer of a customer user.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerOfUserAnswer {
    /// The opaque id.
    #[schema(example = "c12")]
    pub id: String,
    /// The natural key.
    #[schema(example = "acme")]
    pub customer_id: String,
    /// Whether it is the primary one.
    #[schema(example = true)]
    pub primary: bool,
    /// Whether it counts (rule 1).
    pub validity: Validity,
}

/// What somebody has on a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupAnswer {
    /// The opaque id.
    #[schema(example = "g3")]
    pub id: String,
    /// The natural key.
    #[schema(example = "support")]
    pub name: String,
    /// The permissions, in the order of the settings; never empty.
    pub permissions: Vec<PermissionAnswer>,
    /// Where the group is.
    pub links: Links,
}

/// The services of somebody (rule 5).
#[derive(Debug, Serialize, ToSchema)]
pub struct ServicesAnswer {
    /// `assigned`: their own; `default`: none of their own, so the defaults; `none`: not valid.
    #[schema(example = "assigned")]
    pub basis: String,
    /// The services.
    pub items: Vec<ServiceRef>,
    /// The default services that they do not have, because they have services of their own.
    #[schema(example = json!([{"id": "s9", "name": "IT::Mail"}]))]
    pub suppressed_defaults: Vec<ServiceRef>,
}

/// The answer for a known customer user.
pub fn of_known(api: &Api, index: &Index, customer_user: CustomerUserNumber, found: Effective) -> AccessAnswer {
    let CustomerUserRef { id, login } = CustomerUserRef::of(index, customer_user);
    let validity = index.validity(customer_user).unwrap_or(Validity::Invalid);
    let links = Links::to(api, Kind::CustomerUser, customer_user.0);
    let groups = found.groups.into_iter().map(|group| {
        let GroupRef { id, name } = GroupRef::of(index, group.group);
        let links = Links::to(api, Kind::Group, group.group.0);
        GroupAnswer { id, name, permissions: permissions(index, group.permissions), links }
    });
    let customers = found.customers.into_iter().map(|of| {
        let CustomerRef { id, customer_id } = CustomerRef::of(index, of.customer);
        CustomerOfUserAnswer { id, customer_id, primary: of.primary, validity: of.validity }
    });
    AccessAnswer {
        revision: revision(api, index),
        known: true,
        customer_user: Some(CustomerUserState { id, login, validity, links }),
        reasons: words(&found.reasons),
        group_support: GroupSupportState { active: found.group_support },
        customers: customers.collect(),
        groups: groups.collect(),
        services: services(index, found.services),
    }
}

/// The answer for a login that is not known, where the settings give it the default services.
pub fn of_unknown(api: &Api, index: &Index, defaults: &[ServiceNumber]) -> AccessAnswer {
    AccessAnswer {
        revision: revision(api, index),
        known: false,
        customer_user: None,
        reasons: Vec::new(),
        group_support: GroupSupportState { active: index.settings().group_support },
        customers: Vec::new(),
        groups: Vec::new(),
        services: ServicesAnswer {
            basis: Basis::Default.as_str().to_owned(),
            items: names(index, defaults),
            suppressed_defaults: Vec::new(),
        },
    }
}

/// The token of the index's revision.
pub fn revision(api: &Api, index: &Index) -> String {
    api.state().replica.token(index.revision()).to_string()
}

/// Reasons as their words.
pub fn words(reasons: &[Reason]) -> Vec<String> {
    reasons.iter().map(|reason| reason.as_str().to_owned()).collect()
}

fn services(index: &Index, found: EffectiveServices) -> ServicesAnswer {
    ServicesAnswer {
        basis: found.basis.as_str().to_owned(),
        items: names(index, &found.items),
        suppressed_defaults: names(index, &found.suppressed_defaults),
    }
}

fn names(index: &Index, services: &[ServiceNumber]) -> Vec<ServiceRef> {
    services.iter().map(|service| ServiceRef::of(index, *service)).collect()
}
