//! What a page of another origin meets (CORS). `tests/browser` asks the same of a real browser.

use crate::common::{Reply, TestApp, json};

const DESK: &str = "https://desk.example";
const CUSTOMERS: &str = "/v1/customers";
const EXPOSED: [&str; 5] = ["etag", "location", "access-revision", "retry-after", "x-request-id"];

fn app() -> TestApp {
    TestApp::start_with(&[("CORS_ORIGINS", "https://desk.example,http://localhost:5173")])
}

fn preflight(app: &TestApp, origin: &str, path: &str) -> Reply {
    let asked = app.anonymous().header("Origin", origin).header("Access-Control-Request-Method", "PATCH");
    asked.header("Access-Control-Request-Headers", "authorization,content-type,if-match").send("OPTIONS", path, None)
}

/// The names in a header, in small letters.
fn names(reply: &Reply, header: &str) -> Vec<String> {
    let all = reply.headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase())).collect()
}

#[track_caller]
fn shared_with(reply: Reply, origin: &str) -> Reply {
    let reply = reply.has_header("Access-Control-Allow-Origin", origin);
    assert_eq!(names(&reply, "Access-Control-Expose-Headers"), EXPOSED, "{reply}");
    assert!(names(&reply, "Vary").contains(&"origin".to_owned()), "{reply}");
    assert_eq!(reply.headers.get("Access-Control-Allow-Credentials"), None, "{reply}");
    reply
}

#[track_caller]
fn not_shared(reply: Reply) -> Reply {
    let told: Vec<_> = reply.headers.keys().filter(|name| name.as_str().starts_with("access-control-")).collect();
    assert!(told.is_empty(), "{told:?} on {reply}");
    reply
}

#[test]
fn a_preflight_needs_no_token_and_says_what_is_allowed() {
    let app = app();
    for path in [CUSTOMERS, "/v1/customers/acme/group-matrix", "/v1/access:check", "/v1/nothing", "/healthz"] {
        let reply = shared_with(preflight(&app, DESK, path).expect(204), DESK);
        assert_eq!(names(&reply, "Access-Control-Allow-Methods"), ["get", "post", "put", "patch", "delete"]);
        let allowed = names(&reply, "Access-Control-Allow-Headers");
        for name in ["authorization", "content-type", "if-match", "if-none-match", "idempotency-key"] {
            assert!(allowed.contains(&name.to_owned()), "{name} in {reply}");
        }
        for name in ["at-least-revision", "last-event-id", "x-request-id"] {
            assert!(allowed.contains(&name.to_owned()), "{name} in {reply}");
        }
        assert!(reply.header("Access-Control-Max-Age").parse::<u32>().is_ok_and(|age| age > 0), "{reply}");
        assert!(!reply.header("X-Request-Id").is_empty() && reply.text.is_empty(), "{reply}");
    }
}

#[test]
fn a_listed_origin_reads_every_reply() {
    let app = app();
    let desk = app.admin().header("Origin", DESK);
    let made = shared_with(desk.post(CUSTOMERS, json!({"customer_id": "acme"})).expect(201), DESK);
    shared_with(desk.clone().if_none_match(&made.etag()).get("/v1/customers/acme").expect(304), DESK);
    shared_with(desk.clone().if_match("\"other\"").delete("/v1/customers/acme").expect(412), DESK);
    shared_with(desk.clone().at_least(&far_ahead(&made)).get(CUSTOMERS).expect(503), DESK);
    shared_with(desk.post(CUSTOMERS, json!({"customer_id": ""})).refused(), DESK);
    shared_with(desk.delete("/v1/customers/acme").expect(204), DESK);
    let local = app.admin().header("Origin", "http://localhost:5173");
    shared_with(local.get(CUSTOMERS).expect(200), "http://localhost:5173");
}

fn far_ahead(reply: &Reply) -> String {
    let revision = reply.revision();
    let (epoch, _) = revision.split_once('-').expect("an epoch and a number");
    format!("{epoch}-999999")
}

#[test]
fn a_listed_origin_reads_what_the_framework_refuses() {
    let app = app();
    let desk = app.admin().header("Origin", DESK);
    shared_with(app.anonymous().header("Origin", DESK).get(CUSTOMERS).expect(401).problem("token_missing"), DESK);
    shared_with(desk.get("/v1/nothing").expect(404).problem("route_not_found"), DESK);
    shared_with(desk.get("/v1/customers/%zz").expect(400).problem("invalid_path"), DESK);
    shared_with(desk.put_empty(CUSTOMERS).expect(405).problem("method_not_allowed"), DESK);
    let bad_json = desk.send_bytes("POST", CUSTOMERS, Some("application/json"), Some(b"{".to_vec()));
    shared_with(bad_json.expect(400).problem("invalid_json"), DESK);
    let not_json = desk.send_bytes("POST", CUSTOMERS, Some("text/plain"), Some(b"{}".to_vec()));
    shared_with(not_json.expect(415).problem("unsupported_media_type"), DESK);
}

#[test]
fn an_origin_that_is_not_listed_is_told_nothing() {
    let app = app();
    for origin in ["https://evil.example", "http://desk.example", "https://desk.example.evil.example", "null", "*"] {
        let reply = app.admin().header("Origin", origin).get(CUSTOMERS).expect(200);
        assert!(names(&not_shared(reply), "Vary").contains(&"origin".to_owned()));
        not_shared(preflight(&app, origin, CUSTOMERS).expect(405).problem("method_not_allowed"));
    }
    let reply = not_shared(app.get(CUSTOMERS).expect(200));
    assert!(names(&reply, "Vary").contains(&"origin".to_owned()), "a cache must tell this from a reply to a page");
}

#[test]
fn options_without_a_preflight_are_no_method_here() {
    let app = app();
    let desk = app.admin().header("Origin", DESK);
    let refused = desk.send("OPTIONS", CUSTOMERS, None).expect(405).problem("method_not_allowed");
    shared_with(refused, DESK).has_header("Allow", "GET, HEAD, POST");
}

#[test]
fn without_origins_nothing_is_shared() {
    let app = TestApp::start();
    let reply = not_shared(app.admin().header("Origin", DESK).get(CUSTOMERS).expect(200));
    assert!(!names(&reply, "Vary").contains(&"origin".to_owned()), "{reply}");
    not_shared(preflight(&app, DESK, CUSTOMERS).expect(405).problem("method_not_allowed"));
}
