//! Somebody who sends requests: a token, some headers, and the verbs of HTTP.

use serde_json::Value;
use ureq::http::{Request, Response};

use super::{Reply, TestApp};

/// Somebody with a token (or none) who calls the server.
#[derive(Clone)]
pub struct Caller<'a> {
    app: &'a TestApp,
    headers: Vec<(String, String)>,
}

impl<'a> Caller<'a> {
    pub(super) fn new(app: &'a TestApp, token: Option<&str>) -> Self {
        let headers = token.map(|token| ("Authorization".to_owned(), format!("Bearer {token}")));
        Self { app, headers: headers.into_iter().collect() }
    }

    /// With this header on every request.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Only if the representation is still this one.
    pub fn if_match(self, etag: &str) -> Self {
        self.header("If-Match", etag)
    }

    /// Only if the representation is another than this one.
    pub fn if_none_match(self, etag: &str) -> Self {
        self.header("If-None-Match", etag)
    }

    /// Only from an index that has come at least this far.
    pub fn at_least(self, revision: &str) -> Self {
        self.header("At-Least-Revision", revision)
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None)
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, Some(&body))
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, Some(&body))
    }

    /// A PUT that says nothing but "be there".
    #[track_caller]
    pub fn put_empty(&self, path: &str) -> Reply {
        self.send("PUT", path, None)
    }

    #[track_caller]
    pub fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, Some(&body))
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None)
    }

    /// Any method, with a JSON body or none.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let content_type = body.map(|_| "application/json");
        let bytes = body.map(|body| body.to_string().into_bytes());
        self.send_bytes(method, path, content_type, bytes)
    }

    /// Any method, any bytes, any content type.
    #[track_caller]
    pub fn send_bytes(&self, method: &str, path: &str, content_type: Option<&str>, body: Option<Vec<u8>>) -> Reply {
        let response = self.response(method, path, content_type, body.as_deref());
        let sent = body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let reply = Reply::read(self.app, method, path, sent, response);
        self.app.contract().check(&reply);
        reply
    }

    #[track_caller]
    fn response(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: Option<&[u8]>,
    ) -> Response<ureq::Body> {
        let uri = format!("{}{path}", self.app.base());
        let mut request = Request::builder().method(method).uri(&uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let agent = self.app.agent();
        let wants_body = matches!(method, "POST" | "PUT" | "PATCH");
        let outcome = match body {
            None if !wants_body => agent.run(request.body(()).expect("a request")),
            body => agent.run(request.body(body.unwrap_or_default()).expect("a request")),
        };
        outcome.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.app.stderr()))
    }
}
