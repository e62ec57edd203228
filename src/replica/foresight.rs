//! What a plan would do to the answers, before it is committed, or without ever being.

use super::{Replica, applied, now};
use crate::access::{Index, Preview, Warning, preview};
use crate::directory::{Change, Edit};
use crate::plan::{Base, Plan, Refusal};
use crate::store::{self, StoreError};

/// How often a preview is begun anew because the database and the index were at two revisions. The
/// index is a moment behind each write, so one more look mostly does.
const TRIES: usize = 50;

/// A plan that was not carried out.
pub struct Previewed<T> {
    /// What the plan said of it.
    pub value: T,
    /// What it would have written.
    pub edits: Vec<Edit>,
    /// What it would have done to the answers.
    pub preview: Preview,
    /// What it is to be warned of.
    pub warnings: Vec<Warning>,
    /// The revision that all of this is upon.
    pub revision: u64,
}

impl Replica {
    /// Plans a write and keeps nothing of it: no lock, no place in the queue. Blocks.
    pub fn preview<T>(&self, plan: impl FnOnce(&mut Plan) -> Result<T, Refusal>) -> Result<Previewed<T>, Refusal> {
        let mut plan = Some(plan);
        for _ in 0..TRIES {
            let planned = self.shared.store.read(|conn| {
                let state = store::state(conn)?;
                let index = self.ask(Index::clone);
                // Database and index at one revision: what was planned is what is compared.
                let current = index.revision() == state.revision && state.epoch == self.shared.epoch();
                let Some(plan) = plan.take_if(|_| current) else { return Ok::<_, Refusal>(None) };
                let mut planned = Plan::new(conn, now(), Base::committed(state.revision));
                let value = plan(&mut planned)?;
                Ok(Some((value, planned.take_commit().edits, index)))
            })?;
            match planned {
                Some((value, edits, index)) => return Ok(previewed(value, edits, index)),
                None => self.shared.catch_up()?,
            }
        }
        Err(StoreError::Unavailable("the index does not catch up with the database".to_owned()).into())
    }

    /// The index as it will be after a plan that is being made.
    pub fn foresee(&self, plan: &Plan) -> Result<Index, StoreError> {
        let changes: Vec<Change> = plan.edits().iter().map(Edit::change).collect();
        Ok(applied(self.before(plan.base)?, &changes))
    }

    /// What a plan that is being made is to be warned of.
    pub fn warnings(&self, plan: &Plan) -> Result<Vec<Warning>, StoreError> {
        let changes = worth_a_warning(plan.edits());
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let before = self.before(plan.base)?;
        let after = applied(before.clone(), &changes);
        Ok(preview::warnings(&before, &after, &changes))
    }

    /// The index with what the transaction holds already and nobody else can see.
    fn before(&self, base: Base) -> Result<Index, StoreError> {
        if self.ask(Index::revision) < base.committed {
            self.shared.catch_up()?;
        }
        Ok(applied(self.ask(Index::clone), base.earlier))
    }
}

fn previewed<T>(value: T, edits: Vec<Edit>, index: Index) -> Previewed<T> {
    let changes: Vec<Change> = edits.iter().map(Edit::change).collect();
    let (revision, preview) = (index.revision(), Preview::new(index, &changes));
    let warnings = preview::warnings(preview.before(), preview.after(), &changes);
    Previewed { value, edits, preview, warnings, revision }
}

/// Only these are ever warned of.
fn worth_a_warning(edits: &[Edit]) -> Vec<Change> {
    let may = |edit: &&Edit| {
        matches!(edit, Edit::CustomerUserServiceLink(_) | Edit::Service(_) | Edit::Settings(_) | Edit::BackEnd(_))
    };
    edits.iter().filter(may).map(Edit::change).collect()
}
