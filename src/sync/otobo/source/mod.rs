//! Reading the desk's database: plain reads of whole tables, all of one consistent state, and never a
//! write. The statements are here because they are of another system's database, of which `store/`
//! knows nothing.

mod mysql;
mod postgres;
mod tables;

use super::facts::Facts;

/// Why the desk's database could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The address is none that can be read from.
    #[error("{0}")]
    Address(String),
    /// No connection.
    #[error("the desk's database cannot be reached: {0}")]
    Connect(String),
    /// A statement failed.
    #[error("the desk's database cannot be read: {0}")]
    Read(String),
    /// A table is not there without which nothing can be loaded.
    #[error("this is no database of OTRS 6, OTOBO or Znuny: there is no table {0}. Check the database and the schema.")]
    NoTable(&'static str),
    /// A column is not there, or a value is not what it should be.
    #[error("the table {table} is not as OTRS 6, OTOBO and Znuny have it: {what}")]
    Unexpected {
        /// Which.
        table: String,
        /// What is wrong.
        what: String,
    },
}

/// A row of values as text.
type Row = Vec<Option<String>>;

/// A database with tables to read.
trait Database {
    /// Whether keys that differ only in case are the same to it.
    fn ignores_case(&self) -> bool;

    /// The columns of a table; none if it is not there.
    fn columns(&mut self, table: &str) -> Result<Vec<String>, SourceError>;

    /// Reads these columns of all rows, in the order of the first column.
    fn rows(
        &mut self,
        table: &str,
        columns: &[&str],
        each: &mut dyn FnMut(Row) -> Result<(), SourceError>,
    ) -> Result<(), SourceError>;
}

/// Reads everything from `postgres://…` or `mysql://…`. `at` is told which table is being read.
pub fn read(url: &str, at: &mut dyn FnMut(&str)) -> Result<Facts, SourceError> {
    match url.split_once("://").map(|(scheme, _)| scheme) {
        Some("postgres" | "postgresql") => tables::read(&mut postgres::Postgres::open(url)?, at),
        Some("mysql" | "mariadb") => tables::read(&mut mysql::MySql::open(url)?, at),
        _ => Err(SourceError::Address("--from must begin with postgres:// or mysql://".to_owned())),
    }
}
