//! Which tokens are believed: where their keys come from, and what they must say.

use super::{ConfigError, Secret, parse, reader::Reader, settings};
use crate::auth::{RoleScopes, Scope};
use jsonwebtoken::Algorithm;
use std::{path::PathBuf, str::FromStr, time::Duration};

/// The fewest bytes of a signing secret (RFC 7518, section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;
/// What can be configured with public keys. `HS256` is for a secret alone.
const PUBLIC_ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What is believed of a token, and which keys may have signed it.
#[derive(Debug, Clone)]
pub struct TokenConfig {
    /// Where the keys come from. There is exactly one such place.
    pub keys: KeySource,
    /// The algorithms that are accepted; all fit the kind of key.
    pub algorithms: Vec<Algorithm>,
    /// The `iss` a token must carry. Always there with public keys.
    pub issuer: Option<String>,
    /// The `aud` a token must carry. Always there with public keys.
    pub audience: Option<String>,
    /// The difference of clocks that is forgiven.
    pub leeway: Duration,
    /// The claim that names the caller.
    pub login_claim: String,
    /// The claim that lists roles, and what each is worth.
    pub roles: Option<RolesConfig>,
}

/// Roles of an issuer, which count through this map alone.
#[derive(Debug, Clone)]
pub struct RolesConfig {
    /// The claim that lists the roles.
    pub claim: String,
    /// The scopes of each role.
    pub scopes: RoleScopes,
}

/// Where the keys come from that verify tokens.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A secret that is generated into the data directory.
    GeneratedSecret,
    /// The configured secret.
    Secret(Secret),
    /// Public keys, PEM.
    PublicKeys(String),
    /// A file with a key set.
    JwksFile(PathBuf),
    /// An address from which a key set is fetched.
    JwksUrl {
        /// The address.
        url: String,
        /// The least time between two fetches on account of an unknown key.
        refresh_interval: Duration,
        /// The time after which the set is fetched anew.
        max_age: Duration,
    },
}

impl KeySource {
    /// Whether tokens are signed with a secret that this service has, so that it can make them.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::GeneratedSecret | Self::Secret(_))
    }
}

impl TokenConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<Self, ConfigError> {
        let keys = read_keys(reader)?;
        let (issuer, audience) = (text(reader, &settings::JWT_ISSUER)?, text(reader, &settings::JWT_AUDIENCE)?);
        if !keys.is_local() {
            require_with_public_keys(&settings::JWT_ISSUER, &issuer)?;
            require_with_public_keys(&settings::JWT_AUDIENCE, &audience)?;
        }
        let leeway = parse::duration(Duration::ZERO..=Duration::from_secs(300));
        Ok(Self {
            algorithms: read_algorithms(reader, &keys)?,
            keys,
            issuer,
            audience,
            leeway: reader.required(&settings::JWT_LEEWAY, leeway)?,
            login_claim: reader.required(&settings::JWT_LOGIN_CLAIM, |text| Ok(text.to_owned()))?,
            roles: read_roles(reader)?,
        })
    }
}

fn text(reader: &Reader<'_>, setting: &settings::Setting) -> Result<Option<String>, ConfigError> {
    reader.optional(setting, |text| Ok(text.to_owned()))
}

fn require_with_public_keys(setting: &settings::Setting, value: &Option<String>) -> Result<(), ConfigError> {
    let problem = "must be set with public keys: without it, a token that the issuer made for another service \
                   would be accepted here";
    value.as_ref().map(|_| ()).ok_or_else(|| ConfigError::new(setting.name, problem))
}

fn read_keys(reader: &Reader<'_>) -> Result<KeySource, ConfigError> {
    let secret = reader.secret(&settings::JWT_SECRET)?;
    let public_keys = text(reader, &settings::JWT_PUBLIC_KEY)?;
    let file = text(reader, &settings::JWKS_FILE)?;
    let url = read_url(reader)?;
    let given = [
        (&settings::JWT_SECRET, secret.map(checked_secret).transpose()?),
        (&settings::JWT_PUBLIC_KEY, public_keys.map(KeySource::PublicKeys)),
        (&settings::JWKS_FILE, file.map(|path| KeySource::JwksFile(path.into()))),
        (&settings::JWKS_URL, url),
    ];
    let mut given = given.into_iter().filter_map(|(setting, keys)| Some((setting.name, keys?)));
    match (given.next(), given.next()) {
        (Some((first, _)), Some((second, _))) => Err(ConfigError::new(
            second,
            format!("is set together with {first}; keys come from one place, so set one of them"),
        )),
        (Some((_, keys)), None) => Ok(keys),
        (None, _) => Ok(KeySource::GeneratedSecret),
    }
}

fn checked_secret(secret: Secret) -> Result<KeySource, ConfigError> {
    if secret.expose().len() < MIN_SECRET_BYTES {
        let problem = format!("is shorter than {MIN_SECRET_BYTES} bytes; make one with: openssl rand -base64 48");
        return Err(ConfigError::new(settings::JWT_SECRET.name, problem));
    }
    Ok(KeySource::Secret(secret))
}

fn read_url(reader: &Reader<'_>) -> Result<Option<KeySource>, ConfigError> {
    let allow_http = reader.required(&settings::JWKS_ALLOW_HTTP, parse::switch)?;
    let hour = Duration::from_secs(3600);
    let interval = parse::duration(Duration::from_millis(100)..=hour);
    let refresh_interval = reader.required(&settings::JWKS_REFRESH_INTERVAL, interval)?;
    let max_age = reader.required(&settings::JWKS_MAX_AGE, parse::duration(refresh_interval..=hour * 24))?;
    let url = reader.optional(&settings::JWKS_URL, |text| parse::key_set_url(text, allow_http))?;
    Ok(url.map(|url| KeySource::JwksUrl { url, refresh_interval, max_age }))
}

fn read_algorithms(reader: &Reader<'_>, keys: &KeySource) -> Result<Vec<Algorithm>, ConfigError> {
    let local = keys.is_local();
    let allowed: &[Algorithm] = if local { &[Algorithm::HS256] } else { &PUBLIC_ALGORITHMS };
    let configured = reader.optional(&settings::JWT_ALGORITHMS, |text| algorithms(text, allowed))?;
    Ok(configured.unwrap_or_else(|| match local {
        true => vec![Algorithm::HS256],
        false => vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA],
    }))
}

fn algorithms(text: &str, allowed: &[Algorithm]) -> Result<Vec<Algorithm>, String> {
    let names = text.split([' ', ',']).filter(|name| !name.is_empty());
    let algorithms: Vec<_> = names.map(|name| algorithm(name, allowed)).collect::<Result<_, _>>()?;
    if algorithms.is_empty() { Err("names no algorithm".to_owned()) } else { Ok(algorithms) }
}

fn algorithm(name: &str, allowed: &[Algorithm]) -> Result<Algorithm, String> {
    let known = Algorithm::from_str(name).ok().filter(|algorithm| allowed.contains(algorithm));
    known.ok_or_else(|| {
        let names: Vec<_> = allowed.iter().map(|algorithm| format!("{algorithm:?}")).collect();
        format!("names \"{name}\"; with the configured keys it can be {}", names.join(", "))
    })
}

fn read_roles(reader: &Reader<'_>) -> Result<Option<RolesConfig>, ConfigError> {
    let claim = text(reader, &settings::JWT_ROLES_CLAIM)?;
    let scopes = reader.optional(&settings::JWT_ROLE_SCOPES, |text| {
        text.parse::<RoleScopes>().map_err(|problem| format!("{problem}; scopes are {}", Scope::list()))
    })?;
    match (claim, scopes) {
        (Some(claim), Some(scopes)) => Ok(Some(RolesConfig { claim, scopes })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::new(
            settings::JWT_ROLE_SCOPES.name,
            "must be set with JWT_ROLES_CLAIM: no role counts without it",
        )),
        (None, Some(_)) => Err(ConfigError::new(
            settings::JWT_ROLES_CLAIM.name,
            "must be set with JWT_ROLE_SCOPES: it says where the roles are",
        )),
    }
}
