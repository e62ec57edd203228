//! Back ends over HTTP.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::Body;
use super::lists::{ListParams, Query, page, page_type};
use super::named::Named;
use super::reply::{self, Answer, If, IfNoneMatch};
use super::state::{Api, At};
use super::views::{DeleteParams, Links};
use super::write::{Reply, Write, gone};
use crate::access::Index;
use crate::directory::{BackEnd, BackEndFields, BackEndPatch, Kind, etag};
use crate::plan::{Refusal, back_ends as plan};
use crate::store::{self, list::SortKey};

/// A back end: the source that customer users come from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackEnd)]
pub struct BackEndView {
    /// The opaque id, given once and never again.
    #[schema(example = "b1")]
    pub id: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields stand in the schema one by one")]
    pub fields: BackEndFields,
    /// The entity tag, as in the header `ETag`, without its quotes.
    #[schema(example = "a3c9e6b7d10177ab02d44f05")]
    pub etag: String,
    /// When it was created.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When it was last written.
    pub updated_at: chrono::DateTime<chrono::Utc>,
    /// Where it is.
    pub links: Links,
}

page_type! {
    /// Some of the back ends.
    BackEndPage of BackEndView
}

/// The parameters of the list of back ends.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BackEndListParams {
    /// Words, all of which must be found in the name, ignoring case and accents. `*` stands for
    /// anything and anchors: `ldap*` begins so, `*ldap` ends so.
    #[param(example = "ldap")]
    pub q: Option<String>,
    /// The order: `id` (of creation; unmoved by renames) or `name` (the default); with `-` before it,
    /// backwards.
    #[param(example = "-id")]
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

fn view(api: &Api, back_end: BackEnd) -> BackEndView {
    BackEndView {
        id: back_end.number.to_string(),
        etag: etag(&back_end),
        created_at: back_end.times.created_at,
        updated_at: back_end.times.updated_at,
        links: Links::to(api, Kind::BackEnd, back_end.number.0),
        fields: back_end.fields,
    }
}

fn written(api: &Api, _: &Index, (back_end, is_new): (BackEnd, bool)) -> Reply<BackEndView> {
    let place = api.path_to(Kind::BackEnd, back_end.number.0);
    let view = view(api, back_end);
    let etag = view.etag.clone();
    Reply::written(is_new, view, etag, place)
}

/// Lists back ends.
///
/// `q` searches `name`.
#[utoipa::path(get, path = "/v1/back-ends", tag = "back-ends", params(BackEndListParams), responses((status = 200, description = "A page of back ends.", body = BackEndPage)))]
pub async fn list_back_ends(api: Api, Query(params): Query<BackEndListParams>) -> Answer {
    let BackEndListParams { q, sort, limit, cursor, total } = params;
    let params = ListParams { q, validity: None, sort, limit, cursor, total };
    const SORTS: &[(&str, SortKey)] = &[("name", SortKey::Key)];
    let at = page::<BackEnd>(&api, params, SORTS, vec![], |_, _| Ok(())).await?;
    let items = at.value.items.into_iter().map(|back_end| view(&api, back_end)).collect();
    let value = BackEndPage { items, next_cursor: at.value.next_cursor, total: at.value.total };
    Ok(reply::ok(At { value, revision: at.revision }))
}

/// Creates a back end.
#[utoipa::path(post, path = "/v1/back-ends", tag = "back-ends", request_body = BackEndFields, responses((status = 201, description = "The back end.", body = BackEndView)))]
pub async fn create_back_end(write: Write, Body(fields): Body<BackEndFields>) -> Answer {
    write.make(move |p| Ok((plan::create(p, fields)?, true)), written).await
}

/// Reads a back end.
#[utoipa::path(get, path = "/v1/back-ends/{back_end}", tag = "back-ends", params(("back_end" = String, Path, description = "The back end.", example = "default")), responses((status = 200, description = "The back end.", body = BackEndView), (status = 304, description = "Unchanged.")))]
pub async fn get_back_end(api: Api, Named([back_end]): Named<1>, known: IfNoneMatch) -> Answer {
    let at = api
        .read(move |conn| {
            let found = store::find::<BackEnd>(conn, &back_end)?;
            found.ok_or_else(|| Refusal::not_found(Kind::BackEnd, &back_end).into())
        })
        .await?;
    let view = view(&api, at.value);
    let etag = view.etag.clone();
    Ok(reply::representation(At { value: view, revision: at.revision }, &etag, &known))
}

/// Creates or replaces a back end.
///
/// Fields that are absent are cleared.
#[utoipa::path(put, path = "/v1/back-ends/{back_end}", tag = "back-ends", params(("back_end" = String, Path, description = "The back end.", example = "default")), request_body = BackEndPatch, responses((status = 200, description = "The back end, replaced.", body = BackEndView), (status = 201, description = "The back end, new.", body = BackEndView)))]
pub async fn put_back_end(
    write: Write,
    Named([back_end]): Named<1>,
    If(precondition): If,
    Body(patch): Body<BackEndPatch>,
) -> Answer {
    write.make(move |p| plan::put(p, &back_end, patch, &precondition), written).await
}

/// Changes some fields of a back end, or renames it.
#[utoipa::path(patch, path = "/v1/back-ends/{back_end}", tag = "back-ends", params(("back_end" = String, Path, description = "The back end.", example = "default")), request_body = BackEndPatch, responses((status = 200, description = "The back end, changed.", body = BackEndView)))]
pub async fn patch_back_end(
    write: Write,
    Named([back_end]): Named<1>,
    If(precondition): If,
    Body(patch): Body<BackEndPatch>,
) -> Answer {
    write.make(move |p| Ok((plan::patch(p, &back_end, patch, &precondition)?, false)), written).await
}

/// Deletes a back end.
///
/// One that customer users come from is a 409 with the count, by force too.
#[utoipa::path(delete, path = "/v1/back-ends/{back_end}", tag = "back-ends", params(("back_end" = String, Path, description = "The back end.", example = "default"), DeleteParams), responses((status = 204, description = "It is gone.")))]
pub async fn delete_back_end(
    write: Write,
    Named([back_end]): Named<1>,
    If(precondition): If,
    Query(_): Query<DeleteParams>,
) -> Answer {
    write.make(move |p| plan::delete(p, &back_end, &precondition), gone).await
}
