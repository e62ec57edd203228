//! Public keys written as PEM, one or more.

use super::keys::VerificationKey;
use crate::config::TokenConfig;
use jsonwebtoken::{DecodingKey, jwk::Jwk};

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Every key of the text, or what is wrong with it.
pub(super) fn parse(text: &str, config: &TokenConfig) -> Result<Vec<VerificationKey>, String> {
    let keys: Vec<_> = blocks(text).map(|block| key(block, config)).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err("holds no PEM block, which starts with -----BEGIN PUBLIC KEY-----".to_owned());
    }
    Ok(keys)
}

fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<_> = text.match_indices(BEGIN).map(|(start, _)| start).collect();
    let ends: Vec<_> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| text[start..end].trim())
}

fn key(block: &str, config: &TokenConfig) -> Result<VerificationKey, String> {
    let label = block.strip_prefix(BEGIN).and_then(|rest| rest.split(DASHES).next()).unwrap_or_default();
    match label {
        "PUBLIC KEY" | "RSA PUBLIC KEY" => {}
        label if label.ends_with("PRIVATE KEY") => {
            return Err("holds a private key; give the public one: openssl pkey -pubout".to_owned());
        }
        "CERTIFICATE" => {
            return Err("holds a certificate; give its key: openssl x509 -noout -pubkey".to_owned());
        }
        _ => return Err("holds a PEM block that is not a PUBLIC KEY".to_owned()),
    }
    let jwk = jwk(block.as_bytes()).ok_or("holds a key that is not RSA, P-256, P-384 or Ed25519")?;
    VerificationKey::from_jwk(&jwk, config).map_err(|problem| format!("holds a key that cannot be used: {problem}"))
}

/// The same description that a key set has, so that both are judged alike.
fn jwk(pem: &[u8]) -> Option<Jwk> {
    let readers = [DecodingKey::from_rsa_pem, DecodingKey::from_ec_pem, DecodingKey::from_ed_pem];
    let key = readers.iter().find_map(|read| read(pem).ok())?;
    Jwk::from_decoding_key(&key, None).ok()
}
