//! `customer-access serve`: the service itself, and the default.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::Server;
#[cfg(unix)]
use actix_web::rt::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};

use super::{CliError, database, log};
use crate::api::{self, again::Again, changes::Streams, import_jobs::Imports, in_flight::InFlight, metrics::Metrics};
use crate::api::{page::CursorKey, places::Places, state::AppState, wording::Wording};
use crate::auth::Authenticator;
use crate::config::Config;
use crate::config::settings::{self, Setting};
use crate::replica::{self, Freshness, Replica, Retention};
use crate::store::{self, Store, StoreError};
use crate::sync::jobs::worker::Worker;

/// Builds the index of a database, and keeps it current.
pub(super) fn replica(config: &Config, store: &Store) -> Result<Replica, CliError> {
    let freshness = Freshness {
        follow_interval: config.follow_interval,
        listen: config.follow_notifications,
        max_staleness: config.max_staleness,
    };
    Ok(Replica::open(store.clone(), freshness)?)
}

/// Creates the database, migrates it, and installs what a new one begins with. One connection is enough; another one would still be made in the background when
/// the process ends, and OpenSSL, cleaning up by then, would be pulled from under it.
pub(super) fn migrate(config: &Config) -> Result<(), CliError> {
    Ok(replica::install(&database::open(config, 1)?)?)
}

/// Serves until it is told to stop.
pub fn run(config: Config) -> Result<(), CliError> {
    let _log = log::init(&config.log_filter)?;
    let authenticator = Authenticator::new(&config)?;
    let store = database::open(&config, config.database_pool_size)?;
    let replica = replica(&config, &store)?;
    replica.keep_only(Retention {
        changes: config.changes_retention,
        audit: config.audit_retention,
        imports: config.import_retention,
    })?;
    let cursor_key = CursorKey::new(&store.read::<_, StoreError>(store::state::cursor_key)?);
    let listener = listen(&settings::LISTEN, config.listen)?;
    let address = listener.local_addr()?;
    let for_metrics = config.metrics_listen.map(|address| listen(&settings::METRICS_LISTEN, address)).transpose()?;
    let hint = config.tokens.keys.is_local();
    let base_path = config.base_path.clone();
    let openapi = api::openapi::document(&base_path).to_string().into();
    let closing = watch::Sender::new(false);
    // A quarter of the connections, so that writes and lists find one.
    let readers = (config.database_pool_size as usize / 4).max(1);
    let streams = Streams::new(config.limits.max_streams, readers, closing.subscribe());
    let previews = Arc::new(Semaphore::new(config.limits.max_previews));
    let imports = Imports::default();
    work_on_imports(&replica, &imports)?;
    let requests = Places::new(config.limits.max_requests);
    let state = AppState {
        wording: Wording::under(&config.base_path),
        again: Again::default(),
        imports,
        replica,
        authenticator,
        config: Arc::new(config),
        cursor_key,
        openapi,
        in_flight: InFlight::default(),
        requests,
        previews,
        metrics: Metrics::new()?,
        streams,
    };
    actix_web::rt::System::new().block_on(async move {
        let state = Arc::new(state);
        let server = api::server(Arc::clone(&state), listener)?;
        actix_web::rt::spawn(end_streams(closing));
        announce(&format!("http://{address}{base_path}"), hint);
        match for_metrics {
            Some(listener) => with_metrics(state, listener, server).await,
            None => server.await,
        }
    })?;
    Ok(())
}

/// Works on import jobs in the background.
fn work_on_imports(replica: &Replica, imports: &Imports) -> Result<(), CliError> {
    let (replica, Imports { bell, tally }) = (replica.clone(), imports.clone());
    Ok(Worker { replica, tally, bell, render: api::import_jobs::render }.start()?)
}

fn listen(setting: &Setting, address: SocketAddr) -> Result<TcpListener, CliError> {
    TcpListener::bind(address).map_err(|why| CliError::Listen(setting.name, address, why))
}

/// Serves, and the metrics beside it until it has ended.
async fn with_metrics(state: Arc<AppState>, listener: TcpListener, server: Server) -> std::io::Result<()> {
    say(&format!("metrics at http://{}/metrics", listener.local_addr()?));
    let metrics = api::metrics_server(state, listener)?;
    let handle = metrics.handle();
    actix_web::rt::spawn(metrics);
    server.await?;
    handle.stop(true).await;
    Ok(())
}

/// Ends the streams when the server is told to stop, which would wait for them otherwise.
async fn end_streams(closing: watch::Sender<bool>) {
    #[cfg(unix)]
    if let Ok(mut told) = signal(SignalKind::terminate()) {
        told.recv().await;
        closing.send_replace(true);
    }
    // What was promised to end when this does must not end before.
    std::future::pending::<()>().await;
    drop(closing);
}

/// Says where it listens, where the docs are, and how to get a token.
fn announce(url: &str, can_make_tokens: bool) {
    say(&format!("listening on {url}"));
    say(&format!("docs at {url}/docs"));
    if can_make_tokens {
        say(&format!("an admin token: {} token --scope admin --subject me --expires 1h", Config::program().display()));
    }
}

#[expect(clippy::print_stdout, reason = "whoever starts it by hand needs this, whatever is logged")]
fn say(line: &str) {
    println!("{line}");
}
