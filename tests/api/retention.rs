//! What is forgotten, and what whoever followed does then.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::{Reply, TestApp, Value, query};

fn now(app: &TestApp) -> String {
    app.get("/v1/settings").expect(200).revision()
}

fn after(app: &TestApp, place: &str) -> Reply {
    app.get(&query("/v1/changes", &[("after", place)]))
}

/// Waits until the log can be followed from there no longer.
fn wait_until_gone(app: &TestApp, place: &str) -> Reply {
    for _ in 0..400 {
        let reply = after(app, place).expect_any(&[200, 410]);
        if reply.status == 410 {
            return reply.problem("changes_gone");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the log is never cut");
}

/// The names of groups, kept as an integrator keeps them.
#[derive(Default, PartialEq, Debug)]
struct Copy {
    groups: BTreeMap<String, String>,
    place: String,
}

impl Copy {
    /// Steps 1 and 2: reads the list, and remembers the revision of its first page. Something is
    /// written between two pages.
    fn read(app: &TestApp, meanwhile: impl Fn()) -> Self {
        let mut copy = Self::default();
        let mut page = app.get("/v1/groups?sort=id&limit=2").expect(200);
        copy.place = page.revision();
        meanwhile();
        loop {
            for item in page.items() {
                copy.groups.insert(text(&item["id"]), text(&item["name"]));
            }
            let Some(cursor) = page.json["next_cursor"].as_str() else { return copy };
            page = app.get(&query("/v1/groups", &[("sort", "id"), ("limit", "2"), ("cursor", cursor)])).expect(200);
        }
    }

    /// Step 3: follows the changes.
    fn follow(&mut self, app: &TestApp) {
        let page = after(app, &self.place).expect(200).has("/more", false);
        for change in page.items() {
            let (id, name) = (text(&change["facts"]["id"]), text(&change["facts"]["name"]));
            match change["change"].as_str() {
                Some("group_put") => self.groups.insert(id, name),
                Some("group_removed") => self.groups.remove(&id),
                _ => None,
            };
        }
        self.place = page.text_at("/next_after");
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn who_was_away_for_too_long_begins_again_and_has_everything() {
    let app = TestApp::start_with(&[("CHANGES_RETENTION", "1s")]);
    let old = now(&app);
    ["a", "b", "c", "d", "e"].iter().for_each(|name| drop(app.group(name)));
    wait_until_gone(&app, &old).names("Access-Revision");
    let mut copy = Copy::read(&app, || {
        app.delete("/v1/groups/a").expect(204);
        app.patch("/v1/groups/b", crate::common::json!({"name": "renamed"})).expect(200);
        app.group("f");
    });
    copy.follow(&app);
    let anew = Copy::read(&app, || ());
    assert_eq!(copy.groups, anew.groups);
    assert!(copy.groups.values().any(|name| name == "renamed"), "{copy:?}");
}

#[test]
fn the_end_of_the_log_can_be_followed_however_old_it_is() {
    let mut app = TestApp::start_with(&[("CHANGES_RETENTION", "1s")]);
    let old = now(&app);
    app.customer("acme");
    let end = after(&app, &old).expect(200).text_at("/next_after");
    wait_until_gone(&app, &old);
    after(&app, &end).expect(200).has("/next_after", end.clone());
    app.get("/v1/changes").expect(200).has("/next_after", end.clone()).lacks("/items/0");
    app.stop();
    app.resume();
    assert_eq!(now(&app), end);
    app.customer("beta");
    after(&app, &end).expect(200).has("/items/0/facts/customer_id", "beta");
}

#[test]
fn changes_are_filtered_and_the_place_moves_on() {
    let app = TestApp::start();
    let before = now(&app);
    let jane = app.customer_user_of("jane", &app.customer("acme").text_at("/customer_id")).id();
    app.link_customer_user("jane", "users", &["ro"]);
    let last = app.group("support").revision();
    let about = |parameters: &[(&str, &str)]| {
        let all = [&[("after", before.as_str())], parameters].concat();
        app.get(&query("/v1/changes", &all)).expect(200).has("/next_after", last.clone()).each("change")
    };
    assert_eq!(about(&[("id", &jane)]), ["customer_user_put", "customer_user_group_link_set"]);
    assert_eq!(about(&[("id", &jane), ("kind", "customer_user_put")]), ["customer_user_put"]);
    assert_eq!(about(&[("kind", "group_put,customer_put")]), ["customer_put", "group_put"]);
    assert_eq!(about(&[("id", "g999")]), [""; 0]);
    app.get(&query("/v1/changes", &[("kind", "customer")])).expect(400).problem("invalid_parameter").names("kind");
    app.get(&query("/v1/changes", &[("id", "jane")])).expect(400).problem("invalid_parameter").names("id");
}
