//! Threads that work on jobs. Whoever asks or writes comes first: where the processors have too little time for all, these
//! get a small share of it.

use crate::store::StoreError;

/// How much less such a thread counts, from 0 to 19. It still gets a tenth of the time that another one gets, so that a
/// job ends on a machine that is always busy.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Starts such a thread.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        give_way();
        work();
    });
    started.map(|_| ()).map_err(|why| StoreError::Unavailable(format!("no thread for {name}: {why}")))
}

/// On Linux a thread has a priority of its own; elsewhere the whole process has one, and is left alone.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(why) = rustix::process::setpriority_process(None, NICE) {
        log::debug!("a thread keeps its priority: {why}");
    }
}
