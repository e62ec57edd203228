//! Two threads that work ahead on the items of a list, while what they make of them is taken in the order of the list.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::background;
use crate::store::StoreError;

/// So many threads: another one writes at the same time.
const THREADS: usize = 2;
/// So much of what each has made may wait.
const AHEAD: usize = 2;

/// What a thread makes of its items.
enum Made<T> {
    Some(T),
    /// That was all of an item.
    End,
    Failed(StoreError),
}

/// What the threads make, in the order of the items.
pub struct InOrder<T> {
    threads: Vec<Receiver<Made<T>>>,
    at: usize,
    left: usize,
}

/// Takes what is made of an item, and says whether anybody wants more.
pub type Give<'g, T> = &'g mut dyn FnMut(T) -> bool;

/// Works on these items.
pub fn in_order<I, T>(
    name: &str,
    items: Vec<I>,
    work: impl Fn(&I, Give<'_, T>) -> Result<(), StoreError> + Send + Sync + 'static,
) -> Result<InOrder<T>, StoreError>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
{
    let (left, items, work) = (items.len(), Arc::new(items), Arc::new(work));
    let mut threads = Vec::with_capacity(THREADS);
    for first in 0..THREADS.min(left) {
        let (made, received) = sync_channel(AHEAD);
        let (items, work) = (Arc::clone(&items), Arc::clone(&work));
        background::spawn(name, move || {
            for item in items.iter().skip(first).step_by(THREADS) {
                if !one(item, &*work, &made) {
                    return;
                }
            }
        })?;
        threads.push(received);
    }
    Ok(InOrder { threads, at: 0, left })
}

/// Works on one item; says whether to go on. Whoever has gone needs to know nothing.
fn one<I, T>(item: &I, work: &impl Fn(&I, Give<'_, T>) -> Result<(), StoreError>, made: &SyncSender<Made<T>>) -> bool {
    let mut is_wanted = true;
    let worked = work(item, &mut |some| {
        is_wanted = made.send(Made::Some(some)).is_ok();
        is_wanted
    });
    let goes_on = worked.is_ok() && is_wanted;
    made.send(worked.map_or_else(Made::Failed, |()| Made::End)).is_ok() && goes_on
}

impl<T> Iterator for InOrder<T> {
    type Item = Result<T, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            let failed = match self.threads[self.at].recv() {
                Ok(Made::Some(some)) => return Some(Ok(some)),
                Ok(Made::End) => {
                    self.at = (self.at + 1) % self.threads.len();
                    self.left -= 1;
                    continue;
                }
                Ok(Made::Failed(why)) => why,
                // Not the end of the list: to take it for that would lose rows.
                Err(_) => StoreError::Unavailable("a thread that reads ahead has failed".to_owned()),
            };
            self.left = 0;
            return Some(Err(failed));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_comes_in_order() {
        let made = in_order("test", (0..9).collect(), |item: &u32, give| {
            // Nothing of some, much of others.
            let _ = (0..item % 4 * 3).all(|part| give((*item, part)));
            Ok(())
        });
        let made: Vec<(u32, u32)> = made.expect("threads").map(|it| it.expect("no fault")).collect();
        let expected: Vec<(u32, u32)> =
            (0..9).flat_map(|item| (0..item % 4 * 3).map(move |part| (item, part))).collect();
        assert_eq!(made, expected);
        assert_eq!(in_order("test", Vec::<u32>::new(), |_, _: Give<'_, u32>| Ok(())).expect("none").count(), 0);
    }

    #[test]
    fn a_fault_ends_it_and_is_told() {
        for fails_at in 0..5 {
            let made = in_order("test", (0..5).collect(), move |item: &u32, give| {
                give(*item);
                if *item == fails_at { Err(StoreError::Corrupt("it".to_owned())) } else { Ok(()) }
            });
            let made: Vec<Option<u32>> = made.expect("threads").map(Result::ok).collect();
            let expected: Vec<Option<u32>> = (0..=fails_at).map(Some).chain([None]).collect();
            assert_eq!(made, expected);
        }
    }

    #[test]
    fn a_thread_that_has_gone_is_no_end() {
        let (made, received) = sync_channel(AHEAD);
        made.send(Made::Some(1)).expect("room");
        drop(made);
        let made = InOrder { threads: vec![received], at: 0, left: 2 };
        assert_eq!(made.map(|it| it.is_ok()).collect::<Vec<_>>(), [true, false]);
    }
}
