//! ETags, and writes and reads that depend on them.

use super::{RESOURCES, for_each};
use crate::common::json;

const STALE: &str = "\"an-etag-of-long-ago\"";

#[test]
fn an_etag_changes_with_the_representation_alone() {
    for_each(&RESOURCES, |app, resource| {
        let first = resource.create(app, "e").etag();
        resource.create(app, "another");
        assert_eq!(app.get(&resource.at("e")).expect(200).etag(), first);
        let second = app.patch(&resource.at("e"), json!({resource.text().0: "new"})).expect(200).etag();
        assert_ne!(second, first);
        assert_eq!(app.get(&resource.at("e")).expect(200).etag(), second);
    });
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    for_each(&RESOURCES, |app, resource| {
        let etag = resource.create(app, "seen").etag();
        for condition in [etag.clone(), format!("{STALE}, {etag}"), format!("W/{etag}"), "*".to_owned()] {
            let reply = app.admin().if_none_match(&condition).get(&resource.at("seen")).expect(304);
            assert_eq!((reply.etag(), reply.text.as_str()), (etag.clone(), ""));
        }
        app.admin().if_none_match(STALE).get(&resource.at("seen")).expect(200);
    });
}

#[test]
fn a_write_with_a_stale_etag_is_refused_and_nothing_happens() {
    for_each(&RESOURCES, |app, resource| {
        let before = resource.create(app, "guarded");
        let stale = app.admin().if_match(STALE);
        stale
            .patch(&resource.at("guarded"), json!({resource.text().0: "x"}))
            .expect(412)
            .problem("precondition_failed");
        stale.put(&resource.at("guarded"), json!({resource.text().0: "x"})).expect(412).problem("precondition_failed");
        stale.delete(&resource.at("guarded")).expect(412).problem("precondition_failed");
        assert_eq!(app.get(&resource.at("guarded")).expect(200).json, before.json);
    });
}

#[test]
fn a_write_with_the_etag_of_now_is_done() {
    for_each(&RESOURCES, |app, resource| {
        let first = resource.create(app, "current").etag();
        let patched = app.admin().if_match(&first).patch(&resource.at("current"), json!({resource.text().0: "x"}));
        let second = patched.expect(200).etag();
        app.admin().if_match(&first).delete(&resource.at("current")).expect(412);
        let third = app.admin().if_match(&second).put(&resource.at("current"), json!({})).expect(200).etag();
        let either = format!("{STALE}, {third}");
        app.admin().if_match(&either).delete(&resource.at("current")).expect(204);
    });
}

#[test]
fn if_match_of_anything_wants_it_to_be_there() {
    for_each(&RESOURCES, |app, resource| {
        app.admin().if_match("*").put(&resource.at("absent"), json!({})).expect(412).problem("precondition_failed");
        app.get(&resource.at("absent")).expect(404);
        resource.create(app, "present");
        app.admin().if_match("*").put(&resource.at("present"), json!({})).expect(200);
    });
}

#[test]
fn of_writers_with_the_same_etag_one_wins() {
    for_each(&RESOURCES, |app, resource| {
        let etag = resource.create(app, "contested").etag();
        let member = resource.text().0;
        let write =
            |text: String| app.admin().if_match(&etag).patch(&resource.at("contested"), json!({member: text})).status;
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8).map(|n| scope.spawn(move || write(format!("writer {n}")))).collect();
            writers.into_iter().map(|writer| writer.join().expect("a status")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
    });
}

#[test]
fn if_none_match_of_anything_wants_it_to_be_absent() {
    for_each(&RESOURCES, |app, resource| {
        let first = app.admin().if_none_match("*");
        first.put(&resource.at("only once"), json!({})).expect(201);
        first.put(&resource.at("only once"), json!({})).expect(412).problem("precondition_failed");
    });
}
