//! The settings over HTTP.

use serde::Serialize;
use utoipa::ToSchema;

use super::body::Body;
use super::reply::{self, Answer, If, IfNoneMatch};
use super::state::{Api, At};
use super::views::Links;
use super::write::{Reply, Write};
use crate::access::Index;
use crate::directory::{ContextText, PermissionName, PermissionType, Settings, Text, etag};
use crate::plan::settings::{self as plan, SettingsPatch};
use crate::store;

/// The settings that bear on access. Always-groups and default services are lists of their own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
pub struct SettingsView {
    /// Whether groups restrict anybody (rule 4).
    #[schema(example = true)]
    pub group_support: bool,
    /// The permission types, in their order; `rw` is always there and last.
    #[schema(example = json!([{"name": "ro", "label": "Read only"}, {"name": "rw", "label": "Read and write"}]))]
    pub permission_types: Vec<PermissionTypeView>,
    /// Where customer ↔ group links may reach.
    pub contexts: ContextsView,
    /// Whether an unknown login gets the default services (rule 2).
    #[schema(example = false)]
    pub default_services_for_unknown_customer_users: bool,
    /// Whether a customer user may see the things of their customers (rule 6).
    #[schema(example = true)]
    pub company_access: bool,
    /// The entity tag, as in the header `ETag`, without its quotes.
    #[schema(example = "5a3c9e6b7d101c7ab02d44f0")]
    pub etag: String,
    /// Where they are.
    pub links: Links,
}

/// A permission type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PermissionType)]
pub struct PermissionTypeView {
    /// Its name.
    pub name: PermissionName,
    /// What a screen calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// What a screen says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
}

/// The two contexts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contexts, example = json!({"same_customer": {"enabled": true, "label": "Same customer"}, "other_customers": {"enabled": false, "label": "Other customers"}}))]
pub struct ContextsView {
    /// Things of the customer itself.
    pub same_customer: ContextView,
    /// Things of any customer (rule 6).
    pub other_customers: ContextView,
}

/// A context.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContextSetting)]
pub struct ContextView {
    /// Whether links in it count and may be made.
    #[schema(example = true)]
    pub enabled: bool,
    /// What a screen calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// What a screen says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
}

fn view(api: &Api, settings: Settings) -> SettingsView {
    let context =
        |enabled, text: ContextText| ContextView { enabled, label: text.label, description: text.description };
    let permission_type =
        |PermissionType { name, label, description, .. }| PermissionTypeView { name, label, description };
    SettingsView {
        group_support: settings.group_support,
        etag: etag(&settings),
        permission_types: settings.permission_types.0.into_iter().map(permission_type).collect(),
        contexts: ContextsView {
            same_customer: context(true, settings.same_customer_text),
            other_customers: context(settings.other_customers, settings.other_customers_text),
        },
        default_services_for_unknown_customer_users: settings.default_services_for_unknown_customer_users,
        company_access: settings.company_access,
        links: Links::of_path(api.path("/v1/settings")),
    }
}

/// Reads the settings.
#[utoipa::path(get, path = "/v1/settings", tag = "settings", responses((status = 200, description = "The settings.", body = SettingsView), (status = 304, description = "Unchanged.")))]
pub async fn get_settings(api: Api, known: IfNoneMatch) -> Answer {
    let at = api.read(|conn| Ok(store::settings(conn)?.unwrap_or_else(Settings::fresh))).await?;
    let view = view(&api, at.value);
    let etag = view.etag.clone();
    Ok(reply::representation(At { value: view, revision: at.revision }, &etag, &known))
}

/// Changes settings.
///
/// They take effect at once and together. To send `permission_types` is to replace the list, which
/// needs `If-Match`; a type that a link holds cannot go.
#[utoipa::path(patch, path = "/v1/settings", tag = "settings", request_body = SettingsPatch, responses((status = 200, description = "The settings, changed.", body = SettingsView)))]
pub async fn patch_settings(write: Write, If(precondition): If, Body(patch): Body<SettingsPatch>) -> Answer {
    let said = |api: &Api, _: &Index, settings| {
        let view = view(api, settings);
        let etag = view.etag.clone();
        Reply::ok(view, Some(etag))
    };
    write.make(move |p| plan::patch(p, patch, &precondition), said).await
}
