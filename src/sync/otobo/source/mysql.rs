//! A desk on MySQL or MariaDB.

use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder, Value};

use super::{Database, Row, SourceError};

/// How long a server may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct MySql {
    connection: Conn,
    ignores_case: bool,
}

impl MySql {
    pub(super) fn open(url: &str) -> Result<Self, SourceError> {
        let url = url.replacen("mariadb://", "mysql://", 1);
        // What is wrong is not repeated: it may hold a part of the password.
        let unreadable = || {
            SourceError::Address(
                "--from is not an address such as mysql://user:password@host:3306/database; in a user or a password, \
                 characters such as @ / : ? # % must be percent-encoded (@ is %40)"
                    .to_owned(),
            )
        };
        let options = Opts::from_url(&url).map_err(|_| unreadable())?;
        let mut connection = Conn::new(OptsBuilder::from_opts(options).tcp_connect_timeout(Some(PATIENCE)))
            .map_err(|why| SourceError::Connect(why.to_string()))?;
        for statement in [
            "SET NAMES utf8mb4",
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ] {
            connection.query_drop(statement).map_err(failed)?;
        }
        let collation = "SELECT collation_name FROM information_schema.columns WHERE table_schema = DATABASE() \
                         AND table_name = 'customer_user' AND column_name = 'login'";
        let collation: Option<Option<String>> = connection.query_first(collation).map_err(failed)?;
        let ignores_case = collation.flatten().is_none_or(|name| name.contains("_ci"));
        Ok(Self { connection, ignores_case })
    }
}

fn failed(why: mysql::Error) -> SourceError {
    SourceError::Read(why.to_string())
}

/// Values of a plain query come as the text that the server wrote.
fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}

impl Database for MySql {
    fn ignores_case(&self) -> bool {
        self.ignores_case
    }

    fn columns(&mut self, table: &str) -> Result<Vec<String>, SourceError> {
        let query = "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() \
                     AND table_name = ?";
        self.connection.exec(query, (table,)).map_err(failed)
    }

    fn rows(
        &mut self,
        table: &str,
        columns: &[&str],
        each: &mut dyn FnMut(Row) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let values: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
        let query =
            format!("SELECT {} FROM `{table}` ORDER BY `{}`", values.join(", "), columns.first().unwrap_or(&"id"));
        for row in self.connection.query_iter(query).map_err(failed)? {
            each(row.map_err(failed)?.unwrap().into_iter().map(text).collect())?;
        }
        Ok(())
    }
}
