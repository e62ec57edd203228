//! The reverse questions: who has a permission on a group, who has a service. From the index.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answers::{self, PermissionAnswer};
use super::links::named;
use super::lists::Query;
use super::named::Named;
use super::page::limit;
use super::problem::Problem;
use super::reply::{self, Answer};
use super::state::Api;
use super::views::Links;
use crate::access::{self, Index};
use crate::directory::{CustomerUserNumber, GroupNumber, Kind, PermissionName, ServiceNumber};

/// A customer user, and where they are.
#[derive(Debug, Serialize, ToSchema)]
pub struct HolderRef {
    /// The opaque id.
    #[schema(example = "u7")]
    pub id: String,
    /// The natural key.
    #[schema(example = "jane")]
    pub login: String,
    /// Where they are.
    pub links: Links,
}

/// A customer user who has a permission on the group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupHolderAnswer {
    /// Who.
    pub customer_user: HolderRef,
    /// Which, and why.
    pub permissions: Vec<PermissionAnswer>,
}

/// Some of those who have a permission on a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupAccessPage {
    /// The revision that this page is of.
    #[schema(example = "5f0c1d9e6a574b0e-42")]
    pub revision: String,
    /// Who, in the order of their ids.
    pub items: Vec<GroupHolderAnswer>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A customer user who has the service.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceHolderAnswer {
    /// Who.
    pub customer_user: HolderRef,
    /// `assigned`: by a link of their own; `default`: as a default service.
    #[schema(example = "assigned")]
    pub basis: String,
}

/// Some of those who have a service.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceAccessPage {
    /// The revision that this page is of.
    #[schema(example = "5f0c1d9e6a574b0e-42")]
    pub revision: String,
    /// Who, in the order of their ids.
    pub items: Vec<ServiceHolderAnswer>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The parameters of the question who has a permission on a group.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GroupAccessParams {
    /// Only who has this permission type, and only it; absent, who has any, and all of them.
    #[param(example = "ro")]
    pub permission: Option<PermissionName>,
    /// Items on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before. It belongs to the same group and permission.
    pub cursor: Option<String>,
}

/// The parameters of the question who has a service.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ServiceAccessParams {
    /// Items on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before. It belongs to the same service.
    pub cursor: Option<String>,
}

fn holder(api: &Api, index: &Index, customer_user: CustomerUserNumber) -> HolderRef {
    HolderRef {
        id: customer_user.to_string(),
        login: index.key(customer_user).unwrap_or_default().to_owned(),
        links: Links::to(api, Kind::CustomerUser, customer_user.0),
    }
}

fn after(api: &Api, list: &impl Serialize, cursor: Option<&str>) -> Result<Option<CustomerUserNumber>, Problem> {
    let place = cursor.map(|cursor| api.state().cursor_key.open(list, cursor)).transpose()?;
    Ok(place.and_then(|place| u32::try_from(place.number).ok()).map(CustomerUserNumber))
}

fn cursor(api: &Api, list: &impl Serialize, next: Option<CustomerUserNumber>) -> Option<String> {
    next.map(|number| api.state().cursor_key.seal(list, String::new(), u64::from(number.0)))
}

/// Lists who has a permission on a group, and why.
///
/// Exact and complete: links, customers, always-groups and group support off all count (rules 4, 7).
#[utoipa::path(get, path = "/v1/groups/{group}/access", tag = "access", params(("group" = String, Path, description = "The group.", example = "support"), GroupAccessParams), responses((status = 200, description = "A page of customer users.", body = GroupAccessPage)))]
pub async fn list_group_access(api: Api, Named([group]): Named<1>, Query(params): Query<GroupAccessParams>) -> Answer {
    let limit = limit(params.limit)?;
    let at = api.ask(|index| {
        let group: GroupNumber = named(index, &group)?;
        let bit =
            params.permission.as_ref().map(|permission| super::access::bit_of_query(index, permission)).transpose()?;
        let list = ("group access", group, &params.permission);
        let after = after(&api, &list, params.cursor.as_deref())?;
        let found = access::who_has_permission(index, group, bit, after, limit);
        let items = found.items.into_iter().map(|item| GroupHolderAnswer {
            customer_user: holder(&api, index, item.customer_user),
            permissions: answers::permissions(index, &item.permissions),
        });
        let next_cursor = cursor(&api, &list, found.next);
        Ok(GroupAccessPage { revision: answers::revision(&api, index), items: items.collect(), next_cursor })
    })?;
    Ok(reply::ok(at))
}

/// Lists who has a service, and on what ground.
///
/// Exact and complete (rules 5, 7). Unknown logins, who may have default services, are not listed.
#[utoipa::path(get, path = "/v1/services/{service}/access", tag = "access", params(("service" = String, Path, description = "The service.", example = "IT::Network"), ServiceAccessParams), responses((status = 200, description = "A page of customer users.", body = ServiceAccessPage)))]
pub async fn list_service_access(
    api: Api,
    Named([service]): Named<1>,
    Query(params): Query<ServiceAccessParams>,
) -> Answer {
    let limit = limit(params.limit)?;
    let at = api.ask(|index| {
        let service: ServiceNumber = named(index, &service)?;
        let list = ("service access", service);
        let after = after(&api, &list, params.cursor.as_deref())?;
        let found = access::who_has_service(index, service, after, limit);
        let items = found.items.into_iter().map(|item| ServiceHolderAnswer {
            customer_user: holder(&api, index, item.customer_user),
            basis: item.basis.as_str().to_owned(),
        });
        let next_cursor = cursor(&api, &list, found.next);
        Ok(ServiceAccessPage { revision: answers::revision(&api, index), items: items.collect(), next_cursor })
    })?;
    Ok(reply::ok(at))
}
