//! A mapping written in TOML.
//!
//! ```toml
//! source = "crm"            # the system that the external ids are of
//! null = ["NULL"]           # texts that count as an empty cell
//! empty = "leave"           # what an empty cell does: leave (default) or clear
//! separator = ";"           # detected if not given
//! encoding = "windows-1252" # UTF-8 or UTF-16 if not given
//!
//! [customer]                # field = "column"
//! customer_id = "Company"
//!
//! [customer_user]
//! login = "Email"
//! external_id = "Customer Id"
//!
//! [set]                     # field = "the same on every row"
//! customer_user.back_end = "crm"
//! ```

use std::ops::Range;

use encoding_rs::Encoding;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::field::nearest;
use super::specification::{Content, Empty, Specification};

const KEYS: [&str; 8] = ["source", "null", "empty", "separator", "encoding", "customer", "customer_user", "set"];

/// Reads a mapping; `name` is what its problems call the file.
pub fn read(text: &str, name: &str) -> Specification {
    let mut file = MappingFile { text, name, specification: Specification::default() };
    match DeTable::parse(text) {
        Ok(table) => file.read(table.get_ref()),
        Err(error) => {
            let origin = file.origin(&error.span().unwrap_or_default());
            file.specification.problem(origin, error.message());
        }
    }
    file.specification
}

/// Reads a separator: one ASCII character that is no letter, digit, quote or blank, or `tab`.
pub fn separator(written: &str) -> Result<u8, String> {
    match written.as_bytes() {
        b"tab" | b"\\t" | b"\t" => Ok(b'\t'),
        [byte] if byte.is_ascii_punctuation() && *byte != b'"' => Ok(*byte),
        _ => Err("a separator is one character such as , ; | or the word tab".to_owned()),
    }
}

/// Reads the name of an encoding.
pub fn encoding(written: &str) -> Result<&'static Encoding, String> {
    let known = "such as utf-8, utf-16le, windows-1252, iso-8859-15, shift_jis";
    Encoding::for_label_no_replacement(written.as_bytes())
        .ok_or_else(|| format!("there is no encoding {written:?}; the names are those of the web's standard, {known}"))
}

struct MappingFile<'t> {
    text: &'t str,
    name: &'t str,
    specification: Specification,
}

impl MappingFile<'_> {
    fn read(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "customer" => self.fields("customer.", value, Content::Column),
                "customer_user" => self.fields("customer_user.", value, Content::Column),
                "set" => self.fields("", value, Content::Constant),
                "null" => self.null(value),
                "source" => self.source(value),
                "empty" => self.specification.empty = self.word(value, empty),
                "separator" => self.specification.separator = self.word(value, separator),
                "encoding" => self.specification.encoding = self.word(value, encoding),
                other => {
                    let meant = nearest(other, KEYS).map(|key| format!("; {key:?} may be meant")).unwrap_or_default();
                    self.problem(&key.span(), format!("{other:?} means nothing here{meant}. {}", usage()));
                }
            }
        }
    }

    /// A table of fields; a table inside of it (`set.customer_user`) adds to the prefix.
    fn fields(&mut self, prefix: &str, value: &Spanned<DeValue<'_>>, content: fn(String) -> Content) {
        let Some(table) = value.get_ref().as_table() else {
            return self.problem(&value.span(), format!("must be a table. {}", usage()));
        };
        for (key, value) in table {
            let field = format!("{prefix}{}", key.get_ref());
            match value.get_ref() {
                DeValue::String(text) => {
                    let origin = self.origin(&key.span());
                    self.specification.field(&field, content(text.to_string()), origin);
                }
                DeValue::Table(_) if prefix.is_empty() => self.fields(&format!("{field}."), value, content),
                other => self.problem(&value.span(), format!("{field} must be a text, not {}", other.type_str())),
            }
        }
    }

    fn null(&mut self, value: &Spanned<DeValue<'_>>) {
        let one = std::slice::from_ref(value);
        let texts = value.get_ref().as_array().map_or(one, |array| &array[..]);
        for text in texts {
            if let Some(text) = self.word(text, |text| Ok(text.to_owned())) {
                self.specification.null.push(text);
            }
        }
    }

    fn source(&mut self, value: &Spanned<DeValue<'_>>) {
        let origin = self.origin(&value.span());
        if let Some(source) = self.word(value, |text| Ok(text.to_owned())) {
            self.specification.source(&source, origin);
        }
    }

    fn word<T>(&mut self, value: &Spanned<DeValue<'_>>, read: fn(&str) -> Result<T, String>) -> Option<T> {
        let text =
            value.get_ref().as_str().ok_or_else(|| format!("must be a text, not {}", value.get_ref().type_str()));
        text.and_then(read).map_err(|reason| self.problem(&value.span(), reason)).ok()
    }

    fn problem(&mut self, span: &Range<usize>, reason: String) {
        let origin = self.origin(span);
        self.specification.problem(origin, reason);
    }

    fn origin(&self, span: &Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        format!("{} line {}", self.name, before.matches('\n').count() + 1)
    }
}

fn usage() -> String {
    format!("A mapping file has: {}", KEYS.join(", "))
}

fn empty(written: &str) -> Result<Empty, String> {
    match written {
        "leave" => Ok(Empty::Leave),
        "clear" => Ok(Empty::Clear),
        other => Err(format!("{other:?} is neither \"leave\" nor \"clear\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cell::Cell;
    use super::super::mapping::{Mapping, MappingError};
    use super::*;

    fn mapping(text: &str) -> Result<Mapping, MappingError> {
        Mapping::new(read(text, "crm.toml"))
    }

    #[test]
    fn a_file_says_all_that_the_flags_say() {
        let text = "source = 'crm'\nnull = ['NULL', '-']\nempty = 'clear'\nseparator = 'tab'\nencoding = 'latin1'\n\
                    [customer]\ncustomer_id = 'Company'\n[customer_user]\nlogin = 'Email'\nexternal_id = 'Id'\n\
                    [set]\nvalidity = 'valid'\ncustomer_user.back_end = 'crm'\n[set.customer]\ncountry = 'Norway'\n";
        let mapping = mapping(text).unwrap();
        assert_eq!(mapping.wanted().len(), 3);
        assert_eq!((mapping.separator, mapping.encoding.unwrap().name()), (Some(b'\t'), "windows-1252"));
        assert_eq!(mapping.cell("-"), Cell::Clear);
    }

    #[test]
    fn problems_name_their_line() {
        for (text, part) in [
            ("a = \n", "crm.toml line 1: "),
            ("[customer_user]\nlogin = 'E'\nfirstname = 'F'\n", "crm.toml line 3: there is no field"),
            (
                "sourc = 'crm'\n[customer_user]\nlogin='E'",
                "line 1: \"sourc\" means nothing here; \"source\" may be meant",
            ),
            ("[customer_user]\nlogin = 3\n", "line 2: customer_user.login must be a text, not integer"),
            ("\nempty = 'no'\n", "line 2: \"no\" is neither"),
            ("\nseparator = 'ab'\n", "line 2: a separator is one character"),
            ("\nencoding = 'utf-9'\n", "line 2: there is no encoding \"utf-9\""),
            ("null = [1]", "line 1: must be a text"),
            ("customer = 'x'", "line 1: must be a table"),
            ("source = 'A b'\n[customer_user]\nlogin='E'", "line 1: must be 1 to 50 characters"),
            ("[customer_user]\nlogin='E'\n[set]\nlogin='x'", "is given already, by crm.toml line"),
        ] {
            let problems = mapping(text).unwrap_err().to_string();
            assert!(problems.contains(part), "{part:?} in {problems}");
        }
    }
}
