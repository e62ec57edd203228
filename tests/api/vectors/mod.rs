//! The recorded cases of the access rules (`tests/vectors`, a README is beside their originals): each
//! is loaded through the API and asked in every direction of rule 7.

mod answers;
mod load;
mod questions;
mod reverse;
mod things;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::common::{TestApp, Value};

/// A vector: a directory, and the answers that it must give.
#[derive(Deserialize)]
pub struct Vector {
    pub settings: Settings,
    pub back_ends: Vec<Value>,
    pub groups: Vec<Value>,
    pub customers: Vec<Value>,
    pub customer_users: Vec<CustomerUser>,
    pub services: Vec<Value>,
    pub customer_group_links: Vec<CustomerGroupLink>,
    pub customer_user_group_links: Vec<CustomerUserGroupLink>,
    pub customer_user_service_links: Vec<CustomerUserServiceLink>,
    pub default_services: Vec<String>,
    pub expect: Expect,
}

#[derive(Deserialize)]
pub struct Settings {
    pub group_support: bool,
    pub customer_user_always_groups: Vec<String>,
    pub customer_always_groups: Vec<String>,
    pub permission_types: Vec<String>,
    pub other_customers: bool,
    pub default_services_for_unknown_customer_users: bool,
    pub company_access: bool,
}

#[derive(Deserialize)]
pub struct CustomerUser {
    pub login: String,
    pub customer_id: Option<String>,
    pub additional_customer_ids: Vec<String>,
    pub back_end: String,
    pub validity: String,
}

#[derive(Deserialize)]
pub struct CustomerGroupLink {
    pub customer_id: String,
    pub group: String,
    pub context: String,
    pub permissions: Vec<String>,
}

#[derive(Deserialize)]
pub struct CustomerUserGroupLink {
    pub login: String,
    pub group: String,
    pub permissions: Vec<String>,
}

#[derive(Deserialize)]
pub struct CustomerUserServiceLink {
    pub login: String,
    pub service: String,
}

#[derive(Deserialize)]
pub struct Expect {
    /// Login, then group, then permission types.
    pub groups: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    pub services: BTreeMap<String, Services>,
    pub things: Vec<Thing>,
    pub unknown_login_services: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub struct Services {
    pub basis: String,
    pub services: Vec<String>,
}

#[derive(Deserialize)]
pub struct Thing {
    pub group: String,
    pub customer_id: Option<String>,
    pub customer_user: Option<String>,
    /// Permission type, then logins.
    pub allowed: BTreeMap<String, Vec<String>>,
}

impl Vector {
    fn read(name: &str) -> Self {
        let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The permission types that a login is expected to have on a group, in the order of the settings.
    pub fn expected_on(&self, login: &str, group: &str) -> &[String] {
        self.expect.groups.get(login).and_then(|groups| groups.get(group)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a login is expected to have a permission type on a group.
    pub fn expects(&self, login: &str, group: &str, permission: &str) -> bool {
        self.expected_on(login, group).iter().any(|expected| expected == permission)
    }

    pub fn logins(&self) -> impl Iterator<Item = &str> {
        self.customer_users.iter().map(|customer_user| customer_user.login.as_str())
    }

    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| text(group, "name"))
    }

    pub fn service_names(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|service| text(service, "name"))
    }

    pub fn customer_ids(&self) -> impl Iterator<Item = &str> {
        self.customers.iter().map(|customer| text(customer, "customer_id"))
    }
}

pub fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

fn holds(name: &str) {
    let vector = Vector::read(&name.replace('_', "-"));
    let app = TestApp::start();
    load::load(&app, &vector);
    answers::check(&app, &vector);
    questions::check(&app, &vector);
    things::check(&app, &vector);
    reverse::check(&app, &vector);
    answers::check_unknown_login(&app, &vector);
}

macro_rules! vectors {
    ($($name:ident,)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                holds(stringify!($name));
            }
        )*
    };
}

vectors! {
    otobo_001, otobo_002, otobo_003, otobo_004, otobo_005, otobo_006, otobo_007, otobo_008, otobo_009,
    otobo_010, otobo_011, otobo_012, otobo_013, otobo_014, otobo_015, otobo_016, otobo_017, otobo_018,
    otobo_019, otobo_020, otobo_021, otobo_022, otobo_023, otobo_024, otobo_025,
    rules_001, rules_002, rules_003, rules_004, rules_005, rules_006, rules_007, rules_008, rules_009,
    rules_010, rules_011, rules_012, rules_013, rules_014, rules_015, rules_016, rules_017, rules_018,
    rules_019, rules_020, rules_021, rules_022, rules_023, rules_024, rules_025, rules_026, rules_027,
    rules_028, rules_029, rules_030, rules_031, rules_032, rules_033, rules_034, rules_035,
}

#[test]
fn every_file_is_a_test() {
    let files = std::fs::read_dir(format!("{}/tests/vectors", env!("CARGO_MANIFEST_DIR"))).expect("the vectors");
    let names = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
    let stems = names.filter_map(|name| Some(name.strip_suffix(".json")?.replace('-', "_")));
    let missing: Vec<String> = stems.filter(|name| !NAMES.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "add these to the list: {missing:?}");
}
