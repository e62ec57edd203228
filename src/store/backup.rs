//! A copy of the database while it is in use, and what a restored one needs: another epoch, so that what
//! the lost history said is not taken for true.

use std::path::Path;

use super::{Conn, State, Store, StoreError, state};
use crate::config::DatabaseUrl;

/// Copies a database of SQLite into a new file, whole and as of one revision, while others read and write
/// it. Put in place of the original, it is another history each time. Gives the copy's revision.
pub fn back_up(url: &DatabaseUrl, to: &Path) -> Result<u64, StoreError> {
    if to.exists() {
        return Err(StoreError::Backup(format!("{} exists already", to.display())));
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let _ = std::fs::remove_file(partial);
    create(partial).map_err(|why| StoreError::Backup(format!("{}: {why}", partial.display())))?;
    let finish = |conn: &mut Conn| {
        state::forget_epoch(conn)?;
        Ok(state::state(conn)?.revision)
    };
    let copied = super::connection::copy_sqlite(url, partial, finish).and_then(|revision| {
        let kept = std::fs::File::open(partial).and_then(|file| file.sync_all());
        kept.and_then(|()| std::fs::rename(partial, to)).map_err(|why| StoreError::Backup(why.to_string()))?;
        Ok(revision)
    });
    if copied.is_err() {
        let _ = std::fs::remove_file(partial);
    }
    copied
}

/// An empty file that nobody else may read: it will hold everybody's data.
fn create(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// Gives the database another epoch; replicas that run notice, and build their index anew.
pub fn renew_epoch_of(store: &Store) -> Result<State, StoreError> {
    store.write(|conn, _| {
        state::renew_epoch(conn)?;
        state::state(conn)
    })
}
