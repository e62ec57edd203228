//! Lists over HTTP: parameters, cursors, pages.
//!
//! A cursor is opaque and authenticated: it says where the page before ended, and for which filters
//! and order; with others it is refused, so that no client walks a list that was never one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::query;

/// The most items on a page.
pub const MAX_LIMIT: u32 = 1_000;
/// How many items are on a page if nobody says.
pub const DEFAULT_LIMIT: u32 = 100;

/// What cursors are authenticated with; the same on every replica.
#[derive(Clone)]
pub struct CursorKey(Vec<u8>);

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What the last item was sorted by.
    #[serde(rename = "v", default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Its number.
    #[serde(rename = "n")]
    pub number: u64,
    /// A digest of the list that the page is of: its route, filters and order.
    #[serde(rename = "l")]
    list: String,
}

impl CursorKey {
    /// The key from its stored text.
    pub fn new(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }

    /// The cursor of a place in a list.
    pub fn seal(&self, list: &impl Serialize, value: String, number: u64) -> String {
        let place = Place { value, number, list: digest(list) };
        let mut bytes = serde_json::to_vec(&place).unwrap_or_default();
        bytes.splice(0..0, self.tag(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a cursor names in this very list.
    pub fn open(&self, list: &impl Serialize, cursor: &str) -> Result<Place, Problem> {
        let refused = || {
            let detail = "The cursor is not one of this list with these filters and this order. Start from the first page, without a cursor.";
            Problem::new("cursor_invalid", detail)
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let (tag, body) = bytes.split_at_checked(TAG_BYTES).ok_or_else(refused)?;
        if self.tag(body) != tag {
            return Err(refused());
        }
        let place: Place = serde_json::from_slice(body).map_err(|_| refused())?;
        if place.list == digest(list) { Ok(place) } else { Err(refused()) }
    }

    fn tag(&self, body: &[u8]) -> Vec<u8> {
        // An HMAC takes a key of any length.
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).map(|mac| mac.chain_update(body).finalize().into_bytes());
        mac.map(|tag| tag[..TAG_BYTES].to_vec()).unwrap_or_default()
    }
}

const TAG_BYTES: usize = 16;

fn digest(list: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(list).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..12])
}

/// The number of items asked for.
pub fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    limit_named("limit", asked)
}

/// The number of items asked for by a parameter of this name.
pub fn limit_named(name: &str, asked: Option<u32>) -> Result<usize, Problem> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit as usize),
        other => {
            let detail = query::must(name, &query::whole_number(1, MAX_LIMIT), &other.to_string());
            Err(Problem::new("invalid_parameter", detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_in_its_own_list_alone() {
        let key = CursorKey::new("0123");
        let cursor = key.seal(&("customers", "q=a"), "acme".to_owned(), 7);
        assert_eq!(key.open(&("customers", "q=a"), &cursor).map(|place| place.number).ok(), Some(7));
        assert!(key.open(&("customers", "q=b"), &cursor).is_err());
        assert!(CursorKey::new("4567").open(&("customers", "q=a"), &cursor).is_err());
        let mut tampered = cursor.clone();
        tampered.replace_range(30..31, if &cursor[30..31] == "A" { "B" } else { "A" });
        assert!(key.open(&("customers", "q=a"), &tampered).is_err());
        assert!(key.open(&("customers", "q=a"), "!").is_err());
    }
}
