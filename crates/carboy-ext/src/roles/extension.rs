//! The extension: which roles there are, and which a user has.

use super::{
    deny::DeniesByDefault,
    hierarchy::{Described, Grants, Hierarchy, Role},
    rule::{self, Rule},
};
use crate::login::{Login, User, current_user};
use carboy::{App, Error, Ext, Extension, ExtensionFuture, Requirement, Result, State, ext};
use std::sync::{Arc, OnceLock};

type RolesOf = Box<dyn Fn() -> Vec<String> + Send + Sync>;

/// Which roles there are, what they permit, and which a user has; see the [module](super).
pub struct Roles {
    roles_of: RolesOf,
    described: Described,
    hierarchy: OnceLock<Hierarchy>,
}

impl Roles {
    /// Reads the roles of a user, by their names. A name that no role has grants nothing, and is logged.
    ///
    /// It is asked whenever a role or permission is, and does not wait: what a user loader returns has its roles with it.
    ///
    /// ```
    /// # use carboy_ext::{login::User, roles::Roles};
    /// #[derive(serde::Serialize)]
    /// struct Member {
    ///     id: u64,
    ///     roles: Vec<String>,
    /// }
    /// # impl User for Member { fn get_id(&self) -> String { self.id.to_string() } }
    ///
    /// let roles = Roles::new(|member: &Member| member.roles.clone())
    ///     .role("user", |role| role.may(["post:read"]))
    ///     .role("editor", |role| role.includes("user").may(["post:edit", "post:delete"]))
    ///     .role("admin", |role| role.includes("editor").may(["user:ban"]));
    /// ```
    pub fn new<U, I, T>(roles_of: impl Fn(&U) -> I + Send + Sync + 'static) -> Self
    where
        U: User,
        I: IntoIterator<Item = T>,
        T: Into<String>,
    {
        Roles {
            roles_of: Box::new(move || match current_user::<U>() {
                Some(user) => roles_of(&user).into_iter().map(Into::into).collect(),
                None => Vec::new(),
            }),
            described: Described::default(),
            hierarchy: OnceLock::new(),
        }
    }

    /// Describes a role: what it includes and permits. Roles may be described in any order; circles and roles that are not there are reported when
    /// the app starts.
    #[must_use]
    pub fn role(mut self, name: &str, describe: impl FnOnce(Role) -> Role) -> Self {
        self.described.add(name, describe(Role::default()));
        self
    }

    /// Whether something holds for what any of the user's roles grants.
    pub(super) fn any_grants(&self, holds: impl Fn(&Grants) -> bool) -> bool {
        (self.roles_of)().iter().any(|role| match self.hierarchy().of(role) {
            Some(grants) => holds(grants),
            None => {
                tracing::warn!(target: "carboy::roles", "a user has the role {role:?}, which there is not: it grants nothing");
                false
            }
        })
    }

    /// Warns about a name that nobody described: what asks for it is refused to everybody.
    pub(super) fn expect(&self, rule: &Rule) {
        if let Some(unknown) = self.unknown(rule) {
            tracing::warn!(target: "carboy::roles", "{unknown}: nobody has it");
        }
    }

    fn unknown(&self, rule: &Rule) -> Option<String> {
        match rule {
            Rule::Role(role) if !self.hierarchy().has_role(role) => {
                Some(format!("there is no role '{role}'"))
            }
            Rule::Permission(permission) if !self.hierarchy().has_permission(permission) => {
                Some(format!("no role permits '{permission}'"))
            }
            _ => None,
        }
    }

    fn hierarchy(&self) -> &Hierarchy {
        self.hierarchy.get().expect("an app starts its extensions before it answers")
    }

    /// The guards of views that ask for what there is not.
    fn mistakes(&self, app: &State) -> Vec<String> {
        let mut mistakes = Vec::new();
        for endpoint in app.endpoints() {
            for guard in app.guards(endpoint) {
                if let Some(unknown) = guard.get::<Rule>().and_then(|rule| self.unknown(rule)) {
                    mistakes.push(format!("the view '{endpoint}' is for nobody, because {unknown}"));
                }
            }
        }
        mistakes
    }
}

/// The extension of the current app.
///
/// # Panics
/// Outside a context, and when the app has none.
#[track_caller]
pub(super) fn roles() -> Ext<Roles> {
    ext::<Roles>()
}

impl std::fmt::Debug for Roles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Roles").field("hierarchy", &self.hierarchy).finish_non_exhaustive()
    }
}

/// [`startup`](Extension::startup) refuses roles in a circle, and views whose guards ask for roles or permissions that there are not. `check` lists
/// the views of blueprints that [deny by default](super::DenyByDefault) which nobody can enter.
impl Extension for Roles {
    fn name(&self) -> &'static str {
        "Roles"
    }

    fn requires(&self) -> Vec<Requirement> {
        vec![Requirement::of::<Login>()]
    }

    fn init(&self, app: &mut App) -> Result<()> {
        let hierarchy = self.described.resolve()?;
        let _ = self.hierarchy.set(hierarchy);
        app.template_global("has_role", |role: String| rule::has_role(&role));
        app.template_global("can", |permission: String| rule::can(&permission));
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            match self.mistakes(app).as_slice() {
                [] => Ok(()),
                mistakes => Err(Error::msg(mistakes.join("; "))),
            }
        })
    }

    fn check<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async move {
            let denied = app.endpoints().into_iter().filter(|endpoint| {
                let guards = app.guards(endpoint);
                guards.iter().any(|guard| guard.get::<DeniesByDefault>().is_some()) && !rule::has_rule(guards)
            });
            denied
                .map(|endpoint| {
                    format!(
                        "nobody may enter the view '{endpoint}': its blueprint denies by default and it has no rule. Give it a guard, such as \
                         `require_role(…)`, or `public`"
                    )
                })
                .collect()
        })
    }
}
