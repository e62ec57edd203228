//! What an operator wrote about a file, on the command line or in a mapping file, and where: so
//! that what is wrong with it can be said where it was written.

use encoding_rs::Encoding;

use super::field::{CustomerField, CustomerUserField, Field, Part};

/// What an empty cell says about its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Empty {
    /// The field stays as it is
    #[default]
    Leave,
    /// The field is cleared
    Clear,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// What the row has in the column of this name.
    Column(String),
    /// This, on every row.
    Constant(String),
}

/// One field, what stands in it, and where that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) field: Field,
    pub(super) content: Content,
    pub(super) origin: String,
}

/// What an operator wrote about a file.
#[derive(Debug, Clone, Default)]
pub struct Specification {
    pub(super) entries: Vec<Entry>,
    pub(super) source: Option<(String, String)>,
    /// Texts that count as empty.
    pub null: Vec<String>,
    /// What an empty cell means.
    pub empty: Option<Empty>,
    /// What stands between two fields; detected if not given.
    pub separator: Option<u8>,
    /// What a file without a byte-order mark is in; UTF-8 or UTF-16 if not given.
    pub encoding: Option<&'static Encoding>,
    pub(super) problems: Vec<String>,
}

impl Specification {
    /// Says what stands in a field. `origin` is the flag or the line where it was written.
    pub fn field(&mut self, field: &str, content: Content, origin: impl Into<String>) {
        let origin = origin.into();
        match Field::parse(field) {
            Ok(field) => self.entries.push(Entry { field, content, origin }),
            Err(reason) => self.problem(origin, reason),
        }
    }

    /// Names the system that the external ids are of.
    pub fn source(&mut self, source: &str, origin: impl Into<String>) {
        self.source = Some((source.to_owned(), origin.into()));
    }

    /// Notes something wrong.
    pub fn problem(&mut self, origin: impl std::fmt::Display, reason: impl std::fmt::Display) {
        self.problems.push(format!("{origin}: {reason}"));
    }

    /// This, and what it leaves open as `below` says it.
    pub fn over(mut self, below: Specification) -> Specification {
        let said = |field: Field| self.entries.iter().any(|entry| entry.field == field);
        let left_open: Vec<Entry> = below.entries.into_iter().filter(|entry| !said(entry.field)).collect();
        self.entries.extend(left_open);
        self.null.extend(below.null);
        self.problems.extend(below.problems);
        Specification {
            source: self.source.or(below.source),
            empty: self.empty.or(below.empty),
            separator: self.separator.or(below.separator),
            encoding: self.encoding.or(below.encoding),
            ..self
        }
    }

    /// Notes what cannot be meant at once.
    pub(super) fn contradictions(&mut self) {
        let mut problems = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            if let Some(earlier) = self.entries[..index].iter().find(|earlier| earlier.field == entry.field) {
                let Entry { field, origin, .. } = entry;
                problems.push(format!("{origin}: {field} is given already, by {}", earlier.origin));
            }
        }
        let by_key = self.entry(Field::CustomerUser(CustomerUserField::Customer));
        if let (Some(by_key), Some(other)) = (by_key, self.entries.iter().find(|e| e.field.part() == Part::Customer)) {
            problems.push(format!(
                "{}: names a customer that must exist, while {} brings customers of the file's own; use one of the two",
                by_key.origin, other.origin
            ));
        }
        self.problems.extend(problems);
    }

    /// Notes what is not said and must be.
    pub(super) fn gaps(&mut self) {
        let (key, id) = (CustomerUserField::Login, CustomerUserField::ExternalId);
        self.needs_key(Part::CustomerUser, Field::CustomerUser(key), Field::CustomerUser(id));
        let (key, id) = (CustomerField::CustomerId, CustomerField::ExternalId);
        self.needs_key(Part::Customer, Field::Customer(key), Field::Customer(id));
        if self.entries.is_empty() && self.problems.is_empty() {
            self.problem("nothing is mapped", "say which column is which field, such as --map login=Email");
        }
        let is_id = |entry: &&Entry| matches!(entry.content, Content::Column(_)) && is_external_id(entry.field);
        if let (Some(entry), None) = (self.entries.iter().find(is_id), &self.source) {
            self.problem(entry.origin.clone(), "an external id belongs to a system; name it, such as --source crm");
        }
    }

    fn needs_key(&mut self, part: Part, key: Field, external_id: Field) {
        let of_part = self.entries.iter().find(|entry| entry.field.part() == part);
        if let (Some(entry), None, None) = (of_part, self.entry(key), self.entry(external_id)) {
            let reason = format!("to say whose {} that is, {key} or {external_id} must be mapped too", entry.field);
            self.problem(entry.origin.clone(), reason);
        }
    }

    fn entry(&self, field: Field) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.field == field)
    }
}

/// Whether this is the other system's key.
pub(super) fn is_external_id(field: Field) -> bool {
    matches!(field, Field::Customer(CustomerField::ExternalId) | Field::CustomerUser(CustomerUserField::ExternalId))
}
