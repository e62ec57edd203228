//! Three real servers on one PostgreSQL: something is revoked at one, something else is granted at
//! another, and with the token of that the third is asked. Whoever asks so must see both, always.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::common::{TestApp, Token, Value, json};
use super::database::Kind;

/// How many answers are looked at, if `NEW_ENEMY_CHECKS` does not say another number.
const CHECKS: usize = 100_000;
const WORKERS: usize = 4;
const GROUPS: usize = 50;

/// Somebody who writes and asks, at whichever server.
struct Worker<'a> {
    apps: &'a [TestApp],
    token: &'a str,
    login: String,
    /// By group: whether a link is there.
    linked: [bool; GROUPS],
    /// Answers without a token that were of before.
    late: &'a AtomicUsize,
}

impl Worker<'_> {
    fn send(&self, at: usize, method: &str, path: &str, revision: Option<&str>, body: &Value) -> (u16, Value, String) {
        let app = &self.apps[at % self.apps.len()];
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", app.base()));
        let request = request.header("Authorization", format!("Bearer {}", self.token));
        let request = request.header("Content-Type", "application/json");
        let request = revision.iter().fold(request, |request, token| request.header("At-Least-Revision", *token));
        let mut reply = app.agent().run(request.body(body.to_string()).expect("a request")).expect("a reply");
        let text = reply.body_mut().read_to_string().expect("a body");
        let revision = reply.headers()["access-revision"].to_str().expect("a token").to_owned();
        (reply.status().as_u16(), serde_json::from_str(&text).expect("JSON"), revision)
    }

    /// Sets links, all in one write; gives its token.
    fn set(&mut self, at: usize, groups: &[usize], linked: bool) -> String {
        let permissions: &[&str] = if linked { &["ro"] } else { &[] };
        let cells: Vec<_> =
            groups.iter().map(|group| json!({"row": format!("g{group}"), "permissions": permissions})).collect();
        let path = format!("/v1/customer-users/{}/group-matrix", self.login);
        let (status, body, revision) = self.send(at, "PATCH", &path, None, &json!({ "cells": cells }));
        assert_eq!(status, 200, "{body}");
        groups.iter().for_each(|group| self.linked[*group] = linked);
        revision
    }

    /// Asks about every group; gives how many answers there were, and how many are not those of now.
    fn ask(&self, at: usize, revision: Option<&str>) -> (usize, usize) {
        let question = |number: usize| {
            let permission = if number < GROUPS { "ro" } else { "rw" };
            json!({"customer_user": self.login, "group": format!("g{}", number % GROUPS), "permission": permission})
        };
        let questions = json!({"items": (0..2 * GROUPS).map(question).collect::<Vec<_>>()});
        let (status, body, _) = self.send(at, "POST", "/v1/access:batch-check", revision, &questions);
        // It may say that it has not come so far in time; it may not answer from before.
        if status == 503 && revision.is_some() {
            return self.ask(at, revision);
        }
        assert_eq!(status, 200, "{body}");
        let answers = body["items"].as_array().expect("answers");
        let expected = (0..2 * GROUPS).map(|number| number < GROUPS && self.linked[number]);
        let wrong = answers.iter().zip(expected).filter(|(answer, expected)| answer["allowed"] != *expected);
        (answers.len(), wrong.count())
    }

    /// One round after the other until so many checks were made; gives how many were made.
    fn work(&mut self, checks: usize) -> usize {
        let mut made = 0;
        for round in 0.. {
            if made >= checks {
                break;
            }
            // Another half of the groups each time, and the servers in another order.
            let (half, others): (Vec<_>, Vec<_>) = (0..GROUPS).partition(|group| (group * 7 + round * 3) % 10 < 5);
            self.set(round, &half, false);
            let token = self.set(round + 1, &others, true);
            self.late.fetch_add(self.ask(round + 2, None).1, Ordering::Relaxed);
            for at in [round + 2, round] {
                let (answers, wrong) = self.ask(at, Some(&token));
                assert_eq!(wrong, 0, "old answers in round {round} of {}", self.login);
                made += answers;
            }
        }
        made
    }
}

#[test]
fn three_replicas_give_no_old_answer_to_whoever_has_a_token() {
    let checks = std::env::var("NEW_ENEMY_CHECKS").map_or(CHECKS, |checks| checks.parse().expect("a number"));
    let database = Kind::Postgres.database();
    let start = || TestApp::start_with(&[("DATABASE_URL", &database.text()), ("FOLLOW_INTERVAL", "20ms")]);
    let apps = [start(), start(), start()];
    (0..GROUPS).for_each(|group| drop(apps[0].group(&format!("g{group}"))));
    (0..WORKERS).for_each(|worker| drop(apps[0].customer_user(&format!("u{worker}"))));
    let (token, late, began) = (Token::scope("admin").sign(), AtomicUsize::new(0), Instant::now());
    let made: usize = thread::scope(|scope| {
        let (apps, token, late) = (&apps[..], token.as_str(), &late);
        let work = move |number: usize| {
            let login = format!("u{number}");
            Worker { apps, token, login, linked: [false; GROUPS], late }.work(checks.div_ceil(WORKERS))
        };
        let workers: Vec<_> = (0..WORKERS).map(|number| scope.spawn(move || work(number))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).sum()
    });
    assert!(made >= checks);
    let late = late.into_inner();
    eprintln!("{made} checks with a token in {:?}, none old; without one {late} were", began.elapsed());
}
