//! Why a token was refused, in the forms that a caller gets: a code, a sentence, and the
//! `WWW-Authenticate` header (RFC 6750). None of them repeats anything from the token, and none says
//! what would have been accepted instead.

use super::scope::Scope;

const REALM: &str = "Bearer realm=\"customer-access\"";

/// Why nobody was authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    /// There is no bearer token.
    #[error("This needs a token: send the header Authorization with the word Bearer and the token.")]
    TokenMissing,
    /// It is not a signed JWT that can be read.
    #[error("The token is not a well-formed signed JWT.")]
    TokenMalformed,
    /// It is longer than any token needs to be.
    #[error("The token is too long.")]
    TokenTooLong,
    /// It is past its end.
    #[error("The token has expired; get a new one.")]
    TokenExpired,
    /// It is before its begin.
    #[error("The token is not valid yet.")]
    TokenNotYetValid,
    /// It says no time at which it ends.
    #[error("The token has no expiry (exp), which is required.")]
    ExpiryMissing,
    /// Its signature is not one of the key it names.
    #[error("The signature of the token is not valid.")]
    SignatureInvalid,
    /// It is signed in a way that is not accepted, or not at all.
    #[error("The token is signed with an algorithm that is not accepted.")]
    AlgorithmNotAllowed,
    /// It is signed with a key that is not known.
    #[error("The token is signed with a key that is not known here.")]
    UnknownKey,
    /// It is meant for another service.
    #[error("The token is not meant for this service (aud).")]
    WrongAudience,
    /// It comes from another issuer.
    #[error("The token does not come from the expected issuer (iss).")]
    WrongIssuer,
    /// It does not say who the caller is.
    #[error("The token does not name its caller in the expected claim.")]
    LoginClaimMissing,
    /// The issuer's keys could not be had yet, so nothing can be verified.
    #[error("The keys of the token issuer cannot be reached at the moment; try again.")]
    KeysUnavailable,
}

impl Unauthorized {
    /// Every refusal, for documentation and tests.
    pub const ALL: [Unauthorized; 13] = [
        Unauthorized::TokenMissing,
        Unauthorized::TokenMalformed,
        Unauthorized::TokenTooLong,
        Unauthorized::TokenExpired,
        Unauthorized::TokenNotYetValid,
        Unauthorized::ExpiryMissing,
        Unauthorized::SignatureInvalid,
        Unauthorized::AlgorithmNotAllowed,
        Unauthorized::UnknownKey,
        Unauthorized::WrongAudience,
        Unauthorized::WrongIssuer,
        Unauthorized::LoginClaimMissing,
        Unauthorized::KeysUnavailable,
    ];

    /// The code for programs.
    pub fn code(self) -> &'static str {
        match self {
            Unauthorized::TokenMissing => "token_missing",
            Unauthorized::TokenMalformed => "token_malformed",
            Unauthorized::TokenTooLong => "token_too_long",
            Unauthorized::TokenExpired => "token_expired",
            Unauthorized::TokenNotYetValid => "token_not_yet_valid",
            Unauthorized::ExpiryMissing => "expiry_missing",
            Unauthorized::SignatureInvalid => "signature_invalid",
            Unauthorized::AlgorithmNotAllowed => "algorithm_not_allowed",
            Unauthorized::UnknownKey => "unknown_key",
            Unauthorized::WrongAudience => "wrong_audience",
            Unauthorized::WrongIssuer => "wrong_issuer",
            Unauthorized::LoginClaimMissing => "login_claim_missing",
            Unauthorized::KeysUnavailable => "keys_unavailable",
        }
    }

    /// The status of the reply: 401, or 503 when it is not the token's fault.
    pub fn status(self) -> u16 {
        if self == Unauthorized::KeysUnavailable { 503 } else { 401 }
    }

    /// The value of `WWW-Authenticate`; none with a 503.
    pub fn www_authenticate(self) -> Option<String> {
        match self {
            Unauthorized::KeysUnavailable => None,
            Unauthorized::TokenMissing => Some(REALM.to_owned()),
            _ => Some(format!("{REALM}, error=\"invalid_token\", error_description=\"{self}\"")),
        }
    }
}

/// The value of `WWW-Authenticate` for a caller whose token lacks a scope (with a 403).
pub fn insufficient_scope(scope: Scope) -> String {
    format!("{REALM}, error=\"insufficient_scope\", scope=\"{scope}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_well_formed() {
        for refusal in Unauthorized::ALL {
            let sentence = refusal.to_string();
            assert!(sentence.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\'));
            assert_eq!(refusal.www_authenticate().is_some(), refusal.status() == 401);
        }
        assert_eq!(
            Unauthorized::TokenExpired.www_authenticate().unwrap(),
            "Bearer realm=\"customer-access\", error=\"invalid_token\", \
             error_description=\"The token has expired; get a new one.\""
        );
        assert_eq!(Unauthorized::TokenMissing.www_authenticate().unwrap(), "Bearer realm=\"customer-access\"");
    }

    #[test]
    fn codes_are_unique() {
        let codes: std::collections::BTreeSet<_> = Unauthorized::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), Unauthorized::ALL.len());
    }

    #[test]
    fn a_403_names_the_scope() {
        let header = insufficient_scope(Scope::LinksWrite);
        assert_eq!(header, "Bearer realm=\"customer-access\", error=\"insufficient_scope\", scope=\"links:write\"");
    }
}
