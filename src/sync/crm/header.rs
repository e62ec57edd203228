//! The header: which column is called what.
//!
//! A file whose header leaves a doubt is refused before anything is written: two columns of one
//! name, a column without a name.

use csv_core::ReadRecordResult;

use super::record::Record;

/// The separators that are looked for, the likeliest first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Why a header is of no use.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct HeaderError {
    /// The header's line.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

/// The columns of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    names: Vec<String>,
    /// What stands between two fields.
    pub separator: u8,
    /// Where the header stands.
    pub line: u64,
}

/// What looking for a column found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This column, from 0.
    At(usize),
    /// No column has the name.
    Missing,
    /// Several do, but for case.
    Several(Vec<String>),
}

impl Header {
    /// Reads the names, trimmed.
    pub(super) fn new(record: &Record, separator: u8) -> Result<Self, HeaderError> {
        let names: Vec<String> = record.fields().map(|name| name.trim().to_owned()).collect();
        let line = record.line();
        let refused = |reason| Err(HeaderError { line, reason });
        if let Some(index) = names.iter().position(String::is_empty) {
            return refused(format!(
                "column {} of the header has no name; the columns are: {}",
                index + 1,
                listed(&names)
            ));
        }
        let is_second = |index: &usize| names[..*index].contains(&names[*index]);
        if let Some(index) = (0..names.len()).find(is_second) {
            return refused(format!(
                "two columns of the header are called {:?}; rename one, so that it is clear which is meant",
                names[index]
            ));
        }
        Ok(Self { names, separator, line })
    }

    /// The names, in the order of the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Looks for a column by its name: exactly, then without regard to case if only one is so called.
    pub fn find(&self, wanted: &str) -> Found {
        let wanted = wanted.trim();
        if let Some(index) = self.names.iter().position(|name| name == wanted) {
            return Found::At(index);
        }
        let folded = wanted.to_lowercase();
        let alike: Vec<usize> = (0..self.names.len()).filter(|i| self.names[*i].to_lowercase() == folded).collect();
        match alike.as_slice() {
            [] => Found::Missing,
            [index] => Found::At(*index),
            several => Found::Several(several.iter().map(|index| self.names[*index].clone()).collect()),
        }
    }

    /// The names as a person reads them, and the separator if they show that it is the wrong one.
    pub fn described(&self) -> String {
        let separator = match self.separator {
            b'\t' => "tab".to_owned(),
            other => format!("{:?}", char::from(other)),
        };
        match self.names.as_slice() {
            [only] => format!("{only:?} alone, if {separator} separates columns (--separator names another)"),
            names => listed(names),
        }
    }
}

/// The first columns by name, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 40;
    let shown = |name: &String| super::cell::shown(name).trim_matches('"').to_owned();
    let first: Vec<String> = names.iter().take(SHOWN).map(shown).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// The separator under which the file's first record has the most of the wanted columns; if
/// several do, the most columns.
pub(super) fn detect_separator(beginning: &[u8], wanted: &[&str]) -> u8 {
    let score = |separator: u8| {
        let names = first_record(beginning, separator);
        let has = |wanted: &&&str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted.trim()));
        (wanted.iter().filter(has).count(), names.len())
    };
    // `max_by_key` gives the last of equals, and the likeliest stands first.
    SEPARATORS.into_iter().rev().max_by_key(|separator| score(*separator)).unwrap_or(b',')
}

fn first_record(beginning: &[u8], separator: u8) -> Vec<String> {
    let mut reader = csv_core::ReaderBuilder::new().delimiter(separator).build();
    let (mut text, mut ends) = (vec![0; beginning.len() + 1], vec![0; beginning.len() + 1]);
    let (result, read, mut written, mut fields) = reader.read_record(beginning, &mut text, &mut ends);
    if result == ReadRecordResult::InputEmpty {
        let (_, _, more, ended) = reader.read_record(&beginning[read..], &mut text[written..], &mut ends[fields..]);
        written += more;
        fields += ended;
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let name = |(start, end): (usize, &usize)| text[..written].get(start..*end).unwrap_or_default();
    starts.zip(&ends[..fields]).map(name).map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::reader::{ReadError, RecordReader};
    use super::*;

    fn header(file: &str, wanted: &[&str]) -> Result<Header, ReadError> {
        RecordReader::open(file.as_bytes(), None, None, wanted).map(|(_, header)| header)
    }

    #[test]
    fn the_separator_is_the_one_that_finds_the_columns() {
        for (file, separator) in [
            ("Email,Name\n", b','),
            ("Email;Name, first;Name, last\n", b';'),
            ("Email\tName\n1\t2", b'\t'),
            ("\n\"Email\"|Na,me", b'|'),
            ("Email", b','),
        ] {
            assert_eq!(header(file, &["email"]).unwrap().separator, separator, "{file:?}");
        }
        assert_eq!(header("a;b;c;d,Email\n", &["Email"]).unwrap().separator, b',');
    }

    #[test]
    fn names_are_trimmed_and_found_exactly_or_without_regard_to_case() {
        let header = header(" E-Mail ,name,NAME,Straße\n", &[]).unwrap();
        assert_eq!(header.find("e-mail"), Found::At(0));
        assert_eq!(header.find(" NAME"), Found::At(2));
        assert_eq!(header.find("Name"), Found::Several(vec!["name".into(), "NAME".into()]));
        assert_eq!(header.find("STRAßE"), Found::At(3));
        assert_eq!(header.find("Nam"), Found::Missing);
    }

    #[test]
    fn a_doubtful_header_is_refused() {
        for (file, part) in [("a,b, a\n", "called \"a\""), ("\na,,b\n", "line 2: column 2"), ("a,b,\n", "column 3")] {
            let error = header(file, &[]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
