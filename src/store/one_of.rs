//! "Is one of these" as one value of a statement, so that the statement is the same however many they are, and is prepared
//! once. diesel gives SQLite a place for each of them: with a thousand places it takes longer to prepare than to run.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, result::Error};

/// What a column can be one of.
pub(super) trait Listed: serde::Serialize + ToSql<Self::Type, Pg> + std::fmt::Debug {
    /// As the database has it.
    type Type: 'static;
}

impl Listed for i64 {
    type Type = BigInt;
}

impl Listed for &str {
    type Type = Text;
}

impl Listed for String {
    type Type = Text;
}

/// Whether a column is one of some values.
pub(super) struct OneOf<'v, C, T> {
    column: C,
    values: &'v [T],
    json: Result<String, String>,
}

/// Whether a column is one of these values.
pub(super) fn one_of<C, T: Listed>(column: C, values: &[T]) -> OneOf<'_, C, T> {
    OneOf { column, values, json: serde_json::to_string(values).map_err(|why| why.to_string()) }
}

impl<C: QueryFragment<Sqlite>, T> QueryFragment<Sqlite> for OneOf<'_, C, T> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let json = self.json.as_ref().map_err(|why| Error::QueryBuilderError(why.clone().into()))?;
        self.column.walk_ast(pass.reborrow())?;
        pass.push_sql(" IN (SELECT value FROM json_each(");
        pass.push_bind_param::<Text, _>(json)?;
        pass.push_sql("))");
        Ok(())
    }
}

impl<C: QueryFragment<Pg>, T: Listed> QueryFragment<Pg> for OneOf<'_, C, T>
where
    Pg: diesel::sql_types::HasSqlType<T::Type>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(pass.reborrow())?;
        pass.push_sql(" = ANY(");
        pass.push_bind_param::<Array<T::Type>, _>(self.values)?;
        pass.push_sql(")");
        Ok(())
    }
}

impl<C, T> QueryId for OneOf<'_, C, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: Expression, T> Expression for OneOf<'_, C, T> {
    type SqlType = Bool;
}

impl<C: ValidGrouping<G>, T, G> ValidGrouping<G> for OneOf<'_, C, T> {
    type IsAggregate = C::IsAggregate;
}

impl<C: AppearsOnTable<F>, T, F> AppearsOnTable<F> for OneOf<'_, C, T> {}

impl<C: SelectableExpression<F>, T, F> SelectableExpression<F> for OneOf<'_, C, T> {}
