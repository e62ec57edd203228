//! One link at a time, from either side, over HTTP. Links are read from the index.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::{Body, OptionalBody};
use super::lists::Query;
use super::named::Named;
use super::problem::Problem;
use super::reply::{self, Answer, If, IfNoneMatch};
use super::state::{Api, At};
use super::views::{CustomerRef, CustomerUserRef, GroupRef, ServiceRef};
use super::write::{Reply, Write, gone};
use crate::access::Index;
use crate::directory::{
    Context, CustomerNumber, CustomerUserNumber, CustomerUserServiceLink, GroupNumber, Number, PermissionName,
    PermissionSet, Reference, ServiceNumber,
};
use crate::plan::links::{self as plan, LinkOutcome};
use crate::plan::{Plan, Refusal};

/// What a customer ↔ group link is to grant.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerGroupLinkBody {
    /// Where it reaches; the other context is left as it is.
    #[serde(default)]
    pub context: Context,
    /// Exactly these permission types; none of them removes the link. `rw` implies every other.
    #[schema(example = json!(["ro"]))]
    pub permissions: Vec<PermissionName>,
}

/// What a customer user ↔ group link is to grant.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerUserGroupLinkBody {
    /// Exactly these permission types; none of them removes the link. `rw` implies every other.
    #[schema(example = json!(["rw"]))]
    pub permissions: Vec<PermissionName>,
}

/// A link that only is or is not: there is nothing to say of it.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

/// What a customer ↔ group link grants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerGroupLink)]
pub struct CustomerGroupLinkView {
    /// The customer.
    pub customer: CustomerRef,
    /// The group.
    pub group: GroupRef,
    /// What is granted, by context; a context without a grant is left out.
    pub contexts: Vec<ContextGrant>,
}

/// What is granted in a context.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContextGrant {
    /// Where it reaches.
    pub context: Context,
    /// As it was granted: `rw` alone stands for every type.
    #[schema(example = json!(["ro"]))]
    pub permissions: Vec<PermissionName>,
}

/// What a customer user ↔ group link grants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerUserGroupLink)]
pub struct CustomerUserGroupLinkView {
    /// The customer user.
    pub customer_user: CustomerUserRef,
    /// The group.
    pub group: GroupRef,
    /// As it was granted: `rw` alone stands for every type.
    #[schema(example = json!(["rw"]))]
    pub permissions: Vec<PermissionName>,
}

/// A customer user ↔ service link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerUserServiceLink)]
pub struct CustomerUserServiceLinkView {
    /// The customer user.
    pub customer_user: CustomerUserRef,
    /// The service.
    pub service: ServiceRef,
}

/// Which context to remove.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContextParams {
    /// Remove the link in this context alone; absent, in both.
    #[param(inline, example = "same_customer")]
    pub context: Option<Context>,
}

/// The number of what a path names, from the index.
pub(super) fn named<N: Number>(index: &Index, reference: &Reference) -> Result<N, Problem> {
    index.resolve(reference).ok_or_else(|| Refusal::not_found(N::KIND, reference).into())
}

fn names(index: &Index, set: PermissionSet) -> Vec<PermissionName> {
    index.settings().permission_types.names(set)
}

/// A link and its tag; no tag where there is no link.
type Tagged<V> = (V, Option<String>);

fn customer_group(index: &Index, customer: CustomerNumber, group: GroupNumber) -> Tagged<CustomerGroupLinkView> {
    let granted = Context::ALL.map(|context| index.customer_group(customer, group, context));
    let contexts: Vec<ContextGrant> = Context::ALL
        .into_iter()
        .zip(granted)
        .filter(|(_, set)| !set.is_empty())
        .map(|(context, set)| ContextGrant { context, permissions: names(index, set) })
        .collect();
    let (customer, group) = (CustomerRef::of(index, customer), GroupRef::of(index, group));
    (CustomerGroupLinkView { customer, group, contexts }, plan::link_tag(&granted))
}

fn customer_user_group(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
) -> Tagged<CustomerUserGroupLinkView> {
    let granted = index.customer_user_group(customer_user, group);
    let view = CustomerUserGroupLinkView {
        customer_user: CustomerUserRef::of(index, customer_user),
        group: GroupRef::of(index, group),
        permissions: names(index, granted),
    };
    (view, plan::link_tag(&[granted]))
}

fn customer_user_service(
    index: &Index,
    customer_user: CustomerUserNumber,
    service: ServiceNumber,
) -> Tagged<CustomerUserServiceLinkView> {
    let view = CustomerUserServiceLinkView {
        customer_user: CustomerUserRef::of(index, customer_user),
        service: ServiceRef::of(index, service),
    };
    (view, plan::membership_tag(index.has_service_link(customer_user, service)))
}

/// A link that is there, or the 404 that says that there is none.
fn existing<V: Serialize>(at: At<Tagged<V>>, known: &IfNoneMatch) -> Answer {
    let (view, tag) = at.value;
    let tag = tag.ok_or_else(|| Problem::new("link_not_found", "There is no link between the two."))?;
    Ok(reply::representation(At { value: view, revision: at.revision }, &tag, known))
}

/// A link as a write left it.
fn left<V: Serialize>((view, tag): Tagged<V>, is_new: bool) -> Reply<V> {
    Reply::set(is_new, view, tag)
}

async fn put_customer_group(
    write: Write,
    customer: Reference,
    group: Reference,
    body: CustomerGroupLinkBody,
    If(precondition): If,
) -> Answer {
    let CustomerGroupLinkBody { context, permissions } = body;
    let set = move |p: &mut Plan| plan::set_customer_group(p, &customer, &group, context, &permissions, &precondition);
    let said = |_: &Api, index: &Index, ((customer, group), outcome): ((CustomerNumber, GroupNumber), LinkOutcome)| {
        left(customer_group(index, customer, group), outcome == LinkOutcome::Made)
    };
    write.make(set, said).await
}

async fn delete_customer_group(
    write: Write,
    customer: Reference,
    group: Reference,
    context: Option<Context>,
    If(mut precondition): If,
) -> Answer {
    let contexts = context.map_or(Context::ALL.to_vec(), |context| vec![context]);
    let remove = move |p: &mut Plan| {
        for context in contexts {
            // The precondition is of the link as it was before the first context went.
            let precondition = std::mem::take(&mut precondition);
            plan::set_customer_group(p, &customer, &group, context, &[], &precondition)?;
        }
        Ok(())
    };
    write.make(remove, gone).await
}

async fn put_customer_user_group(
    write: Write,
    customer_user: Reference,
    group: Reference,
    CustomerUserGroupLinkBody { permissions }: CustomerUserGroupLinkBody,
    If(precondition): If,
) -> Answer {
    let set = move |p: &mut Plan| plan::set_customer_user_group(p, &customer_user, &group, &permissions, &precondition);
    let said = |_: &Api, index: &Index, ((user, group), outcome): ((CustomerUserNumber, GroupNumber), LinkOutcome)| {
        left(customer_user_group(index, user, group), outcome == LinkOutcome::Made)
    };
    write.make(set, said).await
}

async fn delete_customer_user_group(
    write: Write,
    customer_user: Reference,
    group: Reference,
    If(precondition): If,
) -> Answer {
    let remove = move |p: &mut Plan| plan::set_customer_user_group(p, &customer_user, &group, &[], &precondition);
    write.make(remove, gone).await
}

async fn put_customer_user_service(
    write: Write,
    customer_user: Reference,
    service: Reference,
    If(precondition): If,
) -> Answer {
    let set = move |p: &mut Plan| plan::set_customer_user_service(p, &customer_user, &service, true, &precondition);
    let said = |_: &Api, index: &Index, (link, is_new): (CustomerUserServiceLink, bool)| {
        left(customer_user_service(index, link.customer_user, link.service), is_new)
    };
    write.make(set, said).await
}

async fn delete_customer_user_service(
    write: Write,
    customer_user: Reference,
    service: Reference,
    If(precondition): If,
) -> Answer {
    let remove = move |p: &mut Plan| plan::set_customer_user_service(p, &customer_user, &service, false, &precondition);
    write.make(remove, gone).await
}

/// Reads, sets and removes one link, from the side that the path begins with.
macro_rules! link_routes {
    (
        $path:literal, $tag:literal, $first:literal = $first_example:literal, $second:literal = $second_example:literal,
        $words:literal, body $body:ident, query $query:ident, view $view:ident,
        $get:ident, $put:ident, $delete:ident,
        |$write:ident, $a:ident, $b:ident, $sent:ident, $asked:ident, $if:ident| $read:expr, $put_do:expr, $delete_do:expr
    ) => {
        #[utoipa::path(get, path = $path, tag = $tag, summary = concat!("Reads what links ", $words, "."), description = "404 where there is no link.", params(
            ($first = String, Path, example = $first_example), ($second = String, Path, example = $second_example),
        ), responses((status = 200, description = "The link.", body = $view), (status = 304, description = "Unchanged.")))]
        pub async fn $get(api: Api, Named([$a, $b]): Named<2>, known: IfNoneMatch) -> Answer {
            existing(api.ask($read)?, &known)
        }

        #[utoipa::path(put, path = $path, tag = $tag, summary = concat!("Links ", $words, "."), description = "Idempotent: what is so already changes nothing and takes no revision.", params(
            ($first = String, Path, example = $first_example), ($second = String, Path, example = $second_example),
        ), request_body = $body, responses(
            (status = 200, description = "The link, which was there or is none any more.", body = $view),
            (status = 201, description = "The link, new.", body = $view),
        ))]
        pub async fn $put(
            $write: Write,
            Named([$a, $b]): Named<2>,
            $if: If,
            $sent: link_routes!(@extractor $body),
        ) -> Answer {
            $put_do.await
        }

        #[utoipa::path(delete, path = $path, tag = $tag, summary = concat!("Unlinks ", $words, "."), description = "Idempotent: 204 where there was no link too.", params(
            ($first = String, Path, example = $first_example), ($second = String, Path, example = $second_example),
            $query,
        ), responses((status = 204, description = "There is no link.")))]
        pub async fn $delete(
            $write: Write,
            Named([$a, $b]): Named<2>,
            $if: If,
            $asked: Query<$query>,
        ) -> Answer {
            $delete_do.await
        }
    };
    (@extractor NoFields) => { OptionalBody<NoFields> };
    (@extractor $body:ident) => { Body<$body> };
}

/// No parameters.
#[derive(Debug, Clone, Deserialize, IntoParams)]
pub struct NoParams {}

link_routes!(
    "/v1/customers/{customer}/groups/{group}", "customers", "customer" = "acme", "group" = "support",
    "a customer and a group", body CustomerGroupLinkBody, query ContextParams, view CustomerGroupLinkView,
    get_customer_group_link, put_customer_group_link, delete_customer_group_link,
    |write, customer, group, body, params, precondition| |index: &Index| Ok(customer_group(index, named(index, &customer)?, named(index, &group)?)),
    put_customer_group(write, customer, group, body.0, precondition), delete_customer_group(write, customer, group, params.0.context, precondition)
);
link_routes!(
    "/v1/groups/{group}/customers/{customer}", "groups", "group" = "support", "customer" = "acme",
    "a group and a customer", body CustomerGroupLinkBody, query ContextParams, view CustomerGroupLinkView,
    get_group_customer_link, put_group_customer_link, delete_group_customer_link,
    |write, group, customer, body, params, precondition| |index: &Index| Ok(customer_group(index, named(index, &customer)?, named(index, &group)?)),
    put_customer_group(write, customer, group, body.0, precondition), delete_customer_group(write, customer, group, params.0.context, precondition)
);
link_routes!(
    "/v1/customer-users/{customer_user}/groups/{group}", "customer-users", "customer_user" = "jane", "group" = "support",
    "a customer user and a group", body CustomerUserGroupLinkBody, query NoParams, view CustomerUserGroupLinkView,
    get_customer_user_group_link, put_customer_user_group_link, delete_customer_user_group_link,
    |write, customer_user, group, body, _params, precondition| |index: &Index| Ok(customer_user_group(index, named(index, &customer_user)?, named(index, &group)?)),
    put_customer_user_group(write, customer_user, group, body.0, precondition), delete_customer_user_group(write, customer_user, group, precondition)
);
link_routes!(
    "/v1/groups/{group}/customer-users/{customer_user}", "groups", "group" = "support", "customer_user" = "jane",
    "a group and a customer user", body CustomerUserGroupLinkBody, query NoParams, view CustomerUserGroupLinkView,
    get_group_customer_user_link, put_group_customer_user_link, delete_group_customer_user_link,
    |write, group, customer_user, body, _params, precondition| |index: &Index| Ok(customer_user_group(index, named(index, &customer_user)?, named(index, &group)?)),
    put_customer_user_group(write, customer_user, group, body.0, precondition), delete_customer_user_group(write, customer_user, group, precondition)
);
link_routes!(
    "/v1/customer-users/{customer_user}/services/{service}", "customer-users", "customer_user" = "jane", "service" = "IT::Network",
    "a customer user and a service", body NoFields, query NoParams, view CustomerUserServiceLinkView,
    get_customer_user_service_link, put_customer_user_service_link, delete_customer_user_service_link,
    |write, customer_user, service, _body, _params, precondition| |index: &Index| Ok(customer_user_service(index, named(index, &customer_user)?, named(index, &service)?)),
    put_customer_user_service(write, customer_user, service, precondition), delete_customer_user_service(write, customer_user, service, precondition)
);
link_routes!(
    "/v1/services/{service}/customer-users/{customer_user}", "services", "service" = "IT::Network", "customer_user" = "jane",
    "a service and a customer user", body NoFields, query NoParams, view CustomerUserServiceLinkView,
    get_service_customer_user_link, put_service_customer_user_link, delete_service_customer_user_link,
    |write, service, customer_user, _body, _params, precondition| |index: &Index| Ok(customer_user_service(index, named(index, &customer_user)?, named(index, &service)?)),
    put_customer_user_service(write, customer_user, service, precondition), delete_customer_user_service(write, customer_user, service, precondition)
);
