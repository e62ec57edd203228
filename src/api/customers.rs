//! Customers over HTTP.

use serde::Serialize;
use utoipa::ToSchema;

use super::body::Body;
use super::lists::{ListParams, Query, page, page_type};
use super::named::Named;
use super::reply::{self, Answer, If, IfNoneMatch};
use super::state::{Api, At};
use super::views::{DeleteParams, Links, UpsertParams};
use super::write::{Reply, Write, gone};
use crate::access::Index;
use crate::directory::{Customer, CustomerFields, CustomerPatch, ExternalId, Kind, etag};
use crate::plan::{Refusal, customers as plan};
use crate::store::{self, list::SortKey};

/// A customer: a company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerView {
    /// The opaque id, given once and never again.
    #[schema(example = "c12")]
    pub id: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields stand in the schema one by one")]
    pub fields: CustomerFields,
    /// What other systems call it.
    pub external_ids: Vec<ExternalId>,
    /// The entity tag, as in the header `ETag`, without its quotes.
    #[schema(example = "9f2c5b1a7e3d4c6b8a901f2e")]
    pub etag: String,
    /// When it was created.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When it was last written.
    pub updated_at: chrono::DateTime<chrono::Utc>,
    /// Where it is.
    pub links: Links,
}

page_type! {
    /// Some of the customers.
    CustomerPage of CustomerView
}

fn view(api: &Api, customer: Customer) -> CustomerView {
    CustomerView {
        id: customer.number.to_string(),
        etag: etag(&customer),
        external_ids: customer.external_ids,
        created_at: customer.times.created_at,
        updated_at: customer.times.updated_at,
        links: Links::to(api, Kind::Customer, customer.number.0),
        fields: customer.fields,
    }
}

fn written(api: &Api, _: &Index, (customer, is_new): (Customer, bool)) -> Reply<CustomerView> {
    let place = api.path_to(Kind::Customer, customer.number.0);
    let view = view(api, customer);
    let etag = view.etag.clone();
    Reply::written(is_new, view, etag, place)
}

/// Lists customers.
///
/// `q` searches `customer_id` and `name`.
#[utoipa::path(get, path = "/v1/customers", tag = "customers", params(ListParams), responses((status = 200, description = "A page of customers.", body = CustomerPage)))]
pub async fn list_customers(api: Api, Query(params): Query<ListParams>) -> Answer {
    const SORTS: &[(&str, SortKey)] = &[("customer_id", SortKey::Key), ("name", SortKey::Name)];
    let at = page::<Customer>(&api, params, SORTS, vec![], |_, _| Ok(())).await?;
    let items = at.value.items.into_iter().map(|customer| view(&api, customer)).collect();
    let value = CustomerPage { items, next_cursor: at.value.next_cursor, total: at.value.total };
    Ok(reply::ok(At { value, revision: at.revision }))
}

/// Creates a customer.
#[utoipa::path(post, path = "/v1/customers", tag = "customers", request_body = CustomerFields, responses((status = 201, description = "The customer.", body = CustomerView)))]
pub async fn create_customer(write: Write, Body(fields): Body<CustomerFields>) -> Answer {
    write.make(move |p| Ok((plan::create(p, fields)?, true)), written).await
}

/// Reads a customer.
#[utoipa::path(get, path = "/v1/customers/{customer}", tag = "customers", params(("customer" = String, Path, description = "The customer.", example = "acme")), responses((status = 200, description = "The customer.", body = CustomerView), (status = 304, description = "Unchanged.")))]
pub async fn get_customer(api: Api, Named([customer]): Named<1>, known: IfNoneMatch) -> Answer {
    let at = api
        .read(move |conn| {
            let found = store::find::<Customer>(conn, &customer)?;
            found.ok_or_else(|| Refusal::not_found(Kind::Customer, &customer).into())
        })
        .await?;
    let view = view(&api, at.value);
    let etag = view.etag.clone();
    Ok(reply::representation(At { value: view, revision: at.revision }, &etag, &known))
}

/// Creates or replaces a customer.
///
/// With a natural key in the path, fields that are absent are cleared. With `external:{source}:{id}`
/// it merges what that system knows: absent fields are left, and a new customer gets that external id.
#[utoipa::path(put, path = "/v1/customers/{customer}", tag = "customers", params(("customer" = String, Path, description = "The customer.", example = "acme"), UpsertParams), request_body = CustomerPatch, responses((status = 200, description = "The customer, replaced.", body = CustomerView), (status = 201, description = "The customer, new.", body = CustomerView)))]
pub async fn put_customer(
    write: Write,
    Named([customer]): Named<1>,
    If(precondition): If,
    Query(params): Query<UpsertParams>,
    Body(patch): Body<CustomerPatch>,
) -> Answer {
    let on_existing = params.on_existing.unwrap_or_default();
    write.make(move |p| plan::put(p, &customer, patch, on_existing, &precondition), written).await
}

/// Changes some fields of a customer, or renames it.
#[utoipa::path(patch, path = "/v1/customers/{customer}", tag = "customers", params(("customer" = String, Path, description = "The customer.", example = "acme")), request_body = CustomerPatch, responses((status = 200, description = "The customer, changed.", body = CustomerView)))]
pub async fn patch_customer(
    write: Write,
    Named([customer]): Named<1>,
    If(precondition): If,
    Body(patch): Body<CustomerPatch>,
) -> Answer {
    write.make(move |p| Ok((plan::patch(p, &customer, patch, &precondition)?, false)), written).await
}

/// Deletes a customer.
///
/// One with customer users or links is a 409 with the counts. By force its links and memberships go
/// with it, and it is cleared as the primary customer of its customer users.
#[utoipa::path(delete, path = "/v1/customers/{customer}", tag = "customers", params(("customer" = String, Path, description = "The customer.", example = "acme"), DeleteParams), responses((status = 204, description = "It is gone.")))]
pub async fn delete_customer(
    write: Write,
    Named([customer]): Named<1>,
    If(precondition): If,
    Query(params): Query<DeleteParams>,
) -> Answer {
    let force = params.force.unwrap_or(false);
    write.make(move |p| plan::delete(p, &customer, force, &precondition), gone).await
}
