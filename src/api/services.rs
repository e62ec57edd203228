//! Services over HTTP.

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
use crate::directory::{ExternalId, Kind, Service, ServiceFields, ServicePatch, etag};
use crate::plan::{Refusal, services as plan};
use crate::store::{self, list::SortKey};

/// A service: an entry of the service catalogue, a tree.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Service)]
pub struct ServiceView {
    /// The opaque id, given once and never again.
    #[schema(example = "s5")]
    pub id: String,
    /// The natural key of the parent; absent at the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "IT")]
    pub parent: Option<String>,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields stand in the schema one by one")]
    pub fields: ServiceFields,
    /// What other systems call it.
    pub external_ids: Vec<ExternalId>,
    /// The entity tag, as in the header `ETag`, without its quotes.
    #[schema(example = "d44f05a3c9e6b7d10177ab02")]
    pub etag: String,
    /// When it was created.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When it was last written.
    pub updated_at: chrono::DateTime<chrono::Utc>,
    /// Where it is.
    pub links: Links,
}

page_type! {
    /// Some of the services.
    ServicePage of ServiceView
}

fn view(api: &Api, service: Service) -> ServiceView {
    ServiceView {
        id: service.number.to_string(),
        etag: etag(&service),
        external_ids: service.external_ids,
        created_at: service.times.created_at,
        updated_at: service.times.updated_at,
        links: Links::to(api, Kind::Service, service.number.0),
        parent: service.fields.name.parent().map(Into::into),
        fields: service.fields,
    }
}

fn written(api: &Api, _: &Index, (service, is_new): (Service, bool)) -> Reply<ServiceView> {
    let place = api.path_to(Kind::Service, service.number.0);
    let view = view(api, service);
    let etag = view.etag.clone();
    Reply::written(is_new, view, etag, place)
}

/// Lists services.
///
/// `q` searches the full `name`.
#[utoipa::path(get, path = "/v1/services", tag = "services", params(ListParams), responses((status = 200, description = "A page of services.", body = ServicePage)))]
pub async fn list_services(api: Api, Query(params): Query<ListParams>) -> Answer {
    const SORTS: &[(&str, SortKey)] = &[("name", SortKey::Key)];
    let at = page::<Service>(&api, params, SORTS, vec![], |_, _| Ok(())).await?;
    let items = at.value.items.into_iter().map(|service| view(&api, service)).collect();
    let value = ServicePage { items, next_cursor: at.value.next_cursor, total: at.value.total };
    Ok(reply::ok(At { value, revision: at.revision }))
}

/// Creates a service.
///
/// Its parent, which its name names, must exist.
#[utoipa::path(post, path = "/v1/services", tag = "services", request_body = ServiceFields, responses((status = 201, description = "The service.", body = ServiceView)))]
pub async fn create_service(write: Write, Body(fields): Body<ServiceFields>) -> Answer {
    write.make(move |p| Ok((plan::create(p, fields)?, true)), written).await
}

/// Reads a service.
#[utoipa::path(get, path = "/v1/services/{service}", tag = "services", params(("service" = String, Path, description = "The service.", example = "IT::Network")), responses((status = 200, description = "The service.", body = ServiceView), (status = 304, description = "Unchanged.")))]
pub async fn get_service(api: Api, Named([service]): Named<1>, known: IfNoneMatch) -> Answer {
    let at = api
        .read(move |conn| {
            let found = store::find::<Service>(conn, &service)?;
            found.ok_or_else(|| Refusal::not_found(Kind::Service, &service).into())
        })
        .await?;
    let view = view(&api, at.value);
    let etag = view.etag.clone();
    Ok(reply::representation(At { value: view, revision: at.revision }, &etag, &known))
}

/// Creates or replaces a service.
///
/// With a natural key in the path, fields that are absent are cleared. With `external:{source}:{id}`
/// it merges what that system knows: absent fields are left, and a new service gets that external id.
#[utoipa::path(put, path = "/v1/services/{service}", tag = "services", params(("service" = String, Path, description = "The service.", example = "IT::Network"), UpsertParams), request_body = ServicePatch, responses((status = 200, description = "The service, replaced.", body = ServiceView), (status = 201, description = "The service, new.", body = ServiceView)))]
pub async fn put_service(
    write: Write,
    Named([service]): Named<1>,
    If(precondition): If,
    Query(params): Query<UpsertParams>,
    Body(patch): Body<ServicePatch>,
) -> Answer {
    let on_existing = params.on_existing.unwrap_or_default();
    write.make(move |p| plan::put(p, &service, patch, on_existing, &precondition), written).await
}

/// Changes some fields of a service, or renames it.
///
/// A new name may move it; everything below goes along, and links follow. A cycle, a collision or a name
/// that would be too long is a 409 that names the service.
#[utoipa::path(patch, path = "/v1/services/{service}", tag = "services", params(("service" = String, Path, description = "The service.", example = "IT::Network")), request_body = ServicePatch, responses((status = 200, description = "The service, changed.", body = ServiceView)))]
pub async fn patch_service(
    write: Write,
    Named([service]): Named<1>,
    If(precondition): If,
    Body(patch): Body<ServicePatch>,
) -> Answer {
    write.make(move |p| Ok((plan::patch(p, &service, patch, &precondition)?, false)), written).await
}

/// Deletes a service.
///
/// One with links, or that is a default service, is a 409 with the counts. By force these go with it.
/// One with children is never deleted.
#[utoipa::path(delete, path = "/v1/services/{service}", tag = "services", params(("service" = String, Path, description = "The service.", example = "IT::Network"), DeleteParams), responses((status = 204, description = "It is gone.")))]
pub async fn delete_service(
    write: Write,
    Named([service]): Named<1>,
    If(precondition): If,
    Query(params): Query<DeleteParams>,
) -> Answer {
    let force = params.force.unwrap_or(false);
    write.make(move |p| plan::delete(p, &service, force, &precondition), gone).await
}
