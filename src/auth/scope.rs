//! What a token may do: the scopes, and which of them another one includes.

use std::fmt;

/// One thing that a token may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scope {
    /// Read customers, customer users, groups and services.
    DirectoryRead,
    /// Write them.
    DirectoryWrite,
    /// Read links and memberships.
    LinksRead,
    /// Write them.
    LinksWrite,
    /// Read the settings and back ends.
    SettingsRead,
    /// Write them, and move customer users between back ends.
    SettingsWrite,
    /// Ask about anybody's access.
    AccessRead,
    /// Ask about one's own access.
    AccessSelf,
    /// Follow the changes.
    ChangesRead,
    /// Batches and import jobs of customers and customer users.
    SyncWrite,
    /// Approve a guarded import job.
    SyncApprove,
    /// Everything.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 12] = [
        Scope::DirectoryRead,
        Scope::DirectoryWrite,
        Scope::LinksRead,
        Scope::LinksWrite,
        Scope::SettingsRead,
        Scope::SettingsWrite,
        Scope::AccessRead,
        Scope::AccessSelf,
        Scope::ChangesRead,
        Scope::SyncWrite,
        Scope::SyncApprove,
        Scope::Admin,
    ];

    /// The word in a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::DirectoryRead => "directory:read",
            Scope::DirectoryWrite => "directory:write",
            Scope::LinksRead => "links:read",
            Scope::LinksWrite => "links:write",
            Scope::SettingsRead => "settings:read",
            Scope::SettingsWrite => "settings:write",
            Scope::AccessRead => "access:read",
            Scope::AccessSelf => "access:self",
            Scope::ChangesRead => "changes:read",
            Scope::SyncWrite => "sync:write",
            Scope::SyncApprove => "sync:approve",
            Scope::Admin => "admin",
        }
    }

    /// The scope of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    /// Every scope's word, for a sentence.
    pub fn list() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// The smallest other scope that includes this one, besides `admin`: whoever writes an area may
    /// read it, and whoever may ask about anybody may ask about themselves.
    fn included_in(self) -> Option<Self> {
        match self {
            Scope::DirectoryRead => Some(Scope::DirectoryWrite),
            Scope::LinksRead => Some(Scope::LinksWrite),
            Scope::SettingsRead => Some(Scope::SettingsWrite),
            Scope::AccessSelf => Some(Scope::AccessRead),
            _ => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The scopes that a token names.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

impl Scopes {
    /// None at all.
    pub const NONE: Scopes = Scopes(0);

    /// The known words of a space separated text. Others are somebody else's scopes, and ignored.
    pub fn known_in(text: &str) -> Self {
        text.split_ascii_whitespace().filter_map(Scope::parse).collect()
    }

    /// Parses a space separated text; an unknown word is the error.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split_ascii_whitespace().map(|word| Scope::parse(word).ok_or_else(|| word.to_owned())).collect()
    }

    /// Whether this very scope was named.
    pub fn names(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// Whether these scopes allow what `scope` stands for: named, included in a named one, or `admin`.
    pub fn allows(self, scope: Scope) -> bool {
        self.names(scope) || self.names(Scope::Admin) || scope.included_in().is_some_and(|wider| self.names(wider))
    }

    /// These and those.
    pub fn and(self, others: Scopes) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether nothing is named.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// The scopes that are named, in order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.names(*scope))
    }
}

fn bit(scope: Scope) -> u16 {
    1 << scope as u8
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | bit(scope)))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Scope::as_str).collect();
        formatter.write_str(&words.join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scopes({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str) -> String {
        let scopes = Scopes::parse(text).unwrap();
        Scope::ALL.into_iter().filter(|scope| scopes.allows(*scope)).collect::<Scopes>().to_string()
    }

    #[test]
    fn words_and_scopes_are_one_to_one() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        assert_eq!(Scope::parse("ADMIN"), None);
    }

    #[test]
    fn what_each_scope_allows() {
        assert_eq!(allowed("directory:write"), "directory:read directory:write");
        assert_eq!(allowed("links:write"), "links:read links:write");
        assert_eq!(allowed("settings:write"), "settings:read settings:write");
        assert_eq!(allowed("access:read"), "access:read access:self");
        for alone in [
            "directory:read",
            "links:read",
            "settings:read",
            "access:self",
            "changes:read",
            "sync:write",
            "sync:approve",
        ] {
            assert_eq!(allowed(alone), alone);
        }
        assert_eq!(allowed("admin"), Scope::ALL.into_iter().collect::<Scopes>().to_string());
        assert_eq!(allowed(""), "");
    }

    #[test]
    fn foreign_words_are_ignored_in_tokens_and_refused_from_people() {
        assert_eq!(Scopes::known_in("openid  access:read admin2 Admin").to_string(), "access:read");
        assert_eq!(Scopes::parse("access:read admin2"), Err("admin2".to_owned()));
    }
}
