//! The links, and the lists of the settings.

use super::{Making, Types};
use crate::directory::text::fold;
use crate::directory::{Context, PermissionName};
use crate::sync::otobo::facts::{DEFAULT_SERVICES, GrantRow};
use crate::sync::otobo::policy::UnknownPermissions;
use crate::sync::otobo::report::Outcome;

impl Making<'_> {
    pub(super) fn links(&mut self) {
        self.memberships();
        self.customer_grants();
        self.customer_user_grants();
        self.service_links();
        let settings = self.settings;
        for (name, groups) in [
            ("CustomerGroupAlwaysGroups", &settings.always_groups),
            ("CustomerGroupCompanyAlwaysGroups", &settings.company_always_groups),
        ] {
            let listed: Vec<usize> = groups.iter().filter_map(|group| self.always_group(name, group)).collect();
            let of_customers = name == "CustomerGroupCompanyAlwaysGroups";
            let intent = &mut self.intent;
            let list = if of_customers { &mut intent.company_always_groups } else { &mut intent.always_groups };
            list.extend(listed);
        }
    }

    /// Whether the key of a row is empty, which never counted.
    fn is_empty(&mut self, key: &str, row: impl Fn() -> (&'static str, String)) -> bool {
        let is_empty = key.trim().is_empty();
        if is_empty {
            self.never_counted(row(), "has an empty key");
        }
        is_empty
    }

    fn memberships(&mut self) {
        for pair in &self.facts.memberships {
            let row = || ("customer_user_customer", format!("{:?} {:?}", pair.login, pair.other));
            if self.is_empty(&pair.login, row) || self.is_empty(&pair.other, row) {
                continue;
            }
            let customer_user = self.customer_user_named(&pair.login, row());
            let customer = self.customer_named(&pair.other, row());
            self.intent.memberships.extend(customer_user.zip(customer));
        }
    }

    fn customer_grants(&mut self) {
        let table = "group_customer";
        for grant in &self.facts.customer_grants {
            let Some((group, types)) = self.granted(table, grant) else { continue };
            let Some(context) = self.context(table, grant) else { continue };
            if let Some(customer) = self.customer_named(&grant.holder, (table, shown(grant))) {
                *self.intent.customer_grants.entry((customer, group, context)).or_default() |= types;
            }
        }
    }

    fn customer_user_grants(&mut self) {
        let table = "group_customer_user";
        for grant in &self.facts.customer_user_grants {
            let Some((group, types)) = self.granted(table, grant) else { continue };
            if let Some(customer_user) = self.customer_user_named(&grant.holder, (table, shown(grant))) {
                *self.intent.customer_user_grants.entry((customer_user, group)).or_default() |= types;
            }
        }
    }

    fn context(&mut self, table: &'static str, grant: &GrantRow) -> Option<Context> {
        let context = self.settings.contexts.parse(grant.context.as_deref());
        if context.is_none() {
            self.never_counted((table, shown(grant)), "has a context that the desk does not know");
        }
        context
    }

    /// The group and the types of a row, unless it never counted.
    fn granted(&mut self, table: &'static str, grant: &GrantRow) -> Option<(usize, Types)> {
        let row = || (table, shown(grant));
        if self.is_empty(&grant.holder, row) {
            return None;
        }
        if grant.value != 1 {
            self.never_counted(row(), format!("has the permission_value {}, and only 1 counts", grant.value));
            return None;
        }
        let Some(group) = self.intent.group_of.get(&grant.group_id).copied() else {
            self.never_counted(row(), "names a group that does not exist");
            return None;
        };
        let types = self.types(table, grant)?;
        Some((group?, types))
    }

    fn types(&mut self, table: &'static str, grant: &GrantRow) -> Option<Types> {
        let place = |making: &Self| making.intent.types.iter().position(|name| name.as_str() == grant.permission);
        if let Some(place) = place(self) {
            return shifted(place);
        }
        let name = PermissionName::parse(&grant.permission);
        let outcome = match (self.policy.unknown_permissions, &name) {
            (UnknownPermissions::Fail, _) => Outcome::Undecided,
            (UnknownPermissions::Configure, Ok(_)) => Outcome::Loaded,
            (UnknownPermissions::Configure, Err(_)) | (UnknownPermissions::Skip, _) => Outcome::LeftOut,
        };
        let reason = "holds a permission type that System::Customer::Permission does not list";
        let flag = Some("--unknown-permissions");
        self.found(outcome, "permission_type_unknown", (table, shown(grant)), reason, flag);
        let name = name.ok().filter(|_| outcome == Outcome::Loaded)?;
        // Places already given out must stay: the new type goes to the end, and `rw` is put last when written.
        self.intent.types.push(name);
        place(self).and_then(shifted)
    }

    fn service_links(&mut self) {
        let table = "service_customer_user";
        for pair in &self.facts.service_links {
            let row = || (table, format!("{:?} service {}", pair.login, pair.other));
            if self.is_empty(&pair.login, row) {
                continue;
            }
            let Some(service) = self.intent.service_of.get(&pair.other).copied() else {
                self.never_counted(row(), "names a service that does not exist");
                continue;
            };
            if pair.login == DEFAULT_SERVICES {
                self.intent.default_services.extend(service);
            } else {
                let customer_user = self.customer_user_named(&pair.login, row());
                self.intent.service_links.extend(customer_user.zip(service));
            }
        }
    }

    /// The group that a list of the settings names; the desk finds it by its exact name.
    fn always_group(&mut self, setting: &'static str, written: &str) -> Option<usize> {
        let row = || ("settings", format!("{setting} {written:?}"));
        let find = |same: &dyn Fn(&str) -> bool| self.facts.groups.iter().find(|row| same(&row.name)).map(|row| row.id);
        if let Some(id) = find(&|name| name == written) {
            return self.intent.group_of.get(&id).copied().flatten();
        }
        if let Some(id) = find(&|name| fold(name) == fold(written)) {
            let place = self.intent.group_of.get(&id).copied().flatten();
            // The desk compares these by itself, whatever its database does.
            let outcome = match self.policy.other_case {
                crate::sync::otobo::policy::OtherCase::Count => Outcome::Loaded,
                crate::sync::otobo::policy::OtherCase::Skip => Outcome::LeftOut,
                crate::sync::otobo::policy::OtherCase::Fail => Outcome::Undecided,
            };
            let reason = "names a group in another case; the desk told them apart";
            self.found(outcome, "key_in_other_case", row(), reason, Some("--other-case"));
            return place.filter(|_| outcome != Outcome::LeftOut);
        }
        self.never_counted(row(), "names a group that does not exist");
        None
    }
}

/// The type at a place. Far more types than a link can hold stop the import later.
fn shifted(place: usize) -> Option<Types> {
    1_u32.checked_shl(u32::try_from(place).ok()?)
}

fn shown(grant: &GrantRow) -> String {
    let GrantRow { holder, group_id, permission, value, context } = grant;
    let context = context.as_ref().map_or_else(String::new, |context| format!(" {context}"));
    format!("{holder:?} group {group_id} {permission}={value}{context}")
}
