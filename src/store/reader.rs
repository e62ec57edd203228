//! Connections that read one and the same state, for whoever reads with several threads.

use super::connection::Pooled;
use super::{Conn, State, Store, StoreError, dialect, state};

/// How often connections are asked for until they read the same state. They begin within a moment, so one more time
/// mostly does, however much is written.
const TRIES: usize = 20;

/// A connection that reads one consistent state until it is dropped.
pub struct Reader {
    pooled: Pooled,
    state: State,
}

impl Reader {
    /// The connection.
    pub fn conn(&mut self) -> Conn<'_> {
        self.pooled.conn()
    }

    /// The state that it reads.
    pub fn state(&self) -> &State {
        &self.state
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        dialect::give_up(&mut self.pooled.conn());
    }
}

impl Store {
    /// Connections that read one and the same state: so many of them, or half of those that there may be, or one alone if
    /// others wrote each time between one and the next.
    pub fn readers(&self, so_many: usize) -> Result<Vec<Reader>, StoreError> {
        let limit = (self.pool().limit / 2).max(1) as usize;
        let mut readers = Vec::new();
        for _ in 0..TRIES {
            readers.clear();
            for _ in 0..so_many.clamp(1, limit) {
                readers.push(self.reader()?);
            }
            if readers.iter().all(|reader| reader.state == readers[0].state) {
                return Ok(readers);
            }
        }
        readers.truncate(1);
        Ok(readers)
    }

    fn reader(&self) -> Result<Reader, StoreError> {
        let mut pooled = self.connections.get()?;
        let conn = &mut pooled.conn();
        dialect::begin_read(conn).map_err(StoreError::unavailable)?;
        let state = state::state(conn).inspect_err(|_| dialect::give_up(conn))?;
        Ok(Reader { pooled, state })
    }
}
