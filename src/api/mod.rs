//! HTTP: from a request to a plan or a question, and back.
//!
//! One file a resource. A handler says who asks ([`state::Api`]), what came, what happens and what
//! goes back; it holds no rule of access and no SQL. [`routes`] is the list of all routes with their
//! scopes; [`observe`] is what happens to every request, [`guard`] what happens before a handler; [`problem`] is every error. How replies travel
//! is said in [`conditional`], [`compression`] and [`cors`].

mod access;
pub mod again;
mod answers;
mod audit;
mod back_ends;
mod batches;
mod body;
mod bulk;
pub mod changes;
mod compression;
mod conditional;
mod cors;
mod customer_users;
mod customers;
mod docs;
mod external_ids;
mod groups;
mod guard;
mod health;
pub mod import_jobs;
pub mod in_flight;
mod links;
mod lists;
mod matrices;
mod memberships;
pub mod metrics;
mod named;
mod observe;
pub mod openapi;
mod overview;
pub mod page;
pub mod places;
mod preview;
pub mod problem;
mod query;
mod reply;
mod request_digest;
mod rolls;
pub mod routes;
mod selections;
mod sent;
mod services;
mod settings;
pub mod state;
mod views;
mod who;
pub mod wording;
mod write;
mod written;

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::{Server, fn_service};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};

use state::{AppState, Shared};

/// The server of the metrics, which have an address of their own.
pub fn metrics_server(state: Arc<AppState>, listener: TcpListener) -> std::io::Result<Server> {
    let app = move || App::new().app_data(Shared::new(Arc::clone(&state))).configure(metrics::configure);
    // It ends with the service, not before: how the last requests went is worth knowing.
    Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
}

/// The server, ready to run on a socket that is bound already.
pub fn server(state: Arc<AppState>, listener: TcpListener) -> std::io::Result<Server> {
    let config = Arc::clone(&state.config);
    let workers = config.workers;
    let (base_path, shutdown) = (config.base_path.clone(), config.shutdown_timeout.as_secs());
    let limits = config.limits.clone();
    let app = move || {
        App::new()
            .app_data(Shared::new(Arc::clone(&state)))
            // A scope under the path would be one more service that every request goes through.
            .configure(|service| routes::configure(&base_path, service))
            .service(
                web::scope("")
                    .wrap(from_fn(observe::observe))
                    .service(docs::to_swagger_ui(&base_path))
                    .service(docs::swagger_ui(&base_path))
                    .default_service(web::to(HttpResponse::NotFound)),
            )
            .default_service(fn_service(observe::nowhere))
    };
    let server = HttpServer::new(app)
        .shutdown_timeout(shutdown)
        .max_connections(limits.max_connections)
        .keep_alive(limits.keep_alive)
        .client_request_timeout(limits.head_timeout);
    let server = if workers == 0 { server } else { server.workers(workers) };
    Ok(server.listen(listener)?.run())
}
