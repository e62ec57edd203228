//! How far a job is, for whoever runs it: a bar on a terminal, a line from time to time in a pipe.

#![expect(clippy::print_stderr, reason = "progress is told beside the report")]

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::sync::jobs::options::Progress;

/// How often a log gets a line.
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(5);

/// Tells how far a job is.
pub(super) enum JobWatch {
    Silent,
    Bar(ProgressBar),
    Lines(Instant),
}

impl JobWatch {
    /// Fit for where standard error goes.
    pub fn new(quiet: bool) -> Self {
        if quiet {
            return JobWatch::Silent;
        }
        if !std::io::stderr().is_terminal() {
            return JobWatch::Lines(Instant::now());
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let template = "{prefix:>12} {wide_bar} {percent:>3} %  {human_pos}/{human_len} rows  {eta}";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        JobWatch::Bar(bar)
    }

    /// It has come so far.
    pub fn at(&mut self, progress: &Progress) {
        match self {
            JobWatch::Silent => {}
            JobWatch::Bar(bar) => {
                bar.set_prefix(progress.phase.as_str());
                bar.set_length(progress.rows_total);
                bar.set_position(progress.rows_done);
            }
            JobWatch::Lines(last) if last.elapsed() >= PLAIN_LINE_EVERY => {
                *last = Instant::now();
                let Progress { phase, rows_done, rows_total, .. } = progress;
                eprintln!("{}: {rows_done} of {rows_total} rows", phase.as_str());
            }
            JobWatch::Lines(_) => {}
        }
    }

    /// It rests.
    pub fn end(&mut self) {
        if let JobWatch::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
