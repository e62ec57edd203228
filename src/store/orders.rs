//! The orders that lists are sorted in, held in memory: where each row stands in them.
//!
//! SQLite's index of three characters names all rows that have a first name in some milliseconds. To look up what each of
//! them is sorted by takes many times as long, and all but a page of them are looked up for nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::list::SortKey;
use super::{Conn, StoreError, change_log, customer_users, customers, state};
use crate::directory::{Kind, Thing};

/// So many changes are followed from one search to the next.
const CHANGES: usize = 5_000;
/// So many rows may have been written since an order was read: each search looks at all of them.
const MOVED: usize = 1_000;
/// At most this share of the time goes into reading orders anew, while much is written.
const SHARE: u32 = 10;
/// What has no place.
const NOWHERE: u32 = u32::MAX;

/// The orders that were asked for, of rows by the thousand. Each takes four bytes for a row, and is read when it is first
/// needed.
#[derive(Default)]
pub struct Orders(Mutex<HashMap<(Kind, SortKey), Order>>);

/// Where each row stands in an order.
#[derive(Clone)]
pub(super) struct Places {
    /// By number.
    places: Arc<Vec<u32>>,
    /// Rows that were written since, and have no place.
    pub(super) moved: Arc<HashSet<i64>>,
}

impl Places {
    /// Where this one stands.
    pub(super) fn of(&self, number: i64) -> Option<u32> {
        let place = usize::try_from(number).ok().and_then(|number| self.places.get(number));
        place.copied().filter(|place| *place != NOWHERE)
    }
}

/// An order, and until when it is followed.
struct Order {
    places: Places,
    revision: u64,
    identity: Option<String>,
    read_at: Instant,
    took: Duration,
}

impl Orders {
    /// Where each row of a kind stands in an order; nothing if that is not known, and not worth finding out.
    pub(super) fn of(&self, conn: &mut Conn, kind: Kind, sort: SortKey) -> Result<Option<Places>, StoreError> {
        let now = state::state(conn)?.revision;
        // Held while one is read: whoever else needs it then would read it too.
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = orders.get_mut(&(kind, sort)) {
            if order.follow(conn, kind, now)? {
                return Ok(Some(order.places.clone()));
            }
            if now < order.revision || order.read_at.elapsed() < order.took * SHARE {
                return Ok(None);
            }
        }
        let order = Order::read(conn, kind, sort, now)?;
        let places = order.places.clone();
        orders.insert((kind, sort), order);
        Ok(Some(places))
    }
}

impl Order {
    fn read(conn: &mut Conn, kind: Kind, sort: SortKey, revision: u64) -> Result<Self, StoreError> {
        let read_at = Instant::now();
        let in_order = match kind {
            Kind::Customer => customers::in_order(conn, sort)?,
            _ => customer_users::in_order(conn, sort)?,
        };
        let last = in_order.iter().max().map_or(0, |last| last.unsigned_abs() as usize);
        let mut places = vec![NOWHERE; last + 1];
        for (place, number) in (0..NOWHERE).zip(in_order) {
            places[number.unsigned_abs() as usize] = place;
        }
        let identity = change_log::identity_of(conn, revision)?;
        let places = Places { places: Arc::new(places), moved: Arc::default() };
        Ok(Self { places, revision, identity, read_at, took: read_at.elapsed() })
    }

    /// Follows what was written since; says whether it could.
    fn follow(&mut self, conn: &mut Conn, kind: Kind, now: u64) -> Result<bool, StoreError> {
        let is_of_this_history = change_log::identity_of(conn, self.revision)? == self.identity;
        if now < self.revision || !is_of_this_history || super::log_cut(conn)? > self.revision {
            return Ok(false);
        }
        if now == self.revision {
            return Ok(true);
        }
        let after = (self.revision, i64::MAX as u64);
        let changes = change_log::page_of_changes(conn, after, now, CHANGES + 1)?;
        let moved: Vec<i64> = changes.iter().filter_map(|change| thing_of(&change.body, kind)).collect();
        if changes.len() > CHANGES || self.places.moved.len() + moved.len() > MOVED {
            return Ok(false);
        }
        let places = Arc::make_mut(&mut self.places.places);
        for number in &moved {
            if let Some(place) = usize::try_from(*number).ok().and_then(|number| places.get_mut(number)) {
                *place = NOWHERE;
            }
        }
        Arc::make_mut(&mut self.places.moved).extend(moved);
        (self.revision, self.identity) = (now, change_log::identity_of(conn, now)?);
        Ok(true)
    }
}

/// The number of what a change is about, if it is of this kind. A link moves nothing.
fn thing_of(change: &str, kind: Kind) -> Option<i64> {
    #[derive(Deserialize)]
    struct OfThing {
        id: Thing,
    }
    let OfThing { id } = serde_json::from_str(change).ok()?;
    (id.kind == kind).then_some(i64::from(id.number))
}
