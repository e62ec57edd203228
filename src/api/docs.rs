//! The OpenAPI document and Swagger UI, both out of the binary: no network is needed to read them.

use actix_web::{HttpResponse, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::state::Shared;

/// Gives the OpenAPI document.
///
/// It is the same at every start of a version, but for `servers`, which carries `BASE_PATH`.
#[utoipa::path(get, path = "/openapi.json", tag = "docs", responses((status = 200, description = "The OpenAPI document.", body = Object, example = json!({"openapi": "3.1.0"}))))]
pub async fn openapi_document(state: Shared) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(state.openapi.clone())
}

/// Serves Swagger UI under `/docs`, with a place to put a token.
pub fn swagger_ui(base_path: &str) -> SwaggerUi {
    let document = format!("{base_path}/openapi.json");
    let config = Config::new([document]).persist_authorization(true).try_it_out_enabled(true);
    SwaggerUi::new(format!("{base_path}/docs/{{_:.*}}")).config(config)
}

/// From `/docs` to where Swagger UI is, whatever the method.
pub fn to_swagger_ui(base_path: &str) -> web::Redirect {
    web::redirect(format!("{base_path}/docs"), format!("{base_path}/docs/")).permanent()
}
