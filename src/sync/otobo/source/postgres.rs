//! A desk on PostgreSQL.

use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::{PgConnection, PgRowByRowLoadingMode};
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::{Database, Row, SourceError};

pub(super) struct Postgres(PgConnection);

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Postgres {
    pub(super) fn open(url: &str) -> Result<Self, SourceError> {
        let mut connection = PgConnection::establish(url).map_err(|why| SourceError::Connect(why.to_string()))?;
        let begin = "SET client_encoding = 'UTF8'; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        connection.batch_execute(begin).map_err(failed)?;
        Ok(Self(connection))
    }
}

fn failed(why: diesel::result::Error) -> SourceError {
    SourceError::Read(why.to_string())
}

impl Database for Postgres {
    fn ignores_case(&self) -> bool {
        false
    }

    #[expect(clippy::disallowed_methods, reason = "the schema is another system's")]
    fn columns(&mut self, table: &str) -> Result<Vec<String>, SourceError> {
        let query = "SELECT column_name::text AS line FROM information_schema.columns \
                     WHERE table_schema = ANY (current_schemas(false)) AND table_name = $1";
        let lines: Vec<Line> = sql_query(query).bind::<Text, _>(table).load(&mut self.0).map_err(failed)?;
        Ok(lines.into_iter().map(|line| line.line).collect())
    }

    #[expect(clippy::disallowed_methods, reason = "the schema is another system's")]
    fn rows(
        &mut self,
        table: &str,
        columns: &[&str],
        each: &mut dyn FnMut(Row) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        // A row comes as one JSON array, because which columns there are is known only now.
        let values: Vec<String> = columns.iter().map(|column| format!("\"{column}\"::text")).collect();
        let query = format!(
            "SELECT json_build_array({})::text AS line FROM \"{table}\" ORDER BY \"{}\"",
            values.join(", "),
            columns.first().unwrap_or(&"id")
        );
        let lines = sql_query(query).load_iter::<Line, PgRowByRowLoadingMode>(&mut self.0).map_err(failed)?;
        for line in lines {
            let row = serde_json::from_str(&line.map_err(failed)?.line);
            each(row.map_err(|why| SourceError::Read(why.to_string()))?)?;
        }
        Ok(())
    }
}
