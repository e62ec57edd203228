//! Rows that are about the same thing.

use std::collections::HashMap;

use super::ahead::read_ahead;
use super::row::{Content, Link, Row};
use crate::directory::text::fold;
use crate::directory::{Kind, Reference, Roll};
use crate::plan::bulk::Relation;
use crate::plan::{Plan, rolls};
use crate::store::StoreError;

/// Which rows are about the same as one before them, and which that is: by external id, by natural key, or
/// by what these name now.
pub fn repeated(plan: &mut Plan, rows: &[Row]) -> Result<Vec<(usize, usize)>, StoreError> {
    read_ahead(plan, rows.iter())?;
    let (mut seen, mut repeated) = (HashMap::new(), Vec::new());
    for (place, row) in rows.iter().enumerate() {
        let identities = identities(plan, row)?;
        match identities.iter().find_map(|identity| seen.get(identity)) {
            Some(first) => repeated.push((place, *first)),
            None => seen.extend(identities.into_iter().map(|identity| (identity, place))),
        }
    }
    Ok(repeated)
}

/// Something that no two rows may share.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    Named(Kind, Reference),
    Thing(Kind, u32),
    Link(Relation, u32, u32),
    Listed(Roll, u32),
    Settings,
}

fn identities(plan: &mut Plan, row: &Row) -> Result<Vec<Identity>, StoreError> {
    match &row.content {
        Content::Link(Link { relation, ends: [one, other], .. }) => {
            let [of_one, of_other] = relation.kinds();
            let ends = plan.number_of(of_one, one)?.zip(plan.number_of(of_other, other)?);
            Ok(ends.into_iter().map(|(one, other)| Identity::Link(*relation, one, other)).collect())
        }
        Content::Listed { roll, thing, .. } => {
            let number = plan.number_of(rolls::kind_of(*roll), thing)?;
            Ok(number.into_iter().map(|number| Identity::Listed(*roll, number)).collect())
        }
        Content::Settings(_) => Ok(vec![Identity::Settings]),
        record => {
            let Some((kind, key)) = record.named() else { return Ok(Vec::new()) };
            let external_id = row.external_id.clone().map(Reference::External);
            let key = key.map(|key| Reference::Key(fold(key)));
            let names: Vec<Reference> = external_id.into_iter().chain(key).collect();
            let known = names.first().map_or(Ok(None), |first| plan.number_of(kind, first))?;
            let named = names.into_iter().map(|name| Identity::Named(kind, name));
            Ok(known.map(|number| Identity::Thing(kind, number)).into_iter().chain(named).collect())
        }
    }
}
