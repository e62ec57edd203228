//! Requests that no client library would send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::{Reply, TestApp, Token};

impl TestApp {
    /// Sends a request line, headers (one a line) and a body as they are, with an administrator's
    /// token, and reads until the server closes the connection.
    #[track_caller]
    pub fn raw(&self, method: &str, target: &str, headers: &[&str], body: &[u8]) -> Reply {
        let mut stream = self.begin(method, target, headers);
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        self.parse(method, target, &bytes)
    }

    /// Sends the head of such a request, and leaves it at that.
    #[track_caller]
    pub fn begin(&self, method: &str, target: &str, headers: &[&str]) -> TcpStream {
        let address = self.base().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit of time");
        let token = Token::scope("admin").sign();
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        head += &format!("Authorization: Bearer {token}\r\n");
        headers.iter().for_each(|header| head += &format!("{header}\r\n"));
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(format!("{head}\r\n").as_bytes());
        stream
    }

    #[track_caller]
    fn parse(&self, method: &str, target: &str, bytes: &[u8]) -> Reply {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no reply to {method} {target:.80}: {text:?}\n{}", self.stderr()));
        let headers: HeaderMap = lines.filter_map(header).collect();
        Reply::new(self, (method, target), None, status, headers, body.to_owned())
    }
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    Some((name.parse().ok()?, value.trim().parse().ok()?))
}
