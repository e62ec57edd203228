//! Reading ahead what rows name.

use std::collections::HashMap;

use foldhash::HashSet;

use super::row::{Content, Link, Row};
use crate::directory::{BackEnd, Customer, CustomerUser, Group, Kind, Patch, Reference, Service, Thing};
use crate::plan::bulk::Relation;
use crate::plan::known::Known;
use crate::plan::{Moment, Plan, customer_users, rolls};
use crate::store::{Conn, StoreError};
use crate::turns::offering;

/// What rows name, by kind.
#[derive(Default)]
struct Named {
    of: HashMap<Kind, HashSet<Reference>>,
}

impl Named {
    fn add(&mut self, kind: Kind, reference: Reference) {
        self.of.entry(kind).or_default().insert(reference);
    }

    fn of(&self, kind: Kind) -> Option<&HashSet<Reference>> {
        self.of.get(&kind)
    }
}

/// What rows name, read before the plan that merges them is begun.
pub struct Ahead {
    pub(in crate::plan) at: Moment,
    pub(in crate::plan) known: Known,
}

impl Ahead {
    /// Reads it, as it is at this moment.
    pub fn read<'r>(
        conn: &mut Conn,
        at: Moment,
        rows: impl Iterator<Item = &'r Row> + Clone,
    ) -> Result<Self, StoreError> {
        let mut known = Known::default();
        read_into(&mut known, conn, rows)?;
        Ok(Self { at, known })
    }
}

/// The records that rows are about, by whatever they name them, of those that are there.
pub fn named<'r>(plan: &mut Plan, rows: impl Iterator<Item = &'r Row> + Clone) -> Result<HashSet<Thing>, StoreError> {
    read_ahead(plan, rows.clone())?;
    let mut things = HashSet::default();
    for row in rows {
        for (kind, reference) in external_ids(row).chain(by_key(&mut plan.known, row)) {
            things.extend(plan.number_of(kind, &reference)?.map(|number| Thing { kind, number }));
        }
    }
    Ok(things)
}

/// Reads all that rows name, in a few statements.
pub(super) fn read_ahead<'r>(plan: &mut Plan, rows: impl Iterator<Item = &'r Row> + Clone) -> Result<(), StoreError> {
    read_into(&mut plan.known, plan.conn, rows)
}

fn read_into<'r>(
    known: &mut Known,
    conn: &mut Conn,
    rows: impl Iterator<Item = &'r Row> + Clone,
) -> Result<(), StoreError> {
    let (mut records, mut numbers) = (Named::default(), Named::default());
    for row in offering(rows.clone()) {
        external_ids(row).for_each(|(kind, reference)| records.add(kind, reference));
        match &row.content {
            Content::CustomerUser(patch) => {
                if let Patch::Set(customer) = &patch.customer {
                    records.add(Kind::Customer, customer.clone());
                }
                records.add(Kind::BackEnd, patch.back_end.clone().unwrap_or_else(customer_users::default_back_end));
            }
            Content::Service(patch) => {
                let parent = patch.name.as_ref().and_then(|name| name.parent());
                parent.into_iter().for_each(|name| records.add(Kind::Service, Reference::Key(name.to_string())));
            }
            Content::Link(link) => {
                let named = link.relation.kinds().into_iter().zip(link.ends.iter().cloned());
                named.for_each(|(kind, reference)| numbers.add(kind, reference));
            }
            Content::Listed { roll, thing, .. } => numbers.add(rolls::kind_of(*roll), thing.clone()),
            Content::Customer(_) | Content::Group(_) | Content::BackEnd(_) | Content::Settings(_) => {}
        }
    }
    read_records(known, conn, &records)?;
    let mut records = Named::default();
    let by_key = offering(rows.clone()).filter_map(|row| by_key(known, row));
    by_key.for_each(|(kind, reference)| records.add(kind, reference));
    read_records(known, conn, &records)?;
    for (kind, references) in &numbers.of {
        known.read_numbers(conn, *kind, references)?;
    }
    read_links(known, conn, rows)
}

/// By what other systems call the record that a row is about.
fn external_ids(row: &Row) -> impl Iterator<Item = (Kind, Reference)> {
    let kind = row.content.named().map(|(kind, _)| kind);
    let all = row.external_id.iter().chain(&row.external_ids).cloned().map(Reference::External);
    kind.into_iter().flat_map(move |kind| all.clone().map(move |reference| (kind, reference)))
}

/// The natural key by which a row names its record, unless its external id leads to one that is called so.
fn by_key(known: &mut Known, row: &Row) -> Option<(Kind, Reference)> {
    let (kind, key) = row.content.named()?;
    let key = key?;
    let is_called_so = row.external_id.as_ref().is_some_and(|id| known.is_called(kind, id, key));
    (!is_called_so).then(|| (kind, Reference::Key(key.to_owned())))
}

fn read_records(known: &mut Known, conn: &mut Conn, named: &Named) -> Result<(), StoreError> {
    let none = HashSet::default();
    let of = |kind| named.of(kind).unwrap_or(&none);
    known.read_ahead::<Customer>(conn, of(Kind::Customer))?;
    known.read_ahead::<BackEnd>(conn, of(Kind::BackEnd))?;
    known.read_ahead::<CustomerUser>(conn, of(Kind::CustomerUser))?;
    known.read_ahead::<Group>(conn, of(Kind::Group))?;
    known.read_ahead::<Service>(conn, of(Kind::Service))
}

fn read_links<'r>(known: &mut Known, conn: &mut Conn, rows: impl Iterator<Item = &'r Row>) -> Result<(), StoreError> {
    let mut pairs: HashMap<Relation, Vec<(u32, u32)>> = HashMap::new();
    for row in rows {
        let Content::Link(Link { relation, ends: [one, other], .. }) = &row.content else { continue };
        let [of_one, of_other] = relation.kinds();
        let ends = (known.number_of(of_one, one).flatten(), known.number_of(of_other, other).flatten());
        if let (Some(one), Some(other)) = ends {
            pairs.entry(*relation).or_default().push((one, other));
        }
    }
    for (relation, pairs) in pairs {
        known.read_links(conn, relation, &pairs)?;
    }
    Ok(())
}
