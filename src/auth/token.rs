//! Verifies a token against the keys at hand. It reads memory only.
//!
//! Nothing of a token is believed before its signature is verified, except which of the known keys
//! and accepted algorithms to try. A header cannot bring a key of its own (`jwk`, `jku`, `x5c`,
//! `x5u` are ignored), and one with `crit` is refused, for none of those extensions is understood.

use super::{
    caller::Caller,
    claims::{self, Claims},
    keys::{KeySet, VerificationKey},
    unauthorized::Unauthorized,
};
use crate::config::TokenConfig;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, errors::ErrorKind};
use serde::Deserialize;
use std::{str::FromStr, time::SystemTime};

/// The longest token, in bytes. Those of identity providers with many roles take some thousand.
pub(super) const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why a token was refused, and whether other keys may change that.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: Unauthorized,
    pub(super) new_keys_may_help: bool,
}

impl From<Unauthorized> for Refusal {
    fn from(reason: Unauthorized) -> Self {
        Self { reason, new_keys_may_help: false }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

/// The token of an `Authorization` header. Whether it is text is asked where it is not known already.
pub(super) fn bearer(authorization: Option<&[u8]>) -> Result<&[u8], Unauthorized> {
    let header = authorization.unwrap_or_default().trim_ascii();
    let scheme = header.split(|byte| *byte == b' ').next().unwrap_or_default();
    let token = header[scheme.len()..].trim_ascii();
    if !scheme.eq_ignore_ascii_case(b"bearer") || token.is_empty() {
        return Err(Unauthorized::TokenMissing);
    }
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Unauthorized::TokenTooLong);
    }
    Ok(token)
}

/// Who the token is about, if it is good.
pub(super) fn verify(token: &[u8], keys: &KeySet, config: &TokenConfig) -> Result<Caller, Refusal> {
    let token = std::str::from_utf8(token).map_err(|_| Unauthorized::TokenMalformed)?;
    let header = read_header(token)?;
    let algorithm = accepted_algorithm(&header, config)?;
    if keys.generation == 0 {
        return Err(Refusal { reason: Unauthorized::KeysUnavailable, new_keys_may_help: true });
    }
    let (candidates, exact) = keys.candidates(header.kid.as_deref(), algorithm);
    match signed_claims(token, &candidates)? {
        Some(claims) => {
            let caller = claims::caller(&claims, config)?;
            // The library still takes a token in the second that it names.
            if SystemTime::now() < caller.expires_at { Ok(caller) } else { Err(Unauthorized::TokenExpired.into()) }
        }
        None if exact => Err(Unauthorized::SignatureInvalid.into()),
        None => Err(Refusal { reason: no_key(&header, config), new_keys_may_help: true }),
    }
}

fn read_header(token: &str) -> Result<Header, Unauthorized> {
    let malformed = Unauthorized::TokenMalformed;
    let mut parts = token.split('.');
    let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(malformed);
    };
    let json = URL_SAFE_NO_PAD.decode(header).map_err(|_| malformed)?;
    let header: Header = serde_json::from_slice(&json).map_err(|_| malformed)?;
    if header.crit.is_some() || !header.typ.as_deref().is_none_or(is_access_token) {
        return Err(malformed);
    }
    Ok(header)
}

/// The types that access tokens have (RFC 7519, RFC 9068). One of another type, such as a log-out
/// token, was made for another purpose.
fn is_access_token(typ: &str) -> bool {
    ["JWT", "at+jwt", "application/at+jwt"].iter().any(|accepted| accepted.eq_ignore_ascii_case(typ))
}

fn accepted_algorithm(header: &Header, config: &TokenConfig) -> Result<Algorithm, Unauthorized> {
    let algorithm = Algorithm::from_str(&header.alg).ok();
    algorithm.filter(|algorithm| config.algorithms.contains(algorithm)).ok_or(Unauthorized::AlgorithmNotAllowed)
}

/// The claims, if one of the keys signed them; an error if one did and they are not good.
fn signed_claims(token: &str, candidates: &[&VerificationKey]) -> Result<Option<Claims>, Unauthorized> {
    for key in candidates {
        match jsonwebtoken::decode::<Claims>(token, &key.decoding, &key.validation) {
            Ok(decoded) => return Ok(Some(decoded.claims)),
            Err(error) if *error.kind() == ErrorKind::InvalidSignature => {}
            Err(error) => return Err(refusal(error.kind())),
        }
    }
    Ok(None)
}

fn refusal(error: &ErrorKind) -> Unauthorized {
    match error {
        ErrorKind::ExpiredSignature => Unauthorized::TokenExpired,
        ErrorKind::ImmatureSignature => Unauthorized::TokenNotYetValid,
        ErrorKind::InvalidIssuer => Unauthorized::WrongIssuer,
        ErrorKind::InvalidAudience => Unauthorized::WrongAudience,
        ErrorKind::MissingRequiredClaim(claim) => match claim.as_str() {
            "exp" => Unauthorized::ExpiryMissing,
            "iss" => Unauthorized::WrongIssuer,
            "aud" => Unauthorized::WrongAudience,
            _ => Unauthorized::TokenMalformed,
        },
        ErrorKind::InvalidAlgorithm => Unauthorized::AlgorithmNotAllowed,
        _ => Unauthorized::TokenMalformed,
    }
}

/// With the one key of a service, or a token that names none, a signature is wrong; otherwise it is
/// of a key that we do not have.
fn no_key(header: &Header, config: &TokenConfig) -> Unauthorized {
    let named = header.kid.is_some() && !config.keys.is_local();
    if named { Unauthorized::UnknownKey } else { Unauthorized::SignatureInvalid }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_tokens() {
        assert_eq!(bearer(Some(b"Bearer a.b.c")), Ok(&b"a.b.c"[..]));
        assert_eq!(bearer(Some(b"bearer   a.b.c ")), Ok(&b"a.b.c"[..]));
        for missing in ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c", "Bearera.b.c", " "] {
            assert_eq!(bearer(Some(missing.as_bytes())), Err(Unauthorized::TokenMissing), "{missing:?}");
        }
        assert_eq!(bearer(None), Err(Unauthorized::TokenMissing));
        let long = format!("Bearer {}", "x".repeat(MAX_TOKEN_BYTES + 1));
        assert_eq!(bearer(Some(long.as_bytes())), Err(Unauthorized::TokenTooLong));
    }

    #[test]
    fn headers() {
        let header = |json: &str| read_header(&format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(json))).err();
        assert_eq!(header(r#"{"alg":"HS256","typ":"jwt","kid":"a","jku":"http://x"}"#), None);
        assert_eq!(header(r#"{"alg":"RS256","typ":"at+JWT"}"#), None);
        for malformed in
            [r#"{"alg":"RS256","crit":["b64"]}"#, r#"{"alg":"RS256","typ":"logout+jwt"}"#, r#"{"typ":"JWT"}"#, "[]", ""]
        {
            assert_eq!(header(malformed), Some(Unauthorized::TokenMalformed), "{malformed}");
        }
        for malformed in ["", "a.b", "a.b.c.d", "!.b.c", "..", "e30.e30.e30.e30.e30"] {
            assert_eq!(read_header(malformed).err(), Some(Unauthorized::TokenMalformed), "{malformed}");
        }
    }
}
