//! What another system does not send any more: it is deactivated, never deleted.

use std::collections::BTreeMap;

use super::batch::{Done, Effect, Subject};
use super::external_ids::Identified;
use super::imports::also;
use super::{Plan, Refusal};
use crate::directory::{Customer, CustomerUser, Delta, Group, Kind, Service, Source, Thing, Validity};
use crate::store::imports::ImportWrite;
use crate::store::{self, Conn, StoreError};

/// What is there of a source, of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfSource {
    /// How many valid things the source knows.
    pub valid: u64,
    /// Those of them of which no external id was sent, by number.
    pub absent: Vec<u32>,
}

/// The valid things of a source, and whether they were sent.
type Valid = BTreeMap<u32, bool>;

impl From<Valid> for OfSource {
    fn from(things: Valid) -> Self {
        let valid = things.len() as u64;
        let absent = things.into_iter().filter(|(_, sent)| !sent).map(|(number, _)| number).collect();
        Self { valid, absent }
    }
}

/// Compares the valid things of a source with what was sent.
pub fn find(
    conn: &mut Conn,
    kind: Kind,
    source: &Source,
    was_sent: impl Fn(&str) -> bool,
) -> Result<OfSource, StoreError> {
    Ok(stored(conn, kind, source, &was_sent)?.into())
}

/// The same, of what would be there after the edits of a plan.
pub fn foresee(
    plan: &mut Plan,
    kind: Kind,
    source: &Source,
    was_sent: impl Fn(&str) -> bool,
) -> Result<OfSource, StoreError> {
    let mut things = stored(plan.conn, kind, source, &was_sent)?;
    match kind {
        Kind::Customer => edited::<Customer>(plan, source, &was_sent, &mut things),
        Kind::CustomerUser => edited::<CustomerUser>(plan, source, &was_sent, &mut things),
        Kind::Group => edited::<Group>(plan, source, &was_sent, &mut things),
        Kind::Service => edited::<Service>(plan, source, &was_sent, &mut things),
        Kind::BackEnd => {}
    }
    Ok(things.into())
}

fn stored(conn: &mut Conn, kind: Kind, source: &Source, was_sent: &impl Fn(&str) -> bool) -> Result<Valid, StoreError> {
    let mut things = Valid::new();
    store::valid_of_source(conn, kind, source, &mut |number, id| {
        *things.entry(number).or_default() |= was_sent(id);
    })?;
    Ok(things)
}

fn edited<R: Validated>(plan: &Plan, source: &Source, was_sent: &impl Fn(&str) -> bool, things: &mut Valid) {
    for (number, record) in plan.known.own::<R>() {
        things.remove(&number);
        let Some(mut record) = record.cloned() else { continue };
        if *record.validity() != Validity::Valid {
            continue;
        }
        let mut ids = record.external_ids().iter().filter(|id| id.source == *source).peekable();
        if ids.peek().is_some() {
            things.insert(number, ids.any(|id| was_sent(id.id.as_str())));
        }
    }
}

/// A record that counts or not.
pub trait Validated: Identified {
    /// Whether it counts.
    fn validity(&mut self) -> &mut Validity;
}

macro_rules! validated {
    ($($type:ident),*) => {$(
        impl Validated for $type {
            fn validity(&mut self) -> &mut Validity {
                &mut self.fields.validity
            }
        }
    )*};
}

validated!(Customer, CustomerUser, Group, Service);

/// Deactivates those of these things that are valid, on behalf of a source; gives how many.
pub fn deactivate(plan: &mut Plan, kind: Kind, source: &Source, numbers: &[u32]) -> Result<u64, Refusal> {
    let things = match kind {
        Kind::Customer => of_kind::<Customer>(plan, numbers)?,
        Kind::CustomerUser => of_kind::<CustomerUser>(plan, numbers)?,
        Kind::Group => of_kind::<Group>(plan, numbers)?,
        Kind::Service => of_kind::<Service>(plan, numbers)?,
        Kind::BackEnd => Vec::new(),
    };
    let count = things.len() as u64;
    if count > 0 {
        also(plan, ImportWrite::Deactivated(source.clone(), things));
    }
    Ok(count)
}

fn of_kind<R: Validated>(plan: &mut Plan, numbers: &[u32]) -> Result<Vec<Thing>, Refusal> {
    let mut things = Vec::new();
    for stored in load::<R>(plan.conn, numbers)? {
        // A dry run has edited what it foresees.
        let mut before = plan.known.record::<R>(stored.number()).flatten().unwrap_or(stored);
        if *before.validity() != Validity::Valid {
            continue;
        }
        things.push(Thing::from(before.number()));
        let mut after = before.clone();
        *after.validity() = Validity::Invalid;
        after.times().updated_at = plan.now;
        plan.edit(R::edit(Delta::Changed { before, after }));
    }
    Ok(things)
}

fn load<R: Validated>(conn: &mut Conn, numbers: &[u32]) -> Result<Vec<R>, StoreError> {
    let numbers: Vec<i64> = numbers.iter().copied().map(i64::from).collect();
    store::records_of::<R>(conn, &numbers)
}

/// The natural keys of these things, by number.
pub fn keys(conn: &mut Conn, kind: Kind, numbers: &[u32]) -> Result<Vec<(u32, String)>, StoreError> {
    match kind {
        Kind::Customer => keys_of::<Customer>(conn, numbers),
        Kind::CustomerUser => keys_of::<CustomerUser>(conn, numbers),
        Kind::Group => keys_of::<Group>(conn, numbers),
        Kind::Service => keys_of::<Service>(conn, numbers),
        Kind::BackEnd => Ok(Vec::new()),
    }
}

fn keys_of<R: Validated>(conn: &mut Conn, numbers: &[u32]) -> Result<Vec<(u32, String)>, StoreError> {
    let mut keys: Vec<(u32, String)> = Vec::with_capacity(numbers.len());
    for some in numbers.chunks(1_000) {
        keys.extend(load::<R>(conn, some)?.iter().map(|record| (record.number().into(), record.key().to_owned())));
    }
    keys.sort_unstable();
    Ok(keys)
}

/// A thing that was sent, and of which nobody said whether it counts.
pub struct Returning<'d, L> {
    /// Of which kind.
    pub kind: Kind,
    /// What was done to it.
    pub done: &'d mut Done,
    /// What it is to whoever asks.
    pub label: L,
}

/// Makes those of these valid again that the source has deactivated and nobody touched since; gives the
/// labels of those.
pub fn reactivate<L>(plan: &mut Plan, source: &Source, returning: Vec<Returning<'_, L>>) -> Result<Vec<L>, StoreError> {
    let mut by_kind: BTreeMap<Kind, Vec<(u32, Returning<'_, L>)>> = BTreeMap::new();
    for thing in returning {
        if let Some(number) = invalid(&thing.done.subject) {
            by_kind.entry(thing.kind).or_default().push((number, thing));
        }
    }
    let mut labels = Vec::new();
    for (kind, things) in by_kind {
        let numbers: Vec<u32> = things.iter().map(|(number, _)| *number).collect();
        let own = store::deactivated_by(plan.conn, kind, source, &numbers)?;
        for (_, thing) in things.into_iter().filter(|(number, _)| own.contains(number)) {
            match &mut thing.done.subject {
                Subject::Customer(it) => make_valid(plan, &mut **it),
                Subject::CustomerUser(it) => make_valid(plan, &mut **it),
                Subject::Group(it) => make_valid(plan, &mut **it),
                Subject::Service(it) => make_valid(plan, &mut **it),
                Subject::BackEnd(_) | Subject::Link { .. } | Subject::Listed { .. } | Subject::Settings(_) => continue,
            }
            if thing.done.effect == Effect::Unchanged {
                thing.done.effect = Effect::Updated;
            }
            labels.push(thing.label);
        }
    }
    Ok(labels)
}

/// The number of a record that does not count.
fn invalid(subject: &Subject) -> Option<u32> {
    let (number, validity) = match subject {
        Subject::Customer(it) => (it.number.0, it.fields.validity),
        Subject::CustomerUser(it) => (it.number.0, it.fields.validity),
        Subject::Group(it) => (it.number.0, it.fields.validity),
        Subject::Service(it) => (it.number.0, it.fields.validity),
        Subject::BackEnd(_) | Subject::Link { .. } | Subject::Listed { .. } | Subject::Settings(_) => return None,
    };
    (validity != Validity::Valid).then_some(number)
}

fn make_valid<R: Validated>(plan: &mut Plan, record: &mut R) {
    let before = record.clone();
    *record.validity() = Validity::Valid;
    record.times().updated_at = plan.now;
    plan.edit(R::edit(Delta::Changed { before, after: record.clone() }));
}
