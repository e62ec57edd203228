//! What the tests of tokens share: keys, claims, configurations and an issuer that serves key sets.

use customer_access::{
    auth::{Authenticator, Caller, Unauthorized},
    config::Config,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, get_current_timestamp, jwk::Jwk};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

pub const SECRET: &str = "a secret of the tests, longer than thirty-two bytes";
pub const ISSUER: &str = "https://id.example/realms/desk";
pub const AUDIENCE: &str = "customer-access";

/// A private key of `tests/keys`, and what it signs with.
pub struct SigningKey {
    pub name: &'static str,
    pub algorithm: Algorithm,
}

pub const RSA: SigningKey = SigningKey { name: "rsa-1", algorithm: Algorithm::RS256 };
pub const RSA_NEXT: SigningKey = SigningKey { name: "rsa-2", algorithm: Algorithm::RS256 };
pub const P256: SigningKey = SigningKey { name: "p256", algorithm: Algorithm::ES256 };
pub const P384: SigningKey = SigningKey { name: "p384", algorithm: Algorithm::ES384 };
pub const ED25519: SigningKey = SigningKey { name: "ed25519", algorithm: Algorithm::EdDSA };

pub fn pem(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

impl SigningKey {
    pub fn public_pem(&self) -> String {
        pem(&format!("{}.pub", self.name))
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(Some(self.name), claims)
    }

    pub fn sign_as(&self, kid: Option<&str>, claims: &Value) -> String {
        let private = pem(self.name);
        let key = match self.algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_pem(private.as_bytes()),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(private.as_bytes()),
            _ => EncodingKey::from_ec_pem(private.as_bytes()),
        };
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &key.unwrap()).unwrap()
    }

    /// The public key as a key set shows it.
    pub fn jwk(&self) -> Value {
        let public = self.public_pem();
        let key = match self.algorithm {
            Algorithm::RS256 => DecodingKey::from_rsa_pem(public.as_bytes()),
            Algorithm::EdDSA => DecodingKey::from_ed_pem(public.as_bytes()),
            _ => DecodingKey::from_ec_pem(public.as_bytes()),
        };
        let mut jwk = serde_json::to_value(Jwk::from_decoding_key(&key.unwrap(), None).unwrap()).unwrap();
        jwk["kid"] = json!(self.name);
        jwk["use"] = json!("sig");
        jwk
    }
}

pub fn key_set(keys: &[&SigningKey]) -> String {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()}).to_string()
}

/// A token with the local secret.
pub fn sign_with_secret(secret: &[u8], claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret)).unwrap()
}

/// Claims that are good everywhere, with changes; `null` takes one away.
pub fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "sub": "alice", "scope": "access:read", "iss": ISSUER, "aud": AUDIENCE, "exp": in_seconds(3600),
    });
    for (claim, value) in changes.as_object().unwrap() {
        claims[claim] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

pub fn in_seconds(seconds: i64) -> i64 {
    get_current_timestamp() as i64 + seconds
}

pub fn config(settings: &[(&str, &str)]) -> Config {
    Config::read(&|name| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())).unwrap()
}

/// An authenticator that expects the issuer and audience of the tests.
pub fn authenticator(settings: &[(&str, &str)]) -> Authenticator {
    let expected = [("JWT_ISSUER", ISSUER), ("JWT_AUDIENCE", AUDIENCE)];
    Authenticator::new(&config(&[settings, &expected].concat())).unwrap()
}

/// What the door says to a token.
pub async fn ask(authenticator: &Authenticator, token: &str) -> Result<Arc<Caller>, Unauthorized> {
    authenticator.authenticate(Some(format!("Bearer {token}").as_bytes())).await
}

/// The code of a refusal, or who was let in.
pub async fn outcome(authenticator: &Authenticator, token: &str) -> String {
    match ask(authenticator, token).await {
        Ok(caller) => caller.actor.clone(),
        Err(refusal) => refusal.code().to_owned(),
    }
}

/// An issuer on this machine that serves a key set, or breaks the connection while it is down.
#[derive(Clone)]
pub struct Issuer {
    pub url: String,
    answer: Arc<Mutex<Option<String>>>,
    fetches: Arc<AtomicUsize>,
}

impl Issuer {
    pub fn start(keys: &[&SigningKey]) -> Self {
        let issuer = Self::down();
        issuer.serve(key_set(keys));
        issuer
    }

    pub fn down() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let issuer = Self { url, answer: Arc::default(), fetches: Arc::default() };
        let server = issuer.clone();
        std::thread::spawn(move || listener.incoming().for_each(|stream| server.reply(stream.unwrap())));
        issuer
    }

    /// Answers with this body from now on.
    pub fn serve(&self, body: String) {
        *self.answer.lock().unwrap() = Some(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    }

    /// Answers with these very bytes from now on.
    pub fn serve_raw(&self, answer: &str) {
        *self.answer.lock().unwrap() = Some(answer.to_owned());
    }

    pub fn break_down(&self) {
        *self.answer.lock().unwrap() = None;
    }

    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn reply(&self, mut stream: TcpStream) {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        if let Some(answer) = self.answer.lock().unwrap().clone() {
            let _ = stream.write_all(answer.as_bytes());
        }
    }
}
