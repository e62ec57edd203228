//! The directory as a [`Sink`]: each customer and each customer user is a write of its own, so that
//! a refused one undoes nothing else, and a batch is one transaction.

use crate::directory::{CustomerPatch, CustomerUserPatch};
use crate::plan::{FieldError, OnExisting, Plan, Powers, Precondition, Refusal, customer_users, customers};
use crate::replica::{self, Written};
use crate::store::{Conn, Store, StoreError};

use super::field::{Field, Part};
use super::sink::{CrmRow, CustomerUpsert, CustomerUserUpsert, PartOutcome, Problem, RowOutcome, Sink, SinkError};

/// Writes rows to the directory.
pub struct Directory<O> {
    open: O,
    store: Option<Store>,
    actor: String,
    on_existing: OnExisting,
}

impl<O: FnMut() -> Result<Store, StoreError>> Directory<O> {
    /// A sink that opens the store when the first row is due, and writes on behalf of `actor`.
    pub fn new(open: O, actor: impl Into<String>, on_existing: OnExisting) -> Self {
        Self { open, store: None, actor: actor.into(), on_existing }
    }
}

impl<O: FnMut() -> Result<Store, StoreError>> Sink for Directory<O> {
    fn begin(&mut self) -> Result<(), SinkError> {
        let store = (self.open)().map_err(failed)?;
        replica::install(&store).map_err(failed)?;
        self.store = Some(store);
        Ok(())
    }

    fn upsert(&mut self, rows: Vec<CrmRow>) -> Result<Vec<RowOutcome>, SinkError> {
        let store = self.store.as_ref().ok_or_else(|| SinkError("the import has not begun".to_owned()))?;
        let outcomes = store.write(|conn, state| {
            let mut writing =
                Writing { conn, revision: state.revision, actor: &self.actor, on_existing: self.on_existing };
            rows.into_iter().map(|row| writing.row(row)).collect::<Result<_, StoreError>>()
        });
        outcomes.map_err(failed)
    }
}

fn failed(why: impl std::fmt::Display) -> SinkError {
    SinkError(why.to_string())
}

/// A batch being written.
struct Writing<'w, 'c> {
    conn: &'w mut Conn<'c>,
    revision: u64,
    actor: &'w str,
    on_existing: OnExisting,
}

impl Writing<'_, '_> {
    fn row(&mut self, row: CrmRow) -> Result<RowOutcome, StoreError> {
        let customer = row.customer.map(|upsert| self.customer(upsert)).transpose()?;
        let customer_user = match (row.customer_user, &customer) {
            (Some(_), Some(PartOutcome::Refused(_))) => {
                let reason = "its customer was refused";
                Some(PartOutcome::Refused(vec![Problem::of_part(Part::CustomerUser, "customer_refused", reason)]))
            }
            (Some(upsert), _) => Some(self.customer_user(upsert)?),
            (None, _) => None,
        };
        Ok(RowOutcome { customer, customer_user, warnings: Vec::new() })
    }

    fn customer(&mut self, upsert: CustomerUpsert) -> Result<PartOutcome, StoreError> {
        let CustomerUpsert { external_id, patch } = upsert;
        let on_existing = self.on_existing;
        let write = move |plan: &mut Plan| {
            let patch: CustomerPatch = patch;
            let none = Precondition::None;
            let (_, is_new) = customers::upsert(plan, external_id.as_ref(), patch, on_existing, &none)?;
            Ok(is_new)
        };
        self.write(Part::Customer, write)
    }

    fn customer_user(&mut self, upsert: CustomerUserUpsert) -> Result<PartOutcome, StoreError> {
        let CustomerUserUpsert { external_id, patch } = upsert;
        let on_existing = self.on_existing;
        let write = move |plan: &mut Plan| {
            let patch: CustomerUserPatch = patch;
            let (id, none) = (external_id.as_ref(), Precondition::None);
            let (_, is_new) = customer_users::upsert(plan, id, patch, on_existing, Powers::ALL, &none)?;
            Ok(is_new)
        };
        self.write(Part::CustomerUser, write)
    }

    fn write(
        &mut self,
        part: Part,
        plan: impl FnOnce(&mut Plan) -> Result<bool, Refusal>,
    ) -> Result<PartOutcome, StoreError> {
        let before = self.revision;
        match replica::write_one(self.conn, &mut self.revision, self.actor, plan) {
            Ok(Written { value: true, .. }) => Ok(PartOutcome::Created),
            Ok(_) if self.revision > before => Ok(PartOutcome::Updated),
            Ok(_) => Ok(PartOutcome::Unchanged),
            Err(Refusal::Store(why)) => Err(why),
            Err(refusal) => Ok(PartOutcome::Refused(problems(part, refusal))),
        }
    }
}

fn problems(part: Part, refusal: Refusal) -> Vec<Problem> {
    let (code, reason) = (refusal.code(), refusal.to_string());
    let prefix = if part == Part::Customer { "customer" } else { "customer_user" };
    let field = |name: &str| Field::parse(&format!("{prefix}.{name}")).ok();
    match refusal {
        Refusal::Invalid(errors) => errors
            .into_iter()
            .map(|FieldError { pointer, detail, .. }| match field(pointer.trim_start_matches('/')) {
                Some(field) => Problem::of(field, code, detail),
                None => Problem::of_part(part, code, detail),
            })
            .collect(),
        _ => vec![Problem::of_part(part, code, reason)],
    }
}
