//! Time that the processor spent on a thread: what others did on the machine meanwhile is not in it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How much of it this thread had so far.
pub fn processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), nanoseconds)
}

/// How long this thread was ready so far, and waited for a processor (Linux; nothing elsewhere).
pub fn queued() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().nth(1).and_then(|it| it.parse().ok()).unwrap_or(0))
}
