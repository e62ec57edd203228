//! What most tests begin with: customers, customer users, groups, services, links.

use super::{Reply, TestApp, Value, at, json};

impl TestApp {
    #[track_caller]
    pub fn customer(&self, customer_id: &str) -> Reply {
        self.post("/v1/customers", json!({"customer_id": customer_id})).expect(201)
    }

    #[track_caller]
    pub fn customer_user(&self, login: &str) -> Reply {
        self.post("/v1/customer-users", json!({"login": login})).expect(201)
    }

    /// A customer user with a primary customer, which must exist.
    #[track_caller]
    pub fn customer_user_of(&self, login: &str, customer: &str) -> Reply {
        self.post("/v1/customer-users", json!({"login": login, "customer": customer})).expect(201)
    }

    /// A customer user in a back end, which must exist.
    #[track_caller]
    pub fn customer_user_in(&self, login: &str, back_end: &str) -> Reply {
        self.post("/v1/customer-users", json!({"login": login, "back_end": back_end})).expect(201)
    }

    #[track_caller]
    pub fn group(&self, name: &str) -> Reply {
        self.post("/v1/groups", json!({"name": name})).expect(201)
    }

    /// A service whose parent exists.
    #[track_caller]
    pub fn service(&self, name: &str) -> Reply {
        self.post("/v1/services", json!({"name": name})).expect(201)
    }

    /// Services in this order, parents first.
    #[track_caller]
    pub fn services(&self, names: &[&str]) {
        for name in names {
            self.service(name);
        }
    }

    #[track_caller]
    pub fn back_end(&self, name: &str) -> Reply {
        self.post("/v1/back-ends", json!({"name": name})).expect(201)
    }

    #[track_caller]
    pub fn link_customer(&self, customer: &str, group: &str, permissions: &[&str]) -> Reply {
        self.put(&at(&["customers", customer, "groups", group]), json!({"permissions": permissions})).expect(201)
    }

    #[track_caller]
    pub fn link_customer_user(&self, login: &str, group: &str, permissions: &[&str]) -> Reply {
        self.put(&at(&["customer-users", login, "groups", group]), json!({"permissions": permissions})).expect(201)
    }

    #[track_caller]
    pub fn link_service(&self, login: &str, service: &str) -> Reply {
        self.admin().put_empty(&at(&["customer-users", login, "services", service])).expect(201)
    }

    /// Gives a customer user an additional customer.
    #[track_caller]
    pub fn add_customer(&self, login: &str, customer: &str) -> Reply {
        self.admin().put_empty(&at(&["customer-users", login, "customers", customer])).expect(201)
    }

    /// Patches the settings, with whatever precondition they want.
    #[track_caller]
    pub fn set_settings(&self, patch: Value) -> Reply {
        let etag = self.get("/v1/settings").expect(200).etag();
        self.admin().if_match(&etag).patch("/v1/settings", patch).expect(200)
    }

    /// Sets a whole list of the settings: default services, or always-groups.
    #[track_caller]
    pub fn set_roll(&self, path: &str, keys: &[&str]) -> Reply {
        let etag = self.get(path).expect(200).etag();
        self.admin().if_match(&etag).put(path, json!({"keys": keys})).expect(200)
    }

    /// Switches the context `other_customers`.
    #[track_caller]
    pub fn set_other_customers(&self, enabled: bool) -> Reply {
        self.set_settings(json!({"contexts": {"other_customers": {"enabled": enabled}}}))
    }

    /// Whether a customer user has a permission on a group.
    #[track_caller]
    pub fn allows(&self, login: &str, group: &str, permission: &str) -> bool {
        self.check(json!({"customer_user": login, "group": group, "permission": permission}))
    }

    /// Whether a customer user has a service.
    #[track_caller]
    pub fn serves(&self, login: &str, service: &str) -> bool {
        self.check(json!({"customer_user": login, "service": service}))
    }

    /// The answer to one question.
    #[track_caller]
    pub fn check(&self, question: Value) -> bool {
        let reply = self.post("/v1/access:check", question).expect(200);
        reply.json["allowed"].as_bool().unwrap_or_else(|| panic!("no answer in {reply}"))
    }

    /// All pages of a list: the items, one after the other.
    #[track_caller]
    pub fn pages(&self, path: &str, parameters: &[(&str, &str)]) -> Vec<Value> {
        self.admin().pages(path, parameters)
    }
}

impl super::Caller<'_> {
    /// All pages of a list: the items, one after the other.
    #[track_caller]
    pub fn pages(&self, path: &str, parameters: &[(&str, &str)]) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..10_000 {
            let mut parameters = parameters.to_vec();
            parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = self.get(&super::query(path, &parameters)).expect(200);
            items.extend_from_slice(page.items());
            match page.json["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return items,
            }
        }
        panic!("{path}: the pages have no end");
    }
}
