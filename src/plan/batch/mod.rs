//! Batches: many rows of another system, merged into the directory in one write. What a row names may come
//! from a row before it. A row that is refused leaves the others alone.

mod ahead;
mod repeated;
mod row;

use super::{
    Identified, OnExisting, Plan, Powers, Precondition, Refusal, back_ends, customer_users, customers, external_ids,
    groups, links, rolls, services, settings,
};
use crate::directory::{ExternalId, Number, PermissionSet, Reference, Thing};
use crate::store::StoreError;
use crate::turns::offering;
use ahead::read_ahead;
pub use ahead::{Ahead, named};
pub use repeated::repeated;
pub use row::{Content, Done, Effect, Grants, Link, Row, Subject};

/// How rows are merged.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What happens to a thing that has the natural key and not the external id.
    pub on_existing: OnExisting,
    /// What the caller may do.
    pub powers: Powers,
    /// Whether grants in a context that is off are made too, for when it is on, as they were elsewhere.
    pub keeps_grants_of_contexts_off: bool,
}

/// Merges rows, in their order; of each, what it did or why it was refused. Fails only where the database
/// does.
pub fn upsert(plan: &mut Plan, rows: Vec<Row>, options: Options) -> Result<Vec<Result<Done, Refusal>>, StoreError> {
    read_ahead(plan, rows.iter())?;
    upsert_known(plan, rows, options)
}

/// The same of rows of which was read ahead what they name.
pub fn upsert_known(
    plan: &mut Plan,
    rows: Vec<Row>,
    options: Options,
) -> Result<Vec<Result<Done, Refusal>>, StoreError> {
    let outcome = |row| match one(plan, row, options) {
        Err(Refusal::Store(why)) => Err(why),
        outcome => Ok(outcome),
    };
    offering(rows).map(outcome).collect()
}

fn one(plan: &mut Plan, row: Row, options: Options) -> Result<Done, Refusal> {
    let edits = plan.edits().len();
    let (subject, is_new) = merge(plan, row, options)?;
    let effect = match (is_new, plan.edits().len() > edits) {
        (true, _) => Effect::Created,
        (false, true) => Effect::Updated,
        (false, false) => Effect::Unchanged,
    };
    Ok(Done { effect, subject })
}

fn merge(plan: &mut Plan, row: Row, options: Options) -> Result<(Subject, bool), Refusal> {
    let Options { on_existing, powers, .. } = options;
    let Row { external_id, external_ids: more, content } = row;
    let (id, any) = (external_id.as_ref(), &Precondition::None);
    match content {
        Content::Customer(patch) => {
            let key = patch.customer_id.as_ref().map(|it| it.as_str().to_owned());
            let upsert = |p: &mut Plan| customers::upsert(p, id, *patch, on_existing, any);
            identified(plan, (id, key), more, upsert).map(|(it, is_new)| (Subject::Customer(Box::new(it)), is_new))
        }
        Content::CustomerUser(patch) => {
            let key = patch.login.as_ref().map(|it| it.as_str().to_owned());
            let upsert = |p: &mut Plan| customer_users::upsert(p, id, *patch, on_existing, powers, any);
            identified(plan, (id, key), more, upsert).map(|(it, is_new)| (Subject::CustomerUser(Box::new(it)), is_new))
        }
        Content::Group(patch) => {
            let key = patch.name.as_ref().map(|it| it.as_str().to_owned());
            let upsert = |p: &mut Plan| groups::upsert(p, id, *patch, on_existing, any);
            identified(plan, (id, key), more, upsert).map(|(it, is_new)| (Subject::Group(Box::new(it)), is_new))
        }
        Content::Service(patch) => {
            let key = patch.name.as_ref().map(|it| it.as_str().to_owned());
            let upsert = |p: &mut Plan| services::upsert(p, id, *patch, on_existing, any);
            identified(plan, (id, key), more, upsert).map(|(it, is_new)| (Subject::Service(Box::new(it)), is_new))
        }
        Content::Link(link) => self::link(plan, &link, options.keeps_grants_of_contexts_off),
        Content::BackEnd(patch) => {
            let (back_end, is_new) = back_ends::upsert(plan, *patch)?;
            Ok((Subject::BackEnd(Box::new(back_end)), is_new))
        }
        Content::Listed { roll, thing, listed } => {
            let kind = rolls::kind_of(roll);
            let known = plan.known(kind, &thing)?;
            let missing = || Refusal::names_nothing(&format!("/{}", kind.as_str()), kind, &thing);
            let thing = Thing { kind, number: known.ok_or_else(missing)? };
            let changed = rolls::mark(plan, roll, thing, listed)?;
            Ok((Subject::Listed { roll, thing }, changed && listed))
        }
        Content::Settings(patch) => {
            Ok((Subject::Settings(Box::new(settings::patch(plan, *patch, &Precondition::Exists)?)), false))
        }
    }
}

/// Merges a record, and gives it further external ids. That all of them are free, or its own, is found out
/// before anything is edited.
fn identified<R: Identified>(
    plan: &mut Plan,
    (external_id, key): (Option<&ExternalId>, Option<String>),
    more: Vec<ExternalId>,
    upsert: impl FnOnce(&mut Plan) -> Result<(R, bool), Refusal>,
) -> Result<(R, bool), Refusal> {
    if more.is_empty() {
        return upsert(plan);
    }
    let by_id = external_id.map(|id| Reference::External(id.clone()));
    let mut known = None;
    for reference in by_id.into_iter().chain(key.map(Reference::Key)) {
        known = known.or(plan.number_of(R::Number::KIND, &reference)?);
    }
    for id in &more {
        external_ids::is_free_for::<R>(plan, id, known)?;
    }
    let (record, is_new) = upsert(plan)?;
    Ok((external_ids::add_all(plan, record, more), is_new))
}

fn link(plan: &mut Plan, link: &Link, keeps_grants_of_contexts_off: bool) -> Result<(Subject, bool), Refusal> {
    let relation = link.relation;
    let mut end = |side: usize| {
        let (kind, reference) = (relation.kinds()[side], &link.ends[side]);
        let known = plan.known(kind, reference)?;
        known.ok_or_else(|| Refusal::names_nothing(&format!("/{}", kind.as_str()), kind, reference))
    };
    let ends = (end(0)?, end(1)?);
    let grants = match &link.grants {
        Grants::Marked(is) => PermissionSet::marked(*is),
        Grants::Permissions(names) => links::permission_set(&plan.settings()?.permission_types, names, "/permissions")?,
    };
    let set = if keeps_grants_of_contexts_off { links::set_in_any_context } else { links::set };
    let before = set(plan, relation, ends, grants)?;
    Ok((Subject::Link { relation, ends, grants }, before.is_empty() && !grants.is_empty()))
}
