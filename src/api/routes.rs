//! Every route, with the scope that it needs. What stands here is served, is in the OpenAPI
//! document, and is in the authorization matrix of the tests; what does not, is not.

use std::collections::HashMap;
use std::future::ready;
use std::sync::LazyLock;

use actix_web::dev::{ServiceRequest, fn_service};
use actix_web::http::{Method, header};
use actix_web::{Route, guard as guards, web};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::{IntoParams, OpenApi};

use super::guard::{Access, Admitted};
use super::metrics::Routed;
use super::observe::outside;
use super::problem::Problem;
use super::write::DryRunParams;
use super::{
    access, audit, back_ends, batches, bulk, changes, customer_users, customers, docs, external_ids, groups, guard,
    health, import_jobs, links, matrices, memberships, overview, rolls, services, settings, who,
};
use crate::auth::Scope;

/// One route: a handler, whose path and method its own attribute says, and who may call it.
pub struct Declared {
    /// The handler's name, which is the operation's id.
    pub operation_id: &'static str,
    /// Who may call it.
    pub access: Access,
    handle: fn(Admitted) -> Route,
}

macro_rules! routes {
    ($($access:expr => [$($module:ident::$handler:ident),* $(,)?])*) => {
        /// Every route.
        pub const ROUTES: &[Declared] = &[$($(
            Declared {
                operation_id: stringify!($handler),
                access: $access,
                handle: |admitted| guard::route(admitted, $module::$handler),
            }
        ),*),*];

        #[derive(OpenApi)]
        #[openapi(paths($($($module::$handler),*),*), components(schemas(super::import_jobs::ImportAbsentThing, super::matrices::Granted, super::preview::AccessDifference, super::preview::DryRun, super::preview::WarningView)))]
        struct Paths;
    };
}

use Access::{Needs, NeedsBoth, Public, Runs};

routes! {
    Public => [health::healthz, health::readyz, docs::openapi_document]
    Needs(Scope::DirectoryRead) => [
        customers::list_customers, customers::get_customer,
        customer_users::list_customer_users, customer_users::get_customer_user,
        groups::list_groups, groups::get_group,
        services::list_services, services::get_service,
    ]
    Needs(Scope::DirectoryWrite) => [
        customers::create_customer, customers::put_customer, customers::patch_customer, customers::delete_customer,
        customer_users::create_customer_user, customer_users::put_customer_user,
        customer_users::patch_customer_user, customer_users::delete_customer_user,
        groups::create_group, groups::put_group, groups::patch_group, groups::delete_group,
        services::create_service, services::put_service, services::patch_service, services::delete_service,
        external_ids::put_customer_external_id, external_ids::delete_customer_external_id,
        external_ids::put_customer_user_external_id, external_ids::delete_customer_user_external_id,
        external_ids::put_group_external_id, external_ids::delete_group_external_id,
        external_ids::put_service_external_id, external_ids::delete_service_external_id,
    ]
    Needs(Scope::LinksRead) => [
        links::get_customer_group_link, links::get_group_customer_link,
        links::get_customer_user_group_link, links::get_group_customer_user_link,
        links::get_customer_user_service_link, links::get_service_customer_user_link,
        matrices::get_customer_group_matrix, matrices::get_group_customer_matrix,
        matrices::get_customer_user_group_matrix, matrices::get_group_customer_user_matrix,
        matrices::get_customer_user_service_matrix, matrices::get_service_customer_user_matrix,
        matrices::get_customer_user_customer_matrix, matrices::get_customer_customer_user_matrix,
    ]
    Needs(Scope::LinksWrite) => [
        links::put_customer_group_link, links::delete_customer_group_link,
        links::put_group_customer_link, links::delete_group_customer_link,
        links::put_customer_user_group_link, links::delete_customer_user_group_link,
        links::put_group_customer_user_link, links::delete_group_customer_user_link,
        links::put_customer_user_service_link, links::delete_customer_user_service_link,
        links::put_service_customer_user_link, links::delete_service_customer_user_link,
        matrices::patch_customer_group_matrix, matrices::patch_group_customer_matrix,
        matrices::patch_customer_user_group_matrix, matrices::patch_group_customer_user_matrix,
        matrices::patch_customer_user_service_matrix, matrices::patch_service_customer_user_matrix,
        matrices::patch_customer_user_customer_matrix, matrices::patch_customer_customer_user_matrix,
        memberships::put_additional_customer, memberships::delete_additional_customer,
        memberships::put_additional_customer_user, memberships::delete_additional_customer_user,
        bulk::bulk_customer_group_links, bulk::bulk_customer_user_group_links,
        bulk::bulk_customer_user_service_links, bulk::bulk_customer_memberships,
    ]
    Needs(Scope::SyncWrite) => [batches::batch_upsert_customers, batches::batch_upsert_customer_users]
    NeedsBoth(Scope::SyncWrite, Scope::DirectoryWrite) => [batches::batch_upsert_groups, batches::batch_upsert_services]
    NeedsBoth(Scope::SyncWrite, Scope::LinksWrite) => [
        batches::batch_upsert_customer_group_links, batches::batch_upsert_customer_user_group_links,
        batches::batch_upsert_customer_user_service_links, batches::batch_upsert_customer_memberships,
    ]
    Needs(Scope::SettingsRead) => [
        overview::get_overview, settings::get_settings, back_ends::list_back_ends, back_ends::get_back_end,
        rolls::list_default_services, rolls::list_customer_always_groups, rolls::list_customer_user_always_groups,
    ]
    Needs(Scope::SettingsWrite) => [
        settings::patch_settings,
        back_ends::create_back_end, back_ends::put_back_end, back_ends::patch_back_end, back_ends::delete_back_end,
        rolls::patch_default_services, rolls::patch_customer_always_groups, rolls::patch_customer_user_always_groups,
        rolls::replace_default_services, rolls::put_default_service, rolls::delete_default_service,
        rolls::replace_customer_always_groups, rolls::put_customer_always_group, rolls::delete_customer_always_group,
        rolls::replace_customer_user_always_groups, rolls::put_customer_user_always_group,
        rolls::delete_customer_user_always_group,
    ]
    Needs(Scope::AccessSelf) => [
        access::get_customer_user_access, access::get_own_access, access::check_access, access::batch_check_access,
        access::get_thing_filter,
    ]
    Needs(Scope::AccessRead) => [who::list_group_access, who::list_service_access]
    Needs(Scope::ChangesRead) => [changes::list_changes, changes::stream_changes]
    Runs(Scope::SyncWrite) => [
        import_jobs::create_import_job, import_jobs::list_import_jobs, import_jobs::get_import_job,
        import_jobs::put_import_chunk, import_jobs::list_import_chunks, import_jobs::close_import_job,
        import_jobs::cancel_import_job, import_jobs::list_import_results, import_jobs::list_import_absent,
    ]
    NeedsBoth(Scope::SyncWrite, Scope::AccessRead) => [import_jobs::get_import_preview]
    Runs(Scope::SyncApprove) => [import_jobs::approve_import_job]
    Needs(Scope::Admin) => [audit::list_audit]
}

/// The document of the paths alone, as the handlers declare them, with the parameters of every write.
pub static PATHS: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(|| {
    let mut document = Paths::openapi();
    let writes: Vec<_> = ROUTES.iter().filter(|route| route.access.writes()).map(|it| it.operation_id).collect();
    let all = document.paths.paths.values_mut();
    let operations = all.flat_map(|item| [&mut item.put, &mut item.post, &mut item.patch, &mut item.delete]);
    let is_write =
        |operation: &&mut Operation| operation.operation_id.as_deref().is_some_and(|id| writes.contains(&id));
    for operation in operations.flatten().filter(is_write) {
        let of_writes = DryRunParams::into_params(|| Some(ParameterIn::Query));
        operation.parameters.get_or_insert_default().extend(of_writes.into_iter().map(RefOr::T));
    }
    document
});

/// What the handler of a route declares.
pub struct Place {
    /// Its path, as a template.
    pub path: String,
    /// Its method.
    pub method: Method,
    /// The names of its query parameters.
    parameters: Vec<String>,
}

/// By operation id: what each handler declares.
pub static PLACES: LazyLock<HashMap<String, Place>> = LazyLock::new(|| {
    let mut places = HashMap::new();
    for (path, item) in &PATHS.paths.paths {
        let methods = [
            (Method::GET, &item.get),
            (Method::PUT, &item.put),
            (Method::POST, &item.post),
            (Method::PATCH, &item.patch),
            (Method::DELETE, &item.delete),
        ];
        for (method, operation) in
            methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
        {
            let id = operation.operation_id.clone().unwrap_or_default();
            places.insert(id, Place { path: path.clone(), method, parameters: query_parameters(operation) });
        }
    }
    places
});

fn query_parameters(operation: &Operation) -> Vec<String> {
    let in_query = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
        _ => None,
    };
    operation.parameters.iter().flatten().filter_map(in_query).collect()
}

/// Registers every route under this path, and what is said of a method that it has not.
pub fn configure(base_path: &str, service: &mut web::ServiceConfig) {
    let mut resources: Vec<(String, Vec<(Method, Route)>)> = Vec::new();
    // Paths are tried in turn, and those with names in them are regular expressions: those of the questions, which
    // programs ask all the time, come first, and of them the plain ones.
    let is_question = |declared: &Declared| declared.access == Needs(Scope::AccessSelf);
    let mut all: Vec<(usize, &Declared)> = ROUTES.iter().enumerate().collect();
    let is_pattern = |declared: &Declared| PLACES[declared.operation_id].path.contains('{');
    all.sort_by_key(|(_, declared)| (!is_question(declared), is_pattern(declared)));
    for (at, declared) in all {
        let place = &PLACES[declared.operation_id];
        let admitted = Admitted {
            routed: Routed(at),
            access: declared.access,
            parameters: &place.parameters,
            is_tagged: place.method == Method::GET && declared.access != Public,
        };
        let route = (declared.handle)(admitted);
        let route = match place.method {
            // Whoever may read may ask for the headers alone.
            Method::GET => {
                route.guard(guards::fn_guard(|asked| [Method::GET, Method::HEAD].contains(&asked.head().method)))
            }
            _ => route.method(place.method.clone()),
        };
        match resources.iter_mut().find(|(known, _)| *known == place.path) {
            Some((_, routes)) => routes.push((place.method.clone(), route)),
            None => resources.push((place.path.clone(), vec![(place.method.clone(), route)])),
        }
    }
    for (path, routes) in resources {
        let names = |method: &Method| if *method == Method::GET { "GET, HEAD".to_owned() } else { method.to_string() };
        let allowed = routes.iter().map(|(method, _)| names(method)).collect::<Vec<_>>().join(", ");
        let mut resource = web::resource(format!("{base_path}{path}"));
        for (_, route) in routes {
            resource = resource.route(route);
        }
        let other = move |request| {
            let why = not_allowed(&allowed);
            outside(request, |request: ServiceRequest| ready(Ok(request.error_response(why))))
        };
        service.service(resource.default_service(fn_service(other)));
    }
}

fn not_allowed(allowed: &str) -> Problem {
    let detail = format!("The method is not allowed here; allowed are {allowed}.");
    Problem::new("method_not_allowed", detail).with_header(header::ALLOW, allowed.to_owned())
}
