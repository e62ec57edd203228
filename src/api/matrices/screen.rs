//! What the eight matrices share: what one is of, how it is shown, how a delta of it is saved.

use serde::Serialize;

use super::super::conditional;
use super::super::lists::RecordPage;
use super::super::problem::Problem;
use super::super::reply::{self, Answer};
use super::super::state::{Api, At};
use super::super::write::{Reply, Write};
use super::rows::{Shown, not_too_many, records, rows, subject};
use super::{MatrixParams, MatrixSubject, SaveCounts};
use crate::access::Index;
use crate::directory::{Number, Reference};
use crate::plan::matrices::{Counts, StoredLinks, links_version};
use crate::plan::{Plan, Precondition, Refusal};
use crate::store::{self, Conn, LinksOf, Record, StoreError};

/// One of the eight: whose links its rows are.
pub trait Screen {
    /// Whose links these are.
    type Subject: Shown;
    /// What the rows are.
    type Row: Shown;
    /// Whether its cells hold permissions or marks.
    type Matrix: Matrix;

    /// The matrix of a subject.
    fn matrix(subject: <Self::Subject as Record>::Number) -> Self::Matrix;
    /// The links of a subject, for the filter `granted`.
    fn links_of(subject: <Self::Subject as Record>::Number) -> LinksOf;
}

/// A matrix by what its cells hold: permissions or marks.
pub trait Matrix: Copy + Send + 'static {
    /// Cells to set.
    type Delta: Send + 'static;
    /// How a page of it is written.
    type View: Serialize + 'static;

    /// How many cells a delta sets.
    fn cells(delta: &Self::Delta) -> usize;
    /// Its links as the database has them.
    fn links(self, conn: &mut Conn) -> Result<StoredLinks, StoreError>;
    /// Plans a delta.
    fn save(self, plan: &mut Plan, delta: &Self::Delta) -> Result<(Vec<u32>, Counts), Refusal>;
    /// Writes a page of it.
    fn view<R: Shown>(
        self,
        api: &Api,
        index: &Index,
        subject: MatrixSubject,
        page: RecordPage<R>,
        counts: Option<SaveCounts>,
    ) -> Self::View;
    /// The version of the links that a page is of.
    fn version(view: &Self::View) -> &str;
}

/// Declares one of the eight.
macro_rules! screen {
    ($name:ident: $matrix:ident of $subject:ident by $row:ident) => {
        struct $name;

        impl Screen for $name {
            type Subject = $subject;
            type Row = $row;
            type Matrix = $matrix;

            fn matrix(subject: <$subject as Record>::Number) -> $matrix {
                $matrix::$name(subject)
            }

            fn links_of(subject: <$subject as Record>::Number) -> LinksOf {
                LinksOf::$subject(subject)
            }
        }
    };
}
pub(super) use screen;

/// A page of the matrix.
pub async fn show<S: Screen>(api: Api, named: Reference, params: MatrixParams) -> Answer {
    let found = api
        .read(move |conn| {
            let kind = <<S::Subject as Record>::Number as Number>::KIND;
            let found = store::find::<S::Subject>(conn, &named)?;
            found.ok_or_else(|| Problem::from(Refusal::not_found(kind, &named)))
        })
        .await?
        .value;
    let page = rows::<S::Row>(&api, S::links_of(found.number()), params).await?;
    let matrix = S::matrix(found.number());
    let view = api.ask(|index| Ok(matrix.view(&api, index, subject(&api, &found), page.value, None)))?;
    let version = S::Matrix::version(&view.value).to_owned();
    let shown = reply::ok(At { revision: view.revision.or_older(page.revision), value: view.value });
    Ok(conditional::of_version(version, shown))
}

/// Saves a delta, all of it or nothing; gives its rows as they are now.
pub async fn save<S: Screen>(
    write: Write,
    named: Reference,
    delta: <S::Matrix as Matrix>::Delta,
    precondition: Precondition,
) -> Answer
where
    <S::Subject as Record>::Number: Send + 'static,
{
    not_too_many(S::Matrix::cells(&delta), write.api().state().config.limits.max_batch)?;
    let plan = move |p: &mut Plan| {
        let found: S::Subject = p.find(&named)?;
        let matrix = S::matrix(found.number());
        precondition.check(Some(&links_version(&matrix.links(p.conn)?)))?;
        let (rows, counts) = matrix.save(p, &delta)?;
        Ok((found, records::<S::Row>(p.conn, &rows)?, counts))
    };
    let said = |api: &Api, index: &Index, (found, items, counts): (S::Subject, Vec<S::Row>, Counts)| {
        let page = RecordPage { items, next_cursor: None, total: None };
        let matrix = S::matrix(found.number());
        let view = matrix.view(api, index, subject(api, &found), page, Some(counts.into()));
        let version = S::Matrix::version(&view).to_owned();
        Reply::ok(view, Some(version))
    };
    write.make(plan, said).await
}
