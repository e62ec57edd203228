//! The query of a request, read strictly into a type; what is wrong is said of the parameter by name, with what it
//! must be and what was sent. What it must be is what the OpenAPI document says of it, so that the two cannot differ.

use std::borrow::Cow;
use std::collections::HashSet;
use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;

use super::problem::Problem;

/// The parameters of a request.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + IntoParams + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Query))
    }
}

fn parse<T: DeserializeOwned + IntoParams>(query: &str) -> Result<T, Problem> {
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs(query))).map_err(|why| {
        let (name, text) = (why.path().to_string(), why.inner().to_string());
        Problem::new("invalid_parameter", wrong::<T>(query, &name, &text))
    })
}

/// What is wrong with a parameter, from the words of the parser.
fn wrong<T: IntoParams>(query: &str, name: &str, text: &str) -> String {
    if let Some(twice) = repeated(query) {
        return format!("{twice} stands in the query twice; send it once.");
    }
    if let Some((_, detail)) = text.split_once('\u{1f}') {
        return format!("{name} {detail}.");
    }
    if let Some(missing) = text.strip_prefix("missing field `") {
        return format!("{} is required.", missing.trim_end_matches('`'));
    }
    let sent = pairs(query).find(|(parameter, _)| parameter == name).map(|(_, sent)| sent);
    match (must_be::<T>(name).or_else(|| one_of(text)), sent) {
        (Some(wanted), Some(sent)) => must(name, &wanted, &sent),
        _ => format!("{name} is not right: {text}."),
    }
}

/// That a parameter must be something else than what was sent.
pub fn must(name: &str, wanted: &str, sent: &str) -> String {
    format!("{name} must be {wanted}, not {sent:?}.")
}

/// The first parameter that comes a second time.
fn repeated(query: &str) -> Option<String> {
    let mut seen = HashSet::new();
    pairs(query).map(|(name, _)| name).find(|name| !seen.insert(name.clone())).map(Into::into)
}

/// What the document says that a parameter must be, where its type says it.
fn must_be<T: IntoParams>(name: &str) -> Option<String> {
    let parameters = T::into_params(|| Some(ParameterIn::Query));
    let documented = serde_json::to_value(parameters.into_iter().find(|parameter| parameter.name == name)?).ok()?;
    let (schema, example) = (documented.get("schema")?, documented.get("example").and_then(Value::as_str));
    let types = schema.get("type")?;
    let is = |word: &str| types == word || types.as_array().is_some_and(|types| types.iter().any(|it| it == word));
    let bound = |word: &str| schema.get(word).and_then(Value::as_f64);
    if is("boolean") {
        Some("true or false".to_owned())
    } else if is("integer") {
        Some(whole_number(bound("minimum")?, bound("maximum")?))
    } else if schema.get("format").is_some_and(|format| format == "date-time") {
        Some(format!("an RFC 3339 time such as {} (the + of an offset is written %2B)", example?))
    } else {
        None
    }
}

/// The words for a whole number between bounds.
pub fn whole_number(least: impl std::fmt::Display, most: impl std::fmt::Display) -> String {
    format!("a whole number from {least} to {most}")
}

/// The words that a parameter may be, where the parser lists them.
fn one_of(text: &str) -> Option<String> {
    let words: Vec<&str> = text.strip_prefix("unknown variant ")?.split('`').skip(3).step_by(2).collect();
    let (last, others) = words.split_last()?;
    Some(if others.is_empty() { (*last).to_owned() } else { format!("{} or {last}", others.join(", ")) })
}

/// The parameters of a query, decoded.
pub fn pairs(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// The text without its escapes, if every `%` begins one and the whole is UTF-8. What is not would be guessed at, and might
/// name another thing than the caller meant.
pub fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        decoded.push(match byte {
            b'%' => (digit()? * 16 + digit()?) as u8,
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::access::PermissionParams;
    use crate::api::audit::AuditParams;
    use crate::api::lists::ListParams;
    use crate::api::matrices::MatrixParams;

    fn refused<T: DeserializeOwned + IntoParams>(query: &str) -> String {
        parse::<T>(query).map(drop).expect_err("the query is wrong").into_body().detail
    }

    #[test]
    fn what_is_wrong_is_named_with_what_it_must_be_and_what_was_sent() {
        for (query, detail) in [
            ("limit=", "limit must be a whole number from 1 to 1000, not \"\"."),
            ("limit=abc", "limit must be a whole number from 1 to 1000, not \"abc\"."),
            ("q=a&limit=-1", "limit must be a whole number from 1 to 1000, not \"-1\"."),
            ("q=a&total=yes", "total must be true or false, not \"yes\"."),
            ("validity=bad", "validity must be valid, invalid or invalid_temporarily, not \"bad\"."),
            ("limit=1&limit=2", "limit stands in the query twice; send it once."),
        ] {
            assert_eq!(refused::<ListParams>(query), detail);
        }
        let time = "must be an RFC 3339 time such as 2026-11-22T00:00:00Z (the + of an offset is written %2B)";
        assert_eq!(refused::<AuditParams>("from=2026-11-22"), format!("from {time}, not \"2026-11-22\"."));
        assert_eq!(refused::<MatrixParams>("granted=all"), "granted must be any or none, not \"all\".");
        assert_eq!(refused::<PermissionParams>(""), "permission is required.");
        assert_eq!(parse::<ListParams>("q=a+b%2B&limit=7").ok().and_then(|params| params.q), Some("a b+".to_owned()));
    }

    #[test]
    fn escapes_are_whole_and_utf_8() {
        assert_eq!(decoded("/v1/customers/a%2Fb%C3%BC+").as_deref(), Some("/v1/customers/a/bü+"));
        for text in ["%", "50%", "%4", "%zz", "%FF", "a%C3%28b", "%ED%A0%80"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
