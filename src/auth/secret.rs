//! The signing secret of a service that was given none: made once, kept in the data directory.

use crate::config::{Config, KeySource, MIN_SECRET_BYTES, Secret};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRngCore, rngs::OsRng};
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// The name of the file in the data directory.
const FILE_NAME: &str = "jwt-secret";
const RANDOM_BYTES: usize = 48;

/// Why there is no secret to work with.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file system refused.
    #[error("the signing secret {path} cannot be read or made: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// Somebody else can read it.
    #[error("the signing secret {path} can be read by others than its owner: chmod 600 it, or delete it if somebody has", path = .0.display())]
    Exposed(PathBuf),
    /// It is not one of ours.
    #[error("the signing secret {path} is shorter than {MIN_SECRET_BYTES} bytes: delete it, and the next start makes a new one", path = .0.display())]
    TooShort(PathBuf),
    /// Each process would make one of its own.
    #[error(
        "JWT_SECRET must be set on PostgreSQL, where several processes share one secret: make one with \"openssl rand \
         -hex 32\", and give it as JWT_SECRET or in a file that JWT_SECRET_FILE names; or configure an issuer's public \
         keys instead"
    )]
    NotShared,
    /// There is no randomness.
    #[error("the operating system gives no random bytes: {0}")]
    Random(rand::rand_core::OsError),
}

/// The secret of the data directory, made now if it is not there; none on a database that several processes share, of
/// which each may have a directory of its own. Two processes that start together
/// get the same one.
pub fn load_or_generate(config: &Config) -> Result<Secret, SecretError> {
    if config.database_url.is_shared() {
        return Err(SecretError::NotShared);
    }
    let path = place(config);
    let failed = |source| SecretError::Io { path: path.clone(), source };
    if !path.try_exists().map_err(failed)? {
        config.create_data_dir().map_err(failed)?;
        generate(&path)?;
    }
    load(&path)
}

/// Where a secret would be made now, because there is none yet.
pub fn missing_secret(config: &Config) -> Option<PathBuf> {
    let path = place(config);
    let is_generated = matches!(config.tokens.keys, KeySource::GeneratedSecret);
    let path = std::path::absolute(&path).unwrap_or(path);
    (is_generated && !path.exists()).then_some(path)
}

fn place(config: &Config) -> PathBuf {
    config.data_dir.join(FILE_NAME)
}

fn load(path: &Path) -> Result<Secret, SecretError> {
    let failed = |source| SecretError::Io { path: path.to_owned(), source };
    refuse_exposed(path, &fs::metadata(path).map_err(failed)?)?;
    let text = fs::read_to_string(path).map_err(failed)?;
    let secret = text.trim_end();
    if secret.len() < MIN_SECRET_BYTES {
        return Err(SecretError::TooShort(path.to_owned()));
    }
    Ok(Secret::new(secret))
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, metadata: &fs::Metadata) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt;
    match metadata.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => Err(SecretError::Exposed(path.to_owned())),
    }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &fs::Metadata) -> Result<(), SecretError> {
    Ok(())
}

/// Writes a whole new secret beside its place and links it there: the link fails if another process
/// was first, and nobody ever sees half a file.
fn generate(path: &Path) -> Result<(), SecretError> {
    let failed = |source| SecretError::Io { path: path.to_owned(), source };
    let unfinished =
        path.with_extension(format!("{:016x}", random::<8>()?.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b))));
    let written = write_new(&unfinished, &URL_SAFE_NO_PAD.encode(random::<RANDOM_BYTES>()?));
    let linked = written.and_then(|()| fs::hard_link(&unfinished, path));
    let removed = fs::remove_file(&unfinished);
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked.and(removed).map_err(failed),
    }
}

fn write_new(path: &Path, secret: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], SecretError> {
    let mut bytes = [0; BYTES];
    OsRng.try_fill_bytes(&mut bytes).map_err(SecretError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn config(data_dir: &Path) -> Config {
        let data_dir = data_dir.to_str().unwrap().to_owned();
        Config::read(&|name| (name == "DATA_DIR").then(|| data_dir.clone())).unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn it_is_made_once_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(&directory.path().join("new"));
        let first = load_or_generate(&config).unwrap();
        assert!(first.expose().len() >= MIN_SECRET_BYTES);
        assert_eq!(load_or_generate(&config).unwrap().expose(), first.expose());
        assert_eq!(mode(&config.data_dir.join(FILE_NAME)), 0o600);
        assert_eq!(mode(&config.data_dir), 0o700);
        assert_eq!(fs::read_dir(&config.data_dir).unwrap().count(), 1, "nothing else stays");
    }

    #[test]
    fn none_is_made_where_several_processes_need_it() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("new").to_str().unwrap().to_owned();
        let settings = [("DATABASE_URL", "postgres://db/desk".to_owned()), ("DATA_DIR", data_dir.clone())];
        let value = |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        let refusal = load_or_generate(&Config::read(&value).unwrap()).unwrap_err();
        assert!(matches!(refusal, SecretError::NotShared) && refusal.to_string().contains("openssl rand -hex 32"));
        assert!(!Path::new(&data_dir).exists());
    }

    #[test]
    fn starting_together_gives_one_secret() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path());
        let secrets: std::collections::BTreeSet<_> = std::thread::scope(|scope| {
            let start = || load_or_generate(&config).unwrap().expose().to_owned();
            let starts: Vec<_> = (0..16).map(|_| scope.spawn(start)).collect();
            starts.into_iter().map(|started| started.join().unwrap()).collect()
        });
        assert_eq!(secrets.len(), 1);
    }

    #[test]
    fn one_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path());
        load_or_generate(&config).unwrap();
        for open in [0o640, 0o604, 0o660] {
            fs::set_permissions(directory.path().join(FILE_NAME), fs::Permissions::from_mode(open)).unwrap();
            assert!(matches!(load_or_generate(&config), Err(SecretError::Exposed(_))), "{open:o}");
        }
    }

    #[test]
    fn an_empty_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        write_new(&directory.path().join(FILE_NAME), "").unwrap();
        assert!(matches!(load_or_generate(&config(directory.path())), Err(SecretError::TooShort(_))));
    }
}
