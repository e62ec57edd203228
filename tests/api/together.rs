//! Several administrators at once: no update is lost, nothing is left without its ends, and who comes too
//! late is told so.

use std::sync::Barrier;

use crate::common::{Reply, TestApp, Value, at, each, json};

const SCREEN: &str = "/v1/customers/acme/group-matrix";

/// Does each of these at the same moment, as often as asked.
fn at_once<T: Send>(rounds: usize, tasks: &[&(dyn Fn(usize) -> T + Sync)]) -> Vec<Vec<T>> {
    let barrier = Barrier::new(tasks.len());
    let run = |task: &(dyn Fn(usize) -> T + Sync)| {
        let mut done = Vec::new();
        for round in 0..rounds {
            barrier.wait();
            done.push(task(round));
        }
        done
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = tasks.iter().map(|task| scope.spawn(|| run(*task))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread that ends")).collect()
    })
}

fn save(app: &TestApp, cells: Value) -> Reply {
    app.patch(SCREEN, json!({ "cells": cells }))
}

fn links(app: &TestApp) -> u64 {
    app.get("/v1/overview").expect(200).json["link_counts"]["customer_group_links"].as_u64().unwrap_or_default()
}

#[test]
fn of_two_who_save_the_same_screen_one_is_told() {
    let app = TestApp::start();
    app.customer("acme");
    let versions: Vec<String> = vec![app.get(SCREEN).expect(200).text_at("/links_version")];
    let versions = std::sync::Mutex::new(versions);
    let barrier = Barrier::new(2);
    let save_shown = |permission: &str| {
        let mut saved = 0;
        for round in 0..10 {
            barrier.wait();
            let shown = versions.lock().unwrap()[round].clone();
            barrier.wait();
            // Each round both mean to set another thing than there is.
            let wanted = if round.is_multiple_of(2) { json!([permission]) } else { json!([]) };
            let cells = json!([{"row": if permission == "ro" { "users" } else { "stats" }, "permissions": wanted}]);
            let reply = app.patch(SCREEN, json!({"links_version": shown, "cells": cells}));
            if reply.status == 200 && reply.json["counts"]["unchanged"] == 0 {
                saved += 1;
                versions.lock().unwrap().push(reply.text_at("/links_version"));
            } else if reply.status == 412 {
                drop(reply.problem("precondition_failed"));
            }
            barrier.wait();
            if permission == "ro" && versions.lock().unwrap().len() < round + 2 {
                let now = app.get(SCREEN).expect(200).text_at("/links_version");
                versions.lock().unwrap().push(now);
            }
            barrier.wait();
        }
        saved
    };
    let saved: usize = std::thread::scope(|scope| {
        let one = scope.spawn(|| save_shown("ro"));
        let other = scope.spawn(|| save_shown("rw"));
        one.join().unwrap() + other.join().unwrap()
    });
    assert!((1..=10).contains(&saved), "{saved} saves of 10 screens");
    assert_eq!(versions.lock().unwrap().len(), 11, "no screen was saved twice");
}

#[test]
fn deltas_of_different_rows_are_all_kept() {
    let app = TestApp::start();
    app.customer("acme");
    let groups: Vec<String> = (0..24).map(|number| format!("g{number:02}")).collect();
    groups.iter().for_each(|group| drop(app.group(group)));
    let mine = |of: usize| move |round: usize| (round * 4 + of, json!(["ro"]));
    let write = |(place, permissions): (usize, Value)| {
        save(&app, json!([{"row": groups[place], "permissions": permissions, "expected": []}])).status
    };
    let tasks: [Box<dyn Fn(usize) -> u16 + Sync>; 4] = [
        Box::new(move |round| write(mine(0)(round))),
        Box::new(move |round| write(mine(1)(round))),
        Box::new(move |round| write(mine(2)(round))),
        Box::new(move |round| write(mine(3)(round))),
    ];
    let replies = at_once(6, &tasks.iter().map(|task| &**task).collect::<Vec<_>>());
    assert!(replies.iter().flatten().all(|status| *status == 200), "{replies:?}");
    assert_eq!(links(&app), 24);
}

#[test]
fn a_row_that_is_deleted_during_a_save_leaves_no_link() {
    let app = TestApp::start();
    app.customer("acme");
    let make = |round: usize| app.group(&format!("g{round}")).id();
    let ids: Vec<String> = (0..12).map(make).collect();
    let row = |round: usize| format!("id:{}", ids[round]);
    let delete = |round: usize| app.delete(&format!("{}?force=true", at(&["groups", &row(round)]))).status;
    let grant = |round: usize| {
        let reply =
            save(&app, json!([{"row": "users", "permissions": ["ro"]}, {"row": row(round), "permissions": ["ro"]}]));
        if reply.status == 422 {
            drop(reply.clone().pointers(&["/cells/1/row"]))
        }
        reply.status
    };
    let replies = at_once(12, &[&delete, &grant]);
    assert!(replies[0].iter().all(|status| *status == 204), "{replies:?}");
    assert!(replies[1].iter().all(|status| [200, 422].contains(status)), "{replies:?}");
    // Nothing hangs in the air: not in the counts, and not after a start from the tables alone.
    let kept = u64::from(replies[1].contains(&200));
    assert_eq!(links(&app), kept);
    let mut app = app;
    app.stop();
    app.resume();
    assert_eq!(links(&app), kept);
}

#[test]
fn a_subject_that_is_deleted_during_a_save_is_not_there() {
    let app = TestApp::start();
    for round in 0..6 {
        let customer = format!("c{round}");
        app.customer(&customer);
        let path = at(&["customers", &customer, "group-matrix"]);
        let delete = |_| app.delete(&format!("{}?force=true", at(&["customers", &customer]))).status;
        let grant = |_| app.patch(&path, json!({"cells": [{"row": "users", "permissions": ["ro"]}]})).status;
        let replies = at_once(1, &[&delete, &grant]);
        assert_eq!(replies[0], [204]);
        assert!([200, 404].contains(&replies[1][0]), "{replies:?}");
    }
    assert_eq!(links(&app), 0);
}

#[test]
fn renames_during_saves_make_none_fail() {
    let app = TestApp::start();
    app.customer("acme");
    let id = app.group("g0").id();
    let rename = |round: usize| {
        app.patch(&at(&["groups", &format!("id:{id}")]), json!({"name": format!("g{}", round + 1)})).status
    };
    let grant = |round: usize| {
        let permissions = if round.is_multiple_of(2) { json!(["ro"]) } else { json!([]) };
        let version = app.get(SCREEN).expect(200).text_at("/links_version");
        let cells = json!([{"row": format!("id:{id}"), "permissions": permissions}]);
        app.patch(SCREEN, json!({"links_version": version, "cells": cells})).status
    };
    let replies = at_once(12, &[&rename, &grant]);
    assert!(replies.iter().flatten().all(|status| *status == 200), "{replies:?}");
    assert_eq!(links(&app), 0);
    app.get("/v1/groups/g12").expect(200);
}

#[test]
fn a_preview_delays_no_writer_and_is_delayed_by_none() {
    let app = TestApp::start();
    app.customer("acme");
    each(&["a", "b", "c"], |login| app.customer_user_of(login, "acme"));
    let look = |_| app.patch("/v1/settings?dry_run=true", json!({"group_support": false})).expect(200).status;
    let grant = |round: usize| {
        let permissions = if round.is_multiple_of(2) { json!(["ro"]) } else { json!([]) };
        save(&app, json!([{"row": "users", "permissions": permissions}])).status
    };
    let replies = at_once(20, &[&look, &look, &look, &grant]);
    assert!(replies.iter().flatten().all(|status| *status == 200), "{replies:?}");
    assert_eq!(app.get("/v1/settings").json["group_support"], true);
}
