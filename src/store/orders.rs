//! The orders that lists are sorted in, held in memory: where each row stands in them.
//!
//! SQLite's index of three characters names all rows that have a first name in some milliseconds, and that of links all
//! that are linked to a group. To look up what each of them is sorted by takes many times as long, and all but a page of
//! them are looked up for nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::list::SortKey;
use super::{Conn, StoreError, change_log, customer_users, customers, state};
use crate::directory::{Kind, Thing};
use crate::turns::Turn;

/// So many changes are followed from one search to the next.
const CHANGES: usize = 5_000;
/// So many rows may have lost their place since an order was read: they are looked at one by one.
const MOVED: usize = 1_000;
/// While much is written, one part in so many of the time goes into reading an order anew, at most.
const PARTS: u32 = 10;
/// What has no place.
const NOWHERE: u32 = u32::MAX;

/// The orders that were asked for, of rows by the thousand. Each takes four bytes for a row, and is read when it is first
/// needed.
#[derive(Default)]
pub struct Orders(Mutex<HashMap<(Kind, SortKey), Kept>>);

/// Each has a lock of its own: while one is read, whoever needs it would read it too, and others need not wait.
type Kept = Arc<Mutex<Option<Order>>>;

/// Where rows stand in an order. Whatever was written since it was read has no place.
#[derive(Clone)]
pub(super) struct Places {
    /// By number.
    places: Arc<Vec<u32>>,
    /// How many lost theirs.
    pub(super) moved: usize,
}

impl Places {
    /// Where this one stands.
    pub(super) fn of(&self, number: i64) -> Option<u32> {
        let place = usize::try_from(number).ok().and_then(|number| self.places.get(number));
        place.copied().filter(|place| *place != NOWHERE)
    }

    /// Takes their places from rows.
    fn forget(&mut self, mut numbers: Vec<u32>) {
        numbers.sort_unstable();
        numbers.dedup();
        numbers.retain(|number| *number as usize >= self.places.len() || self.of(i64::from(*number)).is_some());
        let Some(last) = numbers.last() else { return };
        let places = Arc::make_mut(&mut self.places);
        places.resize(places.len().max(*last as usize + 1), NOWHERE);
        numbers.iter().for_each(|number| places[*number as usize] = NOWHERE);
        self.moved += numbers.len();
    }
}

/// An order, and the history that it was followed through.
struct Order {
    places: Places,
    /// Each revision since it was read, with what tells it from one of another history: it serves who reads one of them.
    passed: VecDeque<(u64, String)>,
    is_lost: bool,
    read_at: Instant,
    took: Duration,
}

impl Orders {
    /// Where each row of a kind stands in an order; nothing if that is not known, and not worth finding out.
    pub(super) fn of(&self, conn: &mut Conn, kind: Kind, sort: SortKey) -> Result<Option<Places>, StoreError> {
        let kept = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry((kind, sort)).or_default())
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state::state(conn)?.revision;
        if let Some(order) = &mut *kept {
            if order.serves(conn, kind, now)? {
                return Ok(Some(order.places.clone()));
            }
            if order.read_at.elapsed() < order.took * PARTS {
                return Ok(None);
            }
        }
        Ok(Some(kept.insert(Order::read(conn, kind, sort, now)?).places.clone()))
    }
}

impl Order {
    fn read(conn: &mut Conn, kind: Kind, sort: SortKey, revision: u64) -> Result<Self, StoreError> {
        let read_at = Instant::now();
        let (mut places, mut next, mut turn) = (Vec::new(), 0_u32, Turn::begin());
        let each = |number: i64| {
            turn.offer();
            let number = number.unsigned_abs() as usize;
            if number >= places.len() {
                places.resize(number + 1, NOWHERE);
            }
            places[number] = next;
            next += 1;
        };
        match kind {
            Kind::Customer => customers::each_in_order(conn, sort, each)?,
            _ => customer_users::each_in_order(conn, sort, each)?,
        }
        let passed = change_log::identity_of(conn, revision)?.map(|identity| (revision, identity));
        let places = Places { places: Arc::new(places), moved: 0 };
        let (is_lost, took) = (passed.is_none(), read_at.elapsed());
        Ok(Self { places, passed: passed.into_iter().collect(), is_lost, read_at, took })
    }

    /// Whether it serves who reads this revision; follows what was written since.
    fn serves(&mut self, conn: &mut Conn, kind: Kind, now: u64) -> Result<bool, StoreError> {
        if self.is_lost {
            return Ok(false);
        }
        let here = change_log::identity_of(conn, now)?.map(|identity| (now, identity));
        if here.is_some_and(|here| self.passed.contains(&here)) {
            return Ok(true);
        }
        let Some((followed, identity)) = self.passed.back().filter(|(followed, _)| *followed < now) else {
            return Ok(false);
        };
        let is_of_this_history = change_log::identity_of(conn, *followed)?.as_ref() == Some(identity);
        let is_followed =
            is_of_this_history && super::log_cut(conn)? <= *followed && self.follow(conn, kind, *followed, now)?;
        self.is_lost = !is_followed;
        Ok(is_followed)
    }

    /// Takes their places from the rows that were written after a revision; says whether they are not too many.
    fn follow(&mut self, conn: &mut Conn, kind: Kind, after: u64, now: u64) -> Result<bool, StoreError> {
        let changes = change_log::page_of_changes(conn, (after, i64::MAX as u64), now, CHANGES + 1)?;
        if changes.len() > CHANGES {
            return Ok(false);
        }
        let Some(things) = changes.iter().map(|change| thing_of(&change.body)).collect::<Option<Vec<_>>>() else {
            return Ok(false);
        };
        self.places.forget(things.into_iter().flatten().filter(|it| it.kind == kind).map(|it| it.number).collect());
        self.passed.extend(change_log::heads(conn, after, now)?);
        self.passed.drain(..self.passed.len().saturating_sub(CHANGES));
        Ok(self.places.moved <= MOVED)
    }
}

/// What a change is about, if it is a thing: a link moves nothing. Nothing of what cannot be understood, such as the change
/// of a later version.
fn thing_of(change: &str) -> Option<Option<Thing>> {
    #[derive(Deserialize)]
    struct OfThing {
        id: Option<Thing>,
    }
    serde_json::from_str(change).ok().map(|OfThing { id }| id)
}
