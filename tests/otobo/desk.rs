//! A desk's database of a test's own, the directory that it is loaded into, and what is asked of both.

use std::collections::BTreeSet;

use customer_access::access::{Index, effective};
use customer_access::config::DatabaseUrl;
use customer_access::directory::{CustomerUserNumber, GroupNumber, ServiceNumber, Source};
use customer_access::plan::OnExisting;
use customer_access::replica::snapshot;
use customer_access::store::Store;
use customer_access::sync::otobo::policy::{Missing, NeverCounted, OtherCase, SameKeys, UnknownPermissions};
use customer_access::sync::otobo::report::Report;
use customer_access::sync::otobo::{Policy, Watch, run};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::postgres::Database;

/// A desk on PostgreSQL.
pub struct Desk(Database);

struct Unwatched;

impl Watch for Unwatched {
    fn at(&mut self, _what: &str, _done: usize, _of: usize) {}
}

impl Desk {
    /// With the tables, the settings and a few groups.
    pub fn new() -> Self {
        let desk = Self(Database::empty());
        desk.sql(include_str!("schema.sql"));
        desk
    }

    /// With a few of everything.
    pub fn small() -> Self {
        let desk = Self::new();
        desk.sql(include_str!("small.sql"));
        desk
    }

    pub fn connection(&self) -> PgConnection {
        PgConnection::establish(&self.url()).unwrap()
    }

    pub fn sql(&self, statements: &str) {
        self.connection().batch_execute(statements).unwrap_or_else(|why| panic!("{statements}: {why}"));
    }

    pub fn url(&self) -> String {
        self.0.url()
    }
}

/// The directory that desks are loaded into.
pub struct Here {
    pub store: Store,
    _folder: Option<tempfile::TempDir>,
}

impl Here {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&DatabaseUrl::default_in(folder.path()), 2).unwrap();
        Self { store, _folder: Some(folder) }
    }

    /// One that is in a folder of somebody else.
    pub fn of(store: Store) -> Self {
        Self { store, _folder: None }
    }

    /// Loads the desk as was decided.
    pub fn import(&self, url: &str, policy: &Policy) -> Report {
        run(url, || Ok(self.store.clone()), policy, false, &mut Unwatched)
    }

    pub fn dry_run(&self, url: &str, policy: &Policy) -> Report {
        run(url, || Ok(self.store.clone()), policy, true, &mut Unwatched)
    }

    pub fn index(&self) -> Index {
        snapshot(&self.store).unwrap()
    }

    /// `group permission` and `service`, of everything that a customer user has.
    pub fn access(&self, login: &str) -> BTreeSet<String> {
        access(&self.index(), login)
    }
}

pub fn access(index: &Index, login: &str) -> BTreeSet<String> {
    let customer_user: CustomerUserNumber = index.find_key(login).unwrap_or_else(|| panic!("no {login}"));
    let has = effective(index, customer_user);
    let group = |number: GroupNumber| index.key(number).unwrap().to_owned();
    let service = |number: &ServiceNumber| index.key(*number).unwrap().to_owned();
    let groups = has.groups.iter().flat_map(|held| {
        let each = held.permissions.each(index.settings());
        each.map(|permission| format!("{} {}", group(held.group), permission.permission_type.name))
    });
    groups.chain(has.services.items.iter().map(service)).collect()
}

/// What an operator decides who wants everything in.
pub fn all_in() -> Policy {
    Policy {
        missing_customer_users: Missing::parse("create:ldap").unwrap(),
        missing_customers: Missing::Create(None),
        same_keys: SameKeys::First,
        other_case: OtherCase::Count,
        unknown_permissions: UnknownPermissions::Configure,
        never_counted: NeverCounted::Skip,
        ..undecided()
    }
}

/// What the command does without flags.
pub fn undecided() -> Policy {
    Policy {
        source: Source::parse("otobo").unwrap(),
        missing_customer_users: Missing::Fail,
        missing_customers: Missing::Fail,
        same_keys: SameKeys::Fail,
        other_case: OtherCase::Fail,
        unknown_permissions: UnknownPermissions::Fail,
        never_counted: NeverCounted::Fail,
        on_existing: OnExisting::Adopt,
        remove_missing_links: false,
        settings: Vec::new(),
    }
}

/// `login side kind name permissions (reason)` of each difference in access.
pub fn differences(report: &Report) -> Vec<String> {
    let differences = report.differences.as_ref().expect("they were compared");
    let line = |it: &customer_access::sync::otobo::report::AccessDifference| {
        let permissions: String = it.permissions.iter().map(|permission| format!(" {permission}")).collect();
        format!("{} {} {} {}{permissions} ({})", it.login, it.side, it.kind, it.name, it.reason)
    };
    differences.items.iter().map(line).collect()
}

/// `outcome code` and how often, of what was found.
pub fn found(report: &Report) -> Vec<String> {
    report.found.iter().map(|(kind, count)| format!("{count} {kind}")).collect()
}

pub fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}
