//! Building an index from the tables. Several threads read, a part at a time; one takes in what they read, in whatever
//! order it comes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use crate::access::{Gathered, Index};
use crate::store::{self, Part, Reader, StoreError};

/// More threads would wait for the one that takes in.
const MOST_THREADS: usize = 4;
/// So many facts that are not of customer users are handed on at once.
const AT_ONCE: usize = 10_000;

/// As many threads as are worth the while here.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_THREADS))
}

/// Reads all there is of what the readers read, which is one and the same state.
pub(super) fn index(mut readers: Vec<Reader>) -> Result<Index, StoreError> {
    let Some(first) = readers.first_mut() else { return Ok(Index::default()) };
    let mut parts = store::parts(&mut first.conn())?;
    let mut index = Index::default();
    index.make_room(store::count_of_customer_users(&mut first.conn())?);
    // The last of the parts may be by far the largest.
    parts.rotate_right(1);
    let (parts, next) = (&parts, &AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let (sender, received) = sync_channel(2 * readers.len());
        let start = |reader| {
            let sender = sender.clone();
            let thread = std::thread::Builder::new().name("reader".to_owned());
            thread.spawn_scoped(scope, move || read(reader, parts, next, &sender))
        };
        let threads: Vec<_> = readers.into_iter().map(start).collect();
        drop(sender);
        received.iter().for_each(|gathered| index.take_in(gathered));
        threads.into_iter().try_for_each(|thread| {
            let thread = thread.map_err(|why| failed(&why.to_string()))?;
            thread.join().unwrap_or_else(|_| Err(failed("it should never have ended")))
        })
    })?;
    Ok(index)
}

fn failed(why: &str) -> StoreError {
    StoreError::Unavailable(format!("a thread that reads the facts: {why}"))
}

/// Reads parts that nobody else reads, as long as there are any.
fn read(
    mut reader: Reader,
    parts: &[Part],
    next: &AtomicUsize,
    sender: &SyncSender<Gathered>,
) -> Result<(), StoreError> {
    while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
        let mut gathered = empty(part);
        let add = &mut |fact| {
            gathered.add(fact);
            if gathered.others() >= AT_ONCE {
                // If nobody takes it in, somebody else failed and says so.
                let _ = sender.send(std::mem::replace(&mut gathered, empty(part)));
            }
        };
        store::facts_of(&mut reader.conn(), part, add).inspect_err(|_| next.store(parts.len(), Ordering::Relaxed))?;
        let _ = sender.send(gathered);
    }
    Ok(())
}

fn empty(part: &Part) -> Gathered {
    match part {
        Part::CustomerUsers(numbers) => {
            let about = usize::try_from(numbers.end - numbers.start).unwrap_or_default();
            Gathered::from(u32::try_from(numbers.start).unwrap_or(u32::MAX), about)
        }
        _ => Gathered::default(),
    }
}
