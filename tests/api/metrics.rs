//! The metrics, as a monitoring system reads them.

use std::collections::BTreeMap;

use crate::common::{TestApp, json};

/// A sample: its name, its labels in their order, and its value.
type Samples = BTreeMap<(String, Vec<(String, String)>), f64>;

/// What was scraped, read strictly: each family says what it is before its samples, and once.
struct Scraped {
    types: BTreeMap<String, String>,
    samples: Samples,
}

fn app() -> TestApp {
    TestApp::start_with(&[("METRICS_LISTEN", "127.0.0.1:0")])
}

fn scrape(app: &TestApp) -> Scraped {
    let mut reply = app.agent().get(app.metrics_url()).call().expect("a reply");
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["content-type"], "text/plain; version=0.0.4");
    parse(&reply.body_mut().read_to_string().expect("a text"))
}

fn parse(text: &str) -> Scraped {
    let mut scraped = Scraped { types: BTreeMap::new(), samples: BTreeMap::new() };
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a type");
            assert!(scraped.types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} is there twice");
        } else if !line.starts_with("# HELP ") {
            let (sample, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
            let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            let (name, labels) = sample.split_once('{').map_or((sample, ""), |(name, rest)| {
                (name, rest.strip_suffix('}').unwrap_or_else(|| panic!("no end: {line}")))
            });
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
            let known = |name| scraped.types.contains_key(name);
            assert!(known(name) || family.is_some_and(known), "no type for {line}");
            let twice = scraped.samples.insert((name.to_owned(), labels_of(labels)), value);
            assert!(twice.is_none(), "{line} is there twice");
        }
    }
    scraped
}

fn labels_of(text: &str) -> Vec<(String, String)> {
    let mut labels: Vec<_> = text.split_terminator(',').map(label_of).collect();
    labels.sort();
    labels
}

fn label_of(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or_else(|| panic!("no label: {text}"));
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    (name.to_owned(), value.unwrap_or_else(|| panic!("no quotes: {text}")).to_owned())
}

impl Scraped {
    /// The value of a sample, or nothing of it yet.
    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let mut labels: Vec<_> = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        labels.sort();
        self.samples.get(&(name.to_owned(), labels)).copied().unwrap_or_default()
    }

    /// How many requests to a route were replied to with a status.
    fn replies(&self, method: &str, route: &str, status: &str) -> f64 {
        let labels = [("method", method), ("route", route), ("status", status)];
        self.value("http_server_request_duration_seconds_count", &labels)
    }

    fn checks(&self) -> [f64; 3] {
        ["allowed", "denied", "error"].map(|it| self.value("customer_access_checks_total", &[("outcome", it)]))
    }

    fn values_of(&self, label: &str) -> Vec<&str> {
        let labels = self.samples.keys().flat_map(|(_, labels)| labels);
        labels.filter(|(name, _)| name == label).map(|(_, value)| value.as_str()).collect()
    }
}

#[test]
fn requests_are_counted_by_method_template_and_status() {
    let app = app();
    app.customer("acme");
    app.get("/v1/customers/acme").expect(200);
    app.get("/v1/customers/nobody").expect(404);
    app.get("/v1/customers/nobody-else").expect(404);
    app.anonymous().get("/v1/customers/acme").expect(401);
    let scraped = scrape(&app);
    assert_eq!(scraped.types["http_server_request_duration_seconds"], "histogram");
    assert_eq!(scraped.replies("POST", "/v1/customers", "201"), 1.0);
    let by_status = ["200", "404", "401"].map(|it| scraped.replies("GET", "/v1/customers/{customer}", it));
    assert_eq!(by_status, [1.0, 2.0, 1.0]);
}

#[test]
fn a_histogram_adds_up() {
    let app = app();
    for _ in 0..5 {
        app.get("/v1/groups").expect(200);
    }
    let scraped = scrape(&app);
    let labels = [("method", "GET"), ("route", "/v1/groups"), ("status", "200")];
    let of = |name: &str| scraped.value(&format!("http_server_request_duration_seconds_{name}"), &labels);
    assert_eq!(of("count"), 5.0);
    assert!(of("sum") > 0.0 && of("sum") < 5.0 * 30.0);
    let buckets = scraped.samples.iter().filter(|((name, labels), _)| {
        name.ends_with("_bucket") && labels.iter().any(|(_, value)| value == "/v1/groups")
    });
    let mut buckets: Vec<(f64, f64)> = buckets
        .map(|((_, labels), count)| {
            let (_, bound) = labels.iter().find(|(name, _)| name == "le").expect("a bound");
            (bound.parse().expect("a number, or +Inf"), *count)
        })
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(buckets.is_sorted_by_key(|(_, count)| *count), "{buckets:?}");
    assert_eq!(buckets.last().copied(), Some((f64::INFINITY, 5.0)));
}

/// Whoever asks for whatever makes no label of it.
#[test]
fn labels_are_few_whatever_is_asked_for() {
    let app = app();
    for at in 0..20 {
        app.raw("GET", &format!("/v1/nothing-{at}"), &[], b"").expect(404);
        app.raw(&format!("VERB{at}"), "/v1/customers", &[], b"").expect(405);
        app.get(&format!("/v1/customers/secret-{at}")).expect(404);
    }
    let scraped = scrape(&app);
    assert_eq!(scraped.replies("other", "other", "404"), 20.0);
    assert_eq!(scraped.replies("other", "other", "405"), 20.0);
    let templates: Vec<_> = app.contract().operations.iter().map(|operation| operation.template.as_str()).collect();
    for route in scraped.values_of("route") {
        assert!(route == "other" || templates.contains(&route), "{route} is no template");
    }
    for method in scraped.values_of("method") {
        assert!(["GET", "POST", "PUT", "PATCH", "DELETE", "other"].contains(&method), "{method}");
    }
}

#[test]
fn checks_are_counted_by_how_they_end() {
    let app = app();
    app.customer_user("jane");
    app.link_customer_user("jane", "users", &["ro"]);
    let check =
        |group: &str, permission: &str| json!({"customer_user": "jane", "group": group, "permission": permission});
    app.post("/v1/access:check", check("users", "ro")).expect(200);
    app.post("/v1/access:check", check("users", "rw")).expect(200);
    app.post("/v1/access:check", check("nothing", "rw")).expect(404);
    assert_eq!(scrape(&app).checks(), [1.0, 1.0, 1.0]);
    let items = [check("users", "ro"), check("users", "ro"), check("stats", "ro"), json!({})];
    app.post("/v1/access:batch-check", json!({"items": items})).expect(200);
    assert_eq!(scrape(&app).checks(), [3.0, 2.0, 2.0]);
}

#[test]
fn the_replica_says_how_it_is() {
    let app = app();
    let before = scrape(&app);
    app.customer("acme");
    app.customer("beta");
    let scraped = scrape(&app);
    let gauge = |name: &str| scraped.value(name, &[]);
    assert_eq!(gauge("customer_access_revision"), before.value("customer_access_revision", &[]) + 2.0);
    assert_eq!(gauge("customer_access_revision_lag"), 0.0);
    assert!(gauge("customer_access_confirmed_age_seconds") < 30.0);
    assert_eq!(gauge("customer_access_writes_waiting"), 0.0);
    assert!(gauge("process_start_time_seconds") > 1.7e9);
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(scraped.value("customer_access_build_info", &version), 1.0);
    let things =
        ["customer", "group", "service"].map(|it| scraped.value("customer_access_index_things", &[("kind", it)]));
    assert_eq!(things, [2.0, 3.0, 0.0]);
    let connections = |state| scraped.value("customer_access_database_connections", &[("state", state)]);
    assert!(connections("idle") + connections("in_use") >= 1.0);
    assert_eq!(gauge("customer_access_database_connections_max"), 8.0);
    assert_eq!(gauge("customer_access_database_connection_errors_total"), 0.0);
}

#[test]
fn metrics_are_on_their_own_address_alone() {
    let app = app();
    for caller in [app.anonymous(), app.admin()] {
        caller.get("/metrics").expect(404).problem("route_not_found");
    }
    let other = app.agent().get(app.metrics_url().replace("/metrics", "/v1/customers")).call().expect("a reply");
    assert_eq!(other.status(), 404);
}

#[test]
fn metrics_end_with_the_service() {
    let mut app = app();
    let url = app.metrics_url();
    assert!(app.terminate().success());
    assert!(app.agent().get(url).call().is_err());
}
