//! The map from an issuer's roles to scopes. A role that is not in it is worth nothing.

use super::scope::{Scope, Scopes};
use std::{collections::BTreeMap, str::FromStr};

/// What each role is worth, written `desk-admin=admin;crm=sync:write directory:read`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleScopes(BTreeMap<String, Scopes>);

impl RoleScopes {
    /// The scopes of a role.
    pub fn of(&self, role: &str) -> Scopes {
        self.0.get(role).copied().unwrap_or(Scopes::NONE)
    }
}

impl FromStr for RoleScopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut roles = BTreeMap::new();
        for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (role, scopes) = role_and_scopes(entry)?;
            if roles.insert(role.to_owned(), scopes).is_some() {
                return Err(format!("lists the role \"{role}\" twice"));
            }
        }
        if roles.is_empty() { Err("lists no role".to_owned()) } else { Ok(Self(roles)) }
    }
}

fn role_and_scopes(entry: &str) -> Result<(&str, Scopes), String> {
    let (role, words) = entry.rsplit_once('=').ok_or_else(|| format!("has no \"=\" in \"{entry}\""))?;
    let role = role.trim();
    let scopes = Scopes::parse(words)
        .map_err(|word| format!("gives the role \"{role}\" the scope \"{word}\", which does not exist"))?;
    match (role.is_empty(), scopes.is_empty()) {
        (true, _) => Err(format!("has no role before \"=\" in \"{entry}\"")),
        (_, true) => Err(format!("gives the role \"{role}\" no scope, such as {}", Scope::AccessRead)),
        _ => Ok((role, scopes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_give_their_scopes_and_others_none() {
        let map: RoleScopes = "desk-admin=admin; crm=sync:write directory:read;a=b=access:self;".parse().unwrap();
        assert_eq!(map.of("desk-admin").to_string(), "admin");
        assert_eq!(map.of("crm").to_string(), "directory:read sync:write");
        assert_eq!(map.of("a=b").to_string(), "access:self");
        assert_eq!(map.of("admin"), Scopes::NONE);
    }

    #[test]
    fn mistakes_are_refused() {
        for (text, part) in [
            ("", "no role"),
            ("desk", "no \"=\""),
            ("=admin", "no role before"),
            ("desk=", "no scope"),
            ("desk=root", "\"root\", which does not exist"),
            ("desk=admin;desk=access:read", "twice"),
        ] {
            let problem = text.parse::<RoleScopes>().unwrap_err();
            assert!(problem.contains(part), "{problem}");
        }
    }
}
