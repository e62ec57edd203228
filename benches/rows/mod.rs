//! What a bench found, row by row: a line for people, and one for `benches/run`, which makes the table of them.
//!
//! The lines for the script are JSON, one object each, appended to the file that `BENCH_ROWS` names.
#![allow(dead_code, reason = "each bench uses the parts of this that it needs")]

use std::fs::OpenOptions;
use std::io::Write;

use serde_json::json;

/// What a row has to reach.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Nothing: the row is there to be read beside others.
    None,
}

impl Target {
    fn is_met(self, measured: f64) -> bool {
        match self {
            Target::AtLeast(least) => measured >= least,
            Target::AtMost(most) => measured <= most,
            Target::None => true,
        }
    }

    fn text(self) -> String {
        match self {
            Target::AtLeast(least) => format!("≥ {}", number(least)),
            Target::AtMost(most) => format!("≤ {}", number(most)),
            Target::None => String::new(),
        }
    }
}

/// Reports one row. The unit is `ratio`, `ns`, `µs`, `ms`, `s`, `bytes` or a word.
pub fn report(row: &str, measured: f64, unit: &str, target: Target) {
    let met = target.is_met(measured);
    let (said, wanted) = (number(measured), target.text());
    let unit_said = if unit == "ratio" { String::new() } else { format!(" {unit}") };
    match target {
        Target::None => println!("{row}: {said}{unit_said}"),
        _ => println!("{row}: {said}{unit_said} ({wanted}: {})", if met { "met" } else { "NOT MET" }),
    }
    append(&json!({ "row": row, "measured": measured, "unit": unit, "target": wanted, "met": met }).to_string());
}

/// Whether `BENCH_QUICK` asks for less exact figures, sooner.
#[expect(clippy::disallowed_methods, reason = "a bench is configured by whoever runs it")]
pub fn quick() -> bool {
    std::env::var_os("BENCH_QUICK").is_some()
}

/// The middle one, which a moment of somebody else's work on the machine does not move.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Two or three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        small if small < 0.1 => format!("{value:.3}"),
        small if small < 10.0 => format!("{value:.2}"),
        small if small < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench is configured by whoever runs it")]
fn append(line: &str) {
    let Some(file) = std::env::var_os("BENCH_ROWS") else { return };
    let file = OpenOptions::new().create(true).append(true).open(file);
    file.and_then(|mut file| writeln!(file, "{line}")).expect("BENCH_ROWS names a file that can be written");
}
