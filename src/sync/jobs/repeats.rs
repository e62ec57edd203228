//! Rows that the source has sent before: where nobody has changed the thing since, the same row again changes nothing.
//!
//! That is known by a digest beside each external id ([`crate::store::unchanged`]); a row is read no further than to
//! what says which thing it is about. Rows of links, which have no external ids, are compared one by one; and so are
//! those of services, which are few, and of which each may move others.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::members;
use super::options::Options;
use super::rows::SentRow;
use crate::directory::{ExternalKey, Kind, Source, Thing};
use crate::store::{self, Conn, RowDigest, StoreError};
use crate::sync::rows::RowKind;

/// Rows are read into other values, or merged otherwise, than by releases with another number here.
const FORMAT: u8 = 1;

/// Makes digests of the rows of a job.
pub struct Digests(HashMap<RowKind, Sha256>);

/// A row with its digest.
#[derive(Clone)]
pub struct Digested {
    /// What kind of record it is about.
    pub record: Kind,
    /// What the source calls it.
    pub external_id: ExternalKey,
    /// Of all that was sent of it, and of what is done with it.
    pub digest: RowDigest,
}

impl Digests {
    /// For jobs of these options. A dry run has none: it sees its own edits, which take away no digest.
    pub fn new(options: &Options) -> Self {
        let stands_alone = |kind: &&RowKind| kind.has_external_ids() && **kind != RowKind::Service;
        let digested = options.resources.iter().filter(|kind| !options.dry_run && stands_alone(kind));
        Self(digested.map(|kind| (*kind, beginning(*kind, options))).collect())
    }

    /// The digest of a row that has an external id.
    pub fn of(&self, row: &SentRow) -> Option<Digested> {
        // What is no external id is not looked for: the row fails when it is read.
        let (kind, external_id) = (row.kind?, ExternalKey::parse(row.text("external_id")?).ok()?);
        let mut digest = self.0.get(&kind)?.clone();
        digest.update(&row.text);
        let record = members::record(kind)?;
        let digest = *digest.finalize().first_chunk()?;
        Some(Digested { record, external_id, digest })
    }
}

/// What the digest of each row of a kind begins with: all that matters beside what was sent.
fn beginning(kind: RowKind, options: &Options) -> Sha256 {
    let mut digest = Sha256::new_with_prefix([FORMAT]);
    let owned = options.owned_fields.get(&kind).map(|owned| owned.iter().map(String::as_str).collect::<Vec<_>>());
    let owned = owned.map_or_else(|| "*".to_owned(), |owned| owned.join(","));
    digest.update(format!("{} {owned}\n", kind.as_str()));
    digest
}

/// Of each of these rows the thing that it is about, where it would change nothing.
pub fn unchanged(conn: &mut Conn, source: &Source, rows: &[&Digested]) -> Result<Vec<Option<Thing>>, StoreError> {
    let mut things = vec![None; rows.len()];
    for kind in Kind::ALL {
        let of_kind: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].record == kind).collect();
        let asked: Vec<(&str, RowDigest)> =
            of_kind.iter().map(|at| (rows[*at].external_id.as_str(), rows[*at].digest)).collect();
        if asked.is_empty() {
            continue;
        }
        for (at, number) in of_kind.into_iter().zip(store::unchanged(conn, kind, source, &asked)?) {
            things[at] = number.map(|number| Thing { kind, number });
        }
    }
    Ok(things)
}
