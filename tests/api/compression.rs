//! Replies compressed for whoever takes that; bodies of requests, which are not.

use std::io::Read;

use crate::common::{TestApp, Token, Value, json};

const CUSTOMERS: &str = "/v1/customers";

/// A reply as it travelled.
struct Travelled {
    status: u16,
    encoding: String,
    vary: String,
    etag: String,
    content_type: String,
    bytes: Vec<u8>,
}

impl Travelled {
    fn unzipped(&self) -> Value {
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*self.bytes).read_to_string(&mut text).expect("gzip");
        serde_json::from_str(&text).expect("JSON")
    }
}

fn travel(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Travelled {
    let token = Token::scope("admin").sign();
    let mut request =
        app.agent().get(format!("{}{path}", app.base())).header("Authorization", format!("Bearer {token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.call().expect("a reply");
    let header = |name| response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (encoding, vary, etag) = (header("Content-Encoding"), header("Vary"), header("ETag"));
    let (status, content_type) = (response.status().as_u16(), header("Content-Type"));
    let bytes = response.body_mut().read_to_vec().expect("a body");
    Travelled { status, encoding, vary, etag, content_type, bytes }
}

const GZIP: (&str, &str) = ("Accept-Encoding", "gzip, deflate, br, zstd");

fn app_with_a_long_list() -> TestApp {
    let app = TestApp::start();
    (0..20).for_each(|n| drop(app.post(CUSTOMERS, json!({"customer_id": format!("customer {n}")})).expect(201)));
    app
}

#[test]
fn a_long_reply_is_compressed_for_who_takes_it() {
    let app = app_with_a_long_list();
    let (plain, zipped) = (travel(&app, CUSTOMERS, &[]), travel(&app, CUSTOMERS, &[GZIP]));
    assert_eq!((plain.encoding.as_str(), zipped.encoding.as_str()), ("", "gzip"));
    assert_eq!((plain.vary.as_str(), zipped.vary.as_str()), ("Accept-Encoding", "Accept-Encoding"));
    assert!(zipped.bytes.len() * 4 < plain.bytes.len(), "{} of {} bytes", zipped.bytes.len(), plain.bytes.len());
    assert_eq!(zipped.unzipped(), serde_json::from_slice::<Value>(&plain.bytes).unwrap());
    for refused in ["identity", "gzip;q=0", "br", "*;q=0", "gzip;q=0.1, identity", "nonsense; q"] {
        let reply = travel(&app, CUSTOMERS, &[("Accept-Encoding", refused)]);
        assert_eq!((reply.status, reply.encoding.as_str()), (200, ""), "{refused}");
    }
}

#[test]
fn a_tag_is_the_same_however_the_reply_travelled() {
    let app = app_with_a_long_list();
    let (plain, zipped) = (travel(&app, CUSTOMERS, &[]), travel(&app, CUSTOMERS, &[GZIP]));
    assert!(plain.etag.starts_with('"') && plain.etag == zipped.etag, "{} {}", plain.etag, zipped.etag);
    let known = travel(&app, CUSTOMERS, &[GZIP, ("If-None-Match", &zipped.etag)]);
    assert_eq!((known.status, known.bytes.len(), known.encoding.as_str()), (304, 0, ""));
    assert_eq!((known.etag, known.vary.as_str(), known.content_type.as_str()), (zipped.etag, "Accept-Encoding", ""));
}

/// What is asked for again is kept as it was written, and its compressed form with it, until the next revision.
#[test]
fn what_is_asked_for_again_is_the_same_however_it_travels() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    ["users", "stats", "admin"].into_iter().for_each(|group| drop(app.link_customer("acme", group, &["ro", "rw"])));
    let path = "/v1/customer-users/jane/access";
    let asked = |headers: &[(&str, &str)]| {
        let reply = travel(&app, path, headers);
        let is_zipped = reply.encoding == "gzip";
        let json = if is_zipped { reply.unzipped() } else { serde_json::from_slice(&reply.bytes).expect("JSON") };
        assert_eq!(is_zipped, !headers.is_empty());
        (reply.etag, json)
    };
    let first = asked(&[]);
    for headers in [&[GZIP][..], &[GZIP], &[], &[GZIP], &[]] {
        assert_eq!(asked(headers), first);
    }
    app.link_customer_user("jane", "admin", &["ro"]);
    let next = asked(&[GZIP]);
    assert!(next != first && next.1["revision"] != first.1["revision"], "{}", next.1);
    for headers in [&[GZIP][..], &[GZIP], &[]] {
        assert_eq!(asked(headers), next);
    }
}

#[test]
fn short_replies_and_empty_ones_are_left_as_they_are() {
    let app = TestApp::start();
    let missing = travel(&app, "/v1/nothing", &[GZIP]);
    assert_eq!((missing.status, missing.encoding.as_str()), (404, ""));
    assert!(missing.bytes.len() < 1024 && missing.bytes.starts_with(b"{"));
    app.post(CUSTOMERS, json!({"customer_id": "acme"})).expect(201);
    let gone = app.admin().header(GZIP.0, GZIP.1).delete("/v1/customers/acme").expect(204);
    assert!(gone.text.is_empty() && gone.header("Content-Encoding").is_empty());
}

#[test]
fn long_problems_and_the_documentation_are_compressed_too() {
    let app = TestApp::start();
    let long = "x".repeat(3_000);
    let problem = travel(&app, &format!("/v1/customers?sort={long}"), &[GZIP]);
    assert_eq!((problem.status, problem.encoding.as_str()), (400, "gzip"));
    assert_eq!(problem.content_type, "application/problem+json");
    assert_eq!(problem.unzipped()["code"], "invalid_parameter");
    assert_eq!(travel(&app, "/openapi.json", &[GZIP]).unzipped()["openapi"], "3.1.0");
    let script = travel(&app, "/docs/swagger-ui-bundle.js", &[GZIP]);
    assert_eq!((script.status, script.encoding.as_str()), (200, "gzip"));
    assert_eq!(travel(&app, "/docs/swagger-ui-bundle.js", &[]).encoding, "");
}

#[test]
fn a_compressed_body_is_refused_as_such() {
    let app = TestApp::start();
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zipped, b"{\"customer_id\": \"acme\"}").unwrap();
    let zipped = zipped.finish().unwrap();
    let send = |coding| {
        let caller = app.admin().header("Content-Encoding", coding);
        caller.send_bytes("POST", CUSTOMERS, Some("application/json"), Some(zipped.clone()))
    };
    for coding in ["gzip", "GZIP", "identity, gzip", "br", ""] {
        let refused = send(coding).expect(415).problem("unsupported_media_type").names("Content-Encoding");
        refused.has_header("Accept-Encoding", "identity");
    }
    let plain = app.admin().header("Content-Encoding", "identity");
    plain.post(CUSTOMERS, json!({"customer_id": "acme"})).expect(201);
}
