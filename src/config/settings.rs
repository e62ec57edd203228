//! Every setting, declared once: the parser, `--help` and the table in the README are made from this.

/// One setting: an environment variable, its default and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The name of the environment variable.
    pub name: &'static str,
    /// The text that is parsed when the variable is unset. Empty: there is none.
    pub default: &'static str,
    /// What a person is told about the default, where the text above does not say it.
    pub default_note: &'static str,
    /// What it means, in a sentence.
    pub meaning: &'static str,
    /// Whether its value is secret.
    pub secret: bool,
    /// Whether the value may also come from the file that `NAME_FILE` names.
    pub from_file: bool,
}

impl Setting {
    /// The environment variable that names a file with the value.
    pub fn file_name(&self) -> String {
        format!("{}_FILE", self.name)
    }

    /// The default as a person reads it.
    pub fn shown_default(&self) -> &'static str {
        if self.default_note.is_empty() { self.default } else { self.default_note }
    }
}

const fn with_default(default: &'static str, meaning: &'static str) -> Setting {
    Setting { name: "", default, default_note: "", meaning, secret: false, from_file: false }
}

const fn optional(meaning: &'static str) -> Setting {
    with_default("", meaning)
}

const fn computed(default_note: &'static str, meaning: &'static str) -> Setting {
    Setting { default_note, ..optional(meaning) }
}

const fn secret(default_note: &'static str, meaning: &'static str) -> Setting {
    Setting { secret: true, from_file: true, ..computed(default_note, meaning) }
}

const fn text_or_file(meaning: &'static str) -> Setting {
    Setting { from_file: true, ..optional(meaning) }
}

macro_rules! settings {
    ($($name:ident = $setting:expr;)*) => {
        $(
            #[doc = concat!("The setting `", stringify!($name), "`.")]
            pub const $name: Setting = Setting { name: stringify!($name), ..$setting };
        )*
        /// Every setting, in the order of the documentation.
        pub const SETTINGS: &[Setting] = &[$($name),*];
    };
}

settings! {
    LISTEN = with_default("127.0.0.1:8080", "Address and port to listen on; `0.0.0.0:8080` for every interface");
    METRICS_LISTEN = optional("Address and port of the metrics (`/metrics`, without a token), such as `127.0.0.1:9090`; there are none without it. Whoever reaches it can read them");
    BASE_PATH = optional("Path under which a proxy publishes the service, such as `/access`; in front of every route and link");
    CORS_ORIGINS = optional("Origins whose pages may call the service from a browser, with commas between them: `https://desk.example,http://localhost:5173`");
    DATA_DIR = with_default("data", "Directory of the database file and the generated signing secret");
    DATABASE_URL = secret("`customer-access.sqlite` in `DATA_DIR`", "`sqlite:` and a path, or `postgres://…`");
    DATABASE_POOL_SIZE = with_default("8", "Connections to the database, at most; 2 or more");
    WORKERS = with_default("0", "Threads that answer requests; `0` for one a core");
    JWT_SECRET = secret("generated into `DATA_DIR` on SQLite", "Secret of at least 32 bytes that signs tokens (HS256); not together with public keys");
    JWT_PUBLIC_KEY = text_or_file("Public keys (PEM, one or more) of whoever issues the tokens");
    JWKS_FILE = optional("File with the issuer's key set (JWKS); read again when it changes");
    JWKS_URL = optional("Address of the issuer's key set (JWKS): https, or http to this machine");
    JWKS_ALLOW_HTTP = with_default("off", "`on` allows `JWKS_URL` to be plain http: only where the network to the issuer is yours alone");
    JWKS_REFRESH_INTERVAL = with_default("1m", "At an unknown key the key set is fetched anew, at most once in this time");
    JWKS_MAX_AGE = with_default("1h", "After this time the key set is fetched anew in any case");
    JWT_ALGORITHMS = computed("`HS256` with a secret, `RS256 ES256 EdDSA` with public keys", "Signature algorithms that are accepted, space separated");
    JWT_ISSUER = optional("`iss` that a token must carry; required with public keys");
    JWT_AUDIENCE = optional("`aud` that a token must carry; required with public keys. Without it a token that names an audience is refused");
    JWT_LEEWAY = with_default("30s", "Clock difference forgiven in `exp` and `nbf`, at most `5m`");
    JWT_LOGIN_CLAIM = with_default("sub", "Claim that names the caller: the login for `access:self`, the actor in the audit. A path with dots reaches inside");
    JWT_ROLES_CLAIM = optional("Claim that lists roles, such as `realm_access.roles`; they count only through `JWT_ROLE_SCOPES`");
    JWT_ROLE_SCOPES = optional("Scopes of each role: `desk-admin=admin;crm=sync:write directory:read`");
    MAX_BODY_BYTES = with_default("4194304", "Largest body of a request, in bytes. Bodies come uncompressed, so it is the size of what they hold, too");
    MAX_CHUNK_BYTES = with_default("16777216", "Largest chunk of an import job as it is sent, in bytes");
    MAX_CHUNK_UNPACKED_BYTES = with_default("67108864", "Most that a chunk of an import job may unpack to, in bytes");
    MAX_BATCH = with_default("1000", "Most items in one batch, keys in one selection, and cells in one save of a matrix");
    MAX_CELLS = with_default("1000000", "Most cells that one bulk write sets: the rows of its one selection times those of the other");
    MAX_WILDCARDS = with_default("5", "Most `*` in one search");
    MAX_PREVIEWS = with_default("2", "Most dry runs at a time; more wait for their turn");
    MAX_STREAMS = with_default("10", "Most streams of changes that one caller (the subject of the token) holds open");
    MAX_REQUESTS = with_default("1000", "Most requests with a token that are being answered at a time, open streams apart; more are told to try again (503 `overloaded`)");
    MAX_CONNECTIONS = with_default("25000", "Most open connections, for each of the `WORKERS`; more wait to be accepted");
    KEEP_ALIVE = with_default("5s", "Time for which an idle connection stays open for its next request");
    HEAD_TIMEOUT = with_default("5s", "Longest time for the head of a request to arrive; the body belongs to `REQUEST_TIMEOUT`");
    REQUEST_TIMEOUT = with_default("30s", "Longest time for a request before it is answered with an error");
    SHUTDOWN_TIMEOUT = with_default("20s", "Time for open requests to finish after SIGTERM");
    AT_LEAST_REVISION_WAIT = with_default("2s", "Longest wait for the revision that a request asks for");
    MAX_STALENESS = with_default("30s", "Answers stop (503) when the index could not be confirmed current for this long");
    FOLLOW_INTERVAL = with_default("500ms", "How often the changes of other processes are looked for; shorter than `MAX_STALENESS`");
    FOLLOW_NOTIFICATIONS = with_default("on", "`on`: they are heard of at once, on one more connection (`LISTEN` on PostgreSQL), and `FOLLOW_INTERVAL` is the safety net; `off`: they are found by it alone");
    CHANGES_RETENTION = with_default("30d", "How long changes stay in the log; whoever follows asks more often than that");
    AUDIT_RETENTION = with_default("730d", "How long the audit is kept");
    IMPORT_RETENTION = with_default("30d", "How long import jobs, their chunks and results are kept after their end");
    ACCESS_LOG = with_default("on", "`on` or `off`: a line in the log for each request");
    RUST_LOG = with_default("info", "What is logged: `error`, `warn`, `info`, `debug`, or by module as env_logger takes it");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_secrets_take_files() {
        let names: std::collections::BTreeSet<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert_eq!(names.len(), SETTINGS.len());
        assert!(SETTINGS.iter().all(|setting| setting.from_file || !setting.secret));
    }

    #[test]
    fn every_setting_says_what_it_means() {
        for setting in SETTINGS {
            assert!(setting.meaning.len() > 10, "{}", setting.name);
            assert!(!setting.meaning.contains('|'), "{} would break the table", setting.name);
        }
    }
}
