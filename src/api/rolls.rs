//! The lists of the settings over HTTP: default services, always-groups of both kinds. The rows are
//! every service or group there is, with whether it stands on the list.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::{Body, OptionalBody};
use super::conditional;
use super::links::NoFields;
use super::lists::{ListParams, Query, RecordPage, page};
use super::matrices::Shown;
use super::named::Named;
use super::reply::{self, Answer, If};
use super::state::{Api, At};
use super::views::Links;
use crate::directory::{Group, Number, Reference, Roll, Service, Validity};
use crate::plan::rolls as plan;
use crate::store;

/// Whether a row stands on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Granted {
    /// Rows that do.
    Any,
    /// Rows that do not.
    None,
}

/// The parameters of a list of the settings.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RollParams {
    /// Words, all of which must be found in the name (or a group's comment), ignoring case and
    /// accents. `*` stands for anything and anchors.
    #[param(example = "net*")]
    pub q: Option<String>,
    /// Only what has this validity.
    pub validity: Option<Validity>,
    /// Only rows that stand on the list (`any`), or that do not (`none`).
    pub granted: Option<Granted>,
    /// The order: `name` (the default) or `id`; with `-` before it, backwards.
    #[param(example = "name")]
    pub sort: Option<String>,
    /// Rows on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before. It belongs to the same filters and order.
    pub cursor: Option<String>,
    /// Whether to count all rows that the filters match.
    #[param(default = false)]
    pub total: Option<bool>,
}

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
    /// The rows, in order.
    pub items: Vec<RollRow>,
    /// The entity tag of the whole list, the same on every page, whatever the filters.
    #[schema(example = "0d44f05a3c9e6b7d101c7ab0")]
    pub etag: String,
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

async fn list<R: Shown>(api: Api, roll: Roll, params: RollParams) -> Answer {
    let RollParams { q, validity, granted, sort, limit, cursor, total } = params;
    let filters = vec![Some(roll.as_str().to_owned()), granted.map(|granted| format!("{granted:?}"))];
    let params = ListParams { q, validity, sort, limit, cursor, total };
    let narrow = move |_: &mut store::Conn, query: &mut store::list::ListQuery| {
        query.on_roll = granted.map(|granted| (roll, granted == Granted::Any));
        Ok(())
    };
    let at = page::<R>(&api, params, R::KEY, filters, narrow).await?;
    let RecordPage { items, next_cursor, total } = at.value;
    let members = api.read(move |conn| Ok(store::roll_members(conn, roll)?)).await?.value;
    let row = |record: R| {
        let number: u32 = record.number().into();
        let (key, name, validity) = record.shown();
        RollRow {
            id: record.number().id(),
            key,
            name,
            validity,
            granted: members.contains(&number),
            links: Links::to(&api, R::Number::KIND, number),
        }
    };
    let etag = plan::tag(&members);
    let value = RollPage { items: items.into_iter().map(row).collect(), etag: etag.clone(), next_cursor, total };
    Ok(conditional::of_version(etag, reply::ok(At { value, revision: at.revision })))
}

async fn replace(api: Api, roll: Roll, body: RollBody, If(precondition): If) -> Answer {
    let at = api.write(move |p| plan::replace(p, roll, &body.keys, &precondition)).await?;
    let value = whole(&api, roll).await?;
    let etag = value.etag.clone();
    Ok(reply::written(At { value, revision: at.revision }, &etag, None))
}

async fn set(api: Api, roll: Roll, reference: Reference, If(precondition): If) -> Answer {
    let at = api.write(move |p| plan::set(p, roll, &reference, true, &precondition)).await?;
    let value = whole(&api, roll).await?;
    let etag = value.etag.clone();
    Ok(reply::set(At { value, revision: at.revision }, at.value.1, Some(&etag)))
}

async fn remove(api: Api, roll: Roll, reference: Reference, If(precondition): If) -> Answer {
    let at = api.write(move |p| plan::set(p, roll, &reference, false, &precondition)).await?;
    Ok(reply::gone(&at))
}

async fn whole(api: &Api, roll: Roll) -> Result<RollView, super::problem::Problem> {
    let members = api.read(move |conn| Ok(store::roll_members(conn, roll)?)).await?.value;
    let kind = plan::kind_of(roll);
    let key = |number: &u32| {
        let thing = crate::directory::Thing { kind, number: *number };
        api.state().replica.ask(|index| index.key(thing).unwrap_or_default().to_owned())
    };
    let mut keys: Vec<String> = members.iter().map(key).collect();
    keys.sort_by_key(|key| crate::directory::text::fold(key));
    Ok(RollView { keys, etag: plan::tag(&members) })
}

/// The four routes of a list.
macro_rules! roll_routes {
    ($roll:expr, $type:ident, $path:literal, $member:literal, $name:literal = $example:literal, $words:literal,
     $list:ident, $replace:ident, $put:ident, $delete:ident) => {
        #[utoipa::path(get, path = $path, tag = "settings", summary = concat!("Lists ", $words, "."), description = "The rows are everything that could stand on the list, with whether it does.", params(RollParams), responses((status = 200, description = "A page of rows.", body = RollPage)))]
        pub async fn $list(api: Api, Query(params): Query<RollParams>) -> Answer {
            list::<$type>(api, $roll, params).await
        }

        #[utoipa::path(put, path = $path, tag = "settings", summary = concat!("Replaces ", $words, " as a whole."), description = "Needs `If-Match` with the tag of the list. Takes effect at once.", request_body = RollBody, responses(
            (status = 200, description = "The list, replaced.", body = RollView),
        ))]
        pub async fn $replace(api: Api, precondition: If, Body(body): Body<RollBody>) -> Answer {
            replace(api, $roll, body, precondition).await
        }

        #[utoipa::path(put, path = $member, tag = "settings", summary = concat!("Adds one to ", $words, "."), description = "Idempotent. Takes effect at once.", params(($name = String, Path, example = $example)), request_body = NoFields, responses(
            (status = 200, description = "The list; it stood on it already.", body = RollView),
            (status = 201, description = "The list; it stands on it now.", body = RollView),
        ))]
        pub async fn $put(api: Api, Named([reference]): Named<1>, precondition: If, _: OptionalBody<NoFields>) -> Answer {
            set(api, $roll, reference, precondition).await
        }

        #[utoipa::path(delete, path = $member, tag = "settings", summary = concat!("Takes one from ", $words, "."), description = "Idempotent. Takes effect at once.", params(($name = String, Path, example = $example)), responses((status = 204, description = "It does not stand on the list.")))]
        pub async fn $delete(api: Api, Named([reference]): Named<1>, precondition: If) -> Answer {
            remove(api, $roll, reference, precondition).await
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
    replace_customer_user_always_groups,
    put_customer_user_always_group,
    delete_customer_user_always_group
);
