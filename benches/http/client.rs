//! A client that costs little, and about the same for every server: requests are bytes made beforehand, and of a reply
//! only the head is read.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::rt::{Runtime, net::TcpStream, spawn};
use httparse::Status;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// So many threads of the client, and connections of each.
const THREADS: usize = 2;
const CONNECTIONS: usize = 8;

/// Requests that are ready to be sent, over and over again.
pub type Requests = Arc<Vec<Vec<u8>>>;

/// One request with a token and, maybe, a body.
pub fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let of_body = match body {
        "" => String::new(),
        body => format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()),
    };
    let head = format!("{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n{of_body}\r\n");
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Asks one server for so long, on all connections; gives how many requests were answered, and how long it took.
pub fn load(address: SocketAddr, requests: &Requests, time: Duration) -> (u64, Duration) {
    let began = Instant::now();
    let threads = (0..THREADS).map(|thread| {
        let requests = Arc::clone(requests);
        std::thread::spawn(move || one_thread(address, &requests, thread, began + time))
    });
    let threads: Vec<_> = threads.collect();
    let answered = threads.into_iter().map(|thread| thread.join().expect("a thread of the client")).sum();
    (answered, began.elapsed())
}

fn one_thread(address: SocketAddr, requests: &Requests, thread: usize, until: Instant) -> u64 {
    Runtime::new().expect("a runtime").block_on(async {
        let begin = |connection: usize| {
            let from = (thread * CONNECTIONS + connection) * requests.len() / (THREADS * CONNECTIONS);
            spawn(one_connection(address, Arc::clone(requests), from, until))
        };
        let mut answered = 0;
        for connection in (0..CONNECTIONS).map(begin).collect::<Vec<_>>() {
            answered += connection.await.expect("a connection").expect("the server answers");
        }
        answered
    })
}

async fn one_connection(address: SocketAddr, requests: Requests, from: usize, until: Instant) -> io::Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut answered = 0;
    for request in requests.iter().cycle().skip(from) {
        if Instant::now() >= until {
            break;
        }
        let sent = poll_fn(|context| Pin::new(&mut stream).poll_write(context, request)).await?;
        assert_eq!(sent, request.len(), "a request is one packet");
        let mut end = 0;
        while length_of_whole(&buffer[..end]).is_none() {
            let mut free = ReadBuf::new(&mut buffer[end..]);
            poll_fn(|context| Pin::new(&mut stream).poll_read(context, &mut free)).await?;
            let read = free.filled().len();
            assert!(read > 0, "the server closed the connection: {}", String::from_utf8_lossy(&buffer[..end]));
            end += read;
        }
        answered += 1;
    }
    Ok(answered)
}

/// How long the body is, once the reply is whole. Any other status than success fails the bench: errors may be quicker.
fn length_of_whole(read: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut reply = httparse::Response::new(&mut headers);
    let Status::Complete(head) = reply.parse(read).expect("a reply") else { return None };
    assert!(matches!(reply.code, Some(200 | 201 | 204)), "{}", String::from_utf8_lossy(read));
    let length = reply.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok()).unwrap_or(0);
    (read.len() >= head + length).then_some(length)
}

/// One connection, for requests one after the other.
pub struct Connection {
    stream: std::net::TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub fn to(address: SocketAddr) -> Self {
        let stream = std::net::TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, buffer: vec![0; 1 << 20] }
    }

    /// Sends it, and waits for the whole reply; gives how long its body is.
    pub fn ask(&mut self, request: &[u8]) -> usize {
        self.stream.write_all(request).expect("the server reads");
        let mut end = 0;
        loop {
            if let Some(length) = length_of_whole(&self.buffer[..end]) {
                return length;
            }
            let read = self.stream.read(&mut self.buffer[end..]).expect("the server answers");
            assert!(read > 0, "the server closed the connection");
            end += read;
        }
    }
}
