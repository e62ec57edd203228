//! The keys other systems know things by, over HTTP.

use serde::Serialize;
use utoipa::ToSchema;

use super::named::NamedExternalId;
use super::reply::{Answer, If};
use super::state::Api;
use super::write::{Reply, Write, gone};
use crate::access::Index;
use crate::directory::{Customer, CustomerUser, ExternalId, Group, Number, Service, etag};
use crate::plan::{self, Identified};

/// The external ids of a thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExternalIdList)]
pub struct ExternalIds {
    /// The thing's opaque id.
    #[schema(example = "c12")]
    pub id: String,
    /// What other systems call it, by source and id.
    pub external_ids: Vec<ExternalId>,
}

async fn put<R: Identified + Send + 'static>(write: Write, named: NamedExternalId, If(precondition): If) -> Answer {
    let NamedExternalId(reference, external_id) = named;
    let said = |_: &Api, _: &Index, (mut record, is_new): (R, bool)| {
        let etag = etag(&record);
        let ids = ExternalIds { id: record.number().id(), external_ids: record.external_ids().clone() };
        Reply::set(is_new, ids, Some(etag))
    };
    write.make(move |p| plan::give_external_id::<R>(p, &reference, external_id, &precondition), said).await
}

async fn delete<R: Identified + Send + 'static>(write: Write, named: NamedExternalId, If(precondition): If) -> Answer {
    let NamedExternalId(reference, external_id) = named;
    write.make(move |p| plan::take_external_id::<R>(p, &reference, &external_id, &precondition), gone).await
}

macro_rules! external_id_routes {
    ($type:ident, $tag:literal, $path:literal, $name:literal, $words:literal, $example:literal, $put:ident, $delete:ident) => {
        #[utoipa::path(put, path = $path, tag = $tag, summary = concat!("Gives a ", $words, " an external id."), description = concat!("External ids are compared byte for byte. One that another ", $words, " has is a 409."), params(
            ($name = String, Path, example = $example),
            ("source" = String, Path, description = "The other system: 1 to 50 characters of a-z, 0-9, _ and -.", example = "crm"),
            ("external_id" = String, Path, description = "The key there: 1 to 200 characters.", example = "0015e00001AbCdE"),
        ), responses(
            (status = 200, description = "It had it already.", body = ExternalIds),
            (status = 201, description = "It has it now.", body = ExternalIds),
        ))]
        pub async fn $put(write: Write, named: NamedExternalId, precondition: If) -> Answer {
            put::<$type>(write, named, precondition).await
        }

        #[utoipa::path(delete, path = $path, tag = $tag, summary = concat!("Takes an external id from a ", $words, "."), description = "One that it has not is a 404.", params(
            ($name = String, Path, example = $example),
            ("source" = String, Path, description = "The other system.", example = "crm"),
            ("external_id" = String, Path, description = "The key there.", example = "0015e00001AbCdE"),
        ), responses((status = 204, description = "It has it no longer.")))]
        pub async fn $delete(write: Write, named: NamedExternalId, precondition: If) -> Answer {
            delete::<$type>(write, named, precondition).await
        }
    };
}

external_id_routes!(
    Customer,
    "customers",
    "/v1/customers/{customer}/external-ids/{source}/{external_id}",
    "customer",
    "customer",
    "acme",
    put_customer_external_id,
    delete_customer_external_id
);
external_id_routes!(
    CustomerUser,
    "customer-users",
    "/v1/customer-users/{customer_user}/external-ids/{source}/{external_id}",
    "customer_user",
    "customer user",
    "jane",
    put_customer_user_external_id,
    delete_customer_user_external_id
);
external_id_routes!(
    Group,
    "groups",
    "/v1/groups/{group}/external-ids/{source}/{external_id}",
    "group",
    "group",
    "support",
    put_group_external_id,
    delete_group_external_id
);
external_id_routes!(
    Service,
    "services",
    "/v1/services/{service}/external-ids/{source}/{external_id}",
    "service",
    "service",
    "IT::Network",
    put_service_external_id,
    delete_service_external_id
);
