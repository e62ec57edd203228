//! What the framework would answer by itself: problem+json like everything else.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::common::{Reply, TestApp, json, query};

const CUSTOMERS: &str = "/v1/customers";

fn post(app: &TestApp, content_type: Option<&str>, body: &[u8]) -> Reply {
    app.admin().send_bytes("POST", CUSTOMERS, content_type, Some(body.to_vec()))
}

#[test]
fn bad_json() {
    let app = TestApp::start();
    for body in ["{", "{\"customer_id\": }", "nonsense", "{\"customer_id\": \"a\"} and more", "\u{feff}{}", "{'a': 1}"]
    {
        post(&app, Some("application/json"), body.as_bytes()).expect(400).problem("invalid_json");
    }
    post(&app, Some("application/json"), b"{\"customer_id\": \"\xff\"}").expect(400).problem("invalid_json");
    post(&app, Some("application/json"), b"{\"customer_id\": \"\\ud800\"}").expect(400).problem("invalid_json");
}

#[test]
fn deeply_nested_json() {
    let app = TestApp::start();
    let deep = "[".repeat(100_000);
    post(&app, Some("application/json"), deep.as_bytes()).expect(400).problem("invalid_json");
    app.get("/v1/settings").expect(200);
}

#[test]
fn an_empty_body() {
    let app = TestApp::start();
    post(&app, Some("application/json"), b"").expect(400).problem("invalid_json");
    post(&app, None, b"").expect(415).problem("unsupported_media_type");
}

#[test]
fn the_wrong_content_type() {
    let app = TestApp::start();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"] {
        post(&app, Some(content_type), b"{\"customer_id\": \"acme\"}").expect(415).problem("unsupported_media_type");
    }
    app.get("/v1/customers/acme").expect(404);
}

#[test]
fn a_content_type_with_parameters_is_fine() {
    let app = TestApp::start();
    post(&app, Some("application/json; charset=utf-8"), b"{\"customer_id\": \"acme\"}").expect(201);
}

#[test]
fn a_body_that_is_too_large() {
    let app = TestApp::start_with(&[("MAX_BODY_BYTES", "10000")]);
    let body = json!({"customer_id": "acme", "comment": "x".repeat(20_000)}).to_string();
    let length = format!("Content-Length: {}", body.len());
    let reply = app.raw("POST", CUSTOMERS, &["Content-Type: application/json", &length], body.as_bytes());
    reply.expect(413).problem("body_too_large");
    let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let chunked = ["Content-Type: application/json", "Transfer-Encoding: chunked"];
    app.raw("POST", CUSTOMERS, &chunked, chunk.as_bytes()).expect(413).problem("body_too_large");
}

#[test]
fn a_body_that_only_says_that_it_is_too_large() {
    let app = TestApp::start();
    let headers = ["Content-Type: application/json", "Content-Length: 100000000000"];
    app.raw("POST", CUSTOMERS, &headers, b"{").expect(413).problem("body_too_large");
}

#[test]
fn more_requests_at_a_time_than_are_allowed() {
    let app = TestApp::start_with(&[("MAX_REQUESTS", "1")]);
    let mut slow = Vec::new();
    let ask_beside = || {
        // One more each time: what it is asked beside may have had the only place when the one before came.
        slow.push(app.begin("POST", CUSTOMERS, &["Content-Type: application/json", "Content-Length: 100"]));
        app.get(CUSTOMERS)
    };
    let refused = until(503, ask_beside).problem("overloaded").names("MAX_REQUESTS");
    assert_eq!(refused.header("Retry-After"), "1");
    app.anonymous().get("/healthz").expect(200);
    drop(slow);
    until(200, || app.get(CUSTOMERS));
}

/// Asks until the reply has this status.
#[track_caller]
fn until(status: u16, mut ask: impl FnMut() -> Reply) -> Reply {
    for _ in 0..500 {
        let reply = ask();
        if reply.status == status {
            return reply;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    ask().expect(status)
}

#[test]
fn a_head_that_does_not_come() {
    let app = TestApp::start_with(&[("HEAD_TIMEOUT", "500ms")]);
    let mut stream = TcpStream::connect(app.base().trim_start_matches("http://")).expect("the server listens");
    stream.write_all(b"GET /healthz HTTP/1.1\r\n").expect("the server reads");
    stream.set_read_timeout(Some(Duration::from_secs(4))).expect("a limit of time");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("the server closes the connection");
    assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 408"), "{reply}");
}

#[test]
fn an_unknown_route() {
    let app = TestApp::start();
    for path in
        ["/v1/nothing", "/v1", "/v1/", "/v2/customers", "/v1/customers/a/b/c", "/v1/customers/", "/v1/access:fly"]
    {
        app.get(path).expect(404).problem("route_not_found");
    }
    app.anonymous().get("/nothing").expect(404).problem("route_not_found");
    for method in ["OPTIONS", "GET", "BREW"] {
        app.raw(method, "*", &[], b"").expect(404).problem("route_not_found");
    }
}

#[test]
fn head_is_get_without_the_body() {
    let app = TestApp::start();
    app.customer("acme");
    for path in [CUSTOMERS, "/v1/customers/acme", "/v1/customers/acme/group-matrix", "/healthz", "/openapi.json"] {
        let (whole, head) = (app.raw("GET", path, &[], b""), app.raw("HEAD", path, &[], b""));
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        for name in ["content-length", "content-type", "etag"] {
            assert_eq!(head.headers.get(name), whole.headers.get(name), "{name} of {path}");
        }
    }
    assert_eq!(app.raw("HEAD", "/v1/customers/none", &[], b"").status, 404);
    assert_eq!(app.raw("HEAD", "/v1/access:check", &[], b"").status, 405);
}

#[test]
fn a_wrong_method_says_which_are_right() {
    let app = TestApp::start();
    for (method, path, allowed) in [
        ("DELETE", CUSTOMERS, &["GET", "HEAD", "POST"][..]),
        ("POST", "/v1/customers/acme", &["DELETE", "GET", "PATCH", "PUT"]),
        ("GET", "/v1/access:check", &["POST"]),
        ("PUT", "/v1/settings", &["GET", "PATCH"]),
    ] {
        let reply = app.admin().send(method, path, None).expect(405).problem("method_not_allowed");
        let allow = reply.header("Allow").to_owned();
        for method in allowed {
            assert!(allow.split(',').any(|name| name.trim() == *method), "{method} is not in {allow:?} of {reply}");
        }
    }
    app.anonymous().send("POST", "/healthz", None).expect(405).problem("method_not_allowed");
}

#[test]
fn a_path_that_cannot_be_decoded() {
    let app = TestApp::start();
    for path in ["/v1/customers/%FF", "/v1/customers/a%C3%28b", "/v1/customers/%ED%A0%80/groups/users"] {
        app.raw("GET", path, &[], b"").expect(400).problem("invalid_path");
    }
    for path in ["/v1/customers/a%00", "/v1/import-jobs/%00"] {
        app.raw("GET", path, &[], b"").expect(400).problem("invalid_path");
    }
    for path in ["/v1/customers/%zz", "/v1/customers/50%", "/v1/customers/%4"] {
        app.raw("GET", path, &[], b"").expect(400).problem("invalid_path");
    }
}

#[test]
fn a_query_that_cannot_be_decoded() {
    let app = TestApp::start();
    for path in ["/v1/customers?q=%FF", "/v1/customers?limit=%zz"] {
        app.raw("GET", path, &[], b"").expect(400).problem("invalid_parameter");
    }
}

#[test]
fn a_parameter_of_a_wrong_form_is_named_with_what_it_must_be_and_what_was_sent() {
    let app = TestApp::start();
    let time = "must be an RFC 3339 time such as 2026-11-22T00:00:00Z (the + of an offset is written %2B)";
    for (path, detail) in [
        ("/v1/customers?limit=abc", "limit must be a whole number from 1 to 1000, not \"abc\".".to_owned()),
        ("/v1/customers?limit=1001", "limit must be a whole number from 1 to 1000, not \"1001\".".to_owned()),
        ("/v1/groups?total=yes", "total must be true or false, not \"yes\".".to_owned()),
        ("/v1/audit?from=22.11.2026", format!("from {time}, not \"22.11.2026\".")),
        ("/v1/groups/users/customer-matrix?granted=x", "granted must be any or none, not \"x\".".to_owned()),
    ] {
        app.get(path).expect(400).problem("invalid_parameter").has("/detail", detail);
    }
    let written = app.patch("/v1/groups/users?dry_run=1", json!({"comment": "x"})).expect(400);
    written.problem("invalid_parameter").has("/detail", "dry_run must be true or false, not \"1\".");
}

#[test]
fn an_overlong_url() {
    let app = TestApp::start();
    let long = "x".repeat(30_000);
    app.raw("GET", &format!("/v1/customers/{long}"), &[], b"").expect(400).problem("invalid_path");
    app.raw("GET", &query(CUSTOMERS, &[("q", &long)]), &[], b"").expect(400).problem("invalid_parameter");
    app.get("/v1/settings").expect(200);
}

#[test]
fn every_reply_has_a_request_id_and_takes_a_good_one() {
    let app = TestApp::start();
    let reply = app.admin().header("X-Request-Id", "my-request.1").get("/v1/nothing").expect(404);
    reply.has_header("X-Request-Id", "my-request.1").has("/request_id", "my-request.1");
    let (one, other) = (app.get("/v1/settings").expect(200), app.get("/v1/settings").expect(200));
    assert_ne!(one.header("X-Request-Id"), other.header("X-Request-Id"));
}

#[test]
fn a_bad_request_id_is_replaced() {
    let app = TestApp::start();
    for bad in ["", &"x".repeat(1_000), "a b\"c", "{}"] {
        let reply = app.admin().header("X-Request-Id", bad).get("/v1/nothing").expect(404).problem("route_not_found");
        assert_ne!(reply.header("X-Request-Id"), bad);
    }
}

#[test]
fn health_says_so_to_everybody() {
    let app = TestApp::start();
    app.anonymous().get("/healthz").expect(200);
    app.anonymous().get("/readyz").expect(200);
    app.anonymous().get("/openapi.json").expect(200);
    app.anonymous().get("/docs/").expect_any(&[200, 301, 302, 307, 308]);
}
