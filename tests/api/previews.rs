//! Dry runs: a preview is the difference of the answers before and after the real write, whatever the
//! write is, and nothing of it is kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{Reply, TestApp, Value, at, each, json, query};

/// What everybody has: by customer user, a line each.
type Answers = BTreeMap<String, BTreeSet<String>>;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    value[member].as_array().into_iter().flatten()
}

fn answers(app: &TestApp) -> Answers {
    let company_access = app.get("/v1/settings").expect(200).json["company_access"] == true;
    let everybody = app.admin().pages("/v1/customer-users", &[("limit", "1000")]);
    everybody.iter().map(|person| text(&person["id"])).map(|id| (id.clone(), held(app, &id, company_access))).collect()
}

fn held(app: &TestApp, id: &str, company_access: bool) -> BTreeSet<String> {
    let access = app.get(&at(&["customer-users", &format!("id:{id}"), "access"])).expect(200).json;
    let mut found = BTreeSet::new();
    for group in list(&access, "groups") {
        for permission in list(group, "permissions") {
            let line = format!("{} on {}", text(&permission["permission"]), text(&group["id"]));
            if permission["all_customers"] == true {
                found.insert(format!("{line} for all customers"));
            }
            found.insert(line);
        }
    }
    found.extend(list(&access["services"], "items").map(|service| format!("service {}", text(&service["id"]))));
    let reached = list(&access, "customers").filter(|it| company_access && it["validity"] == "valid");
    if access["reasons"] == json!([]) {
        found.extend(reached.map(|customer| format!("things of {}", text(&customer["id"]))));
    }
    found
}

fn lines(gains: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for gain in list(gains, "groups") {
        let group = text(&gain["group"]["id"]);
        found.extend(list(gain, "permissions").map(|name| format!("{} on {group}", text(name))));
        found.extend(list(gain, "all_customers").map(|name| format!("{} on {group} for all customers", text(name))));
    }
    found.extend(list(gains, "services").map(|service| format!("service {}", text(&service["id"]))));
    found.extend(list(gains, "customers").map(|customer| format!("things of {}", text(&customer["id"]))));
    found
}

/// A write that is looked at before it is made.
struct Step<'a> {
    app: &'a TestApp,
    method: &'static str,
    path: String,
    body: Option<Value>,
    if_match: Option<String>,
}

impl<'a> Step<'a> {
    fn new(app: &'a TestApp, method: &'static str, segments: &[&str], body: Value) -> Self {
        Self { app, method, path: at(segments), body: Some(body).filter(|body| !body.is_null()), if_match: None }
    }

    fn if_match(mut self, etag: &str) -> Self {
        self.if_match = Some(etag.to_owned());
        self
    }

    fn send(&self, parameters: &[(&str, &str)]) -> Reply {
        let caller = self.app.admin();
        let caller = match &self.if_match {
            Some(etag) => caller.if_match(etag),
            None => caller,
        };
        let (path, has_query) = (self.path.clone(), self.path.contains('?'));
        let path = if parameters.is_empty() {
            path
        } else if has_query {
            format!("{path}&{}", query("", parameters).trim_start_matches('?'))
        } else {
            query(&path, parameters)
        };
        caller.send(self.method, &path, self.body.as_ref())
    }

    /// Every page of the preview, two customer users each.
    fn pages(&self) -> (Reply, Vec<Value>) {
        let first = self.send(&[("dry_run", "true"), ("preview_limit", "2")]).expect(200);
        let mut items: Vec<Value> = list(&first.json["preview"], "items").cloned().collect();
        let mut cursor = first.json["preview"]["next_cursor"].as_str().map(str::to_owned);
        while let Some(place) = cursor {
            let page =
                self.send(&[("dry_run", "true"), ("preview_limit", "2"), ("preview_cursor", &place)]).expect(200);
            items.extend(list(&page.json["preview"], "items").cloned());
            cursor = page.json["preview"]["next_cursor"].as_str().map(str::to_owned);
        }
        (first, items)
    }

    /// Looks, makes, and compares; gives the reply of the dry run and of the write.
    #[track_caller]
    fn check(self) -> (Reply, Reply) {
        let (before, revision) = (answers(self.app), self.app.get("/v1/settings").revision());
        let (dry, items) = self.pages();
        assert_eq!(self.app.get("/v1/settings").revision(), revision, "a dry run takes no revision");
        assert_eq!(answers(self.app), before, "a dry run changes nothing");
        let real = self.send(&[]).expect_any(&[200, 201, 204]);
        assert_eq!(dry.json["preview"]["status"], real.status);
        assert_difference(&items, &before, &answers(self.app));
        assert_counts(&dry.json["preview"]["counts"], &items);
        assert_eq!(
            dry.json["preview"]["warnings"].as_array().is_some_and(Vec::is_empty),
            real.json["warnings"].is_null()
        );
        (dry, real)
    }
}

#[track_caller]
fn assert_difference(items: &[Value], before: &Answers, after: &Answers) {
    let people: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let none = BTreeSet::new();
    let mut left: BTreeMap<String, &Value> = items.iter().map(|it| (text(&it["customer_user"]["id"]), it)).collect();
    assert_eq!(left.len(), items.len(), "each customer user once");
    for person in people {
        let (was, is) = (before.get(person).unwrap_or(&none), after.get(person).unwrap_or(&none));
        let item = left.remove(person).unwrap_or(&Value::Null);
        assert_eq!(lines(&item["gained"]), is - was, "what {person} gained");
        assert_eq!(lines(&item["lost"]), was - is, "what {person} lost");
        assert!(item.is_null() || was != is, "{person} has what they had: {item}");
    }
    assert!(left.is_empty(), "the preview names others: {left:?}");
}

#[track_caller]
fn assert_counts(counts: &Value, items: &[Value]) {
    let permissions = |side: &str| -> usize {
        let groups = items.iter().flat_map(|item| list(&item[side], "groups"));
        groups.map(|group| list(group, "permissions").count()).sum()
    };
    let services = |side: &str| -> usize { items.iter().map(|item| list(&item[side], "services").count()).sum() };
    let some = |side: &str| items.iter().filter(|item| !lines(&item[side]).is_empty()).count();
    let expected = json!({
        "customer_users": items.len(), "gaining": some("gained"), "losing": some("lost"),
        "permissions_gained": permissions("gained"), "permissions_lost": permissions("lost"),
        "services_gained": services("gained"), "services_lost": services("lost"),
    });
    assert_eq!(*counts, expected);
}

/// Three customers, five customer users, three groups beside the fresh ones, a few services, some links.
fn desk() -> TestApp {
    let app = TestApp::start();
    each(&["acme", "beta", "gamma"], |customer| app.customer(customer));
    each(&["jane", "john", "joan"], |login| app.customer_user_of(login, "acme"));
    each(&["bill", "bob"], |login| app.customer_user_of(login, "beta"));
    each(&["support", "sales"], |group| app.group(group));
    app.services(&["IT", "IT::VPN", "HR"]);
    app.set_roll("/v1/default-services", &["IT", "HR"]);
    app.link_customer("acme", "support", &["ro"]);
    app.link_customer("beta", "sales", &["rw"]);
    app.link_customer_user("john", "sales", &["ro"]);
    app.link_service("bob", "IT::VPN");
    app.add_customer("jane", "beta");
    app
}

#[test]
fn links_of_every_kind() {
    let app = desk();
    let put = |segments: &[&str], body| Step::new(&app, "PUT", segments, body).check();
    put(&["customers", "gamma", "groups", "support"], json!({"permissions": ["rw"]}));
    let (dry, _) = put(&["customers", "acme", "groups", "sales"], json!({"permissions": ["ro"]}));
    assert_eq!(
        dry.json["preview"]["writes"],
        json!([{"what": "customer_group_links", "created": 1, "changed": 0, "removed": 0}])
    );
    assert_eq!(dry.json["contexts"][0]["permissions"], json!(["ro"]), "the outcome is shown");
    put(&["customer-users", "bill", "groups", "support"], json!({"permissions": ["ro"]}));
    put(&["customer-users", "bill", "customers", "acme"], Value::Null);
    Step::new(&app, "DELETE", &["customer-users", "jane", "customers", "beta"], Value::Null).check();
    Step::new(&app, "DELETE", &["customers", "acme", "groups", "support"], Value::Null).check();
    Step::new(&app, "DELETE", &["customer-users", "bob", "services", "IT::VPN"], Value::Null).check();
}

#[test]
fn the_first_service_of_their_own_is_warned_of() {
    let app = desk();
    let (dry, real) = Step::new(&app, "PUT", &["customer-users", "jane", "services", "IT::VPN"], Value::Null).check();
    let warning = &real.json["warnings"][0];
    assert_eq!((&warning["code"], &warning["count"]), (&json!("default_services_suppressed"), &json!(1)));
    assert_eq!(warning["items"][0]["customer_user"]["login"], "jane");
    let lost: Vec<String> = list(&warning["items"][0], "services").map(|service| text(&service["name"])).collect();
    assert_eq!(lost, ["IT", "HR"]);
    assert_eq!(dry.json["preview"]["warnings"], real.json["warnings"]);
    // The second one takes nothing away.
    let (_, second) = Step::new(&app, "PUT", &["customer-users", "jane", "services", "HR"], Value::Null).check();
    assert!(second.json["warnings"].is_null());
    let cells = json!({"cells": [{"row": "john", "granted": true}, {"row": "bob", "granted": true}]});
    let (_, saved) = Step::new(&app, "PATCH", &["services", "HR", "customer-user-matrix"], cells).check();
    assert_eq!(saved.json["warnings"][0]["count"], 1, "bob has one already");
}

#[test]
fn a_service_that_counts_again_suppresses_default_services_too() {
    let app = desk();
    app.service("Travel");
    let set = |validity: &str| Step::new(&app, "PATCH", &["services", "Travel"], json!({"validity": validity})).check();
    set("invalid");
    let (_, linked) = Step::new(&app, "PUT", &["customer-users", "jane", "services", "Travel"], Value::Null).check();
    assert!(linked.json["warnings"].is_null(), "it does not count, so it takes nothing away");
    let (_, valid) = set("valid");
    let warning = &valid.json["warnings"][0];
    assert_eq!((&warning["code"], &warning["count"]), (&json!("default_services_suppressed"), &json!(1)));
    assert_eq!(warning["items"][0]["customer_user"]["login"], "jane");
    assert!(set("invalid").1.json["warnings"].is_null());
}

#[test]
fn matrices_are_previewed_with_the_cells_as_they_would_be() {
    let app = desk();
    let cells = json!({"cells": [
        {"row": "sales", "permissions": ["rw"]}, {"row": "support", "permissions": []},
    ]});
    let (dry, real) = Step::new(&app, "PATCH", &["customers", "acme", "group-matrix"], cells).check();
    assert_eq!(dry.json["items"], real.json["items"]);
    assert_eq!((&dry.json["counts"], &dry.json["links_version"]), (&real.json["counts"], &real.json["links_version"]));
    let cells = json!({"cells": [{"row": "gamma", "granted": true}]});
    Step::new(&app, "PATCH", &["customer-users", "joan", "customer-matrix"], cells).check();
}

#[test]
fn validity_deletion_and_renaming() {
    let app = desk();
    let patch = |segments: &[&str], body| Step::new(&app, "PATCH", segments, body).check();
    patch(&["customers", "acme"], json!({"validity": "invalid"}));
    patch(&["customers", "acme"], json!({"validity": "valid"}));
    let (dry, _) = patch(&["groups", "support"], json!({"name": "help", "comment": "renamed"}));
    assert_eq!(dry.json["preview"]["counts"]["customer_users"], 0);
    assert_eq!(dry.json["name"], "help");
    patch(&["groups", "help"], json!({"validity": "invalid_temporarily"}));
    patch(&["services", "IT"], json!({"validity": "invalid"}));
    patch(&["services", "IT"], json!({"name": "Tech", "validity": "valid"}));
    patch(&["customer-users", "jane"], json!({"customer": "gamma"}));
    patch(&["customer-users", "john"], json!({"validity": "invalid"}));
    let forced = |segments: &[&str]| {
        let mut step = Step::new(&app, "DELETE", segments, Value::Null);
        step.path.push_str("?force=true");
        step.check()
    };
    let (dry, _) = forced(&["customers", "beta"]);
    let what =
        |name: &str| list(&dry.json["preview"], "writes").find(|it| it["what"] == name).cloned().unwrap_or_default();
    assert_eq!(what("customers")["removed"], 1);
    assert_eq!(what("customer_group_links")["removed"], 1);
    forced(&["groups", "sales"]);
    forced(&["services", "Tech::VPN"]);
    forced(&["services", "HR"]);
    forced(&["customer-users", "bob"]);
}

#[test]
fn settings_lists_and_back_ends() {
    let app = desk();
    app.back_end("ldap");
    each(&["lars", "lena", "lutz"], |login| app.customer_user_in(login, "ldap"));
    app.link_customer("acme", "stats", &["ro"]);
    let patch = |segments: &[&str], body| Step::new(&app, "PATCH", segments, body).check();
    let (_, off) = patch(&["back-ends", "ldap"], json!({"group_support": false}));
    assert_eq!(
        (&off.json["warnings"][0]["code"], &off.json["warnings"][0]["count"]),
        (&json!("group_support_off"), &json!(3))
    );
    let (on, _) = patch(&["back-ends", "ldap"], json!({"group_support": true}));
    assert_eq!(on.json["preview"]["counts"]["losing"], 3);
    let (_, off) = patch(&["settings"], json!({"group_support": false}));
    assert_eq!(off.json["warnings"][0]["code"], "group_support_off");
    patch(&["settings"], json!({"group_support": true}));
    patch(&["settings"], json!({"contexts": {"other_customers": {"enabled": true}}}));
    let everywhere = json!({"context": "other_customers", "permissions": ["ro"]});
    Step::new(&app, "PUT", &["customers", "acme", "groups", "support"], everywhere).check();
    patch(&["settings"], json!({"company_access": false}));
    let types = json!({"permission_types": [{"name": "ro"}, {"name": "note"}, {"name": "rw"}]});
    let etag = app.get("/v1/settings").etag();
    Step::new(&app, "PATCH", &["settings"], types).if_match(&etag).check();
    Step::new(&app, "PUT", &["always-groups", "customers", "users"], Value::Null).check();
    Step::new(&app, "PUT", &["always-groups", "customer-users", "support"], Value::Null).check();
    Step::new(&app, "DELETE", &["default-services", "HR"], Value::Null).check();
    let etag = app.get("/v1/always-groups/customers").etag();
    Step::new(&app, "PUT", &["always-groups", "customers"], json!({"keys": ["sales"]})).if_match(&etag).check();
}

#[test]
fn what_is_new_has_what_everybody_has() {
    let app = desk();
    let person = json!({"login": "nora", "customer": "acme"});
    let (dry, real) = Step::new(&app, "POST", &["customer-users"], person).check();
    assert_eq!(dry.json["login"], real.json["login"]);
    assert!(dry.headers.get("location").is_none(), "there is no such place yet");
    let (dry, _) = Step::new(&app, "PUT", &["customer-users", "nils"], json!({"customer": "beta"})).check();
    assert_eq!(dry.json["preview"]["status"], 201);
    Step::new(&app, "POST", &["groups"], json!({"name": "fresh"})).check();
}

#[test]
fn a_refused_write_is_refused_in_a_dry_run_too() {
    let app = desk();
    let dry = |path: &str| format!("{path}?dry_run=true");
    app.post(&dry("/v1/customers"), json!({"customer_id": "ACME"})).expect(409).problem("key_taken");
    app.delete(&dry("/v1/customers/acme")).expect(409).problem("in_use");
    app.put(&dry("/v1/customers/none/groups/support"), json!({"permissions": ["ro"]})).expect(404);
    app.admin().if_match("\"0\"").patch(&dry("/v1/customers/acme"), json!({"name": "x"})).expect(412);
    app.post(&dry("/v1/customers"), json!({"customer_id": ""})).expect(422);
}

#[test]
fn a_preview_is_for_whoever_may_see_access() {
    let app = desk();
    let path = "/v1/customers/acme/groups/sales?dry_run=true";
    let writer = app.as_scope("links:write");
    writer.put(path, json!({"permissions": ["ro"]})).expect(403).problem("missing_scope");
    app.as_scope("links:write access:read").put(path, json!({"permissions": ["ro"]})).expect(200);
    app.as_scope("access:read").put(path, json!({"permissions": ["ro"]})).expect(403);
}

#[test]
fn a_page_of_a_preview_belongs_to_its_request_and_its_revision() {
    let app = desk();
    let path = "/v1/back-ends/default";
    let off = json!({"group_support": false});
    let page = |cursor: &str, body: &Value| {
        let parameters = [("dry_run", "true"), ("preview_limit", "1"), ("preview_cursor", cursor)];
        app.patch(&query(path, &parameters), body.clone())
    };
    let first = app.patch(&query(path, &[("dry_run", "true"), ("preview_limit", "1")]), off.clone()).expect(200);
    let cursor = first.text_at("/preview/next_cursor");
    let second = page(&cursor, &off).expect(200).lacks("/preview/counts");
    assert_ne!(second.json["preview"]["items"], first.json["preview"]["items"]);
    page(&cursor, &json!({"group_support": false, "comment": "x"})).expect(400).problem("cursor_invalid");
    let refused = page("nonsense", &off).expect(400).problem("cursor_invalid");
    assert!(text(&refused.json["detail"]).contains("preview_cursor"));
    app.customer("delta");
    page(&cursor, &off).expect(409).problem("preview_outdated");
    app.patch(&query(path, &[("preview_cursor", &cursor)]), off.clone()).expect(400).problem("invalid_parameter");
    // A generated client sends every default: it must not change what a write is.
    let same = json!({"group_support": true});
    app.patch(&query(path, &[("dry_run", "false"), ("preview_limit", "100")]), same).expect(200).lacks("/preview");
    let refused = app.patch(&query(path, &[("dry_run", "true"), ("preview_limit", "0")]), off).expect(400);
    assert_eq!(refused.json["detail"], "preview_limit must be a whole number from 1 to 1000, not \"0\".");
}

#[test]
fn every_write_takes_dry_run_and_says_so() {
    let app = TestApp::start();
    let mut writes = 0;
    for operation in app.contract().operations.iter().filter(|operation| operation.method != "GET") {
        // A job has its own way to be foreseen, and its steps are safe to send again.
        let is_question = operation.template.ends_with("check") || operation.template.starts_with("/v1/import-jobs");
        let all = operation.value["parameters"].as_array().into_iter().flatten();
        let names: BTreeSet<&str> = all.filter_map(|parameter| parameter["name"].as_str()).collect();
        assert_eq!(names.contains("dry_run"), !is_question, "{} {}", operation.method, operation.template);
        let keyed = matches!(operation.method.as_str(), "POST" | "PATCH") && !is_question;
        assert_eq!(names.contains("Idempotency-Key"), keyed, "{} {}", operation.method, operation.template);
        writes += usize::from(!is_question);
    }
    assert!(writes > 60, "only {writes} writes were found");
}
