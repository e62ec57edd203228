//! `q` in SQL: every word must be found in at least one of the columns.

use crate::directory::Invalid;
use crate::directory::text::{MAX_TEXT, search_form};

/// The words of a `q`, each as a `LIKE` pattern with `\` as its escape.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(pub Vec<String>);

impl Words {
    /// Reads a `q`. Words are separated by blanks; `*` stands for anything and anchors: `acme*` begins
    /// so, `*acme` ends so. More wildcards than `max_wildcards` are refused, and so is more text than
    /// any of the searched fields could hold.
    pub fn parse(q: &str, max_wildcards: usize) -> Result<Self, Invalid> {
        let length = q.chars().count();
        if length > MAX_TEXT {
            return Err(Invalid::new("too_long", format!("has {length} characters; at most {MAX_TEXT} are allowed")));
        }
        // SQLite takes a pattern to end there, and PostgreSQL has no such text.
        if q.contains('\0') {
            return Err(Invalid::new("not_text", "has the character U+0000, which no text has"));
        }
        let wildcards = q.matches('*').count();
        if wildcards > max_wildcards {
            let detail = format!("has {wildcards} wildcards; at most {max_wildcards} are allowed (MAX_WILDCARDS)");
            return Err(Invalid::new("too_many_wildcards", detail));
        }
        Ok(Self(search_form(q).split_whitespace().map(pattern).collect()))
    }

    /// What a pattern says literally, between what stands for anything.
    pub(super) fn literal_pieces(pattern: &str) -> Vec<Vec<char>> {
        let (mut pieces, mut characters) = (vec![Vec::new()], pattern.chars());
        while let Some(character) = characters.next() {
            match character {
                '%' => pieces.push(Vec::new()),
                '\\' => pieces.last_mut().into_iter().for_each(|piece| piece.extend(characters.next())),
                _ => pieces.last_mut().into_iter().for_each(|piece| piece.push(character)),
            }
        }
        pieces
    }
}

fn pattern(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len() + 2);
    for c in word.chars() {
        match c {
            '*' => escaped.push('%'),
            '%' | '_' | '\\' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    if word.contains('*') { escaped } else { format!("%{escaped}%") }
}

/// Narrows a boxed query to the rows in which every word is found in one of the columns.
macro_rules! matches_all {
    ($rows:expr, $words:expr, $first:expr $(, $column:expr)* $(; $more:expr)?) => {
        $words.0.iter().fold($rows, |rows, word| {
            let found = $first.like(word.clone()).escape('\\')
                $(.or($column.like(word.clone()).escape('\\')))*
                $(.or(($more)(word.clone())))?;
            rows.filter(found)
        })
    };
}
pub(super) use matches_all;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_patterns() {
        let words = Words::parse("  Ünï  a_b* *50% x", 10).expect("few wildcards");
        assert_eq!(words.0, ["%uni%", "a\\_b%", "%50\\%", "%x%"]);
        assert!(Words::parse("***", 2).is_err());
        assert!(Words::parse("a\0b", 2).is_err());
    }
}
