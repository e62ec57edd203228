//! Which database: told apart by the scheme alone, which is parsed by hand so that a typing error
//! such as `postgre:` never becomes a SQLite file of that name.

use super::Secret;
use std::path::{Path, PathBuf};

/// The name of the SQLite file in the data directory.
const DEFAULT_FILE: &str = "customer-access.sqlite";

/// What is said of an address that cannot be read; it may hold a password, so it is not shown.
const UNREADABLE: &str = "is not an address such as postgres://user:password@host:5432/database; in a user or a \
                          password, characters such as @ / : ? # % must be percent-encoded (@ is %40)";

/// Where the directory is kept.
#[derive(Debug, Clone)]
pub enum DatabaseUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL connection string; it may hold a password.
    Postgres(Secret),
}

impl DatabaseUrl {
    /// The SQLite file in a data directory.
    pub fn default_in(data_dir: &Path) -> Self {
        Self::Sqlite(data_dir.join(DEFAULT_FILE))
    }

    /// Whether several processes may serve it, each on a machine of its own.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Whether there may be something in it: a SQLite file that is not there has nothing.
    pub fn is_there(&self) -> bool {
        match self {
            // What cannot be looked at may be there; whoever opens it finds out.
            Self::Sqlite(path) => path.try_exists().unwrap_or(true),
            Self::Postgres(_) => true,
        }
    }

    /// How a person is told which one it is: the whole path of a file, whatever directory the program runs in; an
    /// address without user, password and parameters.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => std::path::absolute(path).as_deref().unwrap_or(path).display().to_string(),
            Self::Postgres(url) => {
                let (_, rest) = url.expose().split_once("://").unwrap_or_default();
                let place = rest.split('?').next().unwrap_or_default();
                format!("postgres://{}", place.split_once('@').map_or(place, |(_, place)| place))
            }
        }
    }

    /// Parses `sqlite:PATH`, a path without a scheme, `postgres://…` or `postgresql://…`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match scheme(text) {
            Some(("sqlite", path)) => sqlite_file(path.strip_prefix("//").unwrap_or(path)),
            Some(("postgres" | "postgresql", rest)) => match rest.strip_prefix("//") {
                Some(rest) if is_readable(rest) => Ok(Self::Postgres(Secret::new(text))),
                Some(_) => Err(UNREADABLE.to_owned()),
                None => Err("must go on with // after its scheme: postgres://…".to_owned()),
            },
            Some((scheme, _)) => Err(format!("starts with \"{scheme}:\", which is neither sqlite: nor postgres:")),
            None if text.contains(['=', '@']) => {
                Err("is neither a URL nor a plain path; write postgres://… or sqlite:…".to_owned())
            }
            None => sqlite_file(text),
        }
    }
}

/// Whether the PostgreSQL library will find each part of an address where it is. It repeats what it cannot read, and
/// looks up what it takes for a host: with a password that is not encoded, a part of that.
fn is_readable(rest: &str) -> bool {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts = authority.split_once('@').map_or(authority, |(_, hosts)| hosts);
    let (hosts, early) = hosts.split_once('?').unwrap_or((hosts, ""));
    let (database, late) = path.split_once('?').unwrap_or((path, ""));
    let port =
        |host: &str| host.rsplit_once(']').map_or(host, |(_, port)| port).split_once(':').map(|it| it.1.to_owned());
    let is_number = |port: String| port.bytes().all(|byte| byte.is_ascii_digit());
    let has_value = |parameters: &str| parameters.split('&').all(|it| it.is_empty() || it.contains('='));
    let is_hexadecimal = |code: &str| code.get(..2).is_some_and(|it| it != "00" && u8::from_str_radix(it, 16).is_ok());
    !hosts.contains('@')
        && !database.contains('@')
        && hosts.split(',').filter_map(port).all(is_number)
        && has_value(early)
        && has_value(late)
        && rest.split('%').skip(1).all(is_hexadecimal)
}

fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(allowed);
    is_scheme.then_some((scheme, rest))
}

fn sqlite_file(path: &str) -> Result<DatabaseUrl, String> {
    if path.is_empty() || path.contains('?') || path.starts_with(':') {
        return Err("does not name a file; write sqlite: and a path, without parameters".to_owned());
    }
    Ok(DatabaseUrl::Sqlite(PathBuf::from(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite_path(text: &str) -> Option<PathBuf> {
        match DatabaseUrl::parse(text) {
            Ok(DatabaseUrl::Sqlite(path)) => Some(path),
            _ => None,
        }
    }

    #[test]
    fn sqlite_with_and_without_a_scheme() {
        for (text, path) in [
            ("sqlite:desk.sqlite", "desk.sqlite"),
            ("sqlite://desk.sqlite", "desk.sqlite"),
            ("sqlite:///var/lib/desk.sqlite", "/var/lib/desk.sqlite"),
            ("sqlite:/var/lib/desk.sqlite", "/var/lib/desk.sqlite"),
            ("data/desk.sqlite", "data/desk.sqlite"),
        ] {
            assert_eq!(sqlite_path(text), Some(PathBuf::from(path)), "{text}");
        }
    }

    #[test]
    fn postgres_keeps_its_password_out_of_debug() {
        let url = DatabaseUrl::parse("postgresql://desk:hush@db/desk").unwrap();
        assert_eq!(format!("{url:?}"), "Postgres([secret])");
    }

    #[test]
    fn it_is_shown_whole_and_without_a_password() {
        for (text, shown) in [
            ("sqlite:/var/lib/desk.sqlite", "/var/lib/desk.sqlite"),
            ("postgres://desk:hush@db:5432/desk?sslmode=require", "postgres://db:5432/desk"),
            ("postgres://db/desk?user=desk&password=hush", "postgres://db/desk"),
            ("postgresql:///desk?host=/run/postgresql&password=h@sh", "postgres:///desk"),
        ] {
            assert_eq!(DatabaseUrl::parse(text).unwrap().shown(), shown);
        }
        let relative = DatabaseUrl::parse("data/desk.sqlite").unwrap().shown();
        assert!(relative.starts_with('/') && relative.ends_with("/data/desk.sqlite"), "{relative}");
    }

    #[test]
    fn addresses_of_postgres() {
        for good in [
            "postgres://db",
            "postgresql:///desk?host=/run/postgresql&user=desk",
            "postgres://desk:h%40sh@db-1:5432,db-2:5433/desk?target_session_attrs=read-write",
            "postgres://desk:hush@[::1]:5432/desk?sslmode=verify-full&sslrootcert=/run/ca.pem",
            "postgres://desk:hush@[::1]/desk",
        ] {
            assert!(matches!(DatabaseUrl::parse(good), Ok(DatabaseUrl::Postgres(_))), "{good}");
        }
    }

    #[test]
    fn a_password_that_is_not_encoded_is_refused_and_not_repeated() {
        for password in ["hu/sh", "12/hush", "hu@sh", "hu%sh", "hush%", "%00hush", "hu:sh/", "hu?sh/"] {
            let problem = DatabaseUrl::parse(&format!("postgres://desk:{password}@db/desk")).unwrap_err();
            assert_eq!(problem, UNREADABLE, "{password}");
        }
        assert_eq!(DatabaseUrl::parse("postgres://db/desk?password=a&hush").unwrap_err(), UNREADABLE);
    }

    #[test]
    fn anything_else_is_refused_without_showing_a_password() {
        for text in [
            "postgre://desk:hush@db/desk",
            "mysql://desk:hush@db/desk",
            "postgres:desk:hush",
            "host=db password=hush",
            "desk:hush@db/desk",
            "sqlite:",
            "sqlite::memory:",
            ":memory:",
            "file:desk.sqlite",
            "sqlite:desk.sqlite?mode=ro",
        ] {
            let problem = DatabaseUrl::parse(text).unwrap_err();
            assert!(!problem.contains("hush"), "{problem}");
        }
    }
}
