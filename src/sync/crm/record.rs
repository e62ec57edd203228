//! One record of a file, and how large it may be.

use csv_core::ReadRecordResult;

use super::reader::{MAX_FIELDS, MAX_RECORD, ReadError};

/// One record. Reused for every one, so that reading allocates nothing.
#[derive(Debug, Default)]
pub struct Record {
    line: u64,
    last_line: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    written: usize,
    fields: usize,
}

impl Record {
    /// The line of the file where the record begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The line where it ends: another one if a field has line breaks.
    pub fn last_line(&self) -> u64 {
        self.last_line
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.fields
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.fields == 0
    }

    /// A field, from 0; empty if the record has no such field.
    pub fn field(&self, index: usize) -> &str {
        let end = self.ends.get(index).filter(|_| index < self.fields);
        let start = if index == 0 { 0 } else { self.ends.get(index - 1).copied().unwrap_or(0) };
        let bytes = end.and_then(|end| self.bytes.get(start..*end)).unwrap_or_default();
        // Cut at ASCII characters out of UTF-8, hence UTF-8.
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Every field.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.fields).map(|index| self.field(index))
    }

    /// Whether there is nothing in it but blanks and separators.
    pub(super) fn is_blank(&self) -> bool {
        self.fields().all(|field| field.trim().is_empty())
    }

    /// Begins another record.
    pub(super) fn begin(&mut self, line: u64) {
        (self.line, self.written, self.fields) = (line, 0, 0);
    }

    /// Takes what belongs to the record: how many bytes, and whether it is whole now.
    pub(super) fn take(&mut self, core: &mut csv_core::Reader, input: &[u8]) -> Result<(usize, bool), ReadError> {
        let (text, ends) = (&mut self.bytes[self.written..], &mut self.ends[self.fields..]);
        let (result, read, written, ended) = core.read_record(input, text, ends);
        self.written += written;
        self.fields += ended;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull => self.grow_text()?,
            ReadRecordResult::OutputEndsFull => self.grow_ends()?,
            ReadRecordResult::Record | ReadRecordResult::End => return Ok((read, true)),
        }
        Ok((read, false))
    }

    /// The record is whole.
    pub(super) fn end(&mut self, last_line: u64) {
        self.last_line = last_line;
    }

    fn grow_text(&mut self) -> Result<(), ReadError> {
        if self.bytes.len() >= MAX_RECORD {
            return Err(self.too_long(format!("{} MiB", MAX_RECORD / 1024 / 1024)));
        }
        self.bytes.resize((self.bytes.len() * 2).clamp(4096, MAX_RECORD), 0);
        Ok(())
    }

    fn grow_ends(&mut self) -> Result<(), ReadError> {
        if self.ends.len() >= MAX_FIELDS {
            return Err(self.too_long(format!("{MAX_FIELDS} fields")));
        }
        self.ends.resize((self.ends.len() * 2).clamp(64, MAX_FIELDS), 0);
        Ok(())
    }

    fn too_long(&self, limit: String) -> ReadError {
        ReadError::TooLong { line: self.line, field: self.fields + 1, limit }
    }
}
