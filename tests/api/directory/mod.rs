//! What exists: customers, customer users, groups, services and back ends.
//!
//! What holds for all of them is written once and run for each of [`RESOURCES`].

mod concurrency;
mod create;
mod external_ids;
mod lists;
mod pages;
mod read_only;
mod references;
mod relations;
mod search;
mod update;
mod upsert;
mod validation;

use crate::common::{Reply, TestApp, Value, at, json};

/// A kind of resource, as far as the tests need to know it.
pub struct Resource {
    pub collection: &'static str,
    /// The member that is the natural key.
    pub key: &'static str,
    /// Members of one line of text; the first is set in most tests.
    pub texts: &'static [&'static str],
    /// The orders of the list, beside `id`; each backwards too.
    pub sorts: &'static [&'static str],
    pub has_validity: bool,
    pub has_external_ids: bool,
}

pub const CUSTOMERS: Resource = Resource {
    collection: "customers",
    key: "customer_id",
    texts: &["name", "street", "zip", "city", "country", "comment"],
    sorts: &["customer_id", "name"],
    has_validity: true,
    has_external_ids: true,
};

pub const CUSTOMER_USERS: Resource = Resource {
    collection: "customer-users",
    key: "login",
    texts: &[
        "first_name",
        "last_name",
        "title",
        "phone",
        "mobile",
        "fax",
        "street",
        "zip",
        "city",
        "country",
        "comment",
    ],
    sorts: &["login", "email", "last_name"],
    has_validity: true,
    has_external_ids: true,
};

pub const GROUPS: Resource = Resource {
    collection: "groups",
    key: "name",
    texts: &["comment"],
    sorts: &["name"],
    has_validity: true,
    has_external_ids: true,
};

pub const SERVICES: Resource = Resource { collection: "services", ..GROUPS };

pub const BACK_ENDS: Resource =
    Resource { collection: "back-ends", has_validity: false, has_external_ids: false, ..GROUPS };

/// All of them.
pub const RESOURCES: [Resource; 5] = [CUSTOMERS, CUSTOMER_USERS, GROUPS, SERVICES, BACK_ENDS];

impl Resource {
    /// Where all of them are.
    pub fn path(&self) -> String {
        at(&[self.collection])
    }

    /// Where the one is that a reference names.
    pub fn at(&self, reference: &str) -> String {
        at(&[self.collection, reference])
    }

    /// Where the one with this opaque id is.
    pub fn at_id(&self, id: &str) -> String {
        format!("/v1/{}/id:{id}", self.collection)
    }

    /// The path of an external id of the one that a reference names.
    pub fn external_id(&self, reference: &str, source: &str, id: &str) -> String {
        at(&[self.collection, reference, "external-ids", source, id])
    }

    /// The code of a problem about one that is not there.
    pub fn not_found(&self) -> String {
        format!("{}_not_found", self.collection.trim_end_matches('s').replace('-', "_"))
    }

    /// A body with this key and nothing else.
    pub fn body(&self, key: &str) -> Value {
        json!({self.key: key})
    }

    /// A body with this key and a text in every member that takes one.
    pub fn full_body(&self, key: &str) -> Value {
        let mut body = self.body(key);
        for member in self.texts {
            body[*member] = json!(format!("the {member}"));
        }
        if self.has_validity {
            body["validity"] = json!("invalid_temporarily");
        }
        body
    }

    #[track_caller]
    pub fn create(&self, app: &TestApp, key: &str) -> Reply {
        app.post(&self.path(), self.body(key)).expect(201)
    }

    #[track_caller]
    pub fn create_all(&self, app: &TestApp, keys: &[&str]) {
        for key in keys {
            self.create(app, key);
        }
    }

    /// Every order of the list.
    pub fn all_sorts(&self) -> Vec<String> {
        let names = self.sorts.iter().chain(&["id"]);
        names.flat_map(|name| [(*name).to_owned(), format!("-{name}")]).collect()
    }

    /// A text member and a JSON pointer to it.
    pub fn text(&self) -> (&'static str, String) {
        (self.texts[0], format!("/{}", self.texts[0]))
    }

    /// A JSON pointer to the key.
    pub fn key_pointer(&self) -> String {
        format!("/{}", self.key)
    }
}

/// One server, and the test on it for each kind of resource; what a failure prints names the kind.
pub fn for_each(resources: &[Resource], test: impl Fn(&TestApp, &Resource)) {
    let app = TestApp::start();
    for resource in resources {
        eprintln!("-- {}", resource.collection);
        test(&app, resource);
    }
}
