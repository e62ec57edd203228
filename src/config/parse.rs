//! Parsers of single values. The sentence of a refusal follows the name of its setting; it shows the
//! value only where that cannot be a secret.

use std::{fmt::Display, net::SocketAddr, ops::RangeInclusive, str::FromStr, time::Duration};
use url::Url;

/// An address with a port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("is \"{text}\", not an address with a port such as 127.0.0.1:8080"))
}

/// A whole number in a range.
pub(super) fn number<T>(range: RangeInclusive<T>) -> impl FnOnce(&str) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    move |text| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("is \"{text}\", not a whole number from {} to {}", range.start(), range.end())),
    }
}

/// A duration with its unit, in a range.
pub(super) fn duration(range: RangeInclusive<Duration>) -> impl FnOnce(&str) -> Result<Duration, String> {
    move |text| match humantime::parse_duration(text) {
        Ok(duration) if range.contains(&duration) => Ok(duration),
        Ok(_) => {
            let (least, most) = (*range.start(), *range.end());
            let (least, most) = (humantime::format_duration(least), humantime::format_duration(most));
            Err(format!("is \"{text}\", which is not between {least} and {most}"))
        }
        Err(_) => Err(format!("is \"{text}\", not a time with its unit such as 30s, 5m or 1h")),
    }
}

/// `on` or `off`.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(format!("is \"{text}\", neither on nor off")),
    }
}

/// A path prefix: empty, or `/` and plain segments.
pub(super) fn base_path(text: &str) -> Result<String, String> {
    let path = text.strip_suffix('/').unwrap_or(text);
    if path.is_empty() || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_plain_segment)) {
        return Ok(path.to_owned());
    }
    Err(format!("is \"{text}\", not a path such as /access made of letters, digits, \"-\", \"_\", \".\" and \"~\""))
}

fn is_plain_segment(segment: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    !matches!(segment, "" | "." | "..") && segment.chars().all(plain)
}

/// Origins of web pages, with commas between them, each just as a browser sends it.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    text.split(',').map(|one| origin(one.trim())).collect()
}

fn origin(text: &str) -> Result<String, String> {
    if text.contains('*') {
        return Err(format!("names \"{text}\"; origins are named one by one, so that no other page gets in"));
    }
    let parsed = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    match parsed.map(|url| url.origin().ascii_serialization()) {
        Some(origin) if origin == text => Ok(origin),
        Some(origin) => Err(format!("has an address that no browser sends as an origin; write it as {origin}")),
        None => Err(format!("names \"{text}\", not an origin such as https://desk.example or http://localhost:5173")),
    }
}

/// The address of a key set. It may hold a password by mistake, so it is never shown.
pub(super) fn key_set_url(text: &str, allow_http: bool) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").ok_or("is not an https address")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("is not an https address".to_owned());
    }
    if authority.contains('@') {
        return Err("must not carry a user or password".to_owned());
    }
    match scheme {
        "https" => Ok(text.to_owned()),
        "http" if allow_http || is_this_machine(authority) => Ok(text.to_owned()),
        "http" => Err("is plain http, over which keys can be exchanged on the way; use https, or set \
                       JWKS_ALLOW_HTTP=on where the network to the issuer is yours alone"
            .to_owned()),
        _ => Err("is not an https address".to_owned()),
    }
}

fn is_this_machine(authority: &str) -> bool {
    if let Ok(address) = authority.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_a_sensible_size() {
        let parse = |text| duration(Duration::from_secs(1)..=Duration::from_secs(3600))(text);
        assert_eq!(parse("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("30"), Err("is \"30\", not a time with its unit such as 30s, 5m or 1h".to_owned()));
        assert_eq!(parse("2h"), Err("is \"2h\", which is not between 1s and 1h".to_owned()));
    }

    #[test]
    fn base_paths() {
        assert_eq!(base_path(""), Ok(String::new()));
        assert_eq!(base_path("/"), Ok(String::new()));
        assert_eq!(base_path("/desk/access/"), Ok("/desk/access".to_owned()));
        for wrong in ["access", "//x", "/a//b", "/a/../b", "/a b", "/{x}", "/a%2Fb", "https://x/y"] {
            assert!(base_path(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn key_set_addresses_are_https_or_local() {
        for good in ["https://id.example/keys", "http://127.0.0.1:9/k", "http://localhost/k", "http://[::1]:8/k"] {
            assert_eq!(key_set_url(good, false), Ok(good.to_owned()));
        }
        for wrong in
            ["id.example/keys", "file:///etc/passwd", "https://", "https:///x", "https://a b/c", "http://10.0.0.1/k"]
        {
            assert!(key_set_url(wrong, false).is_err(), "{wrong}");
        }
        assert!(key_set_url("http://localhost.evil.example/k", false).is_err());
        assert!(key_set_url("http://127.0.0.1.evil.example/k", false).is_err());
        assert!(key_set_url("http://keycloak:8080/k", true).is_ok());
        assert_eq!(
            key_set_url("https://me:hush@id.example/k", true),
            Err("must not carry a user or password".to_owned())
        );
    }

    #[test]
    fn origins_are_as_browsers_send_them() {
        let good = "https://desk.example, http://localhost:5173,https://xn--bro-hoa.example:8443,http://[::1]:3000";
        assert_eq!(origins(good).map(|origins| origins.len()), Ok(4));
        for (wrong, right) in [
            ("https://desk.example/", "https://desk.example"),
            ("https://desk.example/screens?a=b", "https://desk.example"),
            ("https://Desk.Example", "https://desk.example"),
            ("https://desk.example:443", "https://desk.example"),
            ("https://me:hush@desk.example", "https://desk.example"),
            ("https://büro.example", "https://xn--bro-hoa.example"),
        ] {
            let refused = origins(wrong).unwrap_err();
            assert!(refused.ends_with(&format!("write it as {right}")) && !refused.contains("hush"), "{refused}");
        }
        for wrong in ["*", "https://*.desk.example", "null", "desk.example", "file:///x", "https://", "https://a,", ","]
        {
            assert!(origins(wrong).unwrap_err().starts_with("names \""), "{wrong}");
        }
    }

    #[test]
    fn numbers_and_switches() {
        assert_eq!(number(1..=10_u32)("11"), Err("is \"11\", not a whole number from 1 to 10".to_owned()));
        assert_eq!(number(1..=10_u32)("10"), Ok(10));
        assert_eq!(switch("maybe"), Err("is \"maybe\", neither on nor off".to_owned()));
        assert!(address(":8080").is_err());
    }
}
