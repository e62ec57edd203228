//! Pages: every sort shows every item once, and a cursor is for its own list alone.

use super::{CUSTOMERS, GROUPS, RESOURCES, Resource, for_each};
use crate::common::{Reply, TestApp, Value, json, query};

const KEYS: [&str; 7] = ["delta", "Alpha", "Émile", "beta", "charlie", "Ärger", "ALPHA 2"];

fn keys_of(items: &[Value], resource: &Resource) -> Vec<String> {
    items.iter().filter_map(|item| item[resource.key].as_str()).map(str::to_owned).collect()
}

#[test]
fn every_sort_shows_every_item_once() {
    for_each(&RESOURCES, |app, resource| {
        resource.create_all(app, &KEYS);
        let whole = app.get(&query(&resource.path(), &[("limit", "1000")])).expect(200);
        let mut expected = whole.each("id");
        expected.sort_unstable();
        for sort in resource.all_sorts() {
            let items = app.pages(&resource.path(), &[("sort", &sort), ("limit", "2")]);
            let mut found: Vec<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "sort={sort}");
        }
    });
}

#[test]
fn small_pages_come_in_the_order_of_large_ones() {
    for_each(&RESOURCES, |app, resource| {
        resource.create_all(app, &KEYS);
        for sort in resource.all_sorts() {
            let large = app.pages(&resource.path(), &[("sort", &sort), ("limit", "1000")]);
            let small = app.pages(&resource.path(), &[("sort", &sort), ("limit", "3")]);
            assert_eq!(keys_of(&small, resource), keys_of(&large, resource), "sort={sort}");
        }
    });
}

#[test]
fn by_default_keys_come_in_order_whatever_their_case() {
    let app = TestApp::start();
    CUSTOMERS.create_all(&app, &["b", "A", "c", "B2", "a2"]);
    assert_eq!(app.get("/v1/customers").expect(200).each("customer_id"), ["A", "a2", "b", "B2", "c"]);
}

#[test]
fn by_id_things_come_in_the_order_they_were_made() {
    let app = TestApp::start();
    let keys: Vec<String> = (0..12).map(|n| format!("{} {n}", 12 - n)).collect();
    for key in &keys {
        app.customer(key);
    }
    let items = app.pages("/v1/customers", &[("sort", "id"), ("limit", "5")]);
    assert_eq!(keys_of(&items, &CUSTOMERS), keys);
}

#[test]
fn by_id_each_is_shown_once_while_others_are_renamed_made_and_deleted() {
    let app = TestApp::start();
    let ids: Vec<String> = (0..20).map(|n| app.customer(&format!("c{n:02}")).id()).collect();
    let mut seen = Vec::new();
    let mut parameters = vec![("sort", "id".to_owned()), ("limit", "3".to_owned())];
    for round in 0.. {
        let borrowed: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = app.get(&query("/v1/customers", &borrowed)).expect(200);
        seen.extend(page.each("id"));
        let Some(next) = page.json["next_cursor"].as_str() else { break };
        parameters.truncate(2);
        parameters.push(("cursor", next.to_owned()));
        let (first, last) = (&ids[round % 20], &ids[19 - round % 20]);
        app.patch(&CUSTOMERS.at_id(first), json!({"customer_id": format!("zz {round}")})).expect(200);
        app.patch(&CUSTOMERS.at_id(last), json!({"customer_id": format!("00 {round}")})).expect(200);
    }
    assert_eq!(seen, ids);
}

#[test]
fn a_page_goes_on_after_the_last_item_was_deleted() {
    for_each(&RESOURCES, |app, resource| {
        resource.create_all(app, &["p1", "p2", "p3", "p4"]);
        let first = app.get(&query(&resource.path(), &[("q", "p"), ("limit", "2")])).expect(200);
        app.delete(&resource.at(&first.each(resource.key)[1])).expect(204);
        let cursor = first.text_at("/next_cursor");
        let path = query(&resource.path(), &[("q", "p"), ("limit", "2"), ("cursor", &cursor)]);
        app.get(&path).expect(200).lists(resource.key, &["p3", "p4"]);
    });
}

/// The cursor after the first of several items.
fn a_cursor(app: &TestApp, resource: &Resource, parameters: &[(&str, &str)]) -> String {
    let path = query(&resource.path(), &[&[("limit", "1")], parameters].concat());
    app.get(&path).expect(200).text_at("/next_cursor")
}

fn refused(reply: Reply) {
    reply.expect(400).problem("cursor_invalid");
}

#[test]
fn a_cursor_that_was_tampered_with_is_refused() {
    for_each(&RESOURCES, |app, resource| {
        resource.create_all(app, &["t1", "t2", "t3"]);
        let cursor = a_cursor(app, resource, &[]);
        for position in [0, cursor.len() / 2, cursor.len() - 1] {
            let mut tampered = cursor.clone().into_bytes();
            tampered[position] = if tampered[position] == b'B' { b'C' } else { b'B' };
            let tampered = String::from_utf8(tampered).expect("a cursor is ASCII");
            refused(app.get(&query(&resource.path(), &[("limit", "1"), ("cursor", &tampered)])));
        }
        for made_up in ["x", "", "eyJpZCI6MX0", "%00", &cursor.repeat(2)] {
            refused(app.get(&query(&resource.path(), &[("limit", "1"), ("cursor", made_up)])));
        }
    });
}

#[test]
fn a_cursor_is_refused_with_other_filters_or_another_order() {
    for_each(&RESOURCES, |app, resource| {
        resource.create_all(app, &["o1", "o2", "o3"]);
        let cursor = a_cursor(app, resource, &[("q", "o")]);
        for other in [&[("q", "o3")][..], &[], &[("q", "o"), ("sort", "-id")], &[("q", "o"), ("sort", "id")]] {
            refused(app.get(&query(&resource.path(), &[other, &[("cursor", &cursor)]].concat())));
        }
    });
}

#[test]
fn a_cursor_takes_another_limit() {
    let app = TestApp::start();
    GROUPS.create_all(&app, &["l1", "l2", "l3", "l4"]);
    let cursor = a_cursor(&app, &GROUPS, &[("q", "l")]);
    let path = query("/v1/groups", &[("q", "l"), ("limit", "50"), ("cursor", &cursor)]);
    app.get(&path).expect(200).lists("name", &["l2", "l3", "l4"]);
}

#[test]
fn a_cursor_is_for_its_own_list() {
    for_each(&RESOURCES, |app, resource| {
        resource.create_all(app, &["x1", "x2"]);
        let cursor = a_cursor(app, resource, &[]);
        for other in RESOURCES.iter().filter(|other| other.collection != resource.collection) {
            refused(app.get(&query(&other.path(), &[("cursor", &cursor)])));
        }
    });
}

#[test]
fn a_cursor_outlives_a_restart() {
    let mut app = TestApp::start();
    GROUPS.create_all(&app, &["r1", "r2"]);
    let cursor = a_cursor(&app, &GROUPS, &[("q", "r"), ("sort", "id")]);
    app.stop();
    app.resume();
    let path = query("/v1/groups", &[("q", "r"), ("sort", "id"), ("cursor", &cursor)]);
    app.get(&path).expect(200);
}
