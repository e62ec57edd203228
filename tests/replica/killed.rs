//! The real server, killed while it writes: whatever it acknowledged is there when it comes back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::common::{TestApp, Token, json};
use super::database::{Kind, on_both};

/// On each of the two databases, if `KILL_ROUNDS` does not say another number.
const ROUNDS: usize = 50;
const WRITERS: usize = 4;

/// Writes until the server is gone; gives the keys that it acknowledged, each with its revision.
fn write_until_it_ends(agent: &ureq::Agent, base: &str, name: &str, count: &AtomicUsize) -> Vec<(String, String)> {
    let token = Token::scope("admin").sign();
    let write = |customer_id: &str| {
        let request = agent.post(format!("{base}/v1/customers")).header("Content-Type", "application/json");
        let request = request.header("Authorization", format!("Bearer {token}"));
        let reply = request.send(json!({"customer_id": customer_id}).to_string()).ok()?;
        assert_eq!(reply.status(), 201);
        count.fetch_add(1, Ordering::Relaxed);
        Some(reply.headers()["access-revision"].to_str().expect("a token").to_owned())
    };
    let keys = (0..).map(|number| format!("{name}-{number}"));
    keys.map_while(|key| write(&key).map(|revision| (key, revision))).collect()
}

/// Kills the server when it has made so many writes, while several go on; gives what was acknowledged.
fn kill_while_it_writes(app: &mut TestApp, name: usize, after: usize) -> Vec<(String, String)> {
    let (agent, base, count) = (app.agent().clone(), app.base().to_owned(), AtomicUsize::new(0));
    thread::scope(|scope| {
        let write = |writer| {
            let (agent, base, count) = (&agent, &base, &count);
            scope.spawn(move || write_until_it_ends(agent, base, &format!("{name}-{writer}"), count))
        };
        let writers: Vec<_> = (0..WRITERS).map(write).collect();
        while count.load(Ordering::Relaxed) < after && !writers.iter().all(|writer| writer.is_finished()) {
            thread::sleep(Duration::from_millis(1));
        }
        app.stop();
        writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect()
    })
}

/// All of these match the search, at the revision that was told last.
#[track_caller]
fn are_there(app: &TestApp, q: &str, acknowledged: &[(String, String)]) {
    let number = |revision: &String| revision.rsplit_once('-').and_then(|it| it.1.parse::<u64>().ok());
    let last = acknowledged.iter().map(|(_, revision)| revision).max_by_key(|revision| number(revision));
    let listed =
        app.admin().at_least(last.expect("a write")).get(&format!("/v1/customers?limit=1000&q={q}")).expect(200);
    let listed: Vec<_> = listed.items().iter().filter_map(|customer| customer["customer_id"].as_str()).collect();
    let missing = acknowledged.iter().filter(|(customer_id, _)| !listed.contains(&customer_id.as_str()));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&(String, String)>::new());
}

fn what_was_acknowledged_is_there_after_a_kill(kind: Kind) {
    let database = kind.database();
    let mut app = TestApp::start_with(&[("DATABASE_URL", &database.text())]);
    let mut all = 0;
    let rounds = std::env::var("KILL_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    for round in 1..=rounds {
        // Sooner and later, so that it is in the middle of something else each time.
        let after = 1 + round * 7 % 40;
        let acknowledged = kill_while_it_writes(&mut app, round, after);
        app.resume();
        assert!(acknowledged.len() >= after, "it ended by itself:\n{}", app.stderr());
        are_there(&app, &format!("{round}-*"), &acknowledged);
        all += acknowledged.len();
        let stored = app.get("/v1/customers?limit=1&total=true").expect(200);
        // What was written and not acknowledged is there as well: at most one of each writer and round.
        let stored = stored.json["total"].as_u64().expect("a number") as usize;
        assert!((all..=all + WRITERS * round).contains(&stored), "{all} acknowledged, {stored} stored");
        super::outage::counts_agree(&app);
    }
    eprintln!("{rounds} kills, {all} writes acknowledged, all of them there");
}

on_both!(what_was_acknowledged_is_there_after_a_kill);
