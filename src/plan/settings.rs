//! Writing the settings.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{Plan, Precondition, Refusal};
use crate::directory::permission::MAX_PERMISSION_TYPES;
use crate::directory::text::present;
use crate::directory::{
    ContextText, Delta, Edit, Patch, PermissionName, PermissionType, PermissionTypes, Settings, Text, etag,
};
use crate::store;

/// The settings to write: absent leaves, `null` clears a label or description.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsPatch {
    /// Whether groups restrict anybody (rule 4). Off means that every customer user has every
    /// permission on every valid group.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false, example = true)]
    pub group_support: Option<bool>,
    /// The permission types, all of them in their order: 1 to 16. `rw` must be there, and be last.
    /// Replaces the list, so it needs `If-Match`. A type that a link holds cannot go (409).
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<PermissionTypePatch>, required = false, min_items = 1, max_items = 16, example = json!([{"name": "ro"}, {"name": "note", "label": "Add notes"}, {"name": "rw"}]))]
    pub permission_types: Option<Vec<PermissionTypePatch>>,
    /// What reaches where.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = ContextsPatch, required = false)]
    pub contexts: Option<ContextsPatch>,
    /// Whether an unknown login gets the default services (rule 2).
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false, example = false)]
    pub default_services_for_unknown_customer_users: Option<bool>,
    /// Whether a customer user may see the things of their customers (rule 6).
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false, example = true)]
    pub company_access: Option<bool>,
}

/// A permission type to configure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PermissionTypePatch {
    /// Its name: 1 to 50 characters of `a-z`, `0-9` and `_`.
    pub name: PermissionName,
    /// What a screen calls it. Of a type that is there already, absent leaves it as it is.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub label: Patch<Text>,
    /// What a screen says of it. Of a type that is there already, absent leaves it as it is.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub description: Patch<Text>,
}

/// The contexts to write.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[schema(example = json!({"other_customers": {"enabled": true, "label": "Other customers"}}))]
#[serde(deny_unknown_fields)]
pub struct ContextsPatch {
    /// Things of the customer itself. Always on.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = ContextPatch, required = false)]
    pub same_customer: Option<ContextPatch>,
    /// Things of any customer (rule 6).
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = ContextPatch, required = false)]
    pub other_customers: Option<ContextPatch>,
}

/// A context to write.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextPatch {
    /// Whether links in it count and may be made. `same_customer` cannot be turned off.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    pub enabled: Option<bool>,
    /// What a screen calls it.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub label: Patch<Text>,
    /// What a screen says of it.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub description: Patch<Text>,
}

/// Changes settings; they take effect at once and together.
pub fn patch(plan: &mut Plan, patch: SettingsPatch, precondition: &Precondition) -> Result<Settings, Refusal> {
    let before = plan.settings()?.clone();
    precondition.check(Some(&etag(&before)))?;
    if patch.permission_types.is_some() && *precondition == Precondition::None {
        return Err(Refusal::PreconditionRequired("the permission types"));
    }
    let mut after = before.clone();
    after.group_support = patch.group_support.unwrap_or(after.group_support);
    after.company_access = patch.company_access.unwrap_or(after.company_access);
    let for_unknown = &mut after.default_services_for_unknown_customer_users;
    *for_unknown = patch.default_services_for_unknown_customer_users.unwrap_or(*for_unknown);
    if let Some(types) = patch.permission_types {
        after.permission_types = configured(&before.permission_types, types)?;
        none_in_use_goes(plan, &before.permission_types, &after.permission_types)?;
    }
    write_contexts(&mut after, patch.contexts.unwrap_or_default())?;
    if after != before {
        plan.edit(Edit::Settings(Box::new(Delta::Changed { before, after: after.clone() })));
    }
    Ok(after)
}

fn write_contexts(settings: &mut Settings, contexts: ContextsPatch) -> Result<(), Refusal> {
    let same = contexts.same_customer.unwrap_or_default();
    if same.enabled == Some(false) {
        let detail = "the context same_customer is always on";
        return Err(Refusal::at("/contexts/same_customer/enabled", "forbidden_value", detail));
    }
    let other = contexts.other_customers.unwrap_or_default();
    settings.other_customers = other.enabled.unwrap_or(settings.other_customers);
    write_text(&mut settings.same_customer_text, same);
    write_text(&mut settings.other_customers_text, other);
    Ok(())
}

fn write_text(text: &mut ContextText, patch: ContextPatch) {
    patch.label.apply(&mut text.label);
    patch.description.apply(&mut text.description);
}

/// The new list: types that stay keep their bits, new ones get free bits.
fn configured(before: &PermissionTypes, bodies: Vec<PermissionTypePatch>) -> Result<PermissionTypes, Refusal> {
    check_list(&bodies)?;
    let mut taken: Vec<u8> = bodies.iter().filter_map(|body| before.bit(body.name.as_str())).collect();
    let mut types = Vec::with_capacity(bodies.len());
    for body in bodies {
        let known = before.0.iter().find(|t| t.name == body.name);
        let bit = known.map_or_else(|| (0..).find(|bit| !taken.contains(bit)).unwrap_or_default(), |t| t.bit);
        taken.push(bit);
        let (mut label, mut description) = known.map(|t| (t.label.clone(), t.description.clone())).unwrap_or_default();
        body.label.apply(&mut label);
        body.description.apply(&mut description);
        types.push(PermissionType { bit, label, description, name: body.name });
    }
    Ok(PermissionTypes(types))
}

fn check_list(bodies: &[PermissionTypePatch]) -> Result<(), Refusal> {
    let refused = |index: usize, code, detail: &str| {
        Err(Refusal::at(&format!("/permission_types/{index}/name"), code, detail.to_owned()))
    };
    if bodies.len() > MAX_PERMISSION_TYPES {
        let detail = format!("has {} types; at most {MAX_PERMISSION_TYPES} are allowed", bodies.len());
        return Err(Refusal::at("/permission_types", "too_many", detail));
    }
    if bodies.last().is_none_or(|last| last.name != PermissionName::rw()) {
        return Err(Refusal::at("/permission_types", "rw_must_be_last", "must end with rw, which implies every other"));
    }
    for (index, body) in bodies.iter().enumerate() {
        if bodies[..index].iter().any(|earlier| earlier.name == body.name) {
            return refused(index, "duplicate", "is listed twice");
        }
    }
    Ok(())
}

fn none_in_use_goes(plan: &mut Plan, before: &PermissionTypes, after: &PermissionTypes) -> Result<(), Refusal> {
    for gone in before.0.iter().filter(|t| after.bit(t.name.as_str()).is_none()) {
        let links = store::count_holding(plan.conn, gone.bit)?;
        if links > 0 {
            return Err(Refusal::PermissionTypeInUse { name: gone.name.to_string(), links });
        }
    }
    Ok(())
}
