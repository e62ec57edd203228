//! The lists of the settings over HTTP: default services, always-groups of both kinds. The rows are
//! every service or group there is, with whether it stands on the list; a delta of them is saved as in a
//! matrix.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, OptionalBody};
use super::conditional;
use super::links::NoFields;
use super::lists::{Query, RecordPage, page_with};
use super::matrices::{Granted, MatrixParams, SaveCounts, Shown, not_too_many, records};
use super::named::Named;
use super::reply::{self, Answer, If};
use super::state::{Api, At};
use super::views::Links;
use super::write::{Reply, Write, gone};
use crate::access::Index;
use crate::directory::{Group, Number, Reference, Roll, Service, Thing, Validity};
use crate::plan::matrices::{Counts, MarkDelta};
use crate::plan::{Plan, rolls as plan};
use crate::store;

/// A service or group, and whether it stands on the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct RollRow {
    /// The opaque id.
    #[schema(example = "g3")]
    pub id: String,
    /// The natural key.
    #[schema(example = "support")]
    pub key: String,
    /// The name to show.
    #[schema(example = "support")]
    pub name: String,
    /// Whether it counts; what does not gives nothing while it stands on the list (rule 1).
    pub validity: Validity,
    /// Whether it stands on the list.
    #[schema(example = true)]
    pub granted: bool,
    /// Where it is.
    pub links: Links,
}

/// Some rows of a list of the settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct RollPage {
    /// The rows, in order. After a save, those of the delta.
    pub items: Vec<RollRow>,
    /// The entity tag of the whole list, the same on every page, whatever the filters.
    #[schema(example = "0d44f05a3c9e6b7d101c7ab0")]
    pub etag: String,
    /// The same tag, under the name that it has on every screen. Send it back with a delta to be told
    /// (412) if the list changed since.
    #[schema(example = "0d44f05a3c9e6b7d101c7ab0")]
    pub links_version: String,
    /// What a save did; only in the reply to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<SaveCounts>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many rows the filters match in all; only with `total=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 57)]
    pub total: Option<u64>,
}

/// The whole list, to replace it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollBody {
    /// All that is to stand on it, by natural key, `id:…`, `external:…` or `key:…`.
    #[schema(example = json!(["support"]))]
    pub keys: Vec<Reference>,
}

/// The whole list as it is now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Roll)]
pub struct RollView {
    /// All that stands on it, by natural key, in their order.
    #[schema(example = json!(["support"]))]
    pub keys: Vec<String>,
    /// The entity tag of the whole list.
    #[schema(example = "0d44f05a3c9e6b7d101c7ab0")]
    pub etag: String,
}

async fn list<R: Shown>(api: Api, roll: Roll, params: MatrixParams) -> Answer {
    let (params, granted) = params.split();
    let filters = vec![Some(roll.as_str().to_owned()), granted.map(|granted| format!("{granted:?}"))];
    let narrow = move |conn: &mut store::Conn, query: &mut store::list::ListQuery| {
        query.on_roll = granted.map(|granted| (roll, granted == Granted::Any));
        Ok(store::roll_members(conn, roll)?)
    };
    let at = page_with::<R, _>(&api, params, R::KEY, filters, narrow).await?;
    let (page, members) = at.value;
    let page = rows(&api, page, &members, None);
    let etag = page.etag.clone();
    Ok(conditional::of_version(etag, reply::ok(At { value: page, revision: at.revision })))
}

async fn save<R: Shown>(write: Write, roll: Roll, delta: MarkDelta, If(precondition): If) -> Answer {
    not_too_many(delta.cells.len(), write.api().state().config.limits.max_batch)?;
    let plan = move |p: &mut Plan| {
        let (numbers, counts) = plan::save(p, roll, &delta, &precondition)?;
        Ok((records::<R>(p.conn, &numbers)?, counts))
    };
    let said = move |api: &Api, index: &Index, (items, counts): (Vec<R>, Counts)| {
        let members: Vec<u32> = index.roll(roll).collect();
        let page = rows(api, RecordPage { items, next_cursor: None, total: None }, &members, Some(counts.into()));
        let etag = page.etag.clone();
        Reply::ok(page, Some(etag))
    };
    write.make(plan, said).await
}

/// Rows with whether they stand on the list, and the tag of the whole list.
fn rows<R: Shown>(api: &Api, page: RecordPage<R>, members: &[u32], counts: Option<SaveCounts>) -> RollPage {
    let RecordPage { items, next_cursor, total } = page;
    let items = items.iter().map(|record| row(api, record, members)).collect();
    let etag = plan::tag(members);
    RollPage { items, etag: etag.clone(), links_version: etag, counts, next_cursor, total }
}

fn row<R: Shown>(api: &Api, record: &R, members: &[u32]) -> RollRow {
    let number: u32 = record.number().into();
    let (key, name, validity) = record.shown();
    RollRow {
        id: record.number().id(),
        key,
        name,
        validity,
        granted: members.binary_search(&number).is_ok(),
        links: Links::to(api, R::Number::KIND, number),
    }
}

async fn replace(write: Write, roll: Roll, body: RollBody, If(precondition): If) -> Answer {
    let said = move |_: &Api, index: &Index, ()| whole(index, roll, false);
    write.make(move |p| plan::replace(p, roll, &body.keys, &precondition), said).await
}

async fn set(write: Write, roll: Roll, reference: Reference, If(precondition): If) -> Answer {
    let said = move |_: &Api, index: &Index, (_, is_new): (Thing, bool)| whole(index, roll, is_new);
    write.make(move |p| plan::set(p, roll, &reference, true, &precondition), said).await
}

async fn remove(write: Write, roll: Roll, reference: Reference, If(precondition): If) -> Answer {
    write.make(move |p| plan::set(p, roll, &reference, false, &precondition), gone).await
}

/// The whole list; 201 if there is something new on it.
fn whole(index: &Index, roll: Roll, is_new: bool) -> Reply<RollView> {
    let (members, kind): (Vec<u32>, _) = (index.roll(roll).collect(), plan::kind_of(roll));
    let key = |number: &u32| index.key(Thing { kind, number: *number }).unwrap_or_default().to_owned();
    let mut keys: Vec<String> = members.iter().map(key).collect();
    keys.sort_by_key(|key| crate::directory::text::fold(key));
    let etag = plan::tag(&members);
    Reply::set(is_new, RollView { keys, etag: etag.clone() }, Some(etag))
}

/// The five routes of a list.
macro_rules! roll_routes {
    ($roll:expr, $type:ident, $path:literal, $member:literal, $name:literal = $example:literal, $words:literal,
     $list:ident, $patch:ident, $replace:ident, $put:ident, $delete:ident) => {
        #[utoipa::path(get, path = $path, tag = "settings", summary = concat!("Lists ", $words, "."), description = "The rows are everything that could stand on the list, with whether it does.", params(MatrixParams), responses((status = 200, description = "A page of rows.", body = RollPage)))]
        pub async fn $list(api: Api, Query(params): Query<MatrixParams>) -> Answer {
            list::<$type>(api, $roll, params).await
        }

        #[utoipa::path(patch, path = $path, tag = "settings", summary = concat!("Saves a delta of ", $words, "."), description = "Each row that is named is put on the list or taken from it, all of them or none; others are not touched, whatever page was shown. Takes effect at once.", request_body = MarkDelta, responses((status = 200, description = "The rows of the delta, as they are now.", body = RollPage)))]
        pub async fn $patch(write: Write, precondition: If, Body(delta): Body<MarkDelta>) -> Answer {
            save::<$type>(write, $roll, delta, precondition).await
        }

        #[utoipa::path(put, path = $path, tag = "settings", summary = concat!("Replaces ", $words, " as a whole."), description = "Needs `If-Match` with the tag of the list. Takes effect at once.", request_body = RollBody, responses(
            (status = 200, description = "The list, replaced.", body = RollView),
        ))]
        pub async fn $replace(write: Write, precondition: If, Body(body): Body<RollBody>) -> Answer {
            replace(write, $roll, body, precondition).await
        }

        #[utoipa::path(put, path = $member, tag = "settings", summary = concat!("Adds one to ", $words, "."), description = "Idempotent. Takes effect at once.", params(($name = String, Path, example = $example)), request_body = NoFields, responses(
            (status = 200, description = "The list; it stood on it already.", body = RollView),
            (status = 201, description = "The list; it stands on it now.", body = RollView),
        ))]
        pub async fn $put(write: Write, Named([reference]): Named<1>, precondition: If, _: OptionalBody<NoFields>) -> Answer {
            set(write, $roll, reference, precondition).await
        }

        #[utoipa::path(delete, path = $member, tag = "settings", summary = concat!("Takes one from ", $words, "."), description = "Idempotent. Takes effect at once.", params(($name = String, Path, example = $example)), responses((status = 204, description = "It does not stand on the list.")))]
        pub async fn $delete(write: Write, Named([reference]): Named<1>, precondition: If) -> Answer {
            remove(write, $roll, reference, precondition).await
        }
    };
}

roll_routes!(
    Roll::DefaultServices,
    Service,
    "/v1/default-services",
    "/v1/default-services/{service}",
    "service" = "IT::Network",
    "the default services",
    list_default_services,
    patch_default_services,
    replace_default_services,
    put_default_service,
    delete_default_service
);
roll_routes!(
    Roll::CustomerAlwaysGroups,
    Group,
    "/v1/always-groups/customers",
    "/v1/always-groups/customers/{group}",
    "group" = "support",
    "the groups that every customer has",
    list_customer_always_groups,
    patch_customer_always_groups,
    replace_customer_always_groups,
    put_customer_always_group,
    delete_customer_always_group
);
roll_routes!(
    Roll::CustomerUserAlwaysGroups,
    Group,
    "/v1/always-groups/customer-users",
    "/v1/always-groups/customer-users/{group}",
    "group" = "support",
    "the groups that every customer user has",
    list_customer_user_always_groups,
    patch_customer_user_always_groups,
    replace_customer_user_always_groups,
    put_customer_user_always_group,
    delete_customer_user_always_group
);
