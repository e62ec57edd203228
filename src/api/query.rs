//! The query of a request, read strictly into a type; what is wrong is said of the parameter by name.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The parameters of a request.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Query))
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|why| {
        let (name, text) = (why.path().to_string(), why.inner().to_string());
        let missing = text.strip_prefix("missing field `").map(|rest| rest.trim_end_matches('`'));
        let detail = match (text.split_once('\u{1f}'), missing) {
            (Some((_, detail)), _) => format!("{name} {detail}."),
            (None, Some(missing)) => format!("{missing} is required."),
            (None, None) if name == "." => format!("The query is not right: {text}."),
            (None, None) => format!("{name} is not right: {text}."),
        };
        Problem::new("invalid_parameter", detail)
    })
}

/// The parameters of a query, decoded.
pub fn pairs(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// Whether every `%` begins an escape, and the whole is UTF-8 when it is decoded. What is not would be
/// guessed at, and might name another thing than the caller meant.
pub fn is_decodable(text: &str) -> bool {
    if !text.contains('%') {
        return true;
    }
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        match byte {
            b'%' => match (digit(), digit()) {
                (Some(high), Some(low)) => decoded.push((high * 16 + low) as u8),
                _ => return false,
            },
            byte => decoded.push(byte),
        }
    }
    String::from_utf8(decoded).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::lists::ListParams;

    #[test]
    fn what_is_wrong_is_named() {
        for (query, name) in
            [("limit=", "limit"), ("limit=-1", "limit"), ("q=a&total=maybe", "total"), ("limit=1&limit=2", "limit")]
        {
            let problem = parse::<ListParams>(query).map(drop).expect_err("the query is wrong").into_body();
            assert!(problem.detail.contains(name), "{}", problem.detail);
        }
        assert_eq!(parse::<ListParams>("q=a+b%2B&limit=7").ok().and_then(|params| params.q), Some("a b+".to_owned()));
    }

    #[test]
    fn escapes_are_whole_and_utf_8() {
        assert!(is_decodable("/v1/customers/a%2Fb%C3%BC+"));
        for text in ["%", "50%", "%4", "%zz", "%FF", "a%C3%28b", "%ED%A0%80"] {
            assert!(!is_decodable(text), "{text}");
        }
    }
}
