//! Text as the directory keeps it: parsed once at the edge, so that no later code has to ask.
//!
//! A *natural key* is trimmed, Unicode NFC, 1 to 200 characters, without control, format,
//! line-separator or unassigned characters, and neither `.` nor `..`. It keeps the case it was
//! written in; two keys are the same when they are equal after [`fold`].

use std::borrow::Cow;
use std::fmt;

use caseless::Caseless;
use serde::de::{Deserializer, Error, Visitor};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The longest natural key and the longest one-line text, in characters.
pub const MAX_TEXT: usize = 200;
/// The longest comment, in characters.
pub const MAX_COMMENT: usize = 4_000;
/// The longest URL, in characters.
pub const MAX_URL: usize = 2_000;

/// Why a value was refused: a code for programs, a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}\u{1f}{detail}")]
pub struct Invalid {
    /// What a program reads, such as `too_long`.
    pub code: &'static str,
    /// What a person reads: what is wrong and what to do.
    pub detail: String,
}

impl Invalid {
    /// A refusal with its code and sentence.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// The form under which natural keys are compared and stored uniquely: NFC of full, locale-free
/// Unicode case folding.
pub fn fold(text: &str) -> String {
    folded(text).into_owned()
}

/// [`fold`] without a copy of what is folded already, as most keys are.
pub fn folded(text: &str) -> Cow<'_, str> {
    // Not `all`: without a way out in the middle, many bytes are looked at in one step.
    let changes = text.bytes().fold(false, |found, byte| found | !byte.is_ascii() | byte.is_ascii_uppercase());
    if !changes {
        Cow::Borrowed(text)
    } else if text.is_ascii() {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Owned(text.nfc().default_case_fold().nfc().collect())
    }
}

/// The form in which `q` searches: case folded, accents removed.
pub fn search_form(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return folded(text);
    }
    text.nfkd().filter(|c| !is_combining_mark(*c)).default_case_fold().nfkc().collect()
}

/// Parses a natural key and gives its normalized form.
pub fn natural_key(written: &str) -> Result<String, Invalid> {
    let key = one_line(written, MAX_TEXT)?;
    if key == "." || key == ".." {
        return Err(Invalid::new("forbidden_value", "must not be \".\" or \"..\""));
    }
    Ok(key)
}

fn one_line(written: &str, max: usize) -> Result<String, Invalid> {
    let written = written.trim();
    // ASCII is NFC already, and most keys are.
    let text: String = if written.is_ascii() { written.to_owned() } else { written.nfc().collect() };
    if is_plain(&text, max) {
        return Ok(text);
    }
    check_length(&text, max)?;
    match text.chars().find(|c| forbidden_in_line(*c)) {
        Some(c) => Err(forbidden_character(c)),
        None => Ok(text),
    }
}

/// Whether it is of printable ASCII alone and of the right length, as nearly all are.
fn is_plain(text: &str, max: usize) -> bool {
    let printable = text.bytes().fold(true, |so_far, byte| so_far & (b' '..=b'~').contains(&byte));
    printable && (1..=max).contains(&text.len())
}

fn check_length(text: &str, max: usize) -> Result<(), Invalid> {
    let length = text.chars().count();
    if length == 0 {
        return Err(Invalid::new(
            "empty",
            "must not be empty; leave the field out or send null where it may be cleared",
        ));
    }
    if length > max {
        return Err(Invalid::new("too_long", format!("has {length} characters; at most {max} are allowed")));
    }
    Ok(())
}

fn forbidden_character(c: char) -> Invalid {
    Invalid::new("forbidden_character", format!("must not contain the character U+{:04X}", u32::from(c)))
}

fn forbidden_in_line(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::Unassigned
            | GeneralCategory::Surrogate
    )
}

/// Reads a member that may be absent but, where it is there, not `null`: it cannot be cleared.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Reads a text and parses it where it stands.
pub(crate) fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: fn(&str) -> Result<T, Invalid>,
) -> Result<T, D::Error> {
    struct Written<T>(fn(&str) -> Result<T, Invalid>);

    impl<T> Visitor<'_> for Written<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, written: &str) -> Result<T, E> {
            (self.0)(written).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Written(parse))
}

/// A type that holds a text parsed by `$parse`, with the conversions every such type needs.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $parse:expr, $max:tt, $example:tt) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, utoipa::ToSchema)]
        #[schema(value_type = String, min_length = 1, max_length = $max, example = $example)]
        pub struct $name(smol_str::SmolStr);

        impl $name {
            /// Parses what was written; the refusal says what to do.
            pub fn parse(written: &str) -> Result<Self, $crate::directory::Invalid> {
                #[allow(clippy::redundant_closure_call, reason = "some of these types parse with a closure")]
                ($parse)(written).map(|text| Self(text.into()))
            }

            /// A text that was parsed when it was stored; not parsed again, so that what a newer
            /// Unicode or a newer rule would refuse stays readable.
            #[allow(dead_code, reason = "not every such type has a column of its own")]
            pub(crate) fn stored(text: impl Into<smol_str::SmolStr>) -> Self {
                Self(text.into())
            }

            /// The text, as it was written but for trimming and normalization.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::directory::text::read(deserializer, Self::parse)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0.into()
            }
        }
    };
}

/// A natural key: [`text_type`] with its folded form.
macro_rules! key_type {
    ($(#[$doc:meta])* $name:ident, $parse:expr, $example:tt) => {
        $crate::directory::text::text_type!($(#[$doc])* $name, $parse, 200, $example);

        impl $name {
            /// The form under which this key is unique.
            pub fn folded(&self) -> String {
                $crate::directory::text::fold(&self.0)
            }
        }
    };
}

pub(crate) use {key_type, text_type};

text_type!(
    /// One line of text, 1 to 200 characters, without control characters.
    Text, |written| one_line(written, MAX_TEXT), 200, "Acme Inc."
);
text_type!(
    /// Text that may run over several lines, 1 to 4,000 characters.
    Comment, comment, 4000, "Met at the fair."
);
text_type!(
    /// A web address: `http` or `https`, with a host, 1 to 2,000 characters.
    Url, url, 2000, "https://acme.example"
);
text_type!(
    /// An e-mail address: one `@` with something on either side and no blanks, at most 200 characters.
    Email, email, 200, "jane@acme.example"
);

fn comment(written: &str) -> Result<String, Invalid> {
    let text: String = written.trim().nfc().collect();
    check_length(&text, MAX_COMMENT)?;
    let is_layout = |c: char| matches!(c, '\n' | '\r' | '\t');
    match text.chars().find(|c| c.general_category() == GeneralCategory::Control && !is_layout(*c)) {
        Some(c) => Err(forbidden_character(c)),
        None => Ok(text),
    }
}

fn url(written: &str) -> Result<String, Invalid> {
    let text = one_line(written, MAX_URL)?;
    let scheme_end = text.find("://").unwrap_or(0);
    let known = matches!(text[..scheme_end].to_ascii_lowercase().as_str(), "http" | "https");
    let host = text.get(scheme_end + 3..).unwrap_or("").split(['/', '?', '#']).next().unwrap_or("");
    if !known || host.is_empty() || text.contains(char::is_whitespace) {
        return Err(Invalid::new("not_a_url", "must be a web address such as https://acme.example"));
    }
    Ok(text)
}

fn email(written: &str) -> Result<String, Invalid> {
    let text = one_line(written, MAX_TEXT)?;
    let refused = || Invalid::new("not_an_email", "must be an e-mail address such as jane@acme.example");
    let (local, domain) = text.rsplit_once('@').ok_or_else(refused)?;
    if local.is_empty() || domain.is_empty() || local.contains('@') || text.contains(char::is_whitespace) {
        return Err(refused());
    }
    Ok(text)
}

/// A member of a JSON merge patch (RFC 7396): absent leaves, `null` clears, a value sets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The member was absent.
    #[default]
    Untouched,
    /// The member was `null`.
    Clear,
    /// The member had this value.
    Set(T),
}

impl<T> Patch<T> {
    /// Carries the patch out on an optional field.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Patch::Untouched => {}
            Patch::Clear => *field = None,
            Patch::Set(value) => *field = Some(value),
        }
    }

    /// Whether the member was absent.
    pub fn is_untouched(&self) -> bool {
        matches!(self, Patch::Untouched)
    }
}

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Patch<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::<T>::deserialize(deserializer)? {
            Some(value) => Patch::Set(value),
            None => Patch::Clear,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_trimmed_and_composed() {
        assert_eq!(natural_key("  Mu\u{308}ller\u{a0}").as_deref(), Ok("Müller"));
    }

    #[test]
    fn keys_fold_beyond_ascii() {
        assert_eq!(fold("STRASSE"), fold("straße"));
        assert_eq!(fold("Σίσυφος"), fold("ΣΊΣΥΦΟΣ"));
        assert_ne!(fold("Muller"), fold("Müller"));
    }

    #[test]
    fn keys_refuse_what_cannot_be_seen() {
        for written in ["", "  ", ".", "..", "a\u{0}b", "a\u{200b}b", "a\u{2028}b", "a\u{378}b", &"x".repeat(201)] {
            assert!(natural_key(written).is_err(), "{written:?}");
        }
    }

    #[test]
    fn search_ignores_case_and_accents() {
        assert_eq!(search_form("Ünïté"), "unite");
    }

    #[test]
    fn urls_are_of_the_web() {
        assert!(Url::parse("HTTPS://acme.example/x").is_ok());
        for written in ["ftp://acme.example", "javascript:alert(1)", "https://", "https:// x", "acme.example"] {
            assert!(Url::parse(written).is_err(), "{written:?}");
        }
    }
}
