//! A PostgreSQL server of a test's own that can be stopped and started, and a way to it that can be cut.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// As the cluster that the other tests share, but what was committed is there after a crash of the
/// server, and it does what it is told, a word a line.
const CLUSTER: &str = r#"
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || exit 1
dir=$(mktemp -d "${TMPDIR:-/tmp}/customer-access-cluster.XXXXXX") && cd "$dir" || exit 1
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; as="runuser -u postgres --"; else as=; fi
trap 'cd /; $as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >"$dir/log" 2>&1; rm -rf "$dir"' EXIT
trap exit HUP INT TERM
start() {
    $as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/data/log" start -o "-k $dir -c listen_addresses='' -c fsync=off" \
        >"$dir/log" 2>&1 </dev/null
}
$as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/log" 2>&1 &&
start || { cat "$dir/log" >&2; exit 1; }
echo "$dir"
while read -r word; do
    case $word in
        stop) $as "$bin/pg_ctl" -D "$dir/data" -w -m immediate stop >"$dir/log" 2>&1 </dev/null ;;
        start) start ;;
    esac || { cat "$dir/log" >&2; exit 1; }
    echo done
done
"#;

/// A server that ends with this.
pub struct Cluster {
    directory: String,
    shell: Child,
    answers: BufReader<ChildStdout>,
}

impl Cluster {
    pub fn start() -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", CLUSTER]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().expect("a shell");
        let answers = BufReader::new(shell.stdout.take().expect("a pipe"));
        let mut cluster = Self { directory: String::new(), shell, answers };
        cluster.directory = cluster.answer();
        cluster
    }

    /// As a power cut ends it, but for the disk.
    pub fn crash(&mut self) {
        self.tell("stop");
    }

    pub fn come_back(&mut self) {
        self.tell("start");
    }

    pub fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=postgres", self.directory)
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.shell.stdin.as_mut().expect("a pipe"), "{word}").expect("the shell reads");
        assert_eq!(self.answer(), "done");
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line).expect("the shell answers");
        assert!(read > 0, "PostgreSQL failed; its tests need a server of version 15 or later on this machine");
        line.trim_end().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Waiting ends its standard input, and that ends the server.
        let _ = self.shell.wait();
    }
}

const OPEN: u8 = 0;
const CUT: u8 = 1;
const FROZEN: u8 = 2;

/// A way to a server over TCP.
pub struct Way {
    port: u16,
    state: Arc<AtomicU8>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    pub fn to(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (state, streams) = (Arc::new(AtomicU8::new(OPEN)), Arc::new(Mutex::new(Vec::new())));
        let way = Self { port, state: Arc::clone(&state), streams: Arc::clone(&streams) };
        let socket = format!("{}/.s.PGSQL.5432", cluster.directory);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = UnixStream::connect(&socket);
                if state.load(Ordering::SeqCst) != CUT
                    && let Ok(far) = far
                {
                    join(near, far, &state, &streams);
                }
            }
        });
        way
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends every connection and takes no new one.
    pub fn cut(&self) {
        self.state.store(CUT, Ordering::SeqCst);
        for stream in self.streams.lock().expect("streams").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets nothing through any more, and says nothing about it.
    pub fn freeze(&self) {
        self.state.store(FROZEN, Ordering::SeqCst);
    }

    pub fn open(&self) {
        self.state.store(OPEN, Ordering::SeqCst);
    }
}

fn join(near: TcpStream, far: UnixStream, state: &Arc<AtomicU8>, streams: &Mutex<Vec<TcpStream>>) {
    streams.lock().expect("streams").push(near.try_clone().expect("a stream"));
    let (near_too, far_too) = (near.try_clone().expect("a stream"), far.try_clone().expect("a stream"));
    let state_too = Arc::clone(state);
    let state = Arc::clone(state);
    thread::spawn(move || {
        carry(&near, &far, &state);
        let _ = far.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        carry(&far_too, &near_too, &state_too);
        let _ = near_too.shutdown(Shutdown::Both);
    });
}

fn carry(mut from: impl Read, mut to: impl Write, state: &AtomicU8) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        while state.load(Ordering::SeqCst) == FROZEN {
            thread::sleep(Duration::from_millis(5));
        }
        if to.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
}
