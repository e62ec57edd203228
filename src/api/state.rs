//! What every handler has: the replica, the caller, the way replies are written.

use std::sync::Arc;

use tokio::sync::Semaphore;

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use std::future::{Ready, ready};

use super::again::Again;
use super::changes::Streams;
use super::guard::AdmittedCaller;
use super::import_jobs::Imports;
use super::in_flight::InFlight;
use super::metrics::Metrics;
use super::page::CursorKey;
use super::places::Places;
use super::problem::Problem;
use super::wording::{Wording, path_to};
use crate::access::Index;
use crate::auth::{Authenticator, Caller, Scope};
use crate::config::Config;
use crate::directory::{Kind, Thing};
use crate::plan::{Plan, Powers, Refusal};
use crate::replica::{Replica, RevisionToken};
use crate::store::Conn;

/// What the service runs on.
pub struct AppState {
    /// Store and index.
    pub replica: Replica,
    /// Who asks.
    pub authenticator: Authenticator,
    /// How it is configured.
    pub config: Arc<Config>,
    /// What cursors are authenticated with.
    pub cursor_key: CursorKey,
    /// The writes with an idempotency key that are being made.
    pub in_flight: InFlight,
    /// The streams of changes that are open.
    pub streams: Streams,
    /// The import jobs: what wakes who works on them, and what is counted.
    pub imports: Imports,
    /// How many requests may be answered at once.
    pub requests: Places,
    /// How many dry runs may run at once.
    pub previews: Arc<Semaphore>,
    /// What is counted.
    pub metrics: Metrics,
    /// How answers are written.
    pub wording: Wording,
    /// The answers that are asked for again.
    pub again: Again,
    /// The OpenAPI document, made once.
    pub openapi: web::Bytes,
}

/// What the service runs on, as one of its threads has it: each counts its own users of it, because processors fight for
/// memory that all of them write to.
pub type Shared = web::Data<Arc<AppState>>;

/// What the service runs on, for whoever has a request to it.
pub fn state(request: &HttpRequest) -> Result<&Shared, Problem> {
    request.app_data().ok_or_else(|| Problem::internal("the service has no state"))
}

/// The service on behalf of an authorized caller.
#[derive(Clone)]
pub struct Api {
    /// Who asks.
    pub caller: Arc<Caller>,
    state: Shared,
}

/// A value and the revision that it is of.
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Of which revision.
    pub revision: RevisionToken,
}

impl Api {
    /// What the service runs on.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// The same, for whoever needs it longer than the caller is here.
    pub fn state_data(&self) -> Shared {
        self.state.clone()
    }

    /// Reads one consistent state of the database.
    pub async fn read<T: Send + 'static>(
        &self,
        body: impl FnOnce(&mut Conn) -> Result<T, Problem> + Send + 'static,
    ) -> Result<At<T>, Problem> {
        let replica = self.state.replica.clone();
        let read = web::block(move || replica.read(body)).await;
        let (value, state) = read.map_err(Problem::internal)??;
        Ok(At { value, revision: RevisionToken { epoch: state.epoch, revision: state.revision } })
    }

    /// Plans and commits a write; when it answers, the index has caught up.
    pub async fn write<T: Send + 'static>(
        &self,
        plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<At<T>, Problem> {
        let written = self.state.replica.write(self.caller.actor.clone(), plan).await?;
        Ok(At { value: written.value, revision: self.state.replica.token(written.revision) })
    }

    /// Asks the index, all of it at one revision.
    pub fn ask<T>(&self, question: impl FnOnce(&Index) -> Result<T, Problem>) -> Result<At<T>, Problem> {
        self.state.replica.is_current()?;
        let replica = &self.state.replica;
        let (value, revision) = replica.ask(|index| (question(index), replica.token(index.revision())));
        Ok(At { value: value?, revision })
    }

    /// What the caller may do beyond the scope of the route.
    pub fn powers(&self) -> Powers {
        Powers {
            move_between_back_ends: self.caller.may(Scope::SettingsWrite),
            write_identity: self.caller.may(Scope::SyncWrite),
        }
    }

    /// The path of a thing, by its id.
    pub fn path_to(&self, kind: Kind, number: u32) -> String {
        path_to(&self.state.config.base_path, Thing { kind, number })
    }

    /// A path under which this service is published.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.state.config.base_path)
    }
}

impl FromRequest for Api {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let nobody = || Problem::internal("a handler was reached by nobody who is known");
        let caller = request.extensions().get::<AdmittedCaller>().cloned().ok_or_else(nobody);
        ready(caller.and_then(|AdmittedCaller(caller)| Ok(Api { caller, state: state(request)?.clone() })))
    }
}
