//! The keys that verify tokens, each tied to the algorithms that fit it: a token's header can choose
//! among what the configuration and the kind of key both allow, and nothing else.

use crate::config::TokenConfig;
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};

/// The smallest RSA modulus that is accepted.
const MIN_RSA_BYTES: usize = 2048 / 8;

/// A key, and what a token that it signed must say.
pub(super) struct VerificationKey {
    pub(super) id: Option<String>,
    pub(super) decoding: DecodingKey,
    /// Its algorithms are those of this key alone, all of one family.
    pub(super) validation: Validation,
}

impl VerificationKey {
    /// The key of a secret.
    pub(super) fn from_secret(secret: &str, config: &TokenConfig) -> Self {
        let decoding = DecodingKey::from_secret(secret.as_bytes());
        Self { id: None, decoding, validation: validation(config, vec![Algorithm::HS256]) }
    }

    /// A public key as a key set describes it, or why it cannot be used.
    pub(super) fn from_jwk(jwk: &Jwk, config: &TokenConfig) -> Result<Self, &'static str> {
        refuse_other_use(jwk)?;
        let fitting = fitting_algorithms(jwk)?;
        let algorithms: Vec<_> = fitting.iter().copied().filter(|fits| config.algorithms.contains(fits)).collect();
        if algorithms.is_empty() {
            return Err("it fits no configured algorithm");
        }
        let decoding = DecodingKey::from_jwk(jwk).map_err(|_| "it cannot be read")?;
        refuse_bad_size(&decoding, &jwk.algorithm)?;
        Ok(Self { id: jwk.common.key_id.clone(), decoding, validation: validation(config, algorithms) })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        self.validation.algorithms.contains(&algorithm)
    }
}

fn validation(config: &TokenConfig, algorithms: Vec<Algorithm>) -> Validation {
    let mut validation = Validation::default();
    let mut required = vec!["exp"];
    validation.algorithms = algorithms;
    validation.leeway = config.leeway.as_secs();
    validation.validate_nbf = true;
    if let Some(issuer) = &config.issuer {
        validation.set_issuer(&[issuer]);
        required.push("iss");
    }
    if let Some(audience) = &config.audience {
        validation.set_audience(&[audience]);
        required.push("aud");
    }
    validation.set_required_spec_claims(&required);
    validation
}

fn refuse_other_use(jwk: &Jwk) -> Result<(), &'static str> {
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return Err("its use is not sig");
    }
    if jwk.common.key_operations.as_ref().is_some_and(|operations| !operations.contains(&KeyOperations::Verify)) {
        return Err("its key_ops do not hold verify");
    }
    Ok(())
}

/// The algorithms that fit the type and curve of a key, and the one it names if it names one.
fn fitting_algorithms(jwk: &Jwk) -> Result<Vec<Algorithm>, &'static str> {
    let of_type: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => jsonwebtoken::AlgorithmFamily::Rsa.algorithms(),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => &[Algorithm::ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => &[Algorithm::ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
        AlgorithmParameters::OctetKey(_) => return Err("it is a secret, not a public key"),
        _ => return Err("its kty or crv is not supported"),
    };
    let named = jwk.common.key_algorithm;
    Ok(of_type.iter().copied().filter(|fits| named.is_none_or(|named| named == KeyAlgorithm::from(*fits))).collect())
}

fn refuse_bad_size(key: &DecodingKey, parameters: &AlgorithmParameters) -> Result<(), &'static str> {
    let expected = match parameters {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => 97,
        AlgorithmParameters::EllipticCurve(_) => 65,
        _ => 32,
    };
    match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => {
            let modulus = n.iter().skip_while(|byte| **byte == 0).count();
            if modulus < MIN_RSA_BYTES { Err("it is shorter than 2048 bits") } else { Ok(()) }
        }
        DecodingKeyKind::SecretOrDer(bytes) if bytes.len() != expected => Err("it has the wrong length"),
        DecodingKeyKind::SecretOrDer(_) => Ok(()),
    }
}

/// The keys at hand.
#[derive(Default)]
pub(super) struct KeySet {
    pub(super) keys: Vec<VerificationKey>,
    /// Counts the sets; 0 is the one before any was had.
    pub(super) generation: u64,
}

impl KeySet {
    /// The keys that may have signed a token, and whether one of them has the very id that the token
    /// names. Keys without an id may be any; a token without an id may be of any key.
    pub(super) fn candidates(&self, id: Option<&str>, algorithm: Algorithm) -> (Vec<&VerificationKey>, bool) {
        let fitting = || self.keys.iter().filter(|key| key.fits(algorithm));
        let Some(id) = id else { return (fitting().collect(), false) };
        let named: Vec<_> = fitting().filter(|key| key.id.as_deref() == Some(id)).collect();
        match named.is_empty() {
            false => (named, true),
            true => (fitting().filter(|key| key.id.is_none()).collect(), false),
        }
    }
}
