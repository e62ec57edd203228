//! The file of a database of SQLite. SQLite says no more than that it cannot open one; here it is said which file that
//! is, what is wrong, and what to do.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::connection::{Connection, SimpleConnection};
use diesel::sqlite::SqliteConnection;

use super::StoreError;

/// Begins to write, and takes it back; the lock alone is given for a file that can only be read, too. Where another one
/// has the lock, the file can be written.
const TRY_TO_WRITE: &str = "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; PRAGMA user_version = 0; ROLLBACK";

/// Between two tries to set up a file that is locked.
const PAUSE: Duration = Duration::from_millis(10);

/// Opens a file as it is.
pub(super) fn open(path: &Path) -> Result<SqliteConnection, StoreError> {
    if let Some(why) = in_its_place(path) {
        return Err(not_opened(path, why));
    }
    SqliteConnection::establish(&path.to_string_lossy()).map_err(|why| not_opened(path, advised(why)))
}

/// Opens a file, or makes it, with these pragmas, and finds out whether it can be written: once, where a pool would
/// try again and again. Where others make the file at the same moment, they are waited for so long.
pub(super) fn open_to_write(path: &Path, pragmas: &str, patience: Duration) -> Result<SqliteConnection, StoreError> {
    let mut conn = open(path)?;
    let tried = set_up(&mut conn, pragmas, patience).and_then(|()| match conn.batch_execute(TRY_TO_WRITE) {
        Err(why) if is_locked(&why.to_string()) => Ok(()),
        tried => tried,
    });
    tried.map(|()| conn).map_err(|why| not_opened(path, advised(why)))
}

/// Where several make a file at once, SQLite lets but one of them switch the log of it, and tells the others at once that it
/// is locked, however long they would have waited.
#[expect(clippy::disallowed_methods, reason = "it is before anything is served, and tells nobody when it is free")]
fn set_up(conn: &mut SqliteConnection, pragmas: &str, patience: Duration) -> QueryResult<()> {
    let began = Instant::now();
    loop {
        match conn.batch_execute(pragmas) {
            Err(why) if is_locked(&why.to_string()) && began.elapsed() < patience => sleep(PAUSE),
            tried => return tried,
        }
    }
}

fn is_locked(why: &str) -> bool {
    why.contains("locked")
}

/// What is where the file should be, or its directory.
fn in_its_place(path: &Path) -> Option<String> {
    if path.is_dir() {
        return Some("it is a directory; name a file in it with DATABASE_URL".to_owned());
    }
    let directory = absolute(path).parent()?.to_owned();
    let named = directory.display();
    match std::fs::metadata(&directory) {
        Ok(found) if found.is_dir() => None,
        Ok(_) => Some(format!("{named} is no directory; name another place with DATABASE_URL or DATA_DIR")),
        Err(why) if why.kind() == ErrorKind::NotFound => {
            Some(format!("there is no directory {named}; make it, or name another place with DATABASE_URL or DATA_DIR"))
        }
        Err(why) => Some(format!("{named}: {why}; let the user who runs this read and write it")),
    }
}

/// What SQLite says, and what to do.
fn advised(why: impl std::fmt::Display) -> String {
    let why = why.to_string();
    if why.contains("not a database") {
        format!("{why}; name another file with DATABASE_URL, or move this one away")
    } else if is_locked(&why) {
        format!("{why}; end the process that holds it, or wait for it, and try again")
    } else {
        format!("{why}; let the user who runs this read and write the file and its directory")
    }
}

fn not_opened(path: &Path, why: String) -> StoreError {
    StoreError::NotOpened { database: absolute(path).display().to_string(), why }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(path: &Path) -> Result<SqliteConnection, StoreError> {
        open_to_write(path, "PRAGMA journal_mode = WAL", Duration::from_secs(5))
    }

    fn refused(path: &Path) -> String {
        opened(path).map(drop).expect_err("it cannot be opened").to_string()
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a directory");
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "x".repeat(4096)).expect("a file");
        for (path, why) in [
            (folder.path().to_owned(), "it is a directory; name a file"),
            (folder.path().join("none/desk.sqlite"), "there is no directory "),
            (text.join("desk.sqlite"), " is no directory; name another place"),
            (text, "file is not a database; name another file"),
            (PathBuf::from("/proc/desk.sqlite"), "read and write the file and its directory"),
        ] {
            let said = refused(&path);
            assert!(said.starts_with(&format!("the database {} cannot be opened: ", path.display())), "{said}");
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_new_file_and_one_that_another_writes_to_are_opened() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("desk.sqlite");
        let mut writer = opened(&path).expect("a new file");
        writer.batch_execute("BEGIN IMMEDIATE").expect("the lock of a writer");
        opened(&path).expect("the same file");
    }

    #[expect(clippy::disallowed_methods, reason = "the other one comes upon the lock meanwhile")]
    #[test]
    fn a_file_that_another_one_is_making_is_waited_for() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("desk.sqlite");
        let mut maker = open(&path).expect("a new file");
        maker.batch_execute("CREATE TABLE t (n INTEGER); BEGIN EXCLUSIVE").expect("the lock on all of it");
        let opened = std::thread::scope(|scope| {
            let opened = scope.spawn(|| opened(&path).map(drop));
            sleep(10 * PAUSE);
            maker.batch_execute("COMMIT").expect("the file is made");
            opened.join().expect("a thread")
        });
        opened.expect("the file, as soon as it is made");
    }
}
