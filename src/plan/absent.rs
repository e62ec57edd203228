//! What another system does not send any more: it is deactivated, never deleted.

use std::collections::BTreeMap;

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

/// Compares the valid things of a source with what was sent.
pub fn find(
    conn: &mut Conn,
    kind: Kind,
    source: &Source,
    was_sent: impl Fn(&str) -> bool,
) -> Result<OfSource, StoreError> {
    let mut things: BTreeMap<u32, bool> = BTreeMap::new();
    store::valid_of_source(conn, kind, source, &mut |number, id| {
        *things.entry(number).or_default() |= was_sent(id);
    })?;
    let valid = things.len() as u64;
    let absent = things.into_iter().filter(|(_, sent)| !sent).map(|(number, _)| number).collect();
    Ok(OfSource { valid, absent })
}

/// A record that counts or not.
pub trait Validated: Identified {
    /// Whether it counts.
    fn validity(&mut self) -> &mut Validity;
    /// Its natural key.
    fn key(&self) -> &str;
}

macro_rules! validated {
    ($($type:ident $key:ident),*) => {$(
        impl Validated for $type {
            fn validity(&mut self) -> &mut Validity {
                &mut self.fields.validity
            }

            fn key(&self) -> &str {
                self.fields.$key.as_str()
            }
        }
    )*};
}

validated!(Customer customer_id, CustomerUser login, Group name, Service name);

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
    for mut before in load::<R>(plan.conn, numbers)? {
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
    R::load(conn, &numbers)
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
