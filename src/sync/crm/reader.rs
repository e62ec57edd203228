//! Text cut into records, each with the line where it begins.
//!
//! What a quote means is csv-core's matter. Ours is the memory, which a quote left open must not
//! eat; the line numbers, which are those of the file whatever its line breaks and wherever they
//! stand; and the end of the file, where an open quote is an error and not a field.

use std::io::Read;

use encoding_rs::Encoding;

use super::encoding::{EncodingError, Utf8Stream};
use super::header::{Header, HeaderError, detect_separator};
use super::lines::Lines;
use super::record::Record;

/// A record is shorter than this, in bytes of UTF-8.
pub const MAX_RECORD: usize = 4 * 1024 * 1024;
/// The most fields a record may have.
pub const MAX_FIELDS: usize = 16 * 1024;
/// How much of the file is looked at to tell its separator.
const HEADER_SAMPLE: usize = 64 * 1024;

/// Why a file cannot be read as a table.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not text.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// There is nothing in it.
    #[error("the file is empty: there is not even a header")]
    Empty,
    /// Its header is of no use.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A quote was opened and never closed.
    #[error(
        "line {line}: field {field} of the record that begins here opens a quote, and the file ends without \
             closing it; a quote inside of a quoted field is written twice (\"\")"
    )]
    OpenQuote {
        /// Where the record begins.
        line: u64,
        /// Which field, from 1.
        field: usize,
    },
    /// A record is too long to be one.
    #[error(
        "line {line}: the record that begins here has more than {limit}; a quote is probably left open in its \
             field {field}"
    )]
    TooLong {
        /// Where the record begins.
        line: u64,
        /// The field that it had come to, from 1.
        field: usize,
        /// What it has more than.
        limit: String,
    },
}

impl ReadError {
    /// The line, if it is known.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Encoding(error) => error.line(),
            Self::Empty => None,
            Self::Header(error) => Some(error.line),
            Self::OpenQuote { line, .. } | Self::TooLong { line, .. } => Some(*line),
        }
    }
}

/// The records of a file, after its header.
pub struct RecordReader<R> {
    text: Utf8Stream<R>,
    core: csv_core::Reader,
    chunk: Vec<u8>,
    at: usize,
    closing: bool,
    lines: Lines,
}

impl<R: Read> RecordReader<R> {
    /// Finds the encoding and, unless it is given, the separator (the one that finds the most of
    /// the `wanted` columns), and reads the header.
    pub fn open(
        input: R,
        encoding: Option<&'static Encoding>,
        separator: Option<u8>,
        wanted: &[&str],
    ) -> Result<(Self, Header), ReadError> {
        let mut text = Utf8Stream::new(input, encoding)?;
        let chunk = beginning(&mut text)?;
        let separator = separator.unwrap_or_else(|| detect_separator(&chunk, wanted));
        let core = csv_core::ReaderBuilder::new().delimiter(separator).build();
        let mut reader = Self { text, core, chunk, at: 0, closing: false, lines: Lines::new() };
        let mut record = Record::default();
        if !reader.read(&mut record)? {
            return Err(ReadError::Empty);
        }
        Ok((reader, Header::new(&record, separator)?))
    }

    /// How many of the file's bytes were read.
    pub fn bytes(&self) -> u64 {
        self.text.bytes()
    }

    /// What the file is read as.
    pub fn encoding(&self) -> &'static str {
        self.text.encoding()
    }

    /// Reads the next record that is not blank; `false` when there is none.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, ReadError> {
        while self.skip_line_breaks()? {
            self.read_one(record)?;
            if !record.is_blank() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Goes to where a record begins.
    fn skip_line_breaks(&mut self) -> Result<bool, ReadError> {
        loop {
            let rest = &self.chunk[self.at..];
            let breaks = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.lines.pass(&rest[..breaks]);
            self.at += breaks;
            if self.at < self.chunk.len() {
                return Ok(true);
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    fn read_one(&mut self, record: &mut Record) -> Result<(), ReadError> {
        record.begin(self.lines.line());
        loop {
            if self.at == self.chunk.len() && !self.fill()? {
                self.close(record)?;
            }
            let (read, is_whole) = record.take(&mut self.core, &self.chunk[self.at..])?;
            self.lines.pass(&self.chunk[self.at..self.at + read]);
            self.at += read;
            if is_whole {
                record.end(self.lines.line() - 1);
                return Ok(());
            }
        }
    }

    /// At the end of the file, a line break closes the record, unless a quote is open.
    fn close(&mut self, record: &Record) -> Result<(), ReadError> {
        if self.closing {
            return Err(ReadError::OpenQuote { line: record.line(), field: record.len() + 1 });
        }
        self.closing = true;
        self.chunk.push(b'\n');
        Ok(())
    }

    fn fill(&mut self) -> Result<bool, ReadError> {
        self.at = 0;
        while self.text.read(&mut self.chunk)? {
            if !self.chunk.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Enough of the text to see the header.
fn beginning<R: Read>(text: &mut Utf8Stream<R>) -> Result<Vec<u8>, ReadError> {
    let (mut beginning, mut piece) = (Vec::new(), Vec::new());
    while beginning.len() < HEADER_SAMPLE && text.read(&mut piece)? {
        beginning.extend_from_slice(&piece);
    }
    Ok(beginning)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Lines = Vec<(u64, u64, Vec<String>)>;

    fn read(file: &str) -> Result<Lines, ReadError> {
        let (mut reader, _) = RecordReader::open(file.as_bytes(), None, Some(b','), &[])?;
        let (mut record, mut all) = (Record::default(), Vec::new());
        while reader.read(&mut record)? {
            all.push((record.line(), record.last_line(), record.fields().map(str::to_owned).collect()));
        }
        Ok(all)
    }

    fn row(first: u64, last: u64, fields: &[&str]) -> (u64, u64, Vec<String>) {
        (first, last, fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let rows = [row(3, 4, &["1", "x\ny"]), row(5, 5, &["2", "z"]), row(8, 8, &["3", "w"])];
        let file = "a,b\n\n1,\"x\ny\"\n2,z\n\n , \n3,w";
        assert_eq!(read(file).unwrap(), rows);
        let with = |line_break: &str| file.replace('\n', line_break).replace(&format!("x{line_break}y"), "x\ny");
        assert_eq!(read(&with("\r\n")).unwrap(), rows);
        assert_eq!(read(&with("\r")).unwrap(), rows);
    }

    #[test]
    fn a_last_field_may_be_empty_or_quoted() {
        assert_eq!(read("a,b\n1,").unwrap(), [row(2, 2, &["1", ""])]);
        assert_eq!(read("a,b\n1,\"\"\"x\"\"\"").unwrap(), [row(2, 2, &["1", "\"x\""])]);
        assert_eq!(read("a,b\n1,\"x\"\r").unwrap(), [row(2, 2, &["1", "x"])]);
    }

    #[test]
    fn an_open_quote_names_where_its_record_begins() {
        let error = read("a,b\n1,2\n3,\"x\n4,5\n6,7\n").unwrap_err();
        assert!(matches!(error, ReadError::OpenQuote { line: 3, field: 2 }), "{error}");
    }

    #[test]
    fn a_record_has_bounds() {
        let error = read(&format!("a,b\n1,\"{}", "x\n".repeat(MAX_RECORD))).unwrap_err();
        assert!(matches!(error, ReadError::TooLong { line: 2, field: 2, .. }), "{error}");
        let error = read(&format!("a,b\n1{}\n", ",".repeat(MAX_FIELDS))).unwrap_err();
        assert!(matches!(error, ReadError::TooLong { line: 2, .. }), "{error}");
        assert_eq!(read(&format!("a,b\n1,\"{}\"\n", "x".repeat(MAX_RECORD - 2))).unwrap().len(), 1);
    }

    #[test]
    fn an_empty_file_has_no_header() {
        for file in ["", "\n\r\n", " \n,,\n"] {
            assert!(matches!(read(file), Err(ReadError::Empty)), "{file:?}");
        }
    }

    proptest! {
        /// Whatever the fields hold, what was written is what is read, at the line where it stands.
        #[test]
        fn what_was_written_is_read(rows in prop::collection::vec(prop::collection::vec("[a,;\"\r\n äx]{0,6}", 2), 0..30)) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            writer.write_record(["a", "b"]).unwrap();
            let (mut line, mut expected) = (2, Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
                if row.iter().any(|field| !field.trim().is_empty()) {
                    expected.push((line, line + field_breaks(row), row.clone()));
                }
                line += 1 + field_breaks(row);
            }
            let file = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(read(&file).unwrap(), expected);
        }
    }

    fn field_breaks(row: &[String]) -> u64 {
        row.iter().map(|field| field.replace("\r\n", "\n").matches(['\r', '\n']).count() as u64).sum()
    }
}
