//! From the claims of a verified token to the caller.

use super::{
    caller::Caller,
    scope::{Scope, Scopes},
    unauthorized::Unauthorized,
};
use crate::config::{RolesConfig, TokenConfig};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The claims of a token.
pub(super) type Claims = Map<String, Value>;

/// The longest name of a caller, in characters: that of a login.
const MAX_NAME: usize = crate::directory::text::MAX_TEXT;

/// Who the claims are about and what they allow.
pub(super) fn caller(claims: &Claims, config: &TokenConfig) -> Result<Caller, Unauthorized> {
    let scopes = scopes(claims, config.roles.as_ref());
    let login = name(claims, &config.login_claim);
    let needs_login = scopes == Scopes::from_iter([Scope::AccessSelf]);
    if needs_login && login.is_none() {
        return Err(Unauthorized::LoginClaimMissing);
    }
    let actor = login.clone().or_else(|| name(claims, "sub")).ok_or(Unauthorized::LoginClaimMissing)?;
    let (begins_at, expires_at) = (begins_at(claims, config), expires_at(claims, config));
    Ok(Caller { actor, login, scopes, begins_at, expires_at })
}

/// From when on a token is accepted; one that says nothing of it, always.
fn begins_at(claims: &Claims, config: &TokenConfig) -> SystemTime {
    let begin = claims.get("nbf").and_then(|begin| time(begin, f64::ceil));
    begin.and_then(|begin| begin.checked_sub(config.leeway)).unwrap_or(UNIX_EPOCH)
}

/// From when on a token is refused: on the very second that it names (RFC 7519, 4.1.4). One that is verified has the claim.
fn expires_at(claims: &Claims, config: &TokenConfig) -> SystemTime {
    let expiry = claims.get("exp").and_then(|expiry| time(expiry, f64::floor));
    expiry.and_then(|expiry| expiry.checked_add(config.leeway)).unwrap_or(UNIX_EPOCH)
}

/// The time that a claim names, in whole seconds: of a part of one, the side that accepts less.
fn time(claim: &Value, whole: fn(f64) -> f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(whole(claim.as_f64()?)).ok()?;
    UNIX_EPOCH.checked_add(since)
}

/// The text of a claim, if it can name somebody.
fn name(claims: &Claims, path: &str) -> Option<String> {
    let text = find(claims, path)?.as_str()?;
    let usable = !text.trim().is_empty() && text.chars().count() <= MAX_NAME && !text.chars().any(char::is_control);
    usable.then(|| text.to_owned())
}

fn scopes(claims: &Claims, roles: Option<&RolesConfig>) -> Scopes {
    let scope = claims.get("scope").and_then(Value::as_str).map(Scopes::known_in).unwrap_or_default();
    let scp = claims.get("scp").map(|scp| words(scp).map(Scopes::known_in).fold(Scopes::NONE, Scopes::and));
    scope.and(scp.unwrap_or_default()).and(roles.map(|roles| role_scopes(claims, roles)).unwrap_or_default())
}

fn role_scopes(claims: &Claims, roles: &RolesConfig) -> Scopes {
    let listed = find(claims, &roles.claim);
    listed
        .map(|listed| words(listed).map(|role| roles.scopes.of(role)).fold(Scopes::NONE, Scopes::and))
        .unwrap_or_default()
}

/// A text, or the texts of a list.
fn words(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    value.as_str().into_iter().chain(list.iter().filter_map(Value::as_str))
}

/// The claim at a path. A claim's own name may hold dots (`https://id.example/login`), so the whole
/// path is tried as a name first.
fn find<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(dot, _)| find(claims.get(&path[..dot])?.as_object()?, &path[dot + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use serde_json::json;

    fn caller_of(settings: &[(&str, &str)], claims: Value) -> Result<Caller, Unauthorized> {
        let read = |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        caller(claims.as_object().unwrap(), &Config::read(&read).unwrap().tokens)
    }

    fn scopes_of(settings: &[(&str, &str)], mut claims: Value) -> String {
        claims["sub"] = json!("alice");
        caller_of(settings, claims).unwrap().scopes.to_string()
    }

    #[test]
    fn scope_and_scp() {
        assert_eq!(scopes_of(&[], json!({"scope": "openid access:read links:read"})), "links:read access:read");
        assert_eq!(scopes_of(&[], json!({"scp": "access:read"})), "access:read");
        assert_eq!(scopes_of(&[], json!({"scp": ["access:read", "links:read", 7]})), "links:read access:read");
        assert_eq!(scopes_of(&[], json!({"scope": ["admin"], "scp": {"admin": true}, "scopes": "admin"})), "");
    }

    #[test]
    fn roles_count_through_the_map_alone() {
        let keycloak =
            || json!({"realm_access": {"roles": ["desk-admin", "admin", "offline_access"]}, "roles": ["admin"]});
        assert_eq!(scopes_of(&[], keycloak()), "");
        let map =
            [("JWT_ROLES_CLAIM", "realm_access.roles"), ("JWT_ROLE_SCOPES", "desk-admin=links:write directory:read")];
        assert_eq!(scopes_of(&map, keycloak()), "directory:read links:write");
        assert_eq!(scopes_of(&map, json!({"realm_access": "desk-admin"})), "");
    }

    #[test]
    fn paths_reach_inside_and_names_may_hold_dots() {
        let claims = json!({"a": {"b": {"c": 1}, "b.d": 2}, "a.b.e": 3, "https://id.example/login": 4});
        let at = |path| find(claims.as_object().unwrap(), path).and_then(Value::as_u64);
        assert_eq!(
            [at("a.b.c"), at("a.b.d"), at("a.b.e"), at("https://id.example/login")],
            [Some(1), Some(2), Some(3), Some(4)]
        );
        assert_eq!([at("a.c"), at("a.b.c.d"), at(""), at(".")], [None; 4]);
    }

    #[test]
    fn the_configured_claim_names_the_caller() {
        let settings = [("JWT_LOGIN_CLAIM", "preferred_username")];
        let person =
            caller_of(&settings, json!({"sub": "4711", "preferred_username": "jane", "scope": "access:self"})).unwrap();
        assert_eq!((person.actor.as_str(), person.login.as_deref()), ("jane", Some("jane")));
        let program = caller_of(&settings, json!({"sub": "4711", "scope": "access:self sync:write"})).unwrap();
        assert_eq!((program.actor.as_str(), program.login), ("4711", None));
    }

    #[test]
    fn a_caller_must_be_named() {
        let settings = [("JWT_LOGIN_CLAIM", "preferred_username")];
        let nobody = Err(Unauthorized::LoginClaimMissing);
        assert_eq!(caller_of(&settings, json!({"sub": "4711", "scope": "access:self"})), nobody);
        assert_eq!(caller_of(&settings, json!({"scope": "admin"})), nobody);
        for unusable in [json!(""), json!("  "), json!(17), json!("a\nb"), json!("x".repeat(201)), json!(["jane"])] {
            assert_eq!(caller_of(&[], json!({"sub": unusable, "scope": "admin"})), nobody);
        }
    }
}
