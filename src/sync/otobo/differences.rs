//! How this service's answers differ from the desk's own, and why.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::desk::{By, Case, Desk, Given};
use super::facts::Facts;
use super::intent::{Intent, Types};
use super::numbers::Numbers;
use super::report::{AccessDifference, Differences};
use super::settings::DeskSettings;
use crate::access::{Basis, Effective, Index, effective};
use crate::directory::{CustomerUserNumber, GroupNumber, ServiceNumber, Validity};

/// Asks both about every login that the desk mentions.
pub(super) fn compare(
    facts: &Facts,
    settings: &DeskSettings,
    intent: &Intent,
    numbers: &Numbers,
    index: &Index,
) -> Differences {
    let desk = Desk::new(facts, settings, Case::AsItIs);
    let comparing = Comparing::new(facts, settings, intent, numbers, index);
    let mut differences = Differences::default();
    for (key, login) in desk.logins() {
        let Some(customer_user) = comparing.customer_user(&key) else { continue };
        let given = desk.gives_to(login);
        differences.compared += 1;
        differences.missing_in_lists_there += desk.missing_in_lists(login, &given);
        let before = differences.items.len();
        let asked = Asked { login, customer_user, given, services: desk.services(login), is_here: true };
        comparing.ask(&desk, asked, &mut differences.items);
        differences.customer_users += u64::from(differences.items.len() > before);
    }
    for item in &differences.items {
        *differences.reasons.entry(item.reason).or_default() += item.permissions.len().max(1) as u64;
    }
    differences
}

/// The desk's ids by the numbers here.
fn ids<N: Copy + Eq + std::hash::Hash>(of: &HashMap<i64, Option<usize>>, numbers: &[Option<N>]) -> HashMap<N, i64> {
    let number = |place: Option<usize>| place.and_then(|place| numbers.get(place).copied().flatten());
    of.iter().filter_map(|(id, place)| Some((number(*place)?, *id))).collect()
}

/// The places in the desk's permission types by the bits here.
fn places(settings: &DeskSettings, index: &Index) -> HashMap<u8, usize> {
    let place = |name: &str| settings.permissions.iter().position(|it| it == name);
    let types = index.settings().permission_types.0.iter();
    types.filter_map(|it| Some((it.bit, place(it.name.as_str())?))).collect()
}

struct Comparing<'c> {
    facts: &'c Facts,
    settings: &'c DeskSettings,
    intent: &'c Intent,
    numbers: &'c Numbers,
    index: &'c Index,
    /// What the desk would answer if it did not tell keys apart by their case.
    without_case: Desk<'c>,
    group_ids: HashMap<GroupNumber, i64>,
    service_ids: HashMap<ServiceNumber, i64>,
    places: HashMap<u8, usize>,
}

/// A login, and what the desk answers.
struct Asked<'a> {
    login: &'a str,
    customer_user: Option<CustomerUserNumber>,
    given: Vec<Given<'a>>,
    services: (BTreeSet<i64>, bool),
    is_here: bool,
}

impl<'c> Comparing<'c> {
    fn new(
        facts: &'c Facts,
        settings: &'c DeskSettings,
        intent: &'c Intent,
        numbers: &'c Numbers,
        index: &'c Index,
    ) -> Self {
        Self {
            without_case: Desk::new(facts, settings, Case::Ignored),
            group_ids: ids(&intent.group_of, &numbers.groups),
            service_ids: ids(&intent.service_of, &numbers.services),
            places: places(settings, index),
            facts,
            settings,
            intent,
            numbers,
            index,
        }
    }

    /// Who the login is here, if anybody; nothing at all, if it is another writing of somebody's who is asked about.
    fn customer_user(&self, key: &str) -> Option<Option<CustomerUserNumber>> {
        if self.intent.is_other_case(key) {
            return None;
        }
        Some(self.intent.customer_user(key).and_then(|place| self.numbers.customer_users[place]))
    }

    fn ask(&self, desk: &Desk<'_>, asked: Asked<'_>, items: &mut Vec<AccessDifference>) {
        let here = asked.customer_user.map(|number| effective(self.index, number));
        let asked = Asked { is_here: here.is_some(), ..asked };
        let there = united(&asked.given);
        let held = here.as_ref().map(|here| self.held(here)).unwrap_or_default();
        let groups: BTreeSet<i64> = there.keys().chain(held.keys()).copied().collect();
        for group in groups {
            let [there, here] = [&there, &held].map(|of| of.get(&group).copied().unwrap_or_default());
            self.only_there(&asked, group, there & !here, items);
            self.only_here(desk, &asked, group, here & !there, items);
        }
        self.services(&asked, here.as_ref(), items);
    }

    /// What this service gives, of what the desk knows.
    fn held(&self, here: &Effective) -> BTreeMap<i64, Types> {
        let mut held = BTreeMap::new();
        for group in &here.groups {
            let Some(id) = self.group_ids.get(&group.group) else { continue };
            let held_here = group.permissions.each(self.index.settings()).map(|held| held.permission_type.bit);
            let places = held_here.filter_map(|bit| self.places.get(&bit));
            held.insert(*id, places.fold(0, |types: Types, place| types | 1 << place));
        }
        held
    }

    fn names(&self, types: Types) -> Vec<String> {
        let names = self.settings.permissions.iter().enumerate();
        names.filter(|(place, _)| types & (1 << place) != 0).map(|(_, name)| name.clone()).collect()
    }

    fn group_name(&self, id: i64) -> String {
        let row = self.facts.groups.iter().find(|row| row.id == id);
        row.map(|row| row.name.clone()).unwrap_or_default()
    }

    fn only_there(&self, asked: &Asked<'_>, group: i64, types: Types, items: &mut Vec<AccessDifference>) {
        let mut by_reason: BTreeMap<&'static str, Types> = BTreeMap::new();
        for place in (0..self.settings.permissions.len()).filter(|place| types & (1 << place) != 0) {
            *by_reason.entry(self.why_only_there(asked, group, 1 << place)).or_default() |= 1 << place;
        }
        items.extend(by_reason.into_iter().map(|(reason, types)| AccessDifference {
            login: asked.login.to_owned(),
            side: "only_there",
            kind: "group",
            name: self.group_name(group),
            permissions: self.names(types),
            reason,
        }));
    }

    fn why_only_there(&self, asked: &Asked<'_>, group: i64, one: Types) -> &'static str {
        if let Some(reason) = self.why_nothing(asked) {
            return reason;
        }
        if self.intent.group_of.get(&group).copied().flatten().is_none() {
            return "group_left_out";
        }
        let reason = |given: &Given<'_>| match given.by {
            By::Customer(customer) | By::CompanyAlwaysGroup(customer) => self.why_no_customer(customer),
            _ => None,
        };
        let gave = asked.given.iter().filter(|given| given.group == group && given.types & one != 0);
        gave.map(reason).find(Option::is_some).flatten().unwrap_or("link_left_out")
    }

    /// Why the customer user has nothing at all here.
    fn why_nothing(&self, asked: &Asked<'_>) -> Option<&'static str> {
        if !asked.is_here {
            return Some("customer_user_left_out");
        }
        let validity = asked.customer_user.and_then(|number| self.index.validity(number));
        (validity != Some(Validity::Valid)).then_some("customer_user_not_valid")
    }

    fn why_no_customer(&self, customer: &str) -> Option<&'static str> {
        let place = self.intent.customer(&self.facts.key(customer));
        let number = place.and_then(|place| self.numbers.customers[place]);
        match number.map(|number| self.index.validity(number)) {
            None => Some("customer_left_out"),
            Some(Some(Validity::Valid)) => None,
            Some(_) => Some("customer_not_valid"),
        }
    }

    fn only_here(
        &self,
        desk: &Desk<'_>,
        asked: &Asked<'_>,
        group: i64,
        types: Types,
        items: &mut Vec<AccessDifference>,
    ) {
        if types == 0 {
            return;
        }
        let folded = united(&self.without_case.gives_to(asked.login)).get(&group).copied().unwrap_or_default();
        let unrestricted = asked.customer_user.is_some_and(|number| !self.index.group_support(number));
        let parts = match (unrestricted, desk.restricts()) {
            (true, true) => vec![("group_support_off_here", types)],
            _ => vec![("key_in_other_case", types & folded), ("link_only_here", types & !folded)],
        };
        items.extend(parts.into_iter().filter(|(_, types)| *types != 0).map(|(reason, types)| AccessDifference {
            login: asked.login.to_owned(),
            side: "only_here",
            kind: "group",
            name: self.group_name(group),
            permissions: self.names(types),
            reason,
        }));
    }

    fn services(&self, asked: &Asked<'_>, here: Option<&Effective>, items: &mut Vec<AccessDifference>) {
        let (there, by_default_there) = &asked.services;
        let held: BTreeSet<i64> = here.map_or_else(BTreeSet::new, |here| {
            here.services.items.iter().filter_map(|number| self.service_ids.get(number).copied()).collect()
        });
        let by_default_here = here.is_some_and(|here| here.services.basis == Basis::Default);
        let difference = |id: &i64, side: &'static str, reason: &'static str| AccessDifference {
            login: asked.login.to_owned(),
            side,
            kind: "service",
            name: self.facts.services.iter().find(|row| row.id == *id).map(|row| row.name.clone()).unwrap_or_default(),
            permissions: Vec::new(),
            reason,
        };
        for id in there.difference(&held) {
            let reason = self.why_nothing(asked).unwrap_or_else(|| self.why_no_service(*id, *by_default_there, here));
            items.push(difference(id, "only_there", reason));
        }
        let folded = self.without_case.services(asked.login).0;
        for id in held.difference(there) {
            let reason = match (by_default_here, by_default_there) {
                (true, false) => "defaults_not_suppressed",
                _ if folded.contains(id) => "key_in_other_case",
                _ => "link_only_here",
            };
            items.push(difference(id, "only_here", reason));
        }
    }

    fn why_no_service(&self, id: i64, by_default_there: bool, here: Option<&Effective>) -> &'static str {
        let place = self.intent.service_of.get(&id).copied().flatten();
        let number = place.and_then(|place| self.numbers.services[place]);
        match number {
            None => "service_left_out",
            Some(number) if !self.index.counts(number) => "ancestor_not_valid",
            Some(_) if by_default_there && here.is_some_and(|it| it.services.basis == Basis::Assigned) => {
                "link_only_here"
            }
            Some(_) => "link_left_out",
        }
    }
}

/// Everything that is given, by group.
fn united(given: &[Given<'_>]) -> BTreeMap<i64, Types> {
    let mut all: BTreeMap<i64, Types> = BTreeMap::new();
    for given in given {
        *all.entry(given.group).or_default() |= given.types;
    }
    all
}
