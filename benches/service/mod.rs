//! A directory of `BENCH_CUSTOMER_USERS` in a database, filled behind the back of the service, and the real process
//! that serves it.
#![allow(dead_code, reason = "each bench uses the parts of this that it needs")]

pub mod client;
pub mod fill;

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use client::Client;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// On PostgreSQL, where several processes would share it, the service makes no secret by itself.
const JWT_SECRET: &str = "a secret of benches, which protects nothing at all";
const BINARY: &str = env!("CARGO_BIN_EXE_customer-access");

/// Where the databases of benches are kept from one run to the next.
pub fn place() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("benches")
}

/// The place of a database of SQLite that is made anew.
pub fn fresh(name: &str) -> PathBuf {
    std::fs::create_dir_all(place()).expect("a directory");
    let path = place().join(name);
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    path
}

/// A running service; killed when this is dropped.
pub struct Service {
    process: Child,
    pub address: SocketAddr,
    data_dir: PathBuf,
    /// How long it took from its start to the first yes of `/readyz`.
    pub ready_after: Duration,
}

impl Service {
    /// Starts it on a database and waits until it is ready.
    pub fn start(database_url: &str) -> Self {
        let address = free_address();
        let data_dir = place();
        let mut command = command(&data_dir);
        command.arg("serve").env("DATABASE_URL", database_url).env("LISTEN", address.to_string());
        command.env("ACCESS_LOG", "off").stdout(Stdio::null());
        let began = Instant::now();
        let process = command.spawn().expect("the service starts");
        let mut service = Self { process, address, data_dir, ready_after: Duration::ZERO };
        while !service.is_ready() {
            assert!(service.process.try_wait().expect("a state").is_none(), "the service has ended");
            wait(Duration::from_millis(2));
        }
        service.ready_after = began.elapsed();
        service
    }

    fn is_ready(&self) -> bool {
        Client::connect(self.address, "").is_some_and(|mut client| client.send("GET", "/readyz", "").0 == 200)
    }

    /// A connection that may do everything.
    pub fn client(&self) -> Client {
        Client::connect(self.address, &self.token()).expect("a connection")
    }

    fn token(&self) -> String {
        let mut command = command(&self.data_dir);
        let output = command.args(["token", "--scope", "admin", "--subject", "bench"]).output().expect("a token");
        String::from_utf8(output.stdout).expect("a token").trim().to_owned()
    }

    /// The most memory that it held so far, in bytes.
    pub fn peak_memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.env_clear().env("DATA_DIR", data_dir).env("RUST_LOG", "warn").current_dir(data_dir);
    command.env("JWT_SECRET", JWT_SECRET);
    command
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

#[expect(clippy::disallowed_methods, reason = "a bench waits, and serves nobody")]
pub fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// A PostgreSQL server of this process; it ends with this.
pub struct Postgres {
    directory: String,
    _ends_with_this: ChildStdin,
}

impl Postgres {
    /// Starts one, if a server is installed.
    pub fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres/cluster.sh");
        let mut command = Command::new("sh");
        let mut process = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let mut directory = String::new();
        BufReader::new(process.stdout.take()?).read_line(&mut directory).ok()?;
        let directory = directory.trim().to_owned();
        (!directory.is_empty()).then_some(Self { directory, _ends_with_this: process.stdin.take()? })
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@/postgres?host={}", self.directory)
    }

    /// Keeps its processes, those to come as well, to the last one of the processors; tells whether there is another one.
    pub fn keep_to_one_processor(&self) -> bool {
        let ours = sched_getaffinity(None).expect("processors");
        let mut all = (0..CpuSet::MAX_CPU).filter(|processor| ours.is_set(*processor));
        let (others, mut last) = (all.clone().count() > 1, CpuSet::new());
        last.set(all.next_back().expect("a processor"));
        let pid = std::fs::read_to_string(format!("{}/data/postmaster.pid", self.directory)).expect("it runs");
        let server: i32 = pid.lines().next().and_then(|pid| pid.parse().ok()).expect("the number of a process");
        sched_setaffinity(Pid::from_raw(server), &last).expect("a process may be kept to a processor");
        let processes = std::fs::read_dir("/proc").expect("processes").flatten();
        let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
        for number in numbers.filter(|number| parent(*number) == Some(server)) {
            // One that has ended meanwhile need not be kept.
            let _ = sched_setaffinity(Pid::from_raw(number), &last);
        }
        others
    }
}

/// The process that has started this one.
fn parent(process: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}
