//! JSON written straight out, for replies of many short members that programs ask for all the time: a serializer looks
//! through the name of each member for what must be escaped, which takes most of its time there.
//!
//! What is written is what serde would write of the same type; the tests of a type hold the one against the other.

/// What writes itself as JSON.
pub trait WriteJson {
    /// Writes it behind what is there.
    fn write_json(&self, to: &mut Vec<u8>);

    /// Whether it is left out where it would be the member of an object.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Implements [`WriteJson`] for a struct of these members, which must be all that it has. The first one is never absent.
macro_rules! object {
    ($type:ty { $first:ident $(, $member:ident)* $(,)? }) => {
        impl $crate::json::WriteJson for $type {
            fn write_json(&self, to: &mut Vec<u8>) {
                let Self { $first, $($member),* } = self;
                to.extend_from_slice(concat!("{\"", stringify!($first), "\":").as_bytes());
                $first.write_json(to);
                $(if !$member.is_absent() {
                    to.extend_from_slice(concat!(",\"", stringify!($member), "\":").as_bytes());
                    $member.write_json(to);
                })*
                to.push(b'}');
            }
        }
    };
}
pub(crate) use object;

/// Writes a list of what these are.
pub fn write_list<T: WriteJson>(items: impl IntoIterator<Item = T>, to: &mut Vec<u8>) {
    write_each(items, to, |item, to| item.write_json(to));
}

/// Writes a list, each item of it in this way.
pub fn write_each<T>(items: impl IntoIterator<Item = T>, to: &mut Vec<u8>, mut write: impl FnMut(T, &mut Vec<u8>)) {
    to.push(b'[');
    let begin = to.len();
    for item in items {
        if to.len() > begin {
            to.push(b',');
        }
        write(item, to);
    }
    to.push(b']');
}

impl<T: WriteJson + ?Sized> WriteJson for &T {
    fn write_json(&self, to: &mut Vec<u8>) {
        (**self).write_json(to);
    }

    fn is_absent(&self) -> bool {
        (**self).is_absent()
    }
}

impl<T: WriteJson> WriteJson for Vec<T> {
    fn write_json(&self, to: &mut Vec<u8>) {
        write_list(self, to);
    }
}

impl<T: WriteJson> WriteJson for Option<T> {
    fn write_json(&self, to: &mut Vec<u8>) {
        match self {
            Some(value) => value.write_json(to),
            None => to.extend_from_slice(b"null"),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl WriteJson for bool {
    fn write_json(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl WriteJson for str {
    fn write_json(&self, to: &mut Vec<u8>) {
        let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        // All of them are looked at, without a branch for each.
        if self.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
            to.push(b'"');
            to.extend_from_slice(self.as_bytes());
            to.push(b'"');
        } else {
            // A vector takes whatever is written to it, and a text has no key that could be refused.
            let _ = serde_json::to_writer(to, self);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Serialize;

    #[derive(Serialize)]
    struct Example {
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        maybe: Option<bool>,
        list: Vec<&'static str>,
    }

    impl WriteJson for String {
        fn write_json(&self, to: &mut Vec<u8>) {
            self.as_str().write_json(to);
        }
    }

    object!(Example { text, maybe, list });

    fn written(value: &impl WriteJson) -> String {
        let mut to = Vec::new();
        value.write_json(&mut to);
        String::from_utf8(to).unwrap_or_default()
    }

    proptest! {
        #[test]
        fn it_is_what_serde_writes(
            text in any::<String>(),
            maybe in any::<Option<bool>>(),
            list in prop::collection::vec(prop::sample::select(&["", "a", "\"", "\u{1f}", "\\", "é"][..]), 0..4),
        ) {
            let example = Example { text, maybe, list };
            prop_assert_eq!(written(&example), serde_json::to_string(&example).unwrap_or_default());
        }
    }
}
