//! The log of the service, on standard error.
//!
//! Where that is no terminal, lines are handed to a thread that writes all that have come in a moment at once: a request
//! does not wait for a disk, or for whoever reads the log. While more waits to be written than memory should hold,
//! requests do wait; no line is dropped.

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use env_logger::Target;

/// How long lines are gathered.
const MOMENT: Duration = Duration::from_millis(2);
/// So many bytes may wait.
const MOST: usize = 1 << 20;

/// Begins to log what this filter lets through. All of it is written when what this gives is dropped.
pub fn init(filter: &str) -> std::io::Result<Option<Writing>> {
    let mut builder = env_logger::Builder::new();
    builder.parse_filters(filter);
    let writing = if stderr().is_terminal() { None } else { Some(Writing::start(stderr())?) };
    if let Some(writing) = &writing {
        builder.target(Target::Pipe(Box::new(Lines(Arc::clone(&writing.waiting)))));
    }
    builder.init();
    Ok(writing)
}

/// What waits to be written.
#[derive(Default)]
struct Waiting {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    has_ended: bool,
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while<'w>(
        &self,
        state: MutexGuard<'w, State>,
        condition: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'w, State> {
        self.changed.wait_while(state, condition).unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes until there is no more to come.
    fn write_to(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let has_ended = self.wait_while(self.lock(), |state| state.lines.is_empty() && !state.has_ended).has_ended;
            if !has_ended {
                pause();
            }
            std::mem::swap(&mut lines, &mut self.lock().lines);
            self.changed.notify_all();
            // There is nobody to tell that the log cannot be written.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
            if has_ended && lines.is_empty() {
                return;
            }
            lines.clear();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the thread of the log is its own, and serves nobody")]
fn pause() {
    std::thread::sleep(MOMENT);
}

/// Where the logger writes to.
struct Lines(Arc<Waiting>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let mut state = self.0.wait_while(self.0.lock(), |state| state.lines.len() >= MOST && !state.has_ended);
        state.lines.extend_from_slice(line);
        // The thread that writes sleeps only when there was nothing.
        if state.lines.len() == line.len() {
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The thread that writes the log.
pub struct Writing {
    waiting: Arc<Waiting>,
    thread: Option<JoinHandle<()>>,
}

impl Writing {
    fn start(out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let waiting = Arc::<Waiting>::default();
        let of_thread = Arc::clone(&waiting);
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || of_thread.write_to(out))?;
        Ok(Self { waiting, thread: Some(thread) })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.waiting.lock().has_ended = true;
        self.waiting.changed.notify_all();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, lines: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("the test").extend_from_slice(lines);
            Ok(lines.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_once_and_whole() {
        let written = Written::default();
        let writing = Writing::start(written.clone()).expect("a thread");
        // More than may wait, from threads of which each keeps its order.
        let line = |thread: usize, number: usize| format!("{thread} {number} {}\n", "x".repeat(200));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let mut lines = Lines(Arc::clone(&writing.waiting));
                scope.spawn(move || {
                    (0..5_000).for_each(|number| lines.write_all(line(thread, number).as_bytes()).expect("a line"));
                });
            }
        });
        drop(writing);
        let written = String::from_utf8(std::mem::take(&mut *written.0.lock().expect("the test"))).expect("text");
        for thread in 0..4 {
            let of_thread = written.lines().filter(|line| line.starts_with(&format!("{thread} ")));
            assert!(of_thread.map(|line| format!("{line}\n")).eq((0..5_000).map(|number| line(thread, number))));
        }
        assert_eq!(written.lines().count(), 20_000);
    }
}
