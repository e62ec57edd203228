//! What came back, with asserts that can be chained: each gives the reply back, and says on failure
//! what was asked, what came, and what the server complained about.

use serde_json::Value;
use ureq::http::{HeaderMap, Response};

use super::TestApp;

/// A reply, and the request it answers.
#[derive(Debug, Clone)]
pub struct Reply {
    pub method: String,
    pub path: String,
    /// The JSON that was sent, if any was.
    pub sent: Option<Value>,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// The body as JSON; null if it is none.
    pub json: Value,
    stderr: String,
}

impl Reply {
    #[track_caller]
    pub(super) fn read(
        app: &TestApp,
        method: &str,
        path: &str,
        sent: Option<Value>,
        mut response: Response<ureq::Body>,
    ) -> Self {
        let body = response.body_mut().with_config().limit(256 << 20).read_to_string();
        let text = body.unwrap_or_else(|error| panic!("{method} {path}: the body cannot be read: {error}"));
        let status = response.status().as_u16();
        Self::new(app, (method, path), sent, status, response.headers().clone(), text)
    }

    pub(super) fn new(
        app: &TestApp,
        (method, path): (&str, &str),
        sent: Option<Value>,
        status: u16,
        headers: HeaderMap,
        text: String,
    ) -> Self {
        let json = serde_json::from_str(&text).unwrap_or_default();
        let stderr = if status >= 400 { app.stderr() } else { String::new() };
        Self { method: method.into(), path: path.into(), sent, status, headers, text, json, stderr }
    }

    /// It has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        self.expect_any(&[status])
    }

    /// It has one of these statuses: where the contract leaves it open.
    #[track_caller]
    pub fn expect_any(self, statuses: &[u16]) -> Self {
        assert!(statuses.contains(&self.status), "expected {statuses:?}, got {self}");
        self
    }

    /// It is a complete problem with this code.
    #[track_caller]
    pub fn problem(self, code: &str) -> Self {
        self.check_problem();
        assert_eq!(self.json["code"], code, "{self}");
        self
    }

    #[track_caller]
    fn check_problem(&self) {
        assert_eq!(self.content_type(), "application/problem+json", "{self}");
        for member in ["type", "title", "detail", "code", "request_id"] {
            assert!(self.json[member].as_str().is_some_and(|text| !text.is_empty()), "no {member} in {self}");
        }
        assert_eq!(self.json["status"], self.status, "{self}");
        assert_eq!(self.json["request_id"], self.header("X-Request-Id"), "{self}");
        self.errors().iter().for_each(|error| self.check_error(error));
    }

    /// A refusal of what was sent, which says where it is wrong.
    #[track_caller]
    pub fn refused(self) -> Self {
        let reply = self.expect(422).problem("invalid_input");
        assert!(!reply.errors().is_empty(), "no errors in {reply}");
        reply
    }

    /// The errors point to just these places of the body.
    #[track_caller]
    pub fn pointers(self, expected: &[&str]) -> Self {
        let mut expected = expected.to_vec();
        let mut found: Vec<&str> = self.errors().iter().filter_map(|error| error["pointer"].as_str()).collect();
        expected.sort_unstable();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, expected, "{self}");
        self
    }

    /// One of the errors has this code.
    #[track_caller]
    pub fn error_code(self, code: &str) -> Self {
        assert!(self.errors().iter().any(|error| error["code"] == code), "no error {code} in {self}");
        self
    }

    /// The text for people (or a member beside it) names this.
    #[track_caller]
    pub fn names(self, what: &str) -> Self {
        let mut problem = self.json.clone();
        for member in ["request_id", "status", "type"] {
            problem.as_object_mut().map(|members| members.remove(member));
        }
        let text = problem.to_string();
        let is_word = what.chars().all(char::is_alphanumeric);
        let named = match is_word {
            true => text.split(|c: char| !c.is_alphanumeric()).any(|word| word == what),
            false => text.contains(what),
        };
        assert!(named, "{what:?} is not named in {self}");
        self
    }

    /// The member at this JSON pointer is this.
    #[track_caller]
    pub fn has(self, pointer: &str, expected: impl Into<Value>) -> Self {
        let found = self.json.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(found, expected.into(), "{pointer} in {self}");
        self
    }

    /// There is no member at this JSON pointer, not even null.
    #[track_caller]
    pub fn lacks(self, pointer: &str) -> Self {
        assert_eq!(self.json.pointer(pointer), None, "{pointer} in {self}");
        self
    }

    /// The header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The header is there, and is this.
    #[track_caller]
    pub fn has_header(self, name: &str, expected: &str) -> Self {
        assert_eq!(self.header(name), expected, "{name} of {self}");
        self
    }

    /// The text at this JSON pointer; it must be there.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        let text = self.json.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {pointer} in {self}")).to_owned()
    }

    /// The opaque id of what the reply represents.
    #[track_caller]
    pub fn id(&self) -> String {
        self.text_at("/id")
    }

    /// Its entity tag.
    #[track_caller]
    pub fn etag(&self) -> String {
        let etag = self.header("ETag");
        assert!(!etag.is_empty(), "no ETag on {self}");
        etag.to_owned()
    }

    /// The revision that the reply reflects.
    #[track_caller]
    pub fn revision(&self) -> String {
        let revision = self.header("Access-Revision");
        assert!(!revision.is_empty(), "no Access-Revision on {self}");
        revision.to_owned()
    }

    /// The items of a list.
    #[track_caller]
    pub fn items(&self) -> &[Value] {
        self.json["items"].as_array().map(Vec::as_slice).unwrap_or_else(|| panic!("no items in {self}"))
    }

    /// One member of each item, in their order; a JSON pointer, or the name of a member.
    #[track_caller]
    pub fn each(&self, member: &str) -> Vec<String> {
        let pointer = if member.starts_with('/') { member.to_owned() } else { format!("/{member}") };
        let text = |item: &Value| item.pointer(&pointer).and_then(Value::as_str).map(str::to_owned);
        let texts = self.items().iter().map(text);
        texts.map(|text| text.unwrap_or_else(|| panic!("an item without {member} in {self}"))).collect()
    }

    /// The items have just these values of a member, in any order.
    #[track_caller]
    pub fn lists(self, member: &str, expected: &[&str]) -> Self {
        let mut found = self.each(member);
        let mut expected = expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{self}");
        self
    }

    /// The media type without its parameters.
    pub fn content_type(&self) -> &str {
        self.header("Content-Type").split(';').next().unwrap_or_default().trim()
    }

    fn errors(&self) -> &[Value] {
        self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// An error has its three members, and points to something sent, or to where it should have been.
    #[track_caller]
    fn check_error(&self, error: &Value) {
        for member in ["pointer", "code", "detail"] {
            assert!(error[member].is_string(), "an error without {member} in {self}");
        }
        let (Some(sent), Some(pointer)) = (&self.sent, error["pointer"].as_str()) else { return };
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        let found = sent.pointer(pointer).or_else(|| sent.pointer(parent));
        assert!(found.is_some(), "the pointer {pointer:?} points to nothing that was sent: {self}");
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = if self.json.is_null() { self.text.clone() } else { format!("{:#}", self.json) };
        write!(f, "{}\n  to {} {}", self.status, self.method, self.path)?;
        if let Some(sent) = &self.sent {
            write!(f, "\n  with {sent}")?;
        }
        write!(f, "\n{body}")?;
        if self.stderr.is_empty() { Ok(()) } else { write!(f, "\nthe server's standard error:\n{}", self.stderr) }
    }
}
