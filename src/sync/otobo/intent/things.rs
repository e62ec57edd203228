//! Groups, services, customers and customer users: those with a row, and those that only links name.

use std::collections::HashSet;

use super::keys::{Keys, Named, colliding};
use super::{Making, Wanted, WantedCustomerUser};
use crate::directory::text::fold;
use crate::directory::{CustomerId, CustomerPatch, CustomerUserPatch, Login, Reference, ServiceName};
use crate::sync::otobo::facts::{CustomerUserRow, DEFAULT_SERVICES, NamedRow};
use crate::sync::otobo::policy::{Missing, SameKeys};
use crate::sync::otobo::report::Outcome;

/// What the external id of a customer user without a row begins with, so that none is taken for the id
/// of a row.
pub(in crate::sync::otobo) const BY_LOGIN: &str = "login:";

impl Making<'_> {
    pub(super) fn things(&mut self) {
        self.groups();
        self.services();
        self.customers();
        self.customer_users();
    }

    /// The places of rows that are left out because others have the same key.
    fn same_keys<'k>(&mut self, table: &'static str, keys: impl Iterator<Item = &'k str> + Clone) -> HashSet<usize> {
        let collisions = colliding(keys.clone());
        if collisions.is_empty() {
            return HashSet::new();
        }
        let keys: Vec<&str> = keys.collect();
        let mut left_out = HashSet::new();
        let mut collisions: Vec<Vec<usize>> = collisions.into_values().collect();
        collisions.sort_unstable();
        for places in collisions {
            let skipped = if self.policy.same_keys == SameKeys::First { &places[1..] } else { &places[..] };
            let outcome = if self.policy.same_keys == SameKeys::Fail { Outcome::Undecided } else { Outcome::LeftOut };
            for place in skipped {
                let reason = format!("is the same key here as {:?}", keys[places[usize::from(*place == places[0])]]);
                let row = (table, format!("{:?}", keys[*place]));
                self.found(outcome, "same_key", row, reason, Some("--same-keys"));
            }
            left_out.extend(skipped);
        }
        left_out
    }

    fn groups(&mut self) {
        let facts = self.facts;
        let left_out = self.same_keys("groups", facts.groups.iter().map(|row| row.name.as_str()));
        for (place, row) in facts.groups.iter().enumerate() {
            let wanted = (!left_out.contains(&place)).then(|| self.group("groups", row)).flatten();
            let at = wanted.is_some().then_some(self.intent.groups.len());
            self.intent.groups.extend(wanted);
            self.intent.group_of.insert(row.id, at);
        }
    }

    /// Parents come before what stands under them.
    fn services(&mut self) {
        let facts = self.facts;
        let left_out = self.same_keys("service", facts.services.iter().map(|row| row.name.as_str()));
        let mut rows: Vec<(usize, &NamedRow)> = facts.services.iter().enumerate().collect();
        rows.sort_by_key(|(_, row)| row.name.matches("::").count());
        let mut there = HashSet::new();
        for (place, row) in rows {
            let wanted = (!left_out.contains(&place)).then(|| self.service("service", row)).flatten();
            let wanted = wanted.filter(|wanted| self.has_parent(wanted.key.as_str(), &there));
            let at = wanted.as_ref().map(|wanted| {
                there.insert(fold(&wanted.key));
                self.intent.services.len()
            });
            self.intent.services.extend(wanted);
            self.intent.service_of.insert(row.id, at);
        }
    }

    fn has_parent(&mut self, name: &str, there: &HashSet<String>) -> bool {
        let parent = ServiceName::parse(name).ok().and_then(|name| name.parent());
        let missing = parent.filter(|parent| !there.contains(&fold(parent.as_str())));
        if let Some(parent) = &missing {
            let reason = format!("its parent {:?} is not there, or is left out", parent.as_str());
            self.found(Outcome::Refused, "parent_missing", ("service", format!("{name:?}")), reason, None);
        }
        missing.is_none()
    }

    fn customers(&mut self) {
        let facts = self.facts;
        let left_out = self.same_keys("customer_company", facts.companies.iter().map(|row| row.customer_id.as_str()));
        for (place, row) in facts.companies.iter().enumerate() {
            let key = facts.key(&row.customer_id);
            match (!left_out.contains(&place)).then(|| self.customer(row)).flatten() {
                Some(wanted) => {
                    self.intent.customer_keys.insert(&key, self.intent.customers.len());
                    self.intent.customers.push(wanted);
                }
                None => self.intent.customer_keys.leave_out(&key),
            }
        }
    }

    fn customer_users(&mut self) {
        let facts = self.facts;
        let left_out = self.same_keys("customer_user", facts.customer_users.iter().map(|row| row.login.as_str()));
        for (place, row) in facts.customer_users.iter().enumerate() {
            let key = facts.key(&row.login);
            match (!left_out.contains(&place)).then(|| self.customer_user(row)).flatten() {
                Some(wanted) => self.add_customer_user(&key, row, wanted),
                None => self.intent.customer_user_keys.leave_out(&key),
            }
        }
    }

    fn add_customer_user(&mut self, key: &str, row: &CustomerUserRow, wanted: Wanted<CustomerUserPatch>) {
        let place = ("customer_user", format!("{:?} customer_id {:?}", row.login, row.customer_id));
        let customer =
            if row.customer_id.trim().is_empty() { None } else { self.customer_named(&row.customer_id, place) };
        self.intent.customer_user_keys.insert(key, self.intent.customer_users.len());
        self.intent.customer_users.push(WantedCustomerUser { wanted, customer, has_row: true });
    }

    /// The customer that a row names; one without a row as was decided.
    pub(super) fn customer_named(&mut self, written: &str, row: (&'static str, String)) -> Option<usize> {
        let key = self.facts.key(written);
        match self.intent.customer_keys.find(&key) {
            Named::Place(place) => {
                self.same_to_the_desk(&self.intent.customers[place].key.clone(), written, row, "a customer");
                Some(place)
            }
            Named::LeftOut => None,
            Named::OtherCase(place) => self.other_case(row, "a customer").then_some(place),
            Named::Nothing => self.missing_customer(&key, written),
        }
    }

    fn missing_customer(&mut self, key: &str, written: &str) -> Option<usize> {
        let policy = self.policy.missing_customers.clone();
        let outcome = self.missing(&policy, ("customer_company", written), "customer", "--missing-customers");
        let wanted = (outcome == Outcome::Loaded).then(|| {
            let key = (CustomerId::parse(written), written.to_owned());
            let patch =
                |_: &mut Self, customer_id| CustomerPatch { customer_id: Some(customer_id), ..Default::default() };
            self.wanted("customer_company", key, written, patch)
        });
        let keys = |making: &mut Self| std::mem::take(&mut making.intent.customer_keys);
        let mut taken: Keys = keys(self);
        let place = self.intent.customers.len();
        match wanted.flatten() {
            Some(wanted) => {
                taken.insert(key, place);
                self.intent.customers.push(wanted);
            }
            None => taken.leave_out(key),
        }
        self.intent.customer_keys = taken;
        self.intent.customer_keys.place(key)
    }

    /// The customer user whom a link names; one without a row as was decided.
    pub(super) fn customer_user_named(&mut self, written: &str, row: (&'static str, String)) -> Option<usize> {
        let key = self.facts.key(written);
        match self.intent.customer_user_keys.find(&key) {
            Named::Place(place) => {
                self.same_to_the_desk(
                    &self.intent.customer_users[place].wanted.key.clone(),
                    written,
                    row,
                    "a customer user",
                );
                Some(place)
            }
            Named::LeftOut => None,
            Named::OtherCase(place) => self.other_case(row, "a customer user").then_some(place),
            Named::Nothing if written == DEFAULT_SERVICES => None,
            Named::Nothing => self.missing_customer_user(&key, written),
        }
    }

    fn missing_customer_user(&mut self, key: &str, written: &str) -> Option<usize> {
        let policy = self.policy.missing_customer_users.clone();
        let row = ("customer_user", written);
        let outcome = self.missing(&policy, row, "customer user", "--missing-customer-users");
        let wanted = (outcome == Outcome::Loaded).then(|| {
            if let Missing::Create(back_end) = policy {
                self.intent.back_end = back_end;
            }
            let back_end = self.intent.back_end.as_ref().map(|name| Reference::Key(name.to_string()));
            let key = (Login::parse(written), format!("{BY_LOGIN}{written}"));
            let patch = |_: &mut Self, login| CustomerUserPatch { login: Some(login), back_end, ..Default::default() };
            self.wanted("customer_user", key, written, patch)
        });
        match wanted.flatten() {
            Some(wanted) => {
                self.intent.customer_user_keys.insert(key, self.intent.customer_users.len());
                self.intent.customer_users.push(WantedCustomerUser { wanted, customer: None, has_row: false });
            }
            None => self.intent.customer_user_keys.leave_out(key),
        }
        self.intent.customer_user_keys.place(key)
    }

    fn missing(&mut self, policy: &Missing, row: (&'static str, &str), what: &str, flag: &'static str) -> Outcome {
        let outcome = match policy {
            Missing::Create(_) => Outcome::Loaded,
            Missing::Skip => Outcome::LeftOut,
            Missing::Fail => Outcome::Undecided,
        };
        let code = if what == "customer" { "missing_customer" } else { "missing_customer_user" };
        let reason = format!("the desk names this {what} and has no row of it");
        self.found(outcome, code, (row.0, format!("{:?}", row.1)), reason, Some(flag));
        outcome
    }
}
