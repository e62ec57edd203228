//! Subjects and rows of every kind, and how a page of rows is read.

use super::super::lists::{RecordPage, page};
use super::super::problem::Problem;
use super::super::state::{Api, At};
use super::super::views::Links;
use super::{Granted, MatrixParams, MatrixSubject};
use crate::directory::{Customer, CustomerUser, Group, Invalid, Kind, Number, Service, Text, Validity};
use crate::plan::FieldError;
use crate::plan::Knowable;
use crate::store::list::SortKey;
use crate::store::{self, LinksOf, Record, StoreError};

/// A record that can stand in a matrix.
pub trait Shown: Knowable + Send + 'static {
    /// What the order by natural key is called.
    const KEY: &'static [(&'static str, SortKey)];

    /// Natural key, name to show, validity.
    fn shown(&self) -> (String, String, Validity);
}

impl Shown for Customer {
    const KEY: &'static [(&'static str, SortKey)] = &[("customer_id", SortKey::Key), ("name", SortKey::Name)];

    fn shown(&self) -> (String, String, Validity) {
        let key = self.fields.customer_id.to_string();
        let name = self.fields.name.as_ref().map_or_else(|| key.clone(), ToString::to_string);
        (key, name, self.fields.validity)
    }
}

impl Shown for CustomerUser {
    const KEY: &'static [(&'static str, SortKey)] = &[("login", SortKey::Key), ("last_name", SortKey::LastName)];

    fn shown(&self) -> (String, String, Validity) {
        let key = self.fields.login.to_string();
        let names: Vec<&str> =
            [&self.fields.first_name, &self.fields.last_name].into_iter().flatten().map(Text::as_str).collect();
        let name = if names.is_empty() { key.clone() } else { names.join(" ") };
        (key, name, self.fields.validity)
    }
}

impl Shown for Group {
    const KEY: &'static [(&'static str, SortKey)] = &[("name", SortKey::Key)];

    fn shown(&self) -> (String, String, Validity) {
        (self.fields.name.to_string(), self.fields.name.to_string(), self.fields.validity)
    }
}

impl Shown for Service {
    const KEY: &'static [(&'static str, SortKey)] = &[("name", SortKey::Key)];

    fn shown(&self) -> (String, String, Validity) {
        (self.fields.name.to_string(), self.fields.name.to_string(), self.fields.validity)
    }
}

/// The subject of a matrix.
pub fn subject<S: Shown>(api: &Api, record: &S) -> MatrixSubject {
    let (key, name, validity) = record.shown();
    let (kind, number) = (S::Number::KIND, record.number().into());
    MatrixSubject {
        id: record.number().id(),
        customer_id: (kind == Kind::Customer).then(|| key.clone()),
        login: (kind == Kind::CustomerUser).then_some(key),
        name,
        validity,
        links: Links::to(api, kind, number),
    }
}

/// The rows of a page, in order.
pub async fn rows<R: Shown>(api: &Api, subject: LinksOf, params: MatrixParams) -> Result<At<RecordPage<R>>, Problem> {
    let (params, granted) = params.split();
    let filters = vec![Some(format!("{subject:?}")), granted.map(|granted| format!("{granted:?}"))];
    let narrow = move |_: &mut store::Conn, query: &mut store::list::ListQuery| {
        query.linked = granted.map(|granted| (subject, granted == Granted::Any));
        Ok(())
    };
    page::<R>(api, params, R::KEY, filters, narrow).await
}

/// The records of these numbers, in order.
pub fn records<R: Record>(conn: &mut store::Conn, rows: &[u32]) -> Result<Vec<R>, StoreError> {
    let numbers: Vec<i64> = rows.iter().map(|row| i64::from(*row)).collect();
    let mut records = Vec::with_capacity(numbers.len());
    for chunk in numbers.chunks(1_000) {
        records.extend(R::load(conn, chunk)?);
    }
    records.sort_by_key(Record::number);
    Ok(records)
}

/// Refuses a delta of more cells than one call may have.
pub fn not_too_many(cells: usize, most: usize) -> Result<(), Problem> {
    if cells <= most {
        return Ok(());
    }
    let why = Invalid::new("too_many", format!("has {cells} cells; at most {most} (MAX_BATCH) go in one call"));
    Err(Problem::of_input(vec![FieldError::new("/cells", why)]))
}
