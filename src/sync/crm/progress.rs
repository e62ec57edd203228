//! How far an import is, for whoever watches.

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whoever watches.
pub trait Progress {
    /// A pass over the file begins.
    fn begin(&mut self, what: &str, bytes: u64);
    /// The pass has come so far.
    fn at(&mut self, bytes: u64, rows: u64);
    /// The pass is over.
    fn end(&mut self);
    /// Writes something else meanwhile, where the progress may stand on the same screen.
    fn aside(&mut self, write: &mut dyn FnMut()) {
        write();
    }
}

/// Nobody watches.
#[derive(Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _what: &str, _bytes: u64) {}
    fn at(&mut self, _bytes: u64, _rows: u64) {}
    fn end(&mut self) {}
}

/// A bar on a terminal, on standard error.
#[derive(Debug, Default)]
pub struct Bar(Option<ProgressBar>);

impl Progress for Bar {
    fn begin(&mut self, what: &str, bytes: u64) {
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        let template = "{prefix:>9} {wide_bar} {percent:>3} %  {bytes}/{total_bytes}  {msg}  {eta}";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(what.to_owned());
        self.0 = Some(bar);
    }

    fn at(&mut self, bytes: u64, rows: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(bytes);
            bar.set_message(format!("{} rows", super::report::grouped(rows)));
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }

    fn aside(&mut self, write: &mut dyn FnMut()) {
        match &self.0 {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// A line now and then, for a log.
#[derive(Debug)]
pub struct PlainLines<W> {
    output: W,
    what: String,
    bytes: u64,
    every: Duration,
    last: Instant,
}

impl<W: Write> PlainLines<W> {
    /// A line each time so long has passed.
    pub fn new(output: W, every: Duration) -> Self {
        Self { output, what: String::new(), bytes: 0, every, last: Instant::now() }
    }
}

impl<W: Write> Progress for PlainLines<W> {
    fn begin(&mut self, what: &str, bytes: u64) {
        (self.what, self.bytes, self.last) = (what.to_owned(), bytes, Instant::now());
    }

    fn at(&mut self, bytes: u64, rows: u64) {
        if self.last.elapsed() < self.every {
            return;
        }
        self.last = Instant::now();
        let percent = bytes.saturating_mul(100).checked_div(self.bytes).unwrap_or(100);
        // Progress that cannot be written is no reason to stop.
        let _ = writeln!(self.output, "{}: {percent} %, {} rows", self.what, super::report::grouped(rows));
    }

    fn end(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_lines() {
        let mut lines = PlainLines::new(Vec::new(), Duration::ZERO);
        lines.begin("importing", 2000);
        lines.at(500, 1234);
        lines.at(2000, 5000);
        let text = String::from_utf8(lines.output).unwrap();
        assert_eq!(text, "importing: 25 %, 1,234 rows\nimporting: 100 %, 5,000 rows\n");
    }
}
