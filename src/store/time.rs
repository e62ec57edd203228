//! Times as the columns have them that are written most.
//!
//! On SQLite they are texts. diesel writes and reads them by a format that it reads anew each time, which takes longer than
//! all else that there is to do for a column.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Timestamp;
use diesel::sqlite::{Sqlite, SqliteValue};

/// A time, UTC, in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamp)]
pub(super) struct StoredTime(pub(super) NaiveDateTime);

impl From<DateTime<Utc>> for StoredTime {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.naive_utc())
    }
}

impl ToSql<Timestamp, Sqlite> for StoredTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}

impl ToSql<Timestamp, Pg> for StoredTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Timestamp, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<Timestamp, Sqlite> for StoredTime {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        match read(value.read_text()) {
            Some(time) => Ok(Self(time)),
            // Whatever else diesel takes for a time.
            None => FromSql::<Timestamp, Sqlite>::from_sql(value).map(Self),
        }
    }
}

impl FromSql<Timestamp, Pg> for StoredTime {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Timestamp, Pg>::from_sql(value).map(Self)
    }
}

/// A time as it is written here.
fn read(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = text.split_once(' ')?;
    Some(date.parse::<NaiveDate>().ok()?.and_time(time.parse::<NaiveTime>().ok()?))
}

#[cfg(test)]
mod tests {
    use diesel::dsl::sql;
    use diesel::prelude::*;
    use diesel::sql_types::Text;

    use super::*;

    #[test]
    fn diesel_writes_and_reads_the_same() {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        let times = [(0, 0), (1_795_894_957, 123_456_000), (1_795_894_957, 5_000_000), (951_782_400, 0)];
        for time in times.map(|(seconds, rest)| DateTime::from_timestamp(seconds, rest).unwrap()) {
            let ours = sql::<Text>("").bind::<Timestamp, _>(StoredTime::from(time));
            let theirs = sql::<Text>("").bind::<Timestamp, _>(time.naive_utc());
            let ours: String = diesel::select(ours).get_result(&mut conn).unwrap();
            let theirs: String = diesel::select(theirs).get_result(&mut conn).unwrap();
            assert_eq!(ours, theirs);
            assert_eq!(read(&theirs), Some(time.naive_utc()));
        }
        let other: StoredTime =
            diesel::select(sql::<Timestamp>("'2026-11-28T19:00:00Z'")).get_result(&mut conn).unwrap();
        assert_eq!(other.0.to_string(), "2026-11-28 19:00:00");
    }
}
