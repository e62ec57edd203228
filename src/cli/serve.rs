//! `customer-access serve`: the service itself, and the default.

use std::net::TcpListener;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::CliError;
use crate::api::{self, page::CursorKey, state::AppState, write::InFlight};
use crate::auth::Authenticator;
use crate::config::Config;
use crate::replica::{Freshness, Replica};
use crate::store::{self, Store, StoreError};

/// Opens the database, creating and migrating it if need be, and builds the index.
pub(super) fn open(config: &Config) -> Result<(Store, Replica), CliError> {
    config.create_data_dir()?;
    let store = Store::open(&config.database_url, config.database_pool_size)?;
    let freshness = Freshness {
        follow_interval: config.follow_interval,
        listen: config.follow_notifications,
        max_staleness: config.max_staleness,
    };
    let replica = Replica::open(store.clone(), freshness)?;
    Ok((store, replica))
}

/// Serves until it is told to stop.
pub fn run(config: Config) -> Result<(), CliError> {
    env_logger::Builder::new().parse_filters(&config.log_filter).init();
    let (store, replica) = open(&config)?;
    let authenticator = Authenticator::new(&config)?;
    let cursor_key = CursorKey::new(&store.read::<_, StoreError>(store::state::cursor_key)?);
    let listener = TcpListener::bind(config.listen).map_err(|why| CliError::Listen(config.listen, why))?;
    let address = listener.local_addr()?;
    let hint = config.tokens.keys.is_local();
    let base_path = config.base_path.clone();
    let openapi = api::openapi::document(&base_path).to_string().into();
    let previews = Semaphore::new(config.limits.max_previews);
    let state = AppState {
        replica,
        authenticator,
        config: Arc::new(config),
        cursor_key,
        openapi,
        in_flight: InFlight::default(),
        previews,
    };
    actix_web::rt::System::new().block_on(async move {
        let server = api::server(state, listener)?;
        announce(&format!("http://{address}{base_path}"), hint);
        server.await
    })?;
    Ok(())
}

/// Says where it listens, where the docs are, and how to get a token.
#[expect(clippy::print_stdout, reason = "whoever starts it by hand needs this, whatever is logged")]
fn announce(url: &str, can_make_tokens: bool) {
    println!("listening on {url}");
    println!("docs at {url}/docs");
    if can_make_tokens {
        println!("an admin token: {} token --scope admin --subject me --expires 1h", Config::program().display());
    }
}
