//! What the desk's rows amount to here, once everything in them was judged: things with their keys,
//! links between them, settings. Things are named by their place in these lists.

mod fields;
mod keys;
mod links;
mod things;
pub(super) use things::BY_LOGIN;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::facts::Facts;
use super::policy::Policy;
use super::report::{Finding, Outcome, Report};
use super::settings::DeskSettings;
use crate::directory::{
    BackEndName, Context, CustomerPatch, CustomerUserPatch, ExternalId, GroupPatch, PermissionName, ServicePatch,
};
use keys::Keys;

/// A thing to create or to update.
#[derive(Debug, Clone)]
pub(super) struct Wanted<P> {
    /// The natural key.
    pub key: String,
    /// What the desk calls it.
    pub external_id: ExternalId,
    /// What is to be written.
    pub patch: P,
}

/// A customer user to create or to update.
#[derive(Debug, Clone)]
pub(super) struct WantedCustomerUser {
    pub wanted: Wanted<CustomerUserPatch>,
    /// The place of the primary customer.
    pub customer: Option<usize>,
    /// Whether the desk has a row of them.
    pub has_row: bool,
}

/// Some of the permission types, by their places in [`Intent::types`].
pub(super) type Types = u32;

/// All that the desk has, as it is to be here.
#[derive(Debug, Default)]
pub(super) struct Intent {
    /// The permission types, `rw` last.
    pub types: Vec<PermissionName>,
    pub groups: Vec<Wanted<GroupPatch>>,
    pub services: Vec<Wanted<ServicePatch>>,
    pub customers: Vec<Wanted<CustomerPatch>>,
    pub customer_users: Vec<WantedCustomerUser>,
    /// Where customer users without a row come from.
    pub back_end: Option<BackEndName>,
    pub memberships: BTreeSet<(usize, usize)>,
    pub customer_grants: BTreeMap<(usize, usize, Context), Types>,
    pub customer_user_grants: BTreeMap<(usize, usize), Types>,
    pub service_links: BTreeSet<(usize, usize)>,
    pub default_services: BTreeSet<usize>,
    pub always_groups: BTreeSet<usize>,
    pub company_always_groups: BTreeSet<usize>,
    /// By the desk's id: the place, or none for one that is left out.
    pub group_of: HashMap<i64, Option<usize>>,
    pub service_of: HashMap<i64, Option<usize>>,
    customer_keys: Keys,
    customer_user_keys: Keys,
}

impl Intent {
    /// Judges the rows; what is wrong with them goes to the report.
    pub(super) fn new(facts: &Facts, settings: &DeskSettings, policy: &Policy, report: &mut Report) -> Self {
        let mut making = Making { facts, settings, policy, report, intent: Intent::default() };
        making.settings();
        making.things();
        making.links();
        making.intent
    }

    /// The customer user whom a login became, as the desk compares it.
    pub(super) fn customer_user(&self, key: &str) -> Option<usize> {
        self.customer_user_keys.place(key)
    }

    /// The customer that a customer id became, as the desk compares it.
    pub(super) fn customer(&self, key: &str) -> Option<usize> {
        self.customer_keys.place(key)
    }

    /// Whether the login is another writing of one that has a row.
    pub(super) fn is_other_case(&self, key: &str) -> bool {
        matches!(self.customer_user_keys.find(key), keys::Named::OtherCase(_))
    }
}

/// An intent in the making.
struct Making<'m> {
    facts: &'m Facts,
    settings: &'m DeskSettings,
    policy: &'m Policy,
    report: &'m mut Report,
    intent: Intent,
}

impl Making<'_> {
    fn found(
        &mut self,
        outcome: Outcome,
        code: &'static str,
        (table, row): (&'static str, String),
        reason: impl Into<String>,
        flag: Option<&'static str>,
    ) {
        self.report.find(Finding { outcome, code, table, row, reason: reason.into(), flag });
    }

    fn settings(&mut self) {
        for name in self.settings.unknown().collect::<Vec<_>>() {
            let reason = "neither the desk's tables nor the command line say what it is";
            let row = ("settings", name.to_owned());
            self.found(Outcome::Undecided, "setting_unknown", row, reason, Some("--setting"));
        }
        for name in &self.settings.permissions {
            match PermissionName::parse(name) {
                Ok(name) => self.intent.types.push(name),
                Err(why) => {
                    let row = ("settings", format!("System::Customer::Permission {name:?}"));
                    self.found(Outcome::Refused, "permission_type_refused", row, why.detail, None);
                }
            }
        }
    }

    /// Leaves out what never counted in the desk, if that was decided.
    fn never_counted(&mut self, row: (&'static str, String), reason: impl Into<String>) {
        let outcome = match self.policy.never_counted {
            super::policy::NeverCounted::Skip => Outcome::LeftOut,
            super::policy::NeverCounted::Fail => Outcome::Undecided,
        };
        self.found(outcome, "never_counted", row, reason, Some("--never-counted"));
    }
}
