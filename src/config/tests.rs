//! The configuration as an operator meets it.

use super::*;
use jsonwebtoken::Algorithm;
use std::collections::BTreeSet;

const SECRET: &str = "a secret of more than thirty-two bytes";

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(&|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

fn problem(variables: &[(&str, &str)]) -> String {
    read(variables).unwrap_err().to_string()
}

#[test]
fn without_any_setting_it_is_local_and_embedded() {
    let config = read(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert!(matches!(config.database_url, DatabaseUrl::Sqlite(path) if path.ends_with("data/customer-access.sqlite")));
    assert!(matches!(config.tokens.keys, KeySource::GeneratedSecret));
    assert_eq!(config.tokens.algorithms, [Algorithm::HS256]);
    assert_eq!(config.max_staleness, Duration::from_secs(30));
}

#[test]
fn every_setting_is_read() {
    let asked = std::cell::RefCell::new(BTreeSet::new());
    Config::read(&|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    })
    .unwrap();
    let declared: BTreeSet<_> = settings::SETTINGS
        .iter()
        .flat_map(|setting| [Some(setting.name.to_owned()), setting.from_file.then(|| setting.file_name())])
        .flatten()
        .collect();
    assert_eq!(asked.into_inner(), declared);
}

#[test]
fn an_empty_value_counts_as_unset() {
    let empty: Vec<_> = settings::SETTINGS.iter().map(|setting| (setting.name, " ")).collect();
    let empty: Vec<_> = empty.into_iter().filter(|(name, _)| !matches!(*name, "JWT_SECRET" | "DATABASE_URL")).collect();
    assert_eq!(format!("{:?}", read(&empty).unwrap()), format!("{:?}", read(&[]).unwrap()));
}

#[test]
fn a_wrong_value_is_named() {
    for (name, value) in [
        ("LISTEN", "8080"),
        ("METRICS_LISTEN", "on"),
        ("BASE_PATH", "access"),
        ("CORS_ORIGINS", "desk.example"),
        ("DATABASE_URL", "postgre://db"),
        ("DATABASE_POOL_SIZE", "1"),
        ("WORKERS", "many"),
        ("JWT_SECRET", "short"),
        ("JWT_ALGORITHMS", "none"),
        ("JWT_LEEWAY", "1h"),
        ("JWKS_URL", "ftp://id.example"),
        ("JWKS_ALLOW_HTTP", "perhaps"),
        ("JWKS_REFRESH_INTERVAL", "0s"),
        ("JWKS_MAX_AGE", "1s"),
        ("MAX_BODY_BYTES", "4MB"),
        ("MAX_BATCH", "-1"),
        ("MAX_CELLS", "many"),
        ("MAX_WILDCARDS", "1e3"),
        ("MAX_REQUESTS", "0"),
        ("MAX_CONNECTIONS", "none"),
        ("KEEP_ALIVE", "0s"),
        ("HEAD_TIMEOUT", "1h"),
        ("REQUEST_TIMEOUT", "30"),
        ("SHUTDOWN_TIMEOUT", "soon"),
        ("AT_LEAST_REVISION_WAIT", "2"),
        ("MAX_STALENESS", "0s"),
        ("FOLLOW_INTERVAL", "30s"),
        ("ACCESS_LOG", "1"),
    ] {
        assert!(problem(&[(name, value)]).starts_with(&format!("{name} ")), "{}", problem(&[(name, value)]));
    }
}

#[test]
fn no_secret_is_ever_shown() {
    let config = read(&[("JWT_SECRET", SECRET), ("DATABASE_URL", "postgres://desk:hush@db/desk")]).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains(SECRET) && !shown.contains("hush"), "{shown}");
    assert!(!problem(&[("JWT_SECRET", "hush")]).contains("hush"));
    assert!(!problem(&[("DATABASE_URL", "mysql://desk:hush@db/desk")]).contains("hush"));
    assert!(!problem(&[("JWKS_URL", "https://desk:hush@id.example/")]).contains("hush"));
}

#[test]
fn public_keys_need_an_issuer_and_an_audience() {
    for keys in [("JWT_PUBLIC_KEY", "PEM"), ("JWKS_FILE", "keys.json"), ("JWKS_URL", "https://id.example/keys")] {
        assert!(problem(&[keys, ("JWT_AUDIENCE", "desk")]).starts_with("JWT_ISSUER must be set with public keys"));
        assert!(problem(&[keys, ("JWT_ISSUER", "id")]).starts_with("JWT_AUDIENCE must be set with public keys"));
        let config = read(&[keys, ("JWT_ISSUER", "id"), ("JWT_AUDIENCE", "desk")]).unwrap();
        assert!(!config.tokens.keys.is_local());
        assert_eq!(config.tokens.algorithms, [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA]);
    }
}

#[test]
fn keys_come_from_one_place() {
    let both = problem(&[("JWT_SECRET", SECRET), ("JWKS_FILE", "keys.json")]);
    assert_eq!(both, "JWKS_FILE is set together with JWT_SECRET; keys come from one place, so set one of them");
}

#[test]
fn an_algorithm_must_fit_the_keys() {
    assert!(
        problem(&[("JWT_ALGORITHMS", "RS256")]).contains("names \"RS256\"; with the configured keys it can be HS256")
    );
    let public = [("JWKS_FILE", "keys.json"), ("JWT_ISSUER", "id"), ("JWT_AUDIENCE", "desk")];
    let confused: Vec<_> = public.into_iter().chain([("JWT_ALGORITHMS", "RS256 HS256")]).collect();
    assert!(problem(&confused).starts_with("JWT_ALGORITHMS names \"HS256\""));
    let pinned: Vec<_> = public.into_iter().chain([("JWT_ALGORITHMS", "PS256, ES384")]).collect();
    assert_eq!(read(&pinned).unwrap().tokens.algorithms, [Algorithm::PS256, Algorithm::ES384]);
}

#[test]
fn roles_need_both_the_claim_and_the_map() {
    let (claim, map) = (("JWT_ROLES_CLAIM", "realm_access.roles"), ("JWT_ROLE_SCOPES", "desk-admin=admin"));
    assert!(problem(&[claim]).starts_with("JWT_ROLE_SCOPES must be set"));
    assert!(problem(&[map]).starts_with("JWT_ROLES_CLAIM must be set"));
    assert_eq!(read(&[claim, map]).unwrap().tokens.roles.unwrap().claim, "realm_access.roles");
    let unknown = problem(&[claim, ("JWT_ROLE_SCOPES", "desk-admin=root")]);
    assert!(unknown.starts_with("JWT_ROLE_SCOPES ") && unknown.contains("directory:read"), "{unknown}");
}
