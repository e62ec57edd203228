//! The rows of a chunk, one after the other, whatever its form.

use std::io::{BufRead, BufReader, Read};
use std::sync::LazyLock;

use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value};

use super::{cells, members};
use crate::json;
use crate::store::ChunkHead;
use crate::sync::crm::encoding::EncodingError;
use crate::sync::crm::header::Header;
use crate::sync::crm::reader::{MAX_RECORD, ReadError, RecordReader};
use crate::sync::crm::record::Record;
use crate::sync::rows::{Area, RowKind};

/// The media type of lines of JSON.
pub const NDJSON: &str = "application/x-ndjson";
/// The media type of a table.
pub const CSV: &str = "text/csv";

/// The rank of services without a parent; others have that of their depth after it.
const SERVICES: u32 = 2;
/// The rank of customer users.
const CUSTOMER_USERS: u32 = 100;

/// What is wrong with a row, before anybody has looked at what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What a program reads.
    pub code: &'static str,
    /// What a person reads.
    pub detail: String,
}

impl Fault {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// A row as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct SentRow {
    /// Its number in the chunk, from 1; a header and blank lines count for nothing.
    pub number: u64,
    /// The line where it begins, from 1.
    pub line: u64,
    /// What it is about, if it says so.
    pub kind: Option<RowKind>,
    /// What it says, but for the kind.
    pub members: Map<String, Value>,
    /// All of it, as it was sent: a line as it stands there, of a table what its cells say, or, where it has more cells
    /// than columns, the record.
    pub text: Vec<u8>,
    /// Whether it says more than its members: see [`SentRow::whole`].
    pub(super) is_part: bool,
    /// Why it can say nothing.
    pub fault: Option<Fault>,
}

impl SentRow {
    fn broken((number, line): (u64, u64), text: Vec<u8>, fault: Fault) -> Self {
        Self { text, fault: Some(fault), ..of_members((number, line), Map::new(), None) }
    }

    #[cfg(test)]
    pub(super) fn of(place: (u64, u64), kind: RowKind) -> Self {
        of_members(place, Map::new(), Some(kind))
    }

    /// The row, with all of its members.
    pub fn whole(self, of_chunk: Option<RowKind>) -> Self {
        if self.is_part { of_line((self.number, self.line), self.text, of_chunk) } else { self }
    }

    /// The row without its members, and these: whoever wants them again reads them again. It is for a row without a fault,
    /// whose text says all of it.
    pub fn apart(self) -> (Self, Map<String, Value>) {
        (Self { members: Map::new(), is_part: true, ..self }, self.members)
    }

    /// When it is written: what others name comes before them. Settings and back ends first, then customers and
    /// groups, then services, parents before their children, then customer users, links, and lists.
    pub fn rank(&self) -> u32 {
        match self.kind {
            None | Some(RowKind::Settings | RowKind::BackEnd) => 0,
            Some(RowKind::Customer | RowKind::Group) => 1,
            Some(RowKind::Service) => {
                let name = self.text("name").unwrap_or_default();
                SERVICES + (name.matches("::").count() as u32).min(CUSTOMER_USERS - SERVICES - 1)
            }
            Some(RowKind::CustomerUser) => CUSTOMER_USERS,
            Some(kind) if kind.area() == Area::Links => CUSTOMER_USERS + 1,
            Some(_) => CUSTOMER_USERS + 2,
        }
    }

    /// A member that is a text.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member).and_then(Value::as_str)
    }
}

/// The rows of something that was unpacked.
pub enum Rows<R> {
    /// Lines of JSON.
    Lines(Lines<R>),
    /// A table.
    Table(Box<Table<R>>),
}

/// Opens a stored chunk.
pub fn open<'c>(head: &ChunkHead, content: &'c [u8]) -> Result<Rows<MultiGzDecoder<&'c [u8]>>, ReadError> {
    let kind = head.kind.as_deref().and_then(RowKind::parse);
    Rows::open(MultiGzDecoder::new(content), head.media == CSV, kind)
}

impl<R: Read> Rows<R> {
    /// Opens what was unpacked.
    pub fn open(input: R, is_table: bool, kind: Option<RowKind>) -> Result<Self, ReadError> {
        if !is_table {
            return Ok(Rows::Lines(Lines::new(input, kind)));
        }
        Table::open(input, kind).map(|table| Rows::Table(Box::new(table)))
    }

    /// The names of the columns, where it is a table.
    pub fn columns(&self) -> Option<&[String]> {
        match self {
            Rows::Lines(_) => None,
            Rows::Table(table) => Some(table.header.names()),
        }
    }

    /// The next row.
    pub fn next_row(&mut self) -> Result<Option<SentRow>, ReadError> {
        match self {
            Rows::Lines(lines) => Ok(lines.next_line(of_line)?),
            Rows::Table(table) => table.next_row(),
        }
    }

    /// The next row, of which perhaps only that was read which says what it is about.
    pub fn glance(&mut self) -> Result<Option<SentRow>, ReadError> {
        match self {
            Rows::Lines(lines) => Ok(lines.next_line(glance)?),
            Rows::Table(table) => table.next_row(),
        }
    }
}

/// Reads a line at a place in a chunk, whose rows may all be of one kind.
type ReadLine = fn((u64, u64), Vec<u8>, Option<RowKind>) -> SentRow;

/// Lines of JSON.
pub struct Lines<R> {
    input: BufReader<R>,
    kind: Option<RowKind>,
    line: u64,
    number: u64,
    text: Vec<u8>,
}

impl<R: Read> Lines<R> {
    fn new(input: R, kind: Option<RowKind>) -> Self {
        Self { input: BufReader::with_capacity(64 * 1024, input), kind, line: 0, number: 0, text: Vec::new() }
    }

    fn next_line(&mut self, read_line: ReadLine) -> Result<Option<SentRow>, EncodingError> {
        loop {
            self.text.clear();
            let read = self.input.by_ref().take(MAX_RECORD as u64).read_until(b'\n', &mut self.text)?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            let is_cut = read == MAX_RECORD && self.text.last() != Some(&b'\n');
            if is_cut {
                self.input.skip_until(b'\n')?;
            }
            let text = if self.line == 1 { self.text.strip_prefix(b"\xEF\xBB\xBF") } else { None };
            let text = text.unwrap_or(&self.text).trim_ascii();
            if text.is_empty() {
                continue;
            }
            self.number += 1;
            let place = (self.number, self.line);
            return Ok(Some(if is_cut {
                let most = format!("is longer than {} MiB", MAX_RECORD / 1024 / 1024);
                // Nobody could do anything with what was read of it.
                SentRow::broken(place, Vec::new(), Fault::new("row_too_long", most))
            } else {
                read_line(place, text.to_vec(), self.kind)
            }));
        }
    }
}

/// What says which thing a row is about, of whatever kind, and what else is to be known of each.
static AT_A_GLANCE: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let keys = RowKind::ALL.into_iter().flat_map(members::key).copied();
    ["kind", "row_id", "external_id", "external_ids"].into_iter().chain(keys).collect()
});

fn glance(place: (u64, u64), text: Vec<u8>, kind: Option<RowKind>) -> SentRow {
    match json::glance(&text, &AT_A_GLANCE) {
        Ok(members) => SentRow { text, is_part: true, ..of_members(place, members, kind) },
        Err(_) => of_line(place, text, kind),
    }
}

fn of_line(place: (u64, u64), text: Vec<u8>, kind: Option<RowKind>) -> SentRow {
    match json::parse(&text) {
        Ok(Value::Object(members)) => SentRow { text, ..of_members(place, members, kind) },
        Ok(_) => SentRow::broken(place, text, Fault::new("not_json", "is JSON, but no object")),
        Err(why) => SentRow::broken(place, text, Fault::new("not_json", format!("is not a JSON object: {why}"))),
    }
}

fn of_members(place: (u64, u64), mut members: Map<String, Value>, of_chunk: Option<RowKind>) -> SentRow {
    let said = members.remove("kind");
    let word = said.as_ref().and_then(Value::as_str);
    let (kind, fault) = match (word.map(RowKind::parse), of_chunk) {
        (None, Some(kind)) if said.is_none() => (Some(kind), None),
        (Some(Some(said)), Some(kind)) if said != kind => {
            let detail =
                format!("says that it is a {}, but its chunk was uploaded as {}", said.as_str(), kind.as_str());
            (Some(said), Some(Fault::new("kind_mismatch", detail)))
        }
        (Some(Some(said)), _) => (Some(said), None),
        (None, _) if said.is_none() => {
            (None, Some(Fault::new("kind_missing", format!("has no kind; there are {}", members::kinds()))))
        }
        _ => (None, Some(Fault::new("unknown_kind", format!("is of no kind that there is: {}", members::kinds())))),
    };
    SentRow { number: place.0, line: place.1, kind, members, text: Vec::new(), is_part: false, fault }
}

/// A table.
pub struct Table<R> {
    reader: RecordReader<R>,
    header: Header,
    members: Vec<Option<String>>,
    kind: Option<RowKind>,
    number: u64,
    record: Record,
}

impl<R: Read> Table<R> {
    fn open(input: R, kind: Option<RowKind>) -> Result<Self, ReadError> {
        let kinds = kind.map_or_else(|| RowKind::ALL.to_vec(), |kind| vec![kind]);
        let wanted: Vec<&str> = kinds.into_iter().flat_map(names).collect();
        let (reader, header) = RecordReader::open(input, None, None, &wanted)?;
        let members = header.names().iter().map(|name| member(name)).collect();
        Ok(Self { reader, header, members, kind, number: 0, record: Record::default() })
    }

    fn next_row(&mut self) -> Result<Option<SentRow>, ReadError> {
        if !self.reader.read(&mut self.record)? {
            return Ok(None);
        }
        self.number += 1;
        let place = (self.number, self.record.line());
        let cells = self.members.iter().zip(self.record.fields());
        let said = cells.filter_map(|(member, cell)| {
            let member = member.as_ref()?;
            Some((member.clone(), cells::read(member, cell)?))
        });
        let said: Map<String, Value> = said.collect();
        let text = Value::from(said.clone()).to_string().into_bytes();
        let row = SentRow { text, ..of_members(place, said, self.kind) };
        let (fields, columns) = (self.record.len(), self.members.len());
        if fields <= columns {
            return Ok(Some(row));
        }
        let detail = format!(
            "has {fields} fields, but the header names {columns}; a separator within a field must stand in quotes"
        );
        let mut text = Vec::new();
        cells::record(self.record.fields(), &mut text);
        let text = text.trim_ascii_end().to_vec();
        Ok(Some(SentRow { text, fault: Some(Fault::new("too_many_fields", detail)), ..row }))
    }
}

/// The names that the columns of a kind may have.
pub fn names(kind: RowKind) -> impl Iterator<Item = &'static str> {
    let of_things: &[&str] = if kind.has_external_ids() { &["external_id", "external_ids"] } else { &[] };
    ["kind", "row_id"].into_iter().chain(of_things.iter().copied()).chain(members::members(kind).iter().copied())
}

/// The member that a column is of; none where it is to be ignored.
pub fn member(column: &str) -> Option<String> {
    (!column.starts_with('_')).then(|| column.to_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(text: &str, is_table: bool, kind: Option<RowKind>) -> Vec<SentRow> {
        let mut rows = Rows::open(text.as_bytes(), is_table, kind).unwrap();
        std::iter::from_fn(|| rows.next_row().unwrap()).collect()
    }

    fn codes(rows: &[SentRow]) -> Vec<&'static str> {
        rows.iter().map(|row| row.fault.as_ref().map_or("", |fault| fault.code)).collect()
    }

    #[test]
    fn lines_are_rows() {
        let text = "\u{feff}{\"kind\": \"customer\", \"customer_id\": \"a\"}\n\n{\n[1]\n{\"kind\": \"x\"}\n{}\n{\"a\": 1, \"a\": 2}";
        let rows = rows(text, false, None);
        assert_eq!(codes(&rows), ["", "not_json", "not_json", "unknown_kind", "kind_missing", "not_json"]);
        assert_eq!(rows[0].members, *json!({"customer_id": "a"}).as_object().unwrap());
        assert_eq!(rows.iter().map(|row| (row.number, row.line)).collect::<Vec<_>>()[..2], [(1, 1), (2, 3)]);
    }

    #[test]
    fn cells_are_members() {
        let rows = rows("Login,email,_reason\njane,,x\n joe ,j@x,,\n", true, Some(RowKind::CustomerUser));
        assert_eq!(codes(&rows), ["", "too_many_fields"]);
        assert_eq!(rows[0].members, *json!({"login": "jane"}).as_object().unwrap());
    }

    #[test]
    fn parents_come_before_their_children_and_all_before_what_names_them() {
        let text = "{\"kind\":\"customer_membership\"}\n{\"kind\":\"customer_user\"}\n{\"kind\":\"service\",\"name\":\"a::b\"}\n\
                    {\"kind\":\"service\",\"name\":\"a\"}\n{\"kind\":\"group\"}";
        let ranks: Vec<u32> = rows(text, false, None).iter().map(SentRow::rank).collect();
        assert_eq!(ranks, [101, 100, 3, 2, 1]);
    }
}
