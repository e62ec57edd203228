//! What differs between two states of a record, as JSON: of a change, the audit keeps that and no more.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

/// The members of a record that are records themselves, of which what differs is told member by member.
const PARTS: [&str; 2] = ["fields", "times"];

/// Members by name, as they are written.
type Members<'j> = BTreeMap<&'j str, &'j RawValue>;

/// The members that differ, as they were and as they are; what one state has not stands in the other alone.
pub(super) fn between<T: Serialize>(before: &T, after: &T) -> serde_json::Result<(String, String)> {
    differing(&serde_json::to_string(before)?, &serde_json::to_string(after)?)
}

fn differing(before: &str, after: &str) -> serde_json::Result<(String, String)> {
    let (was, is): (Members, Members) = (serde_json::from_str(before)?, serde_json::from_str(after)?);
    let (mut old, mut new) = (String::from("{"), String::from("{"));
    for (name, was) in &was {
        match is.get(name) {
            Some(is) if was.get() == is.get() => {}
            Some(is) if PARTS.contains(name) => {
                let (was, is) = differing(was.get(), is.get())?;
                add(&mut old, name, &was);
                add(&mut new, name, &is);
            }
            Some(is) => {
                add(&mut old, name, was.get());
                add(&mut new, name, is.get());
            }
            None => add(&mut old, name, was.get()),
        }
    }
    is.iter().filter(|(name, _)| !was.contains_key(*name)).for_each(|(name, is)| add(&mut new, name, is.get()));
    Ok((old + "}", new + "}"))
}

fn add(members: &mut String, name: &str, value: &str) {
    if members.len() > 1 {
        members.push(',');
    }
    members.extend(["\"", name, "\":", value]);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn differences(before: Value, after: Value) -> (Value, Value) {
        let (before, after) = between(&before, &after).unwrap();
        (serde_json::from_str(&before).unwrap(), serde_json::from_str(&after).unwrap())
    }

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({"id": 1, "fields": {"a": "x", "b": "{\"y\"}", "c": 1}, "ids": [1], "gone": {"a": 1}});
        let after = json!({"id": 1, "fields": {"a": "x", "b": "z", "d": 2}, "ids": [1, 2], "new": true});
        let (old, new) = differences(before, after);
        assert_eq!(old, json!({"fields": {"b": "{\"y\"}", "c": 1}, "ids": [1], "gone": {"a": 1}}));
        assert_eq!(new, json!({"fields": {"b": "z", "d": 2}, "ids": [1, 2], "new": true}));
    }

    #[test]
    fn what_is_the_same_is_not_told() {
        assert_eq!(differences(json!({"fields": {"a": 1}}), json!({"fields": {"a": 1}})), (json!({}), json!({})));
    }
}
