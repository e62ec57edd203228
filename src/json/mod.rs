//! JSON that people and programs send: read strictly, into types that cannot hold a bad value. And JSON that they are
//! sent all the time, written straight out.

mod strict;
mod write;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::directory::{FieldError, Invalid};
use strict::Strictly;
pub use strict::{glance, parse};
pub(crate) use write::object;
pub use write::{WriteJson, write_each, write_list};

/// So many wrong members are named; whoever has more will find the rest the next time.
const MOST_ERRORS: usize = 50;

/// Parses an object, or says everything that is wrong with it.
pub fn of_value<T: DeserializeOwned>(mut value: Value) -> Result<T, Vec<FieldError>> {
    if !value.is_object() {
        let why = Invalid::new("wrong_type", "must be an object");
        return Err(vec![FieldError::new("", why)]);
    }
    let mut errors: Vec<FieldError> = Vec::new();
    // Serde stops at the first wrong member: take it out, and look for the next one.
    loop {
        let why = match serde_path_to_error::deserialize::<_, T>(Strictly(&value)) {
            Ok(parsed) if errors.is_empty() => return Ok(parsed),
            Ok(_) => break,
            Err(why) => why,
        };
        let (error, found_at) = read_error(&why);
        let again = errors.iter().any(|earlier| earlier.pointer == error.pointer);
        if !again {
            errors.push(error);
        }
        if again || errors.len() >= MOST_ERRORS || !remove(&mut value, &found_at) {
            break;
        }
    }
    Err(errors)
}

/// The error, and the path of the member to take out.
fn read_error(why: &serde_path_to_error::Error<serde_json::Error>) -> (FieldError, Vec<String>) {
    let mut path = steps(why.path());
    let text = why.inner().to_string();
    let quoted = || text.split('`').nth(1).unwrap_or_default().to_owned();
    let (code, detail) = match text.split_once('\u{1f}') {
        Some((code, detail)) => (code.to_owned(), detail.to_owned()),
        None if text.starts_with("missing field") => {
            path.push(quoted());
            ("required".to_owned(), "is required".to_owned())
        }
        None if text.starts_with("unknown field") => {
            if path.last() != Some(&quoted()) {
                path.push(quoted());
            }
            let known = text.split_once(", ").map_or("", |(_, known)| known);
            ("unknown_field".to_owned(), format!("is not known here; {known}").replace('`', ""))
        }
        None if text.starts_with("unknown variant") => {
            let known = text.split_once(", ").map_or("", |(_, known)| known);
            ("unknown_value".to_owned(), format!("is none of the values it can have; {known}").replace('`', ""))
        }
        None => ("wrong_type".to_owned(), format!("is of the wrong type: {text}")),
    };
    let pointer = path.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect();
    (FieldError { pointer, code, detail }, path)
}

fn steps(path: &serde_path_to_error::Path) -> Vec<String> {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Unknown => None,
        })
        .collect()
}

/// Takes a member out of an object; `false` where that cannot be done. The items of an array are
/// left, because each is known by its place.
fn remove(value: &mut Value, path: &[String]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let parent = parents.iter().try_fold(value, |value, step| match value {
        Value::Object(members) => members.get_mut(step),
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    });
    match parent {
        Some(Value::Object(members)) => members.remove(last).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{CustomerFields, CustomerPatch};

    fn errors<T: DeserializeOwned>(body: &str) -> Vec<(String, String)> {
        let value = parse(body.as_bytes()).expect("JSON");
        let errors = of_value::<T>(value).err().expect("it is wrong");
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let body = r#"{"customer_id": " ", "name": 5, "url": "ftp://x", "colour": "red", "validity": "maybe"}"#;
        let mut found = errors::<CustomerFields>(body);
        found.sort();
        let expected = [
            ("/colour", "unknown_field"),
            ("/customer_id", "empty"),
            ("/name", "wrong_type"),
            ("/url", "not_a_url"),
            ("/validity", "unknown_value"),
        ];
        assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(errors::<CustomerFields>("{}"), [("/customer_id".to_owned(), "required".to_owned())]);
    }

    #[test]
    fn null_clears_and_absence_leaves() {
        let patch: CustomerPatch = of_value(serde_json::json!({"name": null})).unwrap_or_else(|_| panic!("a patch"));
        assert_eq!(patch.name, crate::directory::Patch::Clear);
        assert!(patch.city.is_untouched());
    }
}
