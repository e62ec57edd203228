//! One connection to the service, kept open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub struct Client {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Client {
    pub fn connect(address: SocketAddr, token: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Self { stream: BufReader::new(stream), token: token.to_owned() })
    }

    /// Another connection of the same caller.
    pub fn another(&self) -> Self {
        let address = self.stream.get_ref().peer_addr().expect("an address");
        Self::connect(address, &self.token).expect("a connection")
    }

    /// Sends a request with a body of JSON, or none; gives status and body.
    pub fn send(&mut self, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
        self.send_as("application/json", method, path, body)
    }

    /// Sends a request with a body of any type; gives status and body.
    pub fn send_as(&mut self, media: &str, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: {media}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).expect("a request");
        let status = self.line().split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut length = 0;
        loop {
            let header = self.line().to_ascii_lowercase();
            match header.strip_prefix("content-length:") {
                Some(value) => length = value.trim().parse().expect("a length"),
                None if header.is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        (status, body)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a line of the head");
        line.trim_end().to_owned()
    }

    /// How long a request takes that succeeds.
    pub fn time(&mut self, method: &str, path: &str, body: &str) -> Duration {
        let began = Instant::now();
        let (status, reply) = self.send(method, path, body);
        let took = began.elapsed();
        assert!((200..300).contains(&status), "{method} {path}: {status} {}", String::from_utf8_lossy(&reply));
        took
    }
}
