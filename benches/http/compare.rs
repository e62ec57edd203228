//! Two loads in turn, in short slices, so that what else the machine does falls on both.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::client::{Requests, load};
use crate::rows::{median, quick};
use crate::servers::Server;

/// What is measured: a server and what it is asked.
pub struct Side<'a> {
    pub server: &'a Server,
    pub requests: &'a Requests,
    /// What happens before each slice.
    pub before: &'a dyn Fn(),
    /// What goes on during each slice, until it is told to stop.
    pub beside: Option<&'a (dyn Fn(&AtomicBool) + Sync)>,
}

impl<'a> Side<'a> {
    /// Nothing but the load.
    pub fn new(server: &'a Server, requests: &'a Requests) -> Self {
        Self { server, requests, before: &|| {}, beside: None }
    }

    fn slice(&self, time: Duration) -> Slice {
        (self.before)();
        let ((worked, outside), stop) = (self.server.worked(), AtomicBool::new(false));
        let (answered, took) = std::thread::scope(|scope| {
            self.beside.map(|beside| scope.spawn(|| beside(&stop)));
            let loaded = load(self.server.address, self.requests, time);
            stop.store(true, Ordering::Relaxed);
            loaded
        });
        let (worked_since, outside_since) = self.server.worked();
        Slice {
            answered: answered as f64,
            took: took.as_secs_f64(),
            cpu: (worked_since - worked).as_secs_f64(),
            outside: (outside_since - outside).as_secs_f64(),
        }
    }
}

struct Slice {
    answered: f64,
    took: f64,
    cpu: f64,
    /// Of that, outside the kernel.
    outside: f64,
}

impl Slice {
    fn each_second(&self) -> f64 {
        self.answered / self.took
    }
}

/// How one side compares with another.
pub struct Compared {
    /// Requests a second ÷ those of the other, the median of all pairs of slices.
    pub requests: f64,
    /// The server's time a request ÷ that of the other, over all slices.
    pub cpu: f64,
    /// The server's time a request outside the kernel beyond that of the other, in µs.
    pub beyond: f64,
}

/// Measures `side` and `base` in turn.
pub fn compare(side: &Side<'_>, base: &Side<'_>) -> Compared {
    let slices = turns(&[side, base]);
    let pairs = slices[0].iter().zip(&slices[1]);
    let compared = Compared {
        requests: median(pairs.map(|(one, other)| one.each_second() / other.each_second()).collect()),
        cpu: cpu(&slices[0]) / cpu(&slices[1]),
        beyond: each(&slices[0], |slice| slice.outside) - each(&slices[1], |slice| slice.outside),
    };
    let each_second = |of: &[Slice]| median(of.iter().map(Slice::each_second).collect());
    println!(
        "  {:.0} and {:.0} requests a second, {:.1} and {:.1} µs of the server's time each",
        each_second(&slices[0]),
        each_second(&slices[1]),
        cpu(&slices[0]),
        cpu(&slices[1])
    );
    compared
}

/// The server's time a request of each side, in µs, all measured in turn.
pub fn costs(sides: &[&Side<'_>]) -> Vec<f64> {
    turns(sides).iter().map(|slices| cpu(slices)).collect()
}

fn turns(sides: &[&Side<'_>]) -> Vec<Vec<Slice>> {
    let (turns, time) = if quick() { (5, Duration::from_millis(200)) } else { (20, Duration::from_millis(400)) };
    for side in sides {
        let _ = side.slice(time);
    }
    let mut slices: Vec<Vec<Slice>> = sides.iter().map(|_| Vec::new()).collect();
    for _ in 0..turns {
        sides.iter().zip(&mut slices).for_each(|(side, slices)| slices.push(side.slice(time)));
    }
    slices
}

fn cpu(slices: &[Slice]) -> f64 {
    each(slices, |slice| slice.cpu)
}

/// Of some time, µs a request.
fn each(slices: &[Slice], time: impl Fn(&Slice) -> f64) -> f64 {
    let sum = |of: &dyn Fn(&Slice) -> f64| slices.iter().map(of).sum::<f64>();
    sum(&time) / sum(&|slice| slice.answered) * 1e6
}
