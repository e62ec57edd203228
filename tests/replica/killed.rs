//! The real server, killed while it writes: whatever it acknowledged is there when it comes back.

use std::thread;
use std::time::Duration;

use super::common::{TestApp, Token, json};
use super::database::{Kind, on_both};

const ROUNDS: u64 = 4;
const WRITERS: usize = 4;

/// Writes until the server is gone; gives the keys that it acknowledged, each with its revision.
fn write_until_it_ends(agent: &ureq::Agent, base: &str, name: &str) -> Vec<(String, String)> {
    let token = Token::scope("admin").sign();
    let write = |customer_id: &str| {
        let request = agent.post(format!("{base}/v1/customers")).header("Content-Type", "application/json");
        let request = request.header("Authorization", format!("Bearer {token}"));
        let reply = request.send(json!({"customer_id": customer_id}).to_string()).ok()?;
        assert_eq!(reply.status(), 201);
        Some(reply.headers()["access-revision"].to_str().expect("a token").to_owned())
    };
    let keys = (0..).map(|number| format!("{name}-{number}"));
    keys.map_while(|key| write(&key).map(|revision| (key, revision))).collect()
}

/// Kills the server after this time, while several write; gives what was acknowledged.
fn kill_while_it_writes(app: &mut TestApp, name: u64, after: Duration) -> Vec<(String, String)> {
    let (agent, base) = (app.agent().clone(), app.base().to_owned());
    thread::scope(|scope| {
        let write = |writer| {
            let (agent, base) = (&agent, &base);
            scope.spawn(move || write_until_it_ends(agent, base, &format!("{name}-{writer}")))
        };
        let writers: Vec<_> = (0..WRITERS).map(write).collect();
        thread::sleep(after);
        app.stop();
        writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect()
    })
}

fn what_was_acknowledged_is_there_after_a_kill(kind: Kind) {
    let database = kind.database();
    let mut app = TestApp::start_with(&[("DATABASE_URL", &database.text())]);
    let mut all = 0;
    for round in 1..=ROUNDS {
        let acknowledged = kill_while_it_writes(&mut app, round, Duration::from_millis(130 * round));
        app.resume();
        assert!(!acknowledged.is_empty(), "it was killed before it wrote anything");
        for (customer_id, revision) in &acknowledged {
            app.admin().at_least(revision).get(&format!("/v1/customers/{customer_id}")).expect(200);
        }
        all += acknowledged.len();
        let stored = app.get("/v1/customers?limit=1&total=true").expect(200);
        // What was written and not acknowledged is there as well: at most one of each writer and round.
        let stored = stored.json["total"].as_u64().expect("a number") as usize;
        assert!((all..=all + WRITERS * round as usize).contains(&stored), "{all} acknowledged, {stored} stored");
    }
}

on_both!(what_was_acknowledged_is_there_after_a_kill);
