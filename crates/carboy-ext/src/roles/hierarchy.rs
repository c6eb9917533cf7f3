//! Roles, what they include, and what they permit.

use carboy::{Error, Result};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a role includes and permits, while it is described; see [`Roles::role`](super::Roles::role).
#[derive(Debug, Default)]
pub struct Role {
    includes: Vec<String>,
    permits: Vec<String>,
}

impl Role {
    /// Whoever has this role has that one, too, with everything that it includes and permits.
    #[must_use]
    pub fn includes(mut self, role: &str) -> Self {
        self.includes.push(role.to_owned());
        self
    }

    /// What this role permits: names of the app's own, such as `post:edit`.
    #[must_use]
    pub fn may<T: Into<String>>(mut self, permissions: impl IntoIterator<Item = T>) -> Self {
        self.permits.extend(permissions.into_iter().map(Into::into));
        self
    }
}

/// The roles as they were described.
#[derive(Default)]
pub(super) struct Described {
    roles: Vec<(String, Role)>,
    mistakes: Vec<String>,
}

impl Described {
    pub(super) fn add(&mut self, name: &str, role: Role) {
        if name.is_empty() {
            self.mistakes.push("a role has no name".to_owned());
        } else if self.get(name).is_some() {
            self.mistakes.push(format!("the role '{name}' is described twice"));
        } else {
            self.roles.push((name.to_owned(), role));
        }
    }

    fn get(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|(known, _)| known == name).map(|(_, role)| role)
    }

    /// With everything that is included resolved.
    ///
    /// # Errors
    /// Roles that include ones that are not there, or themselves; all such mistakes together.
    pub(super) fn resolve(&self) -> Result<Hierarchy> {
        let mut mistakes = self.mistakes.clone();
        for (name, role) in &self.roles {
            for included in role.includes.iter().filter(|included| self.get(included).is_none()) {
                mistakes.push(format!("the role '{name}' includes '{included}', which there is not"));
            }
        }
        let mut circles = HashSet::new();
        for (name, _) in &self.roles {
            if let Some(circle) = self.circle_through(name)
                // One circle has as many beginnings as roles.
                && circles.insert(circle.iter().copied().collect::<BTreeSet<_>>())
            {
                mistakes.push(format!("roles include each other in a circle: {}", circle.join(" > ")));
            }
        }
        if !mistakes.is_empty() {
            return Err(Error::msg(mistakes.join("; ")));
        }
        let grants = self.roles.iter().map(|(name, _)| (name.clone(), self.grants_of(name))).collect();
        Ok(Hierarchy { grants })
    }

    /// The shortest way from a role back to itself.
    fn circle_through<'s>(&'s self, start: &'s str) -> Option<Vec<&'s str>> {
        let mut ways = vec![vec![start]];
        let mut seen = HashSet::new();
        let mut at = 0;
        while let Some(way) = ways.get(at).cloned() {
            at += 1;
            let last = way.last().copied().unwrap_or(start);
            for included in self.get(last).into_iter().flat_map(|role| &role.includes) {
                let longer = [&way[..], &[included.as_str()]].concat();
                if included == start {
                    return Some(longer);
                }
                if seen.insert(included.as_str()) {
                    ways.push(longer);
                }
            }
        }
        None
    }

    fn grants_of(&self, name: &str) -> Grants {
        let mut grants = Grants::default();
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            if grants.roles.insert(name.to_owned())
                && let Some(role) = self.get(name)
            {
                grants.permissions.extend(role.permits.iter().cloned());
                open.extend(role.includes.iter().map(String::as_str));
            }
        }
        grants
    }
}

/// What somebody with a role has in all.
#[derive(Debug, Default, Clone)]
pub(super) struct Grants {
    pub(super) roles: HashSet<String>,
    pub(super) permissions: HashSet<String>,
}

/// All roles, each with everything that it includes.
#[derive(Debug)]
pub(super) struct Hierarchy {
    grants: HashMap<String, Grants>,
}

impl Hierarchy {
    /// What a role grants; `None` for one that nobody described.
    pub(super) fn of(&self, role: &str) -> Option<&Grants> {
        self.grants.get(role)
    }

    pub(super) fn has_role(&self, role: &str) -> bool {
        self.grants.contains_key(role)
    }

    pub(super) fn has_permission(&self, permission: &str) -> bool {
        self.grants.values().any(|grants| grants.permissions.contains(permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(roles: &[(&str, &[&str])]) -> Described {
        let mut described = Described::default();
        for (name, includes) in roles {
            described.add(name, includes.iter().fold(Role::default(), |role, name| role.includes(name)));
        }
        described
    }

    fn refused(roles: &[(&str, &[&str])]) -> String {
        described(roles).resolve().unwrap_err().to_string()
    }

    #[test]
    fn circles_are_named_once_each() {
        assert_eq!(refused(&[("a", &["a"])]), "roles include each other in a circle: a > a");
        assert_eq!(
            refused(&[("a", &["b"]), ("b", &["c"]), ("c", &["a", "d"]), ("d", &[])]),
            "roles include each other in a circle: a > b > c > a"
        );
        assert_eq!(
            refused(&[("x", &["a"]), ("a", &["b"]), ("b", &["a"]), ("c", &["c"])]),
            "roles include each other in a circle: a > b > a; roles include each other in a circle: c > c"
        );
    }

    #[test]
    fn a_role_may_be_included_on_several_ways() {
        let diamond = described(&[
            ("top", &["left", "right"]),
            ("left", &["bottom"]),
            ("right", &["bottom"]),
            ("bottom", &[]),
        ]);
        let hierarchy = diamond.resolve().unwrap();
        assert_eq!(hierarchy.of("top").unwrap().roles.len(), 4);
        assert_eq!(hierarchy.of("left").unwrap().roles.len(), 2);
        assert!(hierarchy.of("middle").is_none());
    }

    #[test]
    fn roles_that_are_not_there_or_twice_are_mistakes() {
        let mut twice = described(&[("admin", &["edtior"])]);
        twice.add("admin", Role::default().includes("editor"));
        twice.add("", Role::default());
        assert_eq!(
            twice.resolve().unwrap_err().to_string(),
            "the role 'admin' is described twice; a role has no name; the role 'admin' includes 'edtior', which there is not"
        );
    }
}
