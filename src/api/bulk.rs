//! Bulk writes over HTTP: the links of every pair of two selections, and with them the whole column of a
//! screen, in one write.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::matrices::SaveCounts;
use super::reply::Answer;
use super::selections::{CustomerUserSelectionBody, Reading, SelectionBody, WrittenAct};
use super::state::Api;
use super::write::{Reply, Write};
use crate::access::Index;
use crate::directory::{Context, PermissionName};
use crate::plan::bulk::{self as plan, Act, Bulk, Done, Relation};

/// Links between customers and groups: exactly one of `grant`, `revoke` and `set`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customers": {"filter": {"q": "acme*", "validity": "valid"}}, "groups": {"keys": ["support"]},
    "context": "same_customer", "grant": ["ro"], "expected_matches": 1,
}))]
pub struct BulkCustomerGroupLinks {
    /// The customers.
    pub customers: SelectionBody,
    /// The groups.
    pub groups: SelectionBody,
    /// Where the links reach; the other context is left as it is.
    #[serde(default)]
    pub context: Context,
    /// Afterwards each link gives these types, whatever else it gives.
    pub grant: Option<Vec<PermissionName>>,
    /// Afterwards no link gives any of these types. One that held `rw` keeps every other type but `rw`.
    pub revoke: Option<Vec<PermissionName>>,
    /// Afterwards each link grants exactly these types; with none of them there is no link.
    pub set: Option<Vec<PermissionName>>,
    /// How many things the one filter is to match; if it matches another number nothing is written (409).
    pub expected_matches: Option<u64>,
}

/// Links between customer users and groups: exactly one of `grant`, `revoke` and `set`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_users": {"filter": {"customer": "acme"}}, "groups": {"keys": ["support"]}, "revoke": ["rw"],
}))]
pub struct BulkCustomerUserGroupLinks {
    /// The customer users.
    pub customer_users: CustomerUserSelectionBody,
    /// The groups.
    pub groups: SelectionBody,
    /// Afterwards each link gives these types, whatever else it gives.
    pub grant: Option<Vec<PermissionName>>,
    /// Afterwards no link gives any of these types. One that held `rw` keeps every other type but `rw`.
    pub revoke: Option<Vec<PermissionName>>,
    /// Afterwards each link grants exactly these types; with none of them there is no link.
    pub set: Option<Vec<PermissionName>>,
    /// How many things the one filter is to match; if it matches another number nothing is written (409).
    pub expected_matches: Option<u64>,
}

/// Links between customer users and services.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_users": {"keys": ["jane"]}, "services": {"filter": {"q": "IT::*"}}, "granted": true,
}))]
pub struct BulkCustomerUserServiceLinks {
    /// The customer users.
    pub customer_users: CustomerUserSelectionBody,
    /// The services.
    pub services: SelectionBody,
    /// Whether there are to be links.
    pub granted: bool,
    /// How many things the one filter is to match; if it matches another number nothing is written (409).
    pub expected_matches: Option<u64>,
}

/// Customer users and their additional customers.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_users": {"keys": ["jane"]}, "customers": {"keys": ["beta"]}, "granted": true,
}))]
pub struct BulkCustomerMemberships {
    /// The customer users.
    pub customer_users: CustomerUserSelectionBody,
    /// The additional customers.
    pub customers: SelectionBody,
    /// Whether they are to be additional customers.
    pub granted: bool,
    /// How many things the one filter is to match; if it matches another number nothing is written (409).
    pub expected_matches: Option<u64>,
}

/// What a bulk write of links between customers and groups did.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkCustomerGroupLinksDone {
    /// By what became of the links.
    pub counts: SaveCounts,
    /// What it was about.
    pub matches: CustomerGroupMatches,
}

/// How many customers and groups a bulk write was about.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerGroupMatches {
    /// So many customers.
    #[schema(example = 1)]
    pub customers: u64,
    /// So many groups.
    #[schema(example = 1)]
    pub groups: u64,
}

/// What a bulk write of links between customer users and groups did.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkCustomerUserGroupLinksDone {
    /// By what became of the links.
    pub counts: SaveCounts,
    /// What it was about.
    pub matches: CustomerUserGroupMatches,
}

/// How many customer users and groups a bulk write was about.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerUserGroupMatches {
    /// So many customer users.
    #[schema(example = 1)]
    pub customer_users: u64,
    /// So many groups.
    #[schema(example = 1)]
    pub groups: u64,
}

/// What a bulk write of links between customer users and services did.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkCustomerUserServiceLinksDone {
    /// By what became of the links.
    pub counts: SaveCounts,
    /// What it was about.
    pub matches: CustomerUserServiceMatches,
}

/// How many customer users and services a bulk write was about.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerUserServiceMatches {
    /// So many customer users.
    #[schema(example = 1)]
    pub customer_users: u64,
    /// So many services.
    #[schema(example = 1)]
    pub services: u64,
}

/// What a bulk write of additional customers did.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkCustomerMembershipsDone {
    /// By what became of the memberships.
    pub counts: SaveCounts,
    /// What it was about.
    pub matches: CustomerMembershipMatches,
}

/// How many customer users and customers a bulk write was about.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerMembershipMatches {
    /// So many customer users.
    #[schema(example = 1)]
    pub customer_users: u64,
    /// So many customers.
    #[schema(example = 1)]
    pub customers: u64,
}

async fn make<V: Serialize + 'static>(
    write: Write,
    bulk: Bulk,
    view: impl FnOnce(SaveCounts, [u64; 2]) -> V + Send + 'static,
) -> Answer {
    let said = |_: &Api, _: &Index, Done { counts, matches }| Reply::ok(view(counts.into(), matches), None);
    write.make(move |p| plan::write(p, &bulk), said).await
}

/// Grants, revokes or sets permissions of many customers on many groups.
///
/// Every customer of the one selection with every group of the other, all of them or none, as one
/// revision. At most `MAX_CELLS` (1,000,000) pairs in one call. New grants in a context that is off are
/// a 409 `context_off`.
#[utoipa::path(post, path = "/v1/customer-group-links:bulk", tag = "links", request_body = BulkCustomerGroupLinks, responses((status = 200, description = "What was done.", body = BulkCustomerGroupLinksDone)))]
pub async fn bulk_customer_group_links(write: Write, Body(body): Body<BulkCustomerGroupLinks>) -> Answer {
    let BulkCustomerGroupLinks { customers, groups, context, grant, revoke, set, expected_matches } = body;
    let mut reading = Reading::new(&write.api().state().config.limits);
    let act = reading.act(WrittenAct { grant, revoke, set });
    let sides = [customers.into(), groups.into()];
    let bulk = reading.bulk(Relation::CustomerGroup(context), sides, act, expected_matches)?;
    let view = |counts, [customers, groups]: [u64; 2]| BulkCustomerGroupLinksDone {
        counts,
        matches: CustomerGroupMatches { customers, groups },
    };
    make(write, bulk, view).await
}

/// Grants, revokes or sets permissions of many customer users on many groups.
///
/// Every customer user of the one selection with every group of the other, all of them or none, as one
/// revision. At most `MAX_CELLS` (1,000,000) pairs in one call.
#[utoipa::path(post, path = "/v1/customer-user-group-links:bulk", tag = "links", request_body = BulkCustomerUserGroupLinks, responses((status = 200, description = "What was done.", body = BulkCustomerUserGroupLinksDone)))]
pub async fn bulk_customer_user_group_links(write: Write, Body(body): Body<BulkCustomerUserGroupLinks>) -> Answer {
    let BulkCustomerUserGroupLinks { customer_users, groups, grant, revoke, set, expected_matches } = body;
    let mut reading = Reading::new(&write.api().state().config.limits);
    let act = reading.act(WrittenAct { grant, revoke, set });
    let sides = [customer_users.into(), groups.into()];
    let bulk = reading.bulk(Relation::CustomerUserGroup, sides, act, expected_matches)?;
    let view = |counts, [customer_users, groups]: [u64; 2]| BulkCustomerUserGroupLinksDone {
        counts,
        matches: CustomerUserGroupMatches { customer_users, groups },
    };
    make(write, bulk, view).await
}

/// Links many customer users to many services, or unlinks them.
///
/// Every customer user of the one selection with every service of the other, all of them or none, as one
/// revision. At most `MAX_CELLS` (1,000,000) pairs in one call.
#[utoipa::path(post, path = "/v1/customer-user-service-links:bulk", tag = "links", request_body = BulkCustomerUserServiceLinks, responses((status = 200, description = "What was done.", body = BulkCustomerUserServiceLinksDone)))]
pub async fn bulk_customer_user_service_links(write: Write, Body(body): Body<BulkCustomerUserServiceLinks>) -> Answer {
    let BulkCustomerUserServiceLinks { customer_users, services, granted, expected_matches } = body;
    let sides = [customer_users.into(), services.into()];
    let reading = Reading::new(&write.api().state().config.limits);
    let bulk = reading.bulk(Relation::CustomerUserService, sides, Act::Mark(granted), expected_matches)?;
    let view = |counts, [customer_users, services]: [u64; 2]| BulkCustomerUserServiceLinksDone {
        counts,
        matches: CustomerUserServiceMatches { customer_users, services },
    };
    make(write, bulk, view).await
}

/// Gives many customer users many additional customers, or takes them.
///
/// Every customer user of the one selection with every customer of the other, all of them or none, as one
/// revision. At most `MAX_CELLS` (1,000,000) pairs in one call. The primary customer is a field of the
/// customer user, and is not touched.
#[utoipa::path(post, path = "/v1/customer-memberships:bulk", tag = "links", request_body = BulkCustomerMemberships, responses((status = 200, description = "What was done.", body = BulkCustomerMembershipsDone)))]
pub async fn bulk_customer_memberships(write: Write, Body(body): Body<BulkCustomerMemberships>) -> Answer {
    let BulkCustomerMemberships { customer_users, customers, granted, expected_matches } = body;
    let sides = [customer_users.into(), customers.into()];
    let reading = Reading::new(&write.api().state().config.limits);
    let bulk = reading.bulk(Relation::CustomerMembership, sides, Act::Mark(granted), expected_matches)?;
    let view = |counts, [customer_users, customers]: [u64; 2]| BulkCustomerMembershipsDone {
        counts,
        matches: CustomerMembershipMatches { customer_users, customers },
    };
    make(write, bulk, view).await
}
