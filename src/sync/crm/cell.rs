//! What a cell says, read as a value of the directory.
//!
//! Cells are trimmed, of blanks that nobody sees too. In a field of one line, which is no key, a
//! line break or tab becomes a blank: an address of two lines is an address. Everything else is as
//! the directory's types want it.

use std::borrow::Cow;

use crate::directory::text::natural_key;
use crate::directory::{ExternalId, ExternalKey, Invalid, Patch, Reference, Source, Text, Validity};

/// What a cell says about its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'c> {
    /// Nothing.
    Untouched,
    /// That it has no value.
    Clear,
    /// Its value.
    Text(&'c str),
}

impl Cell<'_> {
    /// The value as a report shows it.
    pub(super) fn shown(self) -> Option<String> {
        match self {
            Cell::Text(text) => Some(shown(text)),
            Cell::Untouched | Cell::Clear => None,
        }
    }

    /// What an empty cell does to a field that may be cleared.
    pub(super) fn cleared<T>(self) -> Patch<T> {
        if self == Cell::Clear { Patch::Clear } else { Patch::Untouched }
    }
}

/// A field that may be cleared.
pub(super) fn clearable<T>(cell: Cell<'_>, parse: fn(&str) -> Result<T, Invalid>) -> Result<Patch<T>, Invalid> {
    match cell {
        Cell::Untouched => Ok(Patch::Untouched),
        Cell::Clear => Ok(Patch::Clear),
        Cell::Text(text) => parse(text).map(Patch::Set),
    }
}

/// A field that always has a value: an empty cell leaves it.
pub(super) fn kept<T>(cell: Cell<'_>, parse: fn(&str) -> Result<T, Invalid>) -> Result<Option<T>, Invalid> {
    match cell {
        Cell::Untouched | Cell::Clear => Ok(None),
        Cell::Text(text) => parse(text).map(Some),
    }
}

/// A key in the other system.
pub(super) fn external_id(cell: Cell<'_>, source: Option<&Source>) -> Result<Option<ExternalId>, Invalid> {
    let id = kept(cell, ExternalKey::parse)?;
    Ok(id.zip(source).map(|(id, source)| ExternalId { source: source.clone(), id }))
}

/// A thing that is named by its natural key.
pub(super) fn by_key(text: &str) -> Result<Reference, Invalid> {
    natural_key(text).map(Reference::Key)
}

/// One of the three.
pub(super) fn validity(text: &str) -> Result<Validity, Invalid> {
    let refused = || Invalid::new("not_a_validity", "must be valid, invalid or invalid_temporarily");
    Validity::parse(text).ok_or_else(refused)
}

/// Text of one line, made one if it has several.
pub(super) fn one_line(text: &str) -> Result<Text, Invalid> {
    Text::parse(&unbroken(text))
}

/// The text with a blank for every run of line breaks and tabs, and the blanks around it.
pub(in crate::sync) fn unbroken(text: &str) -> Cow<'_, str> {
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if !text.contains(is_break) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.split(is_break).map(trimmed).filter(|line| !line.is_empty()).collect();
    Cow::Owned(lines.join(" "))
}

/// The text without blanks at its ends, those included that have no width.
pub(in crate::sync) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}'))
}

/// A value as a report shows it: in quotes, shortened, and with every character that a terminal
/// would obey or nobody would see written out.
pub(super) fn shown(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}", format!("{}…", &text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[2J\u{202e}\"b\""), "\"a\\u{1b}[2J\\u{202e}\\\"b\\\"\"");
        assert_eq!(shown(&"é".repeat(99)).chars().count(), 43);
    }

    #[test]
    fn lines_become_one() {
        assert_eq!(unbroken("Main St 1 \r\n\tFloor 2\n"), "Main St 1 Floor 2");
        assert_eq!(unbroken("as  it  was"), "as  it  was");
    }
}
