//! The changes as server-sent events.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::common::{TestApp, Token, Value, json, query};

const STREAM: &str = "/v1/changes/stream";

/// An open stream.
struct Events {
    lines: BufReader<TcpStream>,
    status: String,
    head: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

impl Events {
    fn open(app: &TestApp, parameters: &[(&str, &str)], headers: &[&str]) -> Self {
        Self::open_as(app, &Token::scope("changes:read").sign(), parameters, headers)
    }

    fn open_as(app: &TestApp, token: &str, parameters: &[(&str, &str)], headers: &[&str]) -> Self {
        let address = app.base().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit of time");
        let path = query(STREAM, parameters);
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n");
        headers.iter().for_each(|header| head += &format!("{header}\r\n"));
        stream.write_all(format!("{head}\r\n").as_bytes()).expect("a request");
        let mut events = Self { lines: BufReader::new(stream), status: String::new(), head: String::new() };
        events.status = events.line().expect("a reply");
        while let Some(line) = events.line().filter(|line| !line.is_empty()) {
            events.head += &format!("{}\n", line.to_lowercase());
        }
        events
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).expect("the stream goes on, or ends");
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The next event; none if the stream ends. What frames the chunks of HTTP holds no colon.
    fn next(&mut self) -> Option<Event> {
        let (mut id, mut name) = (String::new(), String::new());
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("id", text)) => id = text.to_owned(),
                Some(("event", text)) => name = text.to_owned(),
                Some(("data", text)) => {
                    return Some(Event { id, name, data: serde_json::from_str(text).expect("JSON") });
                }
                _ => {}
            }
        }
    }

    fn take(&mut self, count: usize) -> Vec<Event> {
        (0..count).map(|_| self.next().expect("an event")).collect()
    }

    /// All that comes until the stream ends.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("the stream ends");
        rest
    }
}

fn now(app: &TestApp) -> String {
    app.get("/v1/settings").expect(200).revision()
}

#[test]
fn a_stream_tells_what_the_pages_tell() {
    let app = TestApp::start();
    let before = now(&app);
    let mut events = Events::open(&app, &[("after", &before)], &["Accept-Encoding: gzip"]);
    assert!(events.status.contains(" 200 "), "{}", events.status);
    assert!(events.head.contains("content-type: text/event-stream"), "{}", events.head);
    assert!(!events.head.contains("etag:") && !events.head.contains("content-encoding:"), "{}", events.head);
    app.customer("acme");
    app.group("support");
    app.link_customer("acme", "support", &["ro"]);
    let told = events.take(3);
    let page = app.get(&query("/v1/changes", &[("after", &before)])).expect(200);
    assert_eq!(told.iter().map(|event| event.data.clone()).collect::<Vec<_>>(), page.items());
    assert_eq!(told.iter().map(|event| event.name.clone()).collect::<Vec<_>>(), page.each("change"));
    assert_eq!(told[2].id, page.text_at("/next_after"));
}

#[test]
fn a_change_is_told_at_once() {
    let app = TestApp::start();
    let mut events = Events::open(&app, &[("after", &now(&app))], &[]);
    let mut took = Vec::new();
    for n in 0..10 {
        app.customer(&format!("c{n}"));
        let begun = Instant::now();
        events.next().expect("an event");
        took.push(begun.elapsed());
    }
    took.sort();
    assert!(took[5] < Duration::from_millis(500), "{took:?}");
}

#[test]
fn a_stream_goes_on_after_the_last_event() {
    let app = TestApp::start();
    let before = now(&app);
    for group in ["g1", "g2", "g3"] {
        app.group(group);
        app.customer(group);
        app.link_customer(group, group, &["ro"]);
    }
    app.delete("/v1/groups/g1?force=true").expect(204);
    let all = Events::open(&app, &[("after", &before)], &[]).take(11);
    for (index, event) in all.iter().enumerate() {
        let header = format!("Last-Event-ID: {}", event.id);
        // Who has gone counts as open for a while.
        let token = Token::scope("changes:read").subject(&format!("caller {index}")).sign();
        let mut rest = Events::open_as(&app, &token, &[("after", &before)], &[&header]);
        assert_eq!(rest.take(10 - index), all[index + 1..]);
    }
}

#[test]
fn a_stream_without_a_place_begins_with_the_log() {
    let app = TestApp::start();
    app.customer("acme");
    let first = app.get("/v1/changes?limit=1").expect(200);
    assert_eq!(Events::open(&app, &[], &[]).next().expect("an event").data, first.items()[0]);
}

#[test]
fn a_stream_tells_only_what_was_asked_for() {
    let app = TestApp::start();
    let before = now(&app);
    let acme = app.customer("acme").id();
    let mut about = Events::open(&app, &[("after", &before), ("id", &acme)], &[]);
    let mut kinds = Events::open(&app, &[("after", &before), ("kind", "group_put,customer_removed")], &[]);
    app.customer(&format!("{acme}0"));
    app.customer(&acme);
    app.group("support");
    app.customer_user_of("jane", "acme");
    app.link_customer("acme", "support", &["ro"]);
    app.delete("/v1/customers/acme?force=true").expect(204);
    let names = |events: Vec<Event>| events.into_iter().map(|event| event.name).collect::<Vec<_>>();
    let expected = ["customer_put", "customer_user_put", "customer_group_link_set"];
    assert_eq!(names(about.take(3)), expected);
    assert_eq!(names(kinds.take(2)), ["group_put", "customer_removed"]);
}

#[test]
fn what_cannot_be_followed_is_refused_before_the_stream_begins() {
    let (app, other) = (TestApp::start(), TestApp::start());
    let refused = |parameters: &[(&str, &str)], status, code: &str| {
        app.get(&query(STREAM, parameters)).expect(status).problem(code);
    };
    refused(&[("after", "x")], 400, "invalid_parameter");
    refused(&[("kind", "customer_put,x")], 400, "invalid_parameter");
    refused(&[("id", "acme")], 400, "invalid_parameter");
    refused(&[("limit", "1")], 400, "unknown_parameter");
    refused(&[("after", &now(&other))], 412, "epoch_changed");
    let ahead = format!("{}0", now(&app));
    refused(&[("after", &ahead)], 410, "changes_gone");
    app.admin().header("Last-Event-ID", "x").get(STREAM).expect(400).problem("invalid_header");
    app.admin().header("Last-Event-ID", &ahead).get(STREAM).expect(410).problem("changes_gone");
}

#[test]
fn a_caller_holds_only_so_many_streams() {
    let app = TestApp::start_with(&[("MAX_STREAMS", "2")]);
    let token = |subject: &str| Token::scope("changes:read").subject(subject).sign();
    let _open: Vec<Events> = (0..2).map(|_| Events::open_as(&app, &token("crm"), &[], &[])).collect();
    let refused = app.with_token(&token("crm")).get(STREAM).expect(429).problem("too_many_streams");
    assert_eq!(refused.header("Retry-After"), "30");
    let mut other = Events::open_as(&app, &token("desk"), &[], &[]);
    other.next().expect("an event");
}

#[test]
fn a_stream_outlasts_the_limit_of_a_request() {
    let app = TestApp::start_with(&[("REQUEST_TIMEOUT", "1s")]);
    let mut events = Events::open(&app, &[("after", &now(&app))], &[]);
    std::thread::sleep(Duration::from_millis(1_500));
    app.customer("acme");
    assert_eq!(events.next().expect("an event").data["facts"]["customer_id"], "acme");
}

#[test]
fn a_stream_ends_with_its_token() {
    let app = TestApp::start_with(&[("JWT_LEEWAY", "0s")]);
    let token = Token::scope("changes:read").expires_in(2).sign();
    let begun = Instant::now();
    let rest = Events::open_as(&app, &token, &[], &[]).rest();
    assert!(rest.contains(": the token has expired"), "{rest}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    app.with_token(&token).get(STREAM).expect(401).problem("token_expired");
}

#[test]
fn a_stream_ends_with_the_server() {
    let mut app = TestApp::start();
    let before = now(&app);
    let events = Events::open(&app, &[("after", &before)], &[]);
    let begun = Instant::now();
    assert!(app.terminate().success());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(events.rest().ends_with("0\r\n\r\n"), "the reply is complete");
}

#[test]
fn who_reads_slowly_holds_up_nobody_and_misses_nothing() {
    let app = TestApp::start();
    let before = now(&app);
    let mut slow: Vec<Events> = (0..4).map(|_| Events::open(&app, &[("after", &before)], &[])).collect();
    let groups: Vec<String> = (0..50).map(|n| format!("g{n}")).collect();
    groups.iter().for_each(|group| drop(app.group(group)));
    app.each_customer(100);
    let set = json!({"customers": {"filter": {}}, "groups": {"filter": {}}, "context": "same_customer", "set": ["ro"]});
    let begun = Instant::now();
    app.post("/v1/customer-group-links:bulk", set).expect(200);
    app.customer("last");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    for events in &mut slow {
        let told = std::iter::from_fn(|| events.next());
        let links = told.take_while(|event| event.data["facts"]["customer_id"] != "last");
        assert_eq!(links.filter(|event| event.name == "customer_group_link_set").count(), 100 * 53);
    }
}

impl TestApp {
    fn each_customer(&self, count: usize) {
        (0..count).for_each(|n| drop(self.customer(&format!("customer {n}"))));
    }
}
