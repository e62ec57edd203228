//! The desk's own rules, from its facts as they stand: what it answers for a login. Written down to be
//! compared with what this service answers; nothing here decides about access.
//!
//! The desk knows neither the validity of customers nor, in this direction, that of customer users. A
//! customer id needs no row. Of a service its own validity counts, and that of its ancestors does not.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::facts::{CustomerUserRow, DEFAULT_SERVICES, Facts, GrantRow, NamedRow};
use super::intent::Types;
use super::settings::DeskSettings;
use crate::directory::Context;
use crate::directory::text::fold;

/// What gives a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By<'f> {
    /// Group support is off.
    NoGroupSupport,
    /// A link of the login.
    Own,
    /// A link of this customer id.
    Customer(&'f str),
    /// An always-group.
    AlwaysGroup,
    /// An always-group of customers, and this customer id.
    CompanyAlwaysGroup(&'f str),
}

/// A permission on a group, and what gives it.
#[derive(Debug, Clone)]
pub(super) struct Given<'f> {
    pub group: i64,
    pub types: Types,
    pub by: By<'f>,
}

/// How the desk takes keys that differ only in case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// As its database does.
    AsItIs,
    /// For the same.
    Ignored,
}

/// The facts, laid out for answering.
pub(super) struct Desk<'f> {
    facts: &'f Facts,
    settings: &'f DeskSettings,
    ignores_case: bool,
    valid_groups: BTreeSet<i64>,
    always: Vec<i64>,
    company_always: Vec<i64>,
    own: HashMap<String, Vec<(i64, Types)>>,
    of_customer: HashMap<String, Vec<(i64, Types)>>,
    rows: HashMap<String, &'f CustomerUserRow>,
    additional: HashMap<String, Vec<&'f str>>,
    valid_services: HashSet<i64>,
    services: HashMap<String, BTreeSet<i64>>,
}

impl<'f> Desk<'f> {
    /// The desk as it is, or as it would be if it did not tell keys apart by their case.
    pub(super) fn new(facts: &'f Facts, settings: &'f DeskSettings, case: Case) -> Self {
        let valid = |id: i64| facts.validity(id).as_str() == "valid";
        let ignores_case = facts.ignores_case || case == Case::Ignored;
        let key = |written: &str| if ignores_case { fold(written) } else { written.to_owned() };
        let valid_groups: BTreeSet<i64> = facts.groups.iter().filter(|it| valid(it.valid_id)).map(|it| it.id).collect();
        let listed = |names: &[String]| {
            let same = |row: &NamedRow, name: &String| match case {
                Case::AsItIs => row.name == *name,
                Case::Ignored => fold(&row.name) == fold(name),
            };
            let is_listed = |row: &&NamedRow| names.iter().any(|name| same(row, name));
            let groups = facts.groups.iter().filter(|row| valid_groups.contains(&row.id)).filter(is_listed);
            groups.map(|row| row.id).collect()
        };
        let mut desk = Self {
            always: listed(&settings.always_groups),
            company_always: listed(&settings.company_always_groups),
            valid_groups,
            own: HashMap::new(),
            of_customer: HashMap::new(),
            rows: facts.customer_users.iter().map(|row| (key(&row.login), row)).collect(),
            additional: HashMap::new(),
            valid_services: facts.services.iter().filter(|it| valid(it.valid_id)).map(|it| it.id).collect(),
            services: HashMap::new(),
            facts,
            settings,
            ignores_case,
        };
        desk.lay_out();
        desk
    }

    fn key(&self, written: &str) -> String {
        if self.ignores_case { fold(written) } else { written.to_owned() }
    }

    fn lay_out(&mut self) {
        let facts = self.facts;
        for grant in &facts.customer_user_grants {
            let counted = self.counted(grant);
            self.own.entry(self.key(&grant.holder)).or_default().extend(counted);
        }
        let contexts = &self.settings.contexts;
        let same = |grant: &&GrantRow| contexts.parse(grant.context.as_deref()) == Some(Context::SameCustomer);
        for grant in facts.customer_grants.iter().filter(same) {
            let counted = self.counted(grant);
            self.of_customer.entry(self.key(&grant.holder)).or_default().extend(counted);
        }
        for pair in &facts.memberships {
            self.additional.entry(self.key(&pair.login)).or_default().push(&pair.other);
        }
        for pair in &facts.service_links {
            if !self.valid_services.contains(&pair.other) {
                continue;
            }
            let login = if pair.login == DEFAULT_SERVICES { pair.login.clone() } else { self.key(&pair.login) };
            self.services.entry(login).or_default().insert(pair.other);
        }
    }

    /// What a row gives, if it counts: `rw` gives every type, one that is not configured none.
    fn counted(&self, grant: &GrantRow) -> Option<(i64, Types)> {
        let place = self.settings.permissions.iter().position(|name| *name == grant.permission)?;
        let types = if grant.permission == "rw" { self.all_types() } else { 1 << place };
        (grant.value == 1 && self.valid_groups.contains(&grant.group_id)).then_some((grant.group_id, types))
    }

    fn all_types(&self) -> Types {
        (1 << self.settings.permissions.len()) - 1
    }

    /// Every login that the desk mentions, each once.
    pub(super) fn logins(&self) -> BTreeMap<String, &'f str> {
        let facts = self.facts;
        let rows = facts.customer_users.iter().map(|row| row.login.as_str());
        let members = facts.memberships.iter().map(|pair| pair.login.as_str());
        let grants = facts.customer_user_grants.iter().map(|grant| grant.holder.as_str());
        let services = facts.service_links.iter().map(|pair| pair.login.as_str());
        let all = rows.chain(members).chain(grants).chain(services);
        let named = all.filter(|login| !login.trim().is_empty() && *login != DEFAULT_SERVICES);
        let mut logins = BTreeMap::new();
        for login in named {
            logins.entry(self.key(login)).or_insert(login);
        }
        logins
    }

    /// Whether groups restrict anybody.
    pub(super) fn restricts(&self) -> bool {
        self.settings.group_support
    }

    /// The row of a login, if there is one.
    pub(super) fn row(&self, login: &str) -> Option<&'f CustomerUserRow> {
        self.rows.get(&self.key(login)).copied()
    }

    fn customers(&self, login: &str) -> Vec<&'f str> {
        let primary = self.row(login).map(|row| row.customer_id.as_str()).filter(|id| !id.trim().is_empty());
        let additional = self.additional.get(&self.key(login)).into_iter().flatten().copied();
        primary.into_iter().chain(additional.filter(|id| !id.trim().is_empty())).collect()
    }

    /// Everything that the desk gives a login in groups.
    pub(super) fn gives_to(&self, login: &str) -> Vec<Given<'f>> {
        let all = self.all_types();
        let mut given = Vec::new();
        if !self.settings.group_support {
            given.extend(self.valid_groups.iter().map(|group| Given {
                group: *group,
                types: all,
                by: By::NoGroupSupport,
            }));
            return given;
        }
        let own = self.own.get(&self.key(login)).into_iter().flatten();
        given.extend(own.map(|(group, types)| Given { group: *group, types: *types, by: By::Own }));
        for customer in self.customers(login) {
            let links = self.of_customer.get(&self.key(customer)).into_iter().flatten();
            given.extend(links.map(|(group, types)| Given {
                group: *group,
                types: *types,
                by: By::Customer(customer),
            }));
            let by = || By::CompanyAlwaysGroup(customer);
            given.extend(self.company_always.iter().map(|group| Given { group: *group, types: all, by: by() }));
        }
        given.extend(self.always.iter().map(|group| Given { group: *group, types: all, by: By::AlwaysGroup }));
        given
    }

    /// The services that the desk gives a login, and whether they are the default ones.
    pub(super) fn services(&self, login: &str) -> (BTreeSet<i64>, bool) {
        match self.services.get(&self.key(login)) {
            Some(own) => (own.clone(), false),
            None => (self.services.get(DEFAULT_SERVICES).cloned().unwrap_or_default(), true),
        }
    }

    /// How many of the permissions that the desk grants a login its list of who is in the group does not show: it
    /// knows links of customer users who are not known to be invalid, and links of the primary customer.
    pub(super) fn missing_in_lists(&self, login: &str, given: &[Given<'_>]) -> u64 {
        if !self.settings.group_support {
            return 0;
        }
        let row = self.row(login);
        let is_valid = row.map(|row| self.facts.validity(row.valid_id).as_str() == "valid");
        let is_shown = |given: &&Given<'_>| match given.by {
            By::Own => is_valid != Some(false),
            By::Customer(customer) => is_valid == Some(true) && row.is_some_and(|row| row.customer_id == customer),
            _ => false,
        };
        let mut shown: BTreeMap<i64, Types> = BTreeMap::new();
        for given in given.iter().filter(is_shown) {
            *shown.entry(given.group).or_default() |= given.types;
        }
        let mut all: BTreeMap<i64, Types> = BTreeMap::new();
        for given in given {
            *all.entry(given.group).or_default() |= given.types;
        }
        let missing = |(group, types): (&i64, &Types)| types & !shown.get(group).copied().unwrap_or_default();
        all.iter().map(missing).map(|types| u64::from(types.count_ones())).sum()
    }
}
