//! Permission types, sets of them, and contexts.

use serde::{Deserialize, Serialize};

use super::text::{Invalid, Text, text_type};

/// The most permission types the settings may list, `rw` included.
pub const MAX_PERMISSION_TYPES: usize = 16;

text_type!(
    /// The name of a permission type: 1 to 50 characters of `a-z`, `0-9` and `_`.
    PermissionName, permission_name, 50, "ro"
);

impl PermissionName {
    /// The type that implies every other.
    pub fn rw() -> Self {
        Self("rw".into())
    }
}

fn permission_name(written: &str) -> Result<String, Invalid> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if written.is_empty() || written.len() > 50 || !written.chars().all(allowed) {
        return Err(Invalid::new("not_a_permission_type", "must be 1 to 50 characters of a-z, 0-9 and _"));
    }
    Ok(written.to_owned())
}

/// A permission type as the settings list it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionType {
    /// Its name.
    pub name: PermissionName,
    /// Its place in a [`PermissionSet`]; kept while the type is configured. `rw` has 0.
    pub bit: u8,
    /// What a screen calls it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<Text>,
    /// What a screen says of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<Text>,
}

/// A set of permission types, by their bits. What is *granted* by a link holds `rw` alone or other
/// types (rule 3); what is *effective* is expanded by [`PermissionTypes::expand`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PermissionSet(pub u16);

impl PermissionSet {
    /// Nothing.
    pub const EMPTY: Self = Self(0);
    /// `rw`, which implies every other.
    pub const RW: Self = Self(1);

    /// What a link grants that only is or is not.
    pub fn marked(is: bool) -> Self {
        if is { Self::RW } else { Self::EMPTY }
    }

    /// The set of one type.
    pub fn of(bit: u8) -> Self {
        Self(1 << bit)
    }

    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the type with this bit is in it, itself.
    pub fn holds(self, bit: u8) -> bool {
        self.0 & (1 << bit) != 0
    }

    /// Whether a link with this set gives the type: it holds it, or `rw` (rule 3).
    pub fn gives(self, bit: u8) -> bool {
        self.holds(bit) || self.holds(0)
    }

    /// What is in either.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    pub fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this and not in the other.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What a link holds that is to give these types too.
    pub fn granting(self, types: Self) -> Self {
        self.union(types).normalized()
    }

    /// A link that holds `rw` holds just `rw` (rule 3).
    pub fn normalized(self) -> Self {
        if self.holds(0) { Self::RW } else { self }
    }
}

/// The configured permission types in their order; `rw` always there, always last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PermissionTypes(pub Vec<PermissionType>);

impl PermissionTypes {
    /// The type of this name.
    pub fn bit(&self, name: &str) -> Option<u8> {
        self.0.iter().find(|t| t.name.as_str() == name).map(|t| t.bit)
    }

    /// Every configured type.
    pub fn all(&self) -> PermissionSet {
        self.0.iter().fold(PermissionSet::EMPTY, |set, t| set.union(PermissionSet::of(t.bit)))
    }

    /// Every type that a link with this set gives: all of them for `rw` (rule 3).
    pub fn expand(&self, granted: PermissionSet) -> PermissionSet {
        if granted.holds(0) { self.all() } else { granted }
    }

    /// What a link holds that is to give none of these types any more: it keeps every other that it gave,
    /// but for `rw`, which would give them still (rule 3).
    pub fn revoking(&self, granted: PermissionSet, revoked: PermissionSet) -> PermissionSet {
        if revoked.is_empty() {
            return granted;
        }
        self.expand(granted).without(revoked.union(PermissionSet::RW))
    }

    /// Whether a link gives a type that it did not give before.
    pub fn gives_more(&self, before: PermissionSet, after: PermissionSet) -> bool {
        !self.expand(after).without(self.expand(before)).is_empty()
    }

    /// The names in the set, in the order of the settings.
    pub fn names(&self, set: PermissionSet) -> Vec<PermissionName> {
        self.0.iter().filter(|t| set.holds(t.bit)).map(|t| t.name.clone()).collect()
    }

    /// The set of these names, as a link holds it; the first unknown name is the error.
    pub fn set<'n>(&self, names: &'n [PermissionName]) -> Result<PermissionSet, &'n PermissionName> {
        self.each_of(names).map(PermissionSet::normalized)
    }

    /// Each of these types, `rw` beside others too; the first unknown name is the error.
    pub fn each_of<'n>(&self, names: &'n [PermissionName]) -> Result<PermissionSet, &'n PermissionName> {
        let mut set = PermissionSet::EMPTY;
        for name in names {
            set = set.union(PermissionSet::of(self.bit(name.as_str()).ok_or(name)?));
        }
        Ok(set)
    }
}

/// Where a customer ↔ group link reaches.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    /// Things of the customer itself. Always there.
    #[default]
    SameCustomer,
    /// Things of any customer. Off until the settings turn it on.
    OtherCustomers,
}

impl Context {
    /// Both, in the order of the settings.
    pub const ALL: [Context; 2] = [Context::SameCustomer, Context::OtherCustomers];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Context::SameCustomer => "same_customer",
            Context::OtherCustomers => "other_customers",
        }
    }

    /// The context of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types() -> PermissionTypes {
        let named =
            |name: &str, bit| PermissionType { name: PermissionName(name.into()), bit, label: None, description: None };
        PermissionTypes(vec![named("ro", 1), named("note", 2), named("rw", 0)])
    }

    #[test]
    fn rule_3_rw_implies_every_type_and_is_held_alone() {
        let names = [PermissionName::rw(), PermissionName("ro".into())];
        let set = types().set(&names).expect("both are configured");
        assert_eq!(set, PermissionSet::RW);
        assert!(set.gives(2));
        assert_eq!(types().names(types().expand(set)).len(), 3);
    }

    /// Each of the names that are written with a blank between them.
    fn each_of(names: &str) -> PermissionSet {
        let names: Vec<_> = names.split_whitespace().map(|name| PermissionName(name.into())).collect();
        types().each_of(&names).expect("all are configured")
    }

    #[test]
    fn rule_3_after_a_grant_the_link_gives_the_type() {
        for (before, granted, after) in [
            ("", "ro", "ro"),
            ("note", "ro", "ro note"),
            ("rw", "ro", "rw"),
            ("ro note", "rw", "rw"),
            ("ro", "ro", "ro"),
            ("ro", "", "ro"),
        ] {
            assert_eq!(each_of(before).granting(each_of(granted)), each_of(after), "{granted:?} to {before:?}");
        }
    }

    #[test]
    fn rule_3_after_a_revocation_the_link_does_not_give_the_type_and_keeps_every_other_but_rw() {
        for (before, revoked, after) in [
            ("ro", "ro", ""),
            ("ro note", "ro", "note"),
            ("ro", "rw", "ro"),
            ("rw", "ro", "note"),
            ("rw", "rw", "ro note"),
            ("rw", "ro rw", "note"),
            ("rw", "ro note", ""),
            ("", "ro", ""),
            ("rw", "", "rw"),
        ] {
            assert_eq!(
                types().revoking(each_of(before), each_of(revoked)),
                each_of(after),
                "{revoked:?} of {before:?}"
            );
        }
    }

    #[test]
    fn what_rw_is_narrowed_to_gives_nothing_more() {
        assert!(!types().gives_more(PermissionSet::RW, each_of("ro note")));
        assert!(types().gives_more(each_of("ro note"), PermissionSet::RW));
        assert!(types().gives_more(each_of("ro"), each_of("note")) && !types().gives_more(each_of("ro"), each_of("")));
    }
}
