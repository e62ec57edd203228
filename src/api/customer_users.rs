//! Customer users over HTTP.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::Body;
use super::lists::{ListParams, Query, page, page_type};
use super::named::Named;
use super::problem::Problem;
use super::reply::{self, Answer, If, IfNoneMatch};
use super::state::{Api, At};
use super::views::{DeleteParams, Links, UpsertParams};
use super::write::{Reply, Write, gone};
use crate::access::Index;
use crate::directory::customer_user::IDENTITY_FIELDS;
use crate::directory::{
    CustomerUser, CustomerUserFields, CustomerUserPatch, ExternalId, Kind, Reference, Validity, etag,
};
use crate::plan::{Refusal, customer_users as plan};
use crate::store::list::{ListQuery, SortKey};
use crate::store::{self, Conn};

/// A customer user: a person of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerUser)]
pub struct CustomerUserView {
    /// The opaque id, given once and never again.
    #[schema(example = "u7")]
    pub id: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields stand in the schema one by one")]
    pub fields: CustomerUserFields,
    /// The natural key of the primary customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "acme")]
    pub customer: Option<String>,
    /// The natural keys of the additional customers, in their order.
    #[schema(example = json!(["beta"]))]
    pub additional_customers: Vec<String>,
    /// The back end that the person comes from.
    #[schema(example = "default")]
    pub back_end: String,
    /// The fields that only `sync:write` may write, because the back end is read-only.
    #[schema(example = json!([]))]
    pub read_only_fields: Vec<String>,
    /// What other systems call the person.
    pub external_ids: Vec<ExternalId>,
    /// The entity tag, as in the header `ETag`, without its quotes.
    #[schema(example = "1c7ab02d44f05a3c9e6b7d10")]
    pub etag: String,
    /// When it was created.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When it was last written.
    pub updated_at: chrono::DateTime<chrono::Utc>,
    /// Where it is, and where its answers are.
    pub links: Links,
}

page_type! {
    /// Some of the customer users.
    CustomerUserPage of CustomerUserView
}

/// The parameters of the list of customer users.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CustomerUserListParams {
    /// Words, all of which must be found, each anywhere in one of the searched fields, ignoring case
    /// and accents. `*` stands for anything and anchors: `jane*` begins so, `*doe` ends so.
    #[param(example = "jane acme")]
    pub q: Option<String>,
    /// Only what has this validity.
    pub validity: Option<Validity>,
    /// Only the customer users of this customer, primary or additional.
    #[param(example = "acme")]
    pub customer: Option<String>,
    /// Only the customer users of this back end.
    #[param(example = "default")]
    pub back_end: Option<String>,
    /// Only those with exactly this e-mail address, ignoring case.
    #[param(example = "jane@acme.example")]
    pub email: Option<String>,
    /// Only those who are linked to this group themselves.
    #[param(example = "support")]
    pub group: Option<String>,
    /// The order: `id` (of creation; unmoved by renames), `login` (the default), `email` or
    /// `last_name`; with `-` before it, backwards. Every order ends in the id.
    #[param(example = "last_name")]
    pub sort: Option<String>,
    /// Items on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before. It belongs to the same filters and order.
    pub cursor: Option<String>,
    /// Whether to count all items that the filters match.
    #[param(default = false)]
    pub total: Option<bool>,
}

/// A customer user to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct CustomerUserCreate(CustomerUserPatch);

fn view(api: &Api, customer_user: CustomerUser) -> CustomerUserView {
    let read_only: &[&str] = if customer_user.back_end.read_only { &IDENTITY_FIELDS } else { &[] };
    CustomerUserView {
        id: customer_user.number.to_string(),
        etag: etag(&customer_user),
        customer: customer_user.customer.map(|customer| customer.customer_id.into()),
        additional_customers: customer_user.additional_customers.into_iter().map(|c| c.customer_id.into()).collect(),
        back_end: customer_user.back_end.name.into(),
        read_only_fields: read_only.iter().map(ToString::to_string).collect(),
        external_ids: customer_user.external_ids,
        created_at: customer_user.times.created_at,
        updated_at: customer_user.times.updated_at,
        links: Links::to(api, Kind::CustomerUser, customer_user.number.0),
        fields: customer_user.fields,
    }
}

fn written(api: &Api, _: &Index, (customer_user, is_new): (CustomerUser, bool)) -> Reply<CustomerUserView> {
    let place = api.path_to(Kind::CustomerUser, customer_user.number.0);
    let view = view(api, customer_user);
    let etag = view.etag.clone();
    Reply::written(is_new, view, etag, place)
}

/// Lists customer users.
///
/// `q` searches login, e-mail address, first and last name, and the `customer_id` and name of their
/// customers.
#[utoipa::path(get, path = "/v1/customer-users", tag = "customer-users", params(CustomerUserListParams), responses((status = 200, description = "A page of customer users.", body = CustomerUserPage)))]
pub async fn list_customer_users(api: Api, Query(params): Query<CustomerUserListParams>) -> Answer {
    const SORTS: &[(&str, SortKey)] =
        &[("login", SortKey::Key), ("email", SortKey::Email), ("last_name", SortKey::LastName)];
    let CustomerUserListParams { q, validity, customer, back_end, email, group, sort, limit, cursor, total } = params;
    let filters = vec![customer.clone(), back_end.clone(), email.clone(), group.clone()];
    let params = ListParams { q, validity, sort, limit, cursor, total };
    let narrow = move |conn: &mut Conn, query: &mut ListQuery| {
        query.customer = number(conn, Kind::Customer, "customer", customer)?;
        query.back_end = number(conn, Kind::BackEnd, "back_end", back_end)?;
        query.group = number(conn, Kind::Group, "group", group)?;
        query.email = email;
        Ok(())
    };
    let at = page::<CustomerUser>(&api, params, SORTS, filters, narrow).await?;
    let items = at.value.items.into_iter().map(|customer_user| view(&api, customer_user)).collect();
    let value = CustomerUserPage { items, next_cursor: at.value.next_cursor, total: at.value.total };
    Ok(reply::ok(At { value, revision: at.revision }))
}

/// The number of the thing that a filter names. One that names nothing is an error: an empty list
/// would look like an answer.
fn number(conn: &mut Conn, kind: Kind, parameter: &str, named: Option<String>) -> Result<Option<i64>, Problem> {
    let Some(named) = named else { return Ok(None) };
    let wrong = |why: String| Problem::new("invalid_parameter", format!("{parameter} {why}."));
    let reference = Reference::parse(&named).map_err(|why| wrong(why.detail))?;
    let number = store::number_of(conn, kind, &reference)?;
    let number = number.ok_or_else(|| wrong(format!("is {named:?}, but there is no such {kind}")))?;
    Ok(Some(i64::from(number)))
}

/// Creates a customer user.
///
/// In a back end whose group support is off this needs `settings:write` as well, and in a read-only
/// one `sync:write`.
#[utoipa::path(post, path = "/v1/customer-users", tag = "customer-users", request_body = CustomerUserCreate, responses((status = 201, description = "The customer user.", body = CustomerUserView)))]
pub async fn create_customer_user(write: Write, Body(CustomerUserCreate(fields)): Body<CustomerUserCreate>) -> Answer {
    let powers = write.api().powers();
    write.make(move |p| Ok((plan::create(p, fields, powers)?, true)), written).await
}

/// Reads a customer user.
#[utoipa::path(get, path = "/v1/customer-users/{customer_user}", tag = "customer-users", params(("customer_user" = String, Path, description = "The customer user.", example = "jane")), responses((status = 200, description = "The customer user.", body = CustomerUserView), (status = 304, description = "Unchanged.")))]
pub async fn get_customer_user(api: Api, Named([customer_user]): Named<1>, known: IfNoneMatch) -> Answer {
    let at = api
        .read(move |conn| {
            let found = store::find::<CustomerUser>(conn, &customer_user)?;
            found.ok_or_else(|| Refusal::not_found(Kind::CustomerUser, &customer_user).into())
        })
        .await?;
    let view = view(&api, at.value);
    let etag = view.etag.clone();
    Ok(reply::representation(At { value: view, revision: at.revision }, &etag, &known))
}

/// Creates or replaces a customer user.
///
/// With a natural key in the path, fields that are absent are cleared, but for the back end, which is
/// left. With `external:{source}:{id}` it merges what that system knows: absent fields are left, and a
/// new customer user gets that external id.
#[utoipa::path(put, path = "/v1/customer-users/{customer_user}", tag = "customer-users", params(("customer_user" = String, Path, description = "The customer user.", example = "jane"), UpsertParams), request_body = CustomerUserPatch, responses((status = 200, description = "The customer user, replaced.", body = CustomerUserView), (status = 201, description = "The customer user, new.", body = CustomerUserView)))]
pub async fn put_customer_user(
    write: Write,
    Named([customer_user]): Named<1>,
    If(precondition): If,
    Query(params): Query<UpsertParams>,
    Body(patch): Body<CustomerUserPatch>,
) -> Answer {
    let (powers, on_existing) = (write.api().powers(), params.on_existing.unwrap_or_default());
    write.make(move |p| plan::put(p, &customer_user, patch, on_existing, powers, &precondition), written).await
}

/// Changes some fields of a customer user, or renames them.
///
/// Moving to another back end needs `settings:write` as well.
#[utoipa::path(patch, path = "/v1/customer-users/{customer_user}", tag = "customer-users", params(("customer_user" = String, Path, description = "The customer user.", example = "jane")), request_body = CustomerUserPatch, responses((status = 200, description = "The customer user, changed.", body = CustomerUserView)))]
pub async fn patch_customer_user(
    write: Write,
    Named([customer_user]): Named<1>,
    If(precondition): If,
    Body(patch): Body<CustomerUserPatch>,
) -> Answer {
    let powers = write.api().powers();
    write.make(move |p| Ok((plan::patch(p, &customer_user, patch, powers, &precondition)?, false)), written).await
}

/// Deletes a customer user.
///
/// One with links or additional customers is a 409 with the counts. By force these go with it.
#[utoipa::path(delete, path = "/v1/customer-users/{customer_user}", tag = "customer-users", params(("customer_user" = String, Path, description = "The customer user.", example = "jane"), DeleteParams), responses((status = 204, description = "It is gone.")))]
pub async fn delete_customer_user(
    write: Write,
    Named([customer_user]): Named<1>,
    If(precondition): If,
    Query(params): Query<DeleteParams>,
) -> Answer {
    let (force, powers) = (params.force.unwrap_or(false), write.api().powers());
    write.make(move |p| plan::delete(p, &customer_user, force, powers, &precondition), gone).await
}
