//! The servers: each a process of its own, so that what it costs can be told from what the client costs.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use prometheus::{Histogram, HistogramOpts};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::directory;

/// Threads that answer, of every server.
const WORKERS: &str = "2";
/// The argument by which this program becomes the echo.
pub const ECHO: &str = "serve-the-echo";
/// The argument by which this program becomes the frame.
pub const FRAME: &str = "serve-the-frame";

/// A server that runs until it is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// The bare echo: this program, started once more.
    pub fn echo() -> Self {
        Self::this_program(ECHO)
    }

    /// What every answer has around it, and no answer.
    pub fn frame() -> Self {
        Self::this_program(FRAME)
    }

    fn this_program(role: &str) -> Self {
        Self::start(Command::new(std::env::current_exe().expect("this program")).arg(role).stderr(Stdio::inherit()))
    }

    /// The service on the database of this directory. `BENCH_BINARY` names another build of it, to compare them.
    #[expect(clippy::disallowed_methods, reason = "a bench is configured by whoever runs it")]
    pub fn service(data: &Path, settings: &[(&str, &str)]) -> Self {
        let binary = std::env::var("BENCH_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_customer-access").to_owned());
        let log = File::options().create(true).append(true).open(data.join("log")).expect("a file for the log");
        let mut command = Command::new(binary);
        command.arg("serve").env_clear().env("DATA_DIR", data).env("LISTEN", "127.0.0.1:0").env("WORKERS", WORKERS);
        command.env("METRICS_LISTEN", "127.0.0.1:0").env("ACCESS_LOG", "off").envs(settings.iter().copied());
        Self::start(command.stderr(log))
    }

    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.split_once("listening on http://").map(|(_, it)| it.to_owned()));
        let address = address.expect("the server says where it listens").parse().expect("an address");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// The time that its threads have worked so far: in all, and outside the kernel.
    pub fn worked(&self) -> (Duration, Duration) {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the server runs");
        // The name, in parentheses, may hold spaces. Then come the state and ten other fields.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
        let mut hundredths = || fields.next().and_then(|field| field.parse::<u64>().ok()).expect("a number") * 10;
        let (outside, inside) = (hundredths(), hundredths());
        (Duration::from_millis(outside + inside), Duration::from_millis(outside))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a check sends.
#[derive(Deserialize, Serialize)]
struct Question {
    customer_user: String,
    group: String,
    permission: String,
}

/// So often, one after the other, a check waits for what is in memory at a place that cannot be foreseen: for the part of
/// the table of logins, for the number in it, for what is kept under that number, for what is kept of the customer.
pub const READS: usize = 4;

/// As many cells as an index needs at about a thousand and at a million customer users.
pub const CELLS: [u32; 2] = [1 << 16, 1 << 26];
static MEMORY: LazyLock<[Vec<u32>; 2]> = LazyLock::new(|| CELLS.map(directory::cells));

thread_local! {
    /// The cell that this thread has read last.
    static AT: Cell<u32> = const { Cell::new(0) };
}

/// The least that a server of this stack does: JSON in, JSON out; the same, and work for so many nanoseconds besides, or
/// reads from so many cells; and nothing in, so many bytes out.
pub fn serve_echo() -> std::io::Result<()> {
    async fn echo(question: web::Json<Question>) -> web::Json<Question> {
        question
    }
    async fn busy(nanoseconds: web::Path<u64>, question: web::Json<Question>) -> web::Json<Question> {
        let (began, long) = (Instant::now(), Duration::from_nanos(*nanoseconds));
        while began.elapsed() < long {
            std::hint::spin_loop();
        }
        question
    }
    async fn reading(among: web::Path<u32>, question: web::Json<Question>) -> web::Json<Question> {
        let which = CELLS.iter().position(|cells| *cells == *among).expect("one of them");
        AT.set((0..READS).fold(AT.get() % *among, |at, _| MEMORY[which][at as usize]));
        question
    }
    async fn bytes(length: web::Path<usize>) -> HttpResponse {
        HttpResponse::Ok().content_type("application/json").body(vec![b' '; *length])
    }
    serve(|routes| {
        routes.route("/v1/access:check", web::post().to(echo));
        routes.route("/busy/{nanoseconds}", web::post().to(busy)).route("/reading/{among}", web::post().to(reading));
        routes.route("/bytes/{length}", web::get().to(bytes));
    })
}

/// What the frame keeps between requests.
struct Frame {
    callers: Mutex<HashSet<[u8; 32]>>,
    times: Histogram,
}

/// What a check answers.
#[derive(Serialize)]
struct Answer {
    allowed: bool,
    revision: &'static str,
    reasons: [&'static str; 0],
}

/// The least that the service has to do for a check beside answering it: tell its token from others, give it an id, count
/// and time it, and reply with the headers that every reply has. Nothing is looked up, and nothing bounded or logged.
pub fn serve_frame() -> std::io::Result<()> {
    async fn framed(request: HttpRequest, question: web::Json<Question>, frame: web::Data<Frame>) -> HttpResponse {
        let (began, revision) = (Instant::now(), "5f0c1d9e6a574b0e-42");
        let token = request.headers().get(header::AUTHORIZATION).map_or(&b""[..], |value| value.as_bytes());
        frame.callers.lock().expect("no thread has failed").insert(Sha256::digest(token).into());
        let id = uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string();
        let answer = Answer { allowed: !question.permission.is_empty(), revision, reasons: [] };
        frame.times.observe(began.elapsed().as_secs_f64());
        HttpResponse::Ok()
            .insert_header(("x-request-id", id))
            .insert_header(("access-revision", revision))
            .insert_header((header::VARY, "Accept-Encoding"))
            .json(answer)
    }
    let times = Histogram::with_opts(HistogramOpts::new("times", "How long it took.")).expect("a histogram");
    let frame = web::Data::new(Frame { callers: Mutex::default(), times });
    serve(move |routes| {
        routes.app_data(frame.clone()).route("/v1/access:check", web::post().to(framed));
    })
}

fn serve(routes: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static) -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = HttpServer::new(move || App::new().configure(routes.clone()));
    let server = server.workers(WORKERS.parse().expect("a number")).listen(listener)?;
    actix_web::rt::System::new().block_on(server.run())
}
