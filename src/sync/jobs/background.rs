//! Threads that work on jobs. Whoever asks or writes comes first.

use crate::store::StoreError;
use crate::turns::give_way;

/// Starts such a thread.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        give_way();
        work();
    });
    started.map(|_| ()).map_err(|why| StoreError::Unavailable(format!("no thread for {name}: {why}")))
}
