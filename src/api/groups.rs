//! Groups over HTTP.

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
use crate::directory::{ExternalId, Group, GroupFields, GroupPatch, Kind, etag};
use crate::plan::{Refusal, groups as plan};
use crate::store::{self, list::SortKey};

/// A group: a named set of resources.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Group)]
pub struct GroupView {
    /// The opaque id, given once and never again.
    #[schema(example = "g3")]
    pub id: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "its fields stand in the schema one by one")]
    pub fields: GroupFields,
    /// What other systems call it.
    pub external_ids: Vec<ExternalId>,
    /// The entity tag, as in the header `ETag`, without its quotes.
    #[schema(example = "77ab02d44f05a3c9e6b7d101")]
    pub etag: String,
    /// When it was created.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When it was last written.
    pub updated_at: chrono::DateTime<chrono::Utc>,
    /// Where it is.
    pub links: Links,
}

page_type! {
    /// Some of the groups.
    GroupPage of GroupView
}

fn view(api: &Api, group: Group) -> GroupView {
    GroupView {
        id: group.number.to_string(),
        etag: etag(&group),
        external_ids: group.external_ids,
        created_at: group.times.created_at,
        updated_at: group.times.updated_at,
        links: Links::to(api, Kind::Group, group.number.0),
        fields: group.fields,
    }
}

fn written(api: &Api, _: &Index, (group, is_new): (Group, bool)) -> Reply<GroupView> {
    let place = api.path_to(Kind::Group, group.number.0);
    let view = view(api, group);
    let etag = view.etag.clone();
    Reply::written(is_new, view, etag, place)
}

/// Lists groups.
///
/// `q` searches `name` and `comment`.
#[utoipa::path(get, path = "/v1/groups", tag = "groups", params(ListParams), responses((status = 200, description = "A page of groups.", body = GroupPage)))]
pub async fn list_groups(api: Api, Query(params): Query<ListParams>) -> Answer {
    const SORTS: &[(&str, SortKey)] = &[("name", SortKey::Key)];
    let at = page::<Group>(&api, params, SORTS, vec![], |_, _| Ok(())).await?;
    let items = at.value.items.into_iter().map(|group| view(&api, group)).collect();
    let value = GroupPage { items, next_cursor: at.value.next_cursor, total: at.value.total };
    Ok(reply::ok(At { value, revision: at.revision }))
}

/// Creates a group.
#[utoipa::path(post, path = "/v1/groups", tag = "groups", request_body = GroupFields, responses((status = 201, description = "The group.", body = GroupView)))]
pub async fn create_group(write: Write, Body(fields): Body<GroupFields>) -> Answer {
    write.make(move |p| Ok((plan::create(p, fields)?, true)), written).await
}

/// Reads a group.
#[utoipa::path(get, path = "/v1/groups/{group}", tag = "groups", params(("group" = String, Path, description = "The group.", example = "support")), responses((status = 200, description = "The group.", body = GroupView), (status = 304, description = "Unchanged.")))]
pub async fn get_group(api: Api, Named([group]): Named<1>, known: IfNoneMatch) -> Answer {
    let at = api
        .read(move |conn| {
            let found = store::find::<Group>(conn, &group)?;
            found.ok_or_else(|| Refusal::not_found(Kind::Group, &group).into())
        })
        .await?;
    let view = view(&api, at.value);
    let etag = view.etag.clone();
    Ok(reply::representation(At { value: view, revision: at.revision }, &etag, &known))
}

/// Creates or replaces a group.
///
/// With a natural key in the path, fields that are absent are cleared. With `external:{source}:{id}`
/// it merges what that system knows: absent fields are left, and a new group gets that external id.
#[utoipa::path(put, path = "/v1/groups/{group}", tag = "groups", params(("group" = String, Path, description = "The group.", example = "support"), UpsertParams), request_body = GroupPatch, responses((status = 200, description = "The group, replaced.", body = GroupView), (status = 201, description = "The group, new.", body = GroupView)))]
pub async fn put_group(
    write: Write,
    Named([group]): Named<1>,
    If(precondition): If,
    Query(params): Query<UpsertParams>,
    Body(patch): Body<GroupPatch>,
) -> Answer {
    let on_existing = params.on_existing.unwrap_or_default();
    write.make(move |p| plan::put(p, &group, patch, on_existing, &precondition), written).await
}

/// Changes some fields of a group, or renames it.
#[utoipa::path(patch, path = "/v1/groups/{group}", tag = "groups", params(("group" = String, Path, description = "The group.", example = "support")), request_body = GroupPatch, responses((status = 200, description = "The group, changed.", body = GroupView)))]
pub async fn patch_group(
    write: Write,
    Named([group]): Named<1>,
    If(precondition): If,
    Body(patch): Body<GroupPatch>,
) -> Answer {
    write.make(move |p| Ok((plan::patch(p, &group, patch, &precondition)?, false)), written).await
}

/// Deletes a group.
///
/// One with links, or that is an always-group, is a 409 with the counts. By force these go with it.
#[utoipa::path(delete, path = "/v1/groups/{group}", tag = "groups", params(("group" = String, Path, description = "The group.", example = "support"), DeleteParams), responses((status = 204, description = "It is gone.")))]
pub async fn delete_group(
    write: Write,
    Named([group]): Named<1>,
    If(precondition): If,
    Query(params): Query<DeleteParams>,
) -> Answer {
    let force = params.force.unwrap_or(false);
    write.make(move |p| plan::delete(p, &group, force, &precondition), gone).await
}
