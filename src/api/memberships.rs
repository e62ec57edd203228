//! Additional customers, one at a time, from either side, over HTTP.

use serde::Serialize;
use utoipa::ToSchema;

use super::body::OptionalBody;
use super::links::NoFields;
use super::named::Named;
use super::reply::{Answer, If};
use super::state::Api;
use super::views::{CustomerRef, CustomerUserRef};
use super::write::{Reply, Write, gone};
use crate::access::Index;
use crate::directory::{CustomerMembership, Reference};
use crate::plan::links as plan;

/// A customer user and an additional customer of theirs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerMembership)]
pub struct CustomerMembershipView {
    /// The customer user.
    pub customer_user: CustomerUserRef,
    /// The additional customer.
    pub customer: CustomerRef,
}

async fn put(write: Write, customer_user: Reference, customer: Reference, If(precondition): If) -> Answer {
    let said = |_: &Api, index: &Index, (membership, is_new): (CustomerMembership, bool)| {
        let view = CustomerMembershipView {
            customer_user: CustomerUserRef::of(index, membership.customer_user),
            customer: CustomerRef::of(index, membership.customer),
        };
        Reply::set(is_new, view, plan::membership_tag(true))
    };
    write.make(move |p| plan::set_membership(p, &customer_user, &customer, true, &precondition), said).await
}

async fn delete(write: Write, customer_user: Reference, customer: Reference, If(precondition): If) -> Answer {
    write.make(move |p| plan::set_membership(p, &customer_user, &customer, false, &precondition), gone).await
}

/// Gives a customer user an additional customer.
///
/// Idempotent. The primary customer is a field of the customer user, and is not touched.
#[utoipa::path(put, path = "/v1/customer-users/{customer_user}/customers/{customer}", tag = "customer-users", params(("customer_user" = String, Path, description = "The customer user.", example = "jane"), ("customer" = String, Path, description = "The customer.", example = "beta")), request_body = NoFields, responses((status = 200, description = "It was one already.", body = CustomerMembershipView), (status = 201, description = "It is one now.", body = CustomerMembershipView)))]
pub async fn put_additional_customer(
    write: Write,
    Named([customer_user, customer]): Named<2>,
    precondition: If,
    _: OptionalBody<NoFields>,
) -> Answer {
    put(write, customer_user, customer, precondition).await
}

/// Takes an additional customer from a customer user.
///
/// Idempotent. The primary customer is a field of the customer user, and is not touched.
#[utoipa::path(delete, path = "/v1/customer-users/{customer_user}/customers/{customer}", tag = "customer-users", params(("customer_user" = String, Path, description = "The customer user.", example = "jane"), ("customer" = String, Path, description = "The customer.", example = "beta")), responses((status = 204, description = "It is none.")))]
pub async fn delete_additional_customer(
    write: Write,
    Named([customer_user, customer]): Named<2>,
    precondition: If,
) -> Answer {
    delete(write, customer_user, customer, precondition).await
}

/// Gives a customer an additional customer user.
///
/// The same as from the other side.
#[utoipa::path(put, path = "/v1/customers/{customer}/customer-users/{customer_user}", tag = "customers", params(("customer" = String, Path, description = "The customer.", example = "beta"), ("customer_user" = String, Path, description = "The customer user.", example = "jane")), request_body = NoFields, responses((status = 200, description = "They were one already.", body = CustomerMembershipView), (status = 201, description = "They are one now.", body = CustomerMembershipView)))]
pub async fn put_additional_customer_user(
    write: Write,
    Named([customer, customer_user]): Named<2>,
    precondition: If,
    _: OptionalBody<NoFields>,
) -> Answer {
    put(write, customer_user, customer, precondition).await
}

/// Takes an additional customer user from a customer.
///
/// The same as from the other side.
#[utoipa::path(delete, path = "/v1/customers/{customer}/customer-users/{customer_user}", tag = "customers", params(("customer" = String, Path, description = "The customer.", example = "beta"), ("customer_user" = String, Path, description = "The customer user.", example = "jane")), responses((status = 204, description = "They are none.")))]
pub async fn delete_additional_customer_user(
    write: Write,
    Named([customer, customer_user]): Named<2>,
    precondition: If,
) -> Answer {
    delete(write, customer_user, customer, precondition).await
}
