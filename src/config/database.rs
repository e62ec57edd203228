//! Which database: told apart by the scheme alone, which is parsed by hand so that a typing error
//! such as `postgre:` never becomes a SQLite file of that name.

use super::Secret;
use std::path::{Path, PathBuf};

/// The name of the SQLite file in the data directory.
const DEFAULT_FILE: &str = "customer-access.sqlite";

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

    /// Parses `sqlite:PATH`, a path without a scheme, `postgres://…` or `postgresql://…`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match scheme(text) {
            Some(("sqlite", path)) => sqlite_file(path.strip_prefix("//").unwrap_or(path)),
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Ok(Self::Postgres(Secret::new(text))),
            Some(("postgres" | "postgresql", _)) => Err("must go on with // after its scheme: postgres://…".to_owned()),
            Some((scheme, _)) => Err(format!("starts with \"{scheme}:\", which is neither sqlite: nor postgres:")),
            None if text.contains(['=', '@']) => {
                Err("is neither a URL nor a plain path; write postgres://… or sqlite:…".to_owned())
            }
            None => sqlite_file(text),
        }
    }
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
