//! The audit, and what is erased from it.

use std::time::Duration;

use crate::common::{Reply, TestApp, Token, Value, json, query};

const AUDIT: &str = "/v1/audit";

fn audit(app: &TestApp, parameters: &[(&str, &str)]) -> Reply {
    app.get(&query(AUDIT, parameters)).expect(200)
}

#[test]
fn every_write_is_there_with_who_and_what() {
    let app = TestApp::start();
    let crm = app.with_token(&Token::scope("admin").subject("crm").sign());
    let made = crm.post("/v1/customers", json!({"customer_id": "acme", "name": "Acme"})).expect(201);
    let changed = app.patch("/v1/customers/acme", json!({"name": "Acme Inc."})).expect(200);
    app.link_customer("acme", "users", &["ro"]);
    let removed = app.delete("/v1/customers/acme?force=true").expect(204).revision();
    let all = audit(&app, &[("id", &made.id())]);
    assert_eq!(
        all.each("kind"),
        ["customer", "customer_group_link", "customer_group_link", "customer", "customer"],
        "newest first"
    );
    let all = all.has("/items/4/actor", "crm").lacks("/items/4/before").has("/items/4/after/name", "Acme");
    let all = all.has("/items/4/revision", made.revision()).has("/items/3/revision", changed.revision());
    let all = all.has("/items/3/actor", "tests").has("/items/3/before/name", "Acme");
    let all = all.has("/items/3/after/name", "Acme Inc.").has("/items/2/before", json!([]));
    let all = all.has("/items/2/after", json!(["ro"])).has("/items/1/after", json!([])).lacks("/items/0/after");
    all.has("/items/0/revision", removed).has("/items/0/erased", false).has("/items/0/before/name", "Acme Inc.");
}

#[test]
fn it_is_filtered() {
    let app = TestApp::start();
    let jane = app.customer_user_of("jane", &app.customer("acme").text_at("/customer_id")).id();
    app.link_customer_user("jane", "users", &["ro"]);
    app.with_token(&Token::scope("admin").subject("crm").sign())
        .patch("/v1/customer-users/jane", json!({"phone": "1"}))
        .expect(200);
    let kinds = |parameters: &[(&str, &str)]| audit(&app, parameters).each("kind");
    assert_eq!(kinds(&[("id", &jane)]), ["customer_user", "customer_user_group_link", "customer_user"]);
    assert_eq!(kinds(&[("id", &jane), ("actor", "crm")]), ["customer_user"]);
    assert_eq!(kinds(&[("kind", "customer")]), ["customer"]);
    assert_eq!(kinds(&[("id", "u99")]), [""; 0]);
    let at = audit(&app, &[("kind", "customer_user_group_link")]).text_at("/items/0/happened_at");
    assert_eq!(kinds(&[("id", &jane), ("from", &at)]), ["customer_user", "customer_user_group_link"]);
    assert_eq!(kinds(&[("id", &jane), ("to", &at)]), ["customer_user"]);
    for (name, value) in [("kind", "x"), ("id", "jane"), ("from", "yesterday"), ("to", "1"), ("limit", "0")] {
        app.get(&query(AUDIT, &[(name, value)])).expect(400).problem("invalid_parameter").names(name);
    }
}

#[test]
fn it_comes_in_pages() {
    let app = TestApp::start();
    for n in 0..7 {
        app.group(&format!("g{n}"));
    }
    app.customer("acme");
    app.link_customer("acme", "g1", &["ro"]);
    app.delete("/v1/customers/acme?force=true").expect(204);
    let whole = audit(&app, &[("limit", "1000")]);
    let paged = app.pages(AUDIT, &[("limit", "2")]);
    assert_eq!(paged, whole.items());
    let cursor = audit(&app, &[("limit", "2")]).text_at("/next_cursor");
    app.get(&query(AUDIT, &[("cursor", &cursor), ("kind", "group")])).expect(400).problem("cursor_invalid");
}

#[test]
fn it_is_kept_for_so_long() {
    let app = TestApp::start_with(&[("AUDIT_RETENTION", "1s")]);
    app.customer("acme");
    let gone = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        audit(&app, &[]).items().is_empty()
    });
    assert!(gone, "the audit is never cut");
    app.get("/v1/changes").expect(200).has("/more", false);
    assert!(!app.get("/v1/changes").expect(200).items().is_empty(), "the log is kept for longer");
}

/// Somebody with values in every row, and a colleague.
fn directory() -> (TestApp, String, String) {
    let app = TestApp::start();
    app.customer("acme");
    let jane = json!({"login": "jane", "email": "jane@secret.example", "customer": "acme"});
    let jane = app.post("/v1/customer-users", jane).expect(201).id();
    app.admin().put_empty("/v1/customer-users/jane/external-ids/crm/SECRET-1").expect_any(&[200, 201]);
    app.link_customer_user("jane", "users", &["ro"]);
    app.patch("/v1/customer-users/jane", json!({"last_name": "Secret"})).expect(200);
    let john = app.post("/v1/customer-users", json!({"login": "john", "email": "john@kept.example"})).expect(201).id();
    (app, jane, john)
}

#[test]
fn a_persons_values_are_erased_also_after_the_person_is_gone() {
    let (app, jane, john) = directory();
    app.delete("/v1/customer-users/jane?force=true").expect(204);
    let before = audit(&app, &[("id", &jane)]);
    assert!(before.text.contains("jane@secret.example") && before.text.contains("SECRET-1"), "{before}");
    app.run(&["erase", "--customer-user", "jane", "--yes"]).refused("there is no customer user jane");
    let said = app.run(&["erase", "--customer-user", &format!("id:{jane}"), "--yes"]).succeeded();
    assert!(said.contains("from 6 rows"), "{said}");
    let after = audit(&app, &[("id", &jane)]).has("/items/0/kind", "erasure").has("/items/0/actor", "erase");
    assert_eq!(after.items().len(), before.items().len() + 1);
    for (now, then) in after.items()[1..].iter().zip(before.items()) {
        let same = |member: &str| assert_eq!(now[member], then[member]);
        ["revision", "happened_at", "actor", "kind", "id"].iter().for_each(|member| same(member));
    }
    let text = audit(&app, &[]).text;
    assert!(!text.contains("secret.example") && !text.contains("SECRET-1") && !text.contains("jane"), "{text}");
    assert!(audit(&app, &[("id", &john)]).text.contains("john@kept.example"));
    let erased: Vec<&Value> = after.items().iter().filter(|row| row["erased"] == true).collect();
    assert!(erased.iter().all(|row| row.get("before").is_none() && row.get("after").is_none()));
    assert_eq!(erased.len(), 6, "{after}");
    let again = app.run(&["erase", "--customer-user", &format!("id:{jane}"), "--yes"]).succeeded();
    assert!(again.contains("from 0 rows"), "{again}");
    app.customer("written after it");
}

#[test]
fn erasing_is_confirmed_and_says_what_is_left() {
    let (app, jane, _) = directory();
    let erase = |more: &[&str]| app.run(&[&["erase", "--customer-user", "jane"], more].concat());
    erase(&[]).refused("--yes");
    assert!(audit(&app, &[("id", &jane)]).text.contains("jane@secret.example"));
    let said = erase(&["--yes"]).succeeded();
    assert!(said.contains("still exists") && said.contains("30days"), "{said}");
    app.run(&["erase", "--customer-user", "id:u999", "--yes"]).refused("no customer user id:u999");
    app.run(&["erase", "--customer-user", "id:c1", "--yes"]).refused("no customer user id:c1");
}

/// What a command did.
trait Outcome {
    fn succeeded(self) -> String;
    fn refused(self, why: &str);
}

impl Outcome for std::process::Output {
    #[track_caller]
    fn succeeded(self) -> String {
        assert!(self.status.success(), "{}", String::from_utf8_lossy(&self.stderr));
        String::from_utf8(self.stdout).expect("UTF-8")
    }

    #[track_caller]
    fn refused(self, why: &str) {
        let said = String::from_utf8_lossy(&self.stderr).into_owned();
        assert!(!self.status.success() && said.contains(why), "{said}");
    }
}
