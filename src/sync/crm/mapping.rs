//! Which column of a file is which field, and what else the operator says about the file.
//!
//! A [`Specification`] is what was written, on the command line or in a file, with where it was
//! written. [`Mapping::new`] checks that it makes sense, before any file is opened, and lists
//! everything that does not.

use encoding_rs::Encoding;

use super::cell::{Cell, trimmed};
use super::draft::Draft;
use super::field::{CustomerUserField, Field, Part, nearest};
use super::header::{Found, Header};
use super::specification::{Content, Empty, Entry, Specification, is_external_id};
use crate::directory::Source;

/// Why a mapping, or a mapping and a file, do not fit: one sentence a problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct MappingError(pub Vec<String>);

/// A mapping that makes sense.
#[derive(Debug, Clone)]
pub struct Mapping {
    columns: Vec<(Field, String, String)>,
    constants: Vec<(Field, String)>,
    pub(super) source: Option<Source>,
    null: Vec<String>,
    empty: Empty,
    /// What stands between two fields, if it was said.
    pub separator: Option<u8>,
    /// What a file without a byte-order mark is in, if it was said.
    pub encoding: Option<&'static Encoding>,
}

impl Mapping {
    /// Checks what was written.
    pub fn new(mut specification: Specification) -> Result<Self, MappingError> {
        specification.contradictions();
        specification.gaps();
        let source = specification.source.take().and_then(|(source, origin)| {
            let refused = |invalid: crate::directory::Invalid| specification.problem(origin, invalid.detail);
            Source::parse(&source).map_err(refused).ok()
        });
        let mut mapping = Self::empty(&specification, source);
        for Entry { field, content, origin } in std::mem::take(&mut specification.entries) {
            match content {
                Content::Column(column) => mapping.columns.push((field, column, origin)),
                Content::Constant(value) => match constant(field, &value) {
                    Ok(()) => mapping.constants.push((field, value)),
                    Err(reason) => specification.problem(origin, reason),
                },
            }
        }
        if specification.problems.is_empty() { Ok(mapping) } else { Err(MappingError(specification.problems)) }
    }

    fn empty(specification: &Specification, source: Option<Source>) -> Self {
        Self {
            columns: Vec::new(),
            constants: Vec::new(),
            source,
            null: specification.null.iter().map(|text| text.trim().to_owned()).collect(),
            empty: specification.empty.unwrap_or_default(),
            separator: specification.separator,
            encoding: specification.encoding,
        }
    }

    /// The columns that a file must have.
    pub fn wanted(&self) -> Vec<&str> {
        self.columns.iter().map(|(_, column, _)| column.as_str()).collect()
    }

    /// Whether a file brings customers, or customer users.
    pub fn brings(&self, part: Part) -> bool {
        let constants = self.constants.iter().map(|(field, _)| *field);
        self.columns.iter().map(|(field, ..)| *field).chain(constants).any(|field| field.part() == part)
    }

    /// What a cell says: nothing where it is empty or one of the texts that count as empty.
    pub(super) fn cell<'c>(&self, text: &'c str) -> Cell<'c> {
        let text = trimmed(text);
        let is_empty = text.is_empty() || self.null.iter().any(|null| null == text);
        match (is_empty, self.empty) {
            (false, _) => Cell::Text(text),
            (true, Empty::Leave) => Cell::Untouched,
            (true, Empty::Clear) => Cell::Clear,
        }
    }

    /// Finds the columns in a file's header.
    pub fn bind(&self, header: Header) -> Result<Columns<'_>, MappingError> {
        let (mut columns, mut problems) = (Vec::new(), Vec::new());
        for (field, column, origin) in &self.columns {
            match header.find(column) {
                Found::At(index) => columns.push((*field, index)),
                Found::Missing => problems.push(missing(column, origin, &header)),
                Found::Several(names) => problems.push(format!(
                    "{origin}: {column:?} could be any of the columns {}; write it as the file does",
                    names.join(", ")
                )),
            }
        }
        if problems.is_empty() { Ok(Columns { mapping: self, columns, header }) } else { Err(MappingError(problems)) }
    }
}

fn missing(column: &str, origin: &str, header: &Header) -> String {
    let meant = nearest(column, header.names().iter().map(String::as_str));
    let meant = meant.map(|meant| format!("; {meant:?} may be meant")).unwrap_or_default();
    format!("{origin}: the file has no column {column:?}{meant}. Its columns are: {}", header.described())
}

/// Whether the same value on every row makes sense, and is one.
fn constant(field: Field, value: &str) -> Result<(), String> {
    if is_external_id(field) || field == Field::CustomerUser(CustomerUserField::Login) {
        return Err(format!("{field} tells one row from another, so it cannot be the same on every row"));
    }
    let value = trimmed(value);
    if value.is_empty() {
        return Err(format!("{field} has no value; to leave a field as it is, leave the flag out"));
    }
    Draft::default().set(field, Cell::Text(value), None).map_err(|invalid| format!("{field} {}", invalid.detail))
}

/// A mapping and the header of a file that it fits.
#[derive(Debug)]
pub struct Columns<'m> {
    pub(super) mapping: &'m Mapping,
    columns: Vec<(Field, usize)>,
    header: Header,
}

impl Columns<'_> {
    /// The file's header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The mapped fields and the numbers of their columns.
    pub(super) fn fields(&self) -> impl Iterator<Item = (Field, usize)> {
        self.columns.iter().copied()
    }

    /// The fields that are the same on every row.
    pub(super) fn constants(&self) -> impl Iterator<Item = (Field, &str)> {
        self.mapping.constants.iter().map(|(field, value)| (*field, value.as_str()))
    }

    /// The column that a field is mapped to.
    pub fn column(&self, field: Field) -> Option<&str> {
        let index = self.columns.iter().find(|(mapped, _)| *mapped == field)?.1;
        self.header.names().get(index).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(mapped: &[&str], set: &[&str], source: Option<&str>) -> Result<Mapping, MappingError> {
        let mut specification = Specification::default();
        for (flag, written) in mapped.iter().map(|w| ("--map", w)).chain(set.iter().map(|w| ("--set", w))) {
            let (field, text) = written.split_once('=').unwrap();
            let content = if flag == "--map" { Content::Column } else { Content::Constant };
            specification.field(field, content(text.into()), format!("{flag} {written}"));
        }
        source.iter().for_each(|source| specification.source(source, format!("--source {source}")));
        Mapping::new(specification)
    }

    #[test]
    fn a_sound_mapping_is_taken() {
        let mapping = mapping(&["login=Email", "external_id=Id"], &["back_end=crm"], Some("crm")).unwrap();
        assert_eq!(mapping.wanted(), ["Email", "Id"]);
        assert!(mapping.brings(Part::CustomerUser) && !mapping.brings(Part::Customer));
    }

    #[test]
    fn every_problem_is_listed_with_its_flag() {
        type Case = (&'static [&'static str], &'static [&'static str], Option<&'static str>, &'static str);
        let cases: [Case; 12] = [
            (&[], &[], None, "nothing is mapped: say which column"),
            (&["logn=Email"], &[], None, "--map logn=Email: there is no field \"logn\"; \"login\" may be meant"),
            (&["login=A", "customer_user.login=B"], &[], None, "is given already, by --map login=A"),
            (&["login=A"], &["login=B"], None, "--set login=B: customer_user.login is given already"),
            (&["email=A"], &[], None, "--map email=A: to say whose customer_user.email that is"),
            (&["login=A", "customer.name=B"], &[], None, "customer.customer_id or customer.external_id must be"),
            (&["external_id=A"], &[], None, "--map external_id=A: an external id belongs to a system"),
            (&["login=A"], &[], Some("CRM"), "--source CRM: must be 1 to 50 characters of a-z"),
            (&[], &["login=A"], None, "--set login=A: customer_user.login tells one row from another"),
            (&["login=A"], &["validity=no"], None, "--set validity=no: customer_user.validity must be"),
            (&["login=A"], &["email= "], None, "--set email= : customer_user.email has no value"),
            (&["login=A", "customer=B", "customer.customer_id=C"], &[], None, "--map customer=B: names a customer"),
        ];
        for (mapped, set, source, part) in cases {
            let problems = mapping(mapped, set, source).unwrap_err().to_string();
            assert!(problems.contains(part), "{part:?} in {problems}");
        }
        assert_eq!(mapping(&["x=A", "y=B"], &[], Some("?")).unwrap_err().0.len(), 3);
    }

    #[test]
    fn the_upper_specification_wins_field_by_field() {
        let mut below = Specification { null: vec!["NULL".into()], ..Default::default() };
        below.field("login", Content::Column("Below".into()), "file.toml line 1");
        below.field("email", Content::Column("E-Mail".into()), "file.toml line 2");
        below.source("below", "file.toml line 3");
        let mut above = Specification::default();
        above.field("login", Content::Column("Above".into()), "--map login=Above");
        above.source("above", "--source above");
        let mapping = Mapping::new(above.over(below)).unwrap();
        assert_eq!(mapping.wanted(), ["Above", "E-Mail"]);
        assert_eq!(mapping.source, Source::parse("above").ok());
        assert_eq!(mapping.cell(" NULL "), Cell::Untouched);
    }
}
