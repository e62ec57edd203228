//! How the settings here differ from the desk's.

use super::intent::Intent;
use super::report::{Counts, Finding, Outcome, Report};
use super::settings::DeskSettings;
use crate::access::Index;
use crate::directory::{Change, Patch, PermissionName, PermissionType, PermissionTypes};
use crate::plan::settings::{ContextPatch, ContextsPatch, PermissionTypePatch, SettingsPatch};

/// What is to be written, and what it changes; nothing if all is so already.
pub(super) fn foresee(
    index: &Index,
    intent: &Intent,
    settings: &DeskSettings,
    report: &mut Report,
) -> Option<(SettingsPatch, Change)> {
    let before = index.settings();
    let mut after = before.clone();
    after.group_support = settings.group_support;
    after.other_customers = settings.other_customers;
    after.default_services_for_unknown_customer_users = settings.defaults_for_unknown;
    after.company_access = settings.company_access;
    after.permission_types = configured(&before.permission_types, &intent.types);
    only_here(&before.permission_types, intent, report);
    let differs = after != *before;
    let counts = Counts { updated: u64::from(differs), unchanged: u64::from(!differs), ..Counts::default() };
    report.counts.insert("settings", counts);
    let patch = SettingsPatch {
        group_support: Some(after.group_support),
        permission_types: Some(after.permission_types.0.iter().map(type_patch).collect()),
        contexts: Some(ContextsPatch {
            other_customers: Some(ContextPatch { enabled: Some(after.other_customers), ..ContextPatch::default() }),
            ..ContextsPatch::default()
        }),
        default_services_for_unknown_customer_users: Some(after.default_services_for_unknown_customer_users),
        company_access: Some(after.company_access),
    };
    differs.then(|| (patch, Change::SettingsPut { settings: Box::new(after) }))
}

fn type_patch(it: &PermissionType) -> PermissionTypePatch {
    PermissionTypePatch { name: it.name.clone(), label: Patch::Untouched, description: Patch::Untouched }
}

/// The desk's types in the desk's order, then those that are only here, because links may hold them; `rw` is last.
/// Types that are here keep their bits.
fn configured(before: &PermissionTypes, wanted: &[PermissionName]) -> PermissionTypes {
    let rw = PermissionName::rw();
    let here = before.0.iter().map(|it| &it.name).filter(|name| !wanted.contains(name));
    let names = wanted.iter().chain(here).filter(|name| **name != rw).chain([&rw]);
    let mut taken: Vec<u8> = before.0.iter().map(|it| it.bit).collect();
    let types = names.map(|name| match before.0.iter().find(|it| it.name == *name) {
        Some(here) => here.clone(),
        None => {
            let bit = (0..).find(|bit| !taken.contains(bit)).unwrap_or_default();
            taken.push(bit);
            PermissionType { name: name.clone(), bit, label: None, description: None }
        }
    });
    PermissionTypes(types.collect())
}

fn only_here(before: &PermissionTypes, intent: &Intent, report: &mut Report) {
    for it in before.0.iter().filter(|it| !intent.types.contains(&it.name)) {
        report.find(Finding {
            outcome: Outcome::Noted,
            code: "permission_type_only_here",
            table: "here",
            row: format!("permission type {:?}", it.name.as_str()),
            reason: "is not configured in the desk; it is kept".to_owned(),
            flag: None,
        });
    }
}
