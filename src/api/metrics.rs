//! What the operator's monitoring reads: how much is asked, how it ends and how long it takes, how
//! current the index is, and what the database's connections do.
//!
//! Prometheus text, on an address of its own (`METRICS_LISTEN`) and without a token, so that it is never
//! public by accident. No label holds a key: routes are templates, and what is at no route is one
//! label. A request costs two looks at the clock and a few atomic additions: the histogram of a route
//! and a status is looked up once.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, web};
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
    core::Collector,
};

use super::problem::Problem;
use super::routes::{PLACES, ROUTES};
use super::state::Shared;
use crate::directory::Kind;
use crate::replica::{Replica, Vitals};
use crate::sync::jobs::Tally;

/// Upper bounds in seconds: an answer takes microseconds, a large write seconds.
const BUCKETS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Every status that there is; any other would be `other`.
const STATUSES: [u16; 20] =
    [200, 201, 204, 302, 304, 400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429, 500, 503];

/// Which of the routes a request went to; a request that has none went nowhere.
#[derive(Debug, Clone, Copy)]
pub struct Routed(pub usize);

impl Routed {
    /// The path of the route, as a template.
    pub fn path(self) -> Option<&'static str> {
        Some(PLACES.get(ROUTES.get(self.0)?.operation_id)?.path.as_str())
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Yes.
    Allowed,
    /// No.
    Denied,
    /// Neither: the question was wrong, or could not be answered.
    Error,
}

impl Outcome {
    const NAMES: [&'static str; 3] = ["allowed", "denied", "error"];

    /// Of an answer, if there was one.
    pub fn of(allowed: Option<bool>) -> Self {
        match allowed {
            Some(true) => Outcome::Allowed,
            Some(false) => Outcome::Denied,
            None => Outcome::Error,
        }
    }
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    durations: HistogramVec,
    /// By the place of the route in the list.
    routes: Vec<OfRoute>,
    nowhere: OfRoute,
    checks: [IntCounter; 3],
}

/// The histograms of one route.
struct OfRoute {
    method: &'static str,
    route: &'static str,
    by_status: [OnceLock<Histogram>; STATUSES.len() + 1],
}

impl OfRoute {
    fn new(method: &'static str, route: &'static str) -> Self {
        Self { method, route, by_status: [const { OnceLock::new() }; STATUSES.len() + 1] }
    }

    fn histogram(&self, all: &HistogramVec, status: StatusCode) -> &Histogram {
        let place = STATUSES.binary_search(&status.as_u16());
        self.by_status[place.unwrap_or(STATUSES.len())].get_or_init(|| {
            let status = place.map_or_else(|_| "other".to_owned(), |place| STATUSES[place].to_string());
            all.with_label_values(&[self.method, self.route, &status])
        })
    }
}

impl Metrics {
    /// Nothing has happened yet.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let durations = HistogramOpts::new("http_server_request_duration_seconds", "Time from a request to its reply.");
        let durations = HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &["method", "route", "status"])?;
        registry.register(Box::new(durations.clone()))?;
        let checks = Opts::new("customer_access_checks_total", "Checks answered, each item of a batch for itself.");
        let checks = IntCounterVec::new(checks, &["outcome"])?;
        registry.register(Box::new(checks.clone()))?;
        about_the_process(&registry)?;
        let of_route = |declared: &super::routes::Declared| {
            let place = &PLACES[declared.operation_id];
            OfRoute::new(place.method.as_str(), &place.path)
        };
        Ok(Self {
            registry,
            durations,
            routes: ROUTES.iter().map(of_route).collect(),
            nowhere: OfRoute::new("other", "other"),
            checks: Outcome::NAMES.map(|outcome| checks.with_label_values(&[outcome])),
        })
    }

    /// A request was replied to.
    pub fn replied(&self, routed: Option<Routed>, status: StatusCode, took: Duration) {
        let of_route = routed.and_then(|Routed(place)| self.routes.get(place)).unwrap_or(&self.nowhere);
        of_route.histogram(&self.durations, status).observe(took.as_secs_f64());
    }

    /// So many checks ended so.
    pub fn checked(&self, outcome: Outcome, checks: u64) {
        self.checks[outcome as usize].inc_by(checks);
    }

    /// All of it as text, with how the replica is at this moment.
    fn text(&self, replica: &Replica, imported: &Tally) -> Result<Vec<u8>, prometheus::Error> {
        let mut families = self.registry.gather();
        let now = Registry::new();
        of_replica(&now, &replica.vitals())?;
        of_imports(&now, imported)?;
        let sizes = Family::new("customer_access_index_things", "Things in the index.", "kind")?;
        for (kind, count) in replica.ask(|index| Kind::ALL.map(|kind| (kind, index.count(kind)))) {
            sizes.set(kind.as_str(), count);
        }
        sizes.register(&now)?;
        families.extend(now.gather());
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text)?;
        Ok(text)
    }
}

/// Which version runs, and since when.
fn about_the_process(registry: &Registry) -> Result<(), prometheus::Error> {
    let version = Family::new("customer_access_build_info", "Which version this is; always 1.", "version")?;
    version.set(env!("CARGO_PKG_VERSION"), 1_u64);
    version.register(registry)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gauge(registry, "process_start_time_seconds", "When the process began, in Unix time.", since.as_secs())
}

/// What became of the rows of import jobs.
fn of_imports(registry: &Registry, tally: &Tally) -> Result<(), prometheus::Error> {
    let rows = Opts::new(
        "customer_access_import_rows_total",
        "Rows of import jobs that this process has written, and things it has deactivated.",
    );
    let rows = IntCounterVec::new(rows, &["outcome"])?;
    for (outcome, count) in tally.counts() {
        rows.with_label_values(&[outcome]).inc_by(count);
    }
    registry.register(Box::new(rows))
}

/// How current the index is, what waits, and what the connections to the database do.
fn of_replica(registry: &Registry, vitals: &Vitals) -> Result<(), prometheus::Error> {
    let gauge = |name, help, value| gauge(registry, name, help, value);
    gauge("customer_access_revision", "The revision that the index stands at.", vitals.revision)?;
    let behind = vitals.seen.saturating_sub(vitals.revision);
    gauge("customer_access_revision_lag", "Revisions that were seen in the log and are not in the index yet.", behind)?;
    let age = prometheus::Gauge::new(
        "customer_access_confirmed_age_seconds",
        "Time since the index was last confirmed current; answers stop at MAX_STALENESS.",
    )?;
    age.set(vitals.confirmed_ago.as_secs_f64());
    registry.register(Box::new(age))?;
    gauge("customer_access_writes_waiting", "Writes in the queue.", vitals.writes_waiting as u64)?;
    let pool = &vitals.pool;
    let connections = "Connections to the database, by what they do.";
    let connections = Family::new("customer_access_database_connections", connections, "state")?;
    connections.set("idle", pool.idle);
    connections.set("in_use", pool.size.saturating_sub(pool.idle));
    connections.register(registry)?;
    let failed = IntCounter::new(
        "customer_access_database_connection_errors_total",
        "How often no connection to the database could be had in time.",
    )?;
    failed.inc_by(pool.failures);
    registry.register(Box::new(failed))?;
    gauge(
        "customer_access_database_connections_max",
        "The most that there may be: `DATABASE_POOL_SIZE`.",
        pool.limit.into(),
    )
}

fn gauge(registry: &Registry, name: &str, help: &str, value: impl TryInto<i64>) -> Result<(), prometheus::Error> {
    let gauge = IntGauge::new(name, help)?;
    gauge.set(value.try_into().unwrap_or(i64::MAX));
    registry.register(Box::new(gauge))
}

/// Gauges that differ in one label.
struct Family(prometheus::IntGaugeVec);

impl Family {
    fn new(name: &str, help: &str, label: &str) -> Result<Self, prometheus::Error> {
        Ok(Self(prometheus::IntGaugeVec::new(Opts::new(name, help), &[label])?))
    }

    fn set(&self, label: &str, value: impl TryInto<i64>) {
        self.0.with_label_values(&[label]).set(value.try_into().unwrap_or(i64::MAX));
    }

    fn register(self, registry: &Registry) -> Result<(), prometheus::Error> {
        let collector: Box<dyn Collector> = Box::new(self.0);
        registry.register(collector)
    }
}

/// Registers the one route of the metrics' own address.
pub fn configure(service: &mut web::ServiceConfig) {
    service.service(web::resource("/metrics").route(web::method(Method::GET).to(scrape)));
}

async fn scrape(state: Shared) -> Result<HttpResponse, Problem> {
    let text = state.metrics.text(&state.replica, &state.imports.tally).map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().content_type(prometheus::TEXT_FORMAT).body(text))
}
