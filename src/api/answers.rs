//! Answers of the resolver as they are written in replies.

use serde::Serialize;
use utoipa::ToSchema;

use super::reply::{self, Stamp};
use super::state::Api;
use super::views::{CustomerRef, Links, ServiceRef};
use super::wording::{LinksTo, Wording};
use super::written::{Groups, Id, Permissions, Service, key};
use crate::access::{self, Basis, EffectiveServices, GroupPermission, GroupPermissions, Index, Reason, Source};
use crate::directory::{CustomerUserNumber, PermissionName, ServiceNumber, Validity};
use crate::json::object;

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
pub fn permissions(index: &Index, permissions: &GroupPermissions) -> Vec<PermissionAnswer> {
    let answer = |found: GroupPermission| PermissionAnswer {
        permission: found.permission_type.name.clone(),
        all_customers: found.reaches_all_customers(),
        sources: found.sources().map(|source| SourceView::of(index, source)).collect(),
    };
    permissions.each(index.settings()).map(answer).collect()
}

/// Everything that a customer user may see, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessAnswer<'i> {
    /// The revision that the answer is of, as in the header `Access-Revision`.
    #[schema(value_type = String, example = "5f0c1d9e6a574b0e-42")]
    pub revision: Stamp,
    /// Whether the customer user is known. Of an unknown one there are at most default services
    /// (rule 2), and the other members are absent or empty.
    #[schema(example = true)]
    pub known: bool,
    /// Who.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CustomerUserState>)]
    pub customer_user: Option<CustomerUserState<'i>>,
    /// Why the customer user has nothing: `customer_user_not_valid` (rule 2); else empty.
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub reasons: Vec<&'static str>,
    /// Whether groups restrict the customer user.
    pub group_support: GroupSupportState,
    /// Their customers, valid or not: the primary one first.
    #[schema(value_type = Vec<CustomerOfUserAnswer>)]
    pub customers: Vec<CustomerOfUserAnswer<'i>>,
    /// The groups on which they have a permission.
    #[schema(value_type = Vec<GroupAnswer>)]
    pub groups: Groups<'i>,
    /// Their services.
    #[schema(value_type = ServicesAnswer)]
    pub services: ServicesAnswer<'i>,
}

object!(AccessAnswer<'_> { revision, known, customer_user, reasons, group_support, customers, groups, services });

/// A customer user, and whether they count.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerUserState<'i> {
    /// The opaque id.
    #[schema(value_type = String, example = "u7")]
    pub id: Id,
    /// The natural key.
    #[schema(example = "jane")]
    pub login: &'i str,
    /// Whether they count (rule 2).
    pub validity: Validity,
    /// Where they are.
    #[schema(value_type = Links)]
    pub links: LinksTo<'i>,
}

object!(CustomerUserState<'_> { id, login, validity, links });

/// Whether groups restrict somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupSupportState {
    /// On globally and for the back end; where it is off, every valid group is everybody's (rule 4).
    #[schema(example = true)]
    pub active: bool,
}

object!(GroupSupportState { active });

/// A customer of a customer user.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerOfUserAnswer<'i> {
    /// The opaque id.
    #[schema(value_type = String, example = "c12")]
    pub id: Id,
    /// The natural key.
    #[schema(example = "acme")]
    pub customer_id: &'i str,
    /// Whether it is the primary one.
    #[schema(example = true)]
    pub primary: bool,
    /// Whether it counts (rule 1).
    pub validity: Validity,
}

object!(CustomerOfUserAnswer<'_> { id, customer_id, primary, validity });

/// What somebody has on a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupAnswer<'i> {
    /// The opaque id.
    #[schema(value_type = String, example = "g3")]
    pub id: Id,
    /// The natural key.
    #[schema(example = "support")]
    pub name: &'i str,
    /// The permissions, in the order of the settings; never empty.
    #[schema(value_type = Vec<PermissionAnswer>)]
    pub permissions: Permissions<'i>,
    /// Where the group is.
    #[schema(value_type = Links)]
    pub links: LinksTo<'i>,
}

object!(GroupAnswer<'_> { id, name, permissions, links });

/// The services of somebody (rule 5).
#[derive(Debug, Serialize, ToSchema)]
pub struct ServicesAnswer<'i> {
    /// `assigned`: their own; `default`: none of their own, so the defaults; `none`: not valid.
    #[schema(value_type = String, example = "assigned")]
    pub basis: &'static str,
    /// The services.
    #[schema(value_type = Vec<ServiceRef>)]
    pub items: Vec<Service<'i>>,
    /// The default services that they do not have, because they have services of their own.
    #[schema(value_type = Vec<ServiceRef>, example = json!([{"id": "s9", "name": "IT::Mail"}]))]
    pub suppressed_defaults: Vec<Service<'i>>,
}

object!(ServicesAnswer<'_> { basis, items, suppressed_defaults });

/// The answer for a known customer user, in this wording.
pub fn of_known<'i>(
    wording: &'i Wording,
    revision: Stamp,
    index: &'i Index,
    customer_user: CustomerUserNumber,
) -> AccessAnswer<'i> {
    let found = access::effective(index, customer_user);
    let customers = found.customers.into_iter().map(|of| CustomerOfUserAnswer {
        id: Id::of(of.customer),
        customer_id: key(index, of.customer),
        primary: of.primary,
        validity: of.validity,
    });
    let customer_user = CustomerUserState {
        id: Id::of(customer_user),
        login: key(index, customer_user),
        validity: index.validity(customer_user).unwrap_or(Validity::Invalid),
        links: LinksTo { wording, thing: customer_user.into() },
    };
    AccessAnswer {
        revision,
        known: true,
        customer_user: Some(customer_user),
        reasons: words(&found.reasons),
        group_support: GroupSupportState { active: found.group_support },
        customers: customers.collect(),
        groups: Groups { wording, index, found: found.groups },
        services: services(index, &found.services),
    }
}

/// The answer for a login that is not known, where the settings give it the default services.
pub fn of_unknown<'i>(
    wording: &'i Wording,
    revision: Stamp,
    index: &'i Index,
    defaults: &[ServiceNumber],
) -> AccessAnswer<'i> {
    AccessAnswer {
        revision,
        known: false,
        customer_user: None,
        reasons: Vec::new(),
        group_support: GroupSupportState { active: index.settings().group_support },
        customers: Vec::new(),
        groups: Groups { wording, index, found: Vec::new() },
        services: ServicesAnswer {
            basis: Basis::Default.as_str(),
            items: names(index, defaults),
            suppressed_defaults: Vec::new(),
        },
    }
}

/// The token of the index's revision.
pub fn revision(api: &Api, index: &Index) -> String {
    api.state().replica.token(index.revision()).to_string()
}

/// The same, for whoever writes it out at once.
pub fn stamp(api: &Api, index: &Index) -> Stamp {
    reply::stamp(&api.state().replica.token(index.revision()))
}

/// Reasons as their words.
pub fn words(reasons: &[Reason]) -> Vec<&'static str> {
    reasons.iter().map(|reason| reason.as_str()).collect()
}

fn services<'i>(index: &'i Index, found: &EffectiveServices) -> ServicesAnswer<'i> {
    ServicesAnswer {
        basis: found.basis.as_str(),
        items: names(index, &found.items),
        suppressed_defaults: names(index, &found.suppressed_defaults),
    }
}

fn names<'i>(index: &'i Index, services: &[ServiceNumber]) -> Vec<Service<'i>> {
    services.iter().map(|service| Service::of(index, *service)).collect()
}
