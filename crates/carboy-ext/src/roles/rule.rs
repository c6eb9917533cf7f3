//! Rules: what a guard, an argument, a view or a template asks of the user.

use super::extension::roles;
use crate::login::{self, User, fresh_login_required, login_required, unauthorized};
use carboy::{Context, Ext, FromContext, Guard, Requirement, Response, Result, abort};
use std::{fmt, marker::PhantomData, sync::Arc};

/// What is asked of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    Role(String),
    Permission(String),
    /// Nothing.
    Public,
}

impl Rule {
    fn holds(&self) -> bool {
        match self {
            Rule::Role(role) => roles().any_grants(|grants| grants.roles.contains(role)),
            Rule::Permission(permission) => {
                roles().any_grants(|grants| grants.permissions.contains(permission))
            }
            Rule::Public => true,
        }
    }

    fn guard(self) -> Guard {
        let name = match &self {
            Rule::Role(role) => format!("role {role}"),
            Rule::Permission(permission) => format!("permission {permission}"),
            Rule::Public => "public".to_owned(),
        };
        let rule = self.clone();
        Guard::new(move || rule.check()).named(&name).about(self)
    }

    fn check(&self) -> Result<Option<Response>> {
        if login::is_exempt() || self.holds() {
            Ok(None)
        } else if login::is_authenticated() {
            abort(403)
        } else {
            unauthorized().map(Some)
        }
    }

    /// As an argument of a view, which has been guarded before if it is not optional.
    fn extract(&self) -> Result<()> {
        if login::is_exempt() || self.holds() {
            Ok(())
        } else {
            abort(if login::is_authenticated() { 403 } else { 401 })
        }
    }
}

/// Whether some guard is a rule about who may enter, so that nothing is denied by default.
pub(super) fn has_rule(guards: &[Guard]) -> bool {
    guards.iter().any(|guard| {
        guard.get::<Rule>().is_some() || guard.is(&login_required) || guard.is(&fresh_login_required)
    })
}

/// A guard for users who have a role, themselves or by one that includes it. Nobody's request gets what [`unauthorized`] answers, that of a user
/// without the role 403.
///
/// OPTIONS and LOGIN_DISABLED are as with [`login_required`]. A role that there is not keeps the app from starting.
pub fn require_role(role: &str) -> Guard {
    Rule::Role(role.to_owned()).guard()
}

/// A guard for users whose roles permit something; else as [`require_role`].
pub fn require_permission(permission: &str) -> Guard {
    Rule::Permission(permission.to_owned()).guard()
}

/// A guard that lets everybody in: for views of a blueprint that [denies by default](super::DenyByDefault).
pub fn public() -> Guard {
    Rule::Public.guard()
}

/// Whether the user of this request has a role, themselves or by one that includes it. Templates have `has_role('admin')`.
///
/// A role that there is not is logged, and nobody has it.
///
/// # Panics
/// When the app has no [`Roles`](super::Roles).
#[track_caller]
pub fn has_role(role: &str) -> bool {
    let rule = Rule::Role(role.to_owned());
    roles().expect(&rule);
    rule.holds()
}

/// Whether a role of the user of this request permits something. Templates have `can('post:edit')`.
///
/// A permission that no role has is logged, and nobody has it.
///
/// # Panics
/// When the app has no [`Roles`](super::Roles).
#[track_caller]
pub fn can(permission: &str) -> bool {
    let rule = Rule::Permission(permission.to_owned());
    roles().expect(&rule);
    rule.holds()
}

/// Who may do what with a thing of this type.
///
/// ```
/// use carboy_ext::{login::User, roles::{Policy, can}};
///
/// # #[derive(serde::Serialize)] struct Member { id: u64 }
/// # impl User for Member { fn get_id(&self) -> String { self.id.to_string() } }
/// struct Post {
///     author: u64,
///     published: bool,
/// }
///
/// impl Policy<Member> for Post {
///     fn allows(&self, member: &Member, action: &str) -> bool {
///         match action {
///             "read" => self.published || member.id == self.author,
///             "edit" => member.id == self.author || can("post:edit"),
///             _ => false,
///         }
///     }
/// }
/// ```
pub trait Policy<U: User> {
    /// Whether the user may do this with it. An action that is not known is refused.
    fn allows(&self, user: &U, action: &str) -> bool;
}

/// Lets a view go on if its thing [allows](Policy) the user of this request to do something with it, who is returned.
///
/// ```no_run
/// # use carboy::prelude::*;
/// # use carboy_ext::{login::User, roles::{Policy, authorize}};
/// # #[derive(serde::Serialize)] struct Member { id: u64 }
/// # impl User for Member { fn get_id(&self) -> String { self.id.to_string() } }
/// # struct Post { author: u64 }
/// # impl Policy<Member> for Post { fn allows(&self, member: &Member, _: &str) -> bool { member.id == self.author } }
/// # async fn find_post(_: u64) -> Result<Option<Post>, Error> { Ok(None) }
/// #[post("/posts/<int:id>/edit")]
/// async fn edit(id: u64) -> Result<String, Error> {
///     let post = find_post(id).await?.or_404()?;
///     let member = authorize::<Member>("edit", &post)?;
///     Ok(format!("edited by {}", member.id))
/// }
/// ```
///
/// # Errors
/// What [`unauthorized`] answers when nobody is logged in, and 403 when it is not allowed: both end the view when they are passed on with `?`.
///
/// # Panics
/// As [`current_user`](login::current_user).
#[track_caller]
pub fn authorize<U: User>(action: &str, thing: &impl Policy<U>) -> Result<Arc<U>> {
    authorize_if(|user: &U| thing.allows(user, action))
}

/// As [`authorize`], for a condition that needs no type: `authorize_if(|member: &Member| member.id == post.author)?`.
///
/// # Errors
/// As [`authorize`].
///
/// # Panics
/// As [`authorize`].
#[track_caller]
pub fn authorize_if<U: User>(allows: impl FnOnce(&U) -> bool) -> Result<Arc<U>> {
    let Some(user) = login::current_user::<U>() else { return abort(unauthorized()?) };
    if allows(&user) { Ok(user) } else { abort(403) }
}

/// The name of a role as a type, for [`HasRole`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no role",
    label = "not the name of a role",
    note = "a type that names one has it as a constant: `impl RoleName for {Self} {{ const NAME: &'static str = \"admin\"; }}`"
)]
pub trait RoleName: 'static {
    /// The name.
    const NAME: &'static str;
}

/// The name of a permission as a type, for [`HasPermission`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no permission",
    label = "not the name of a permission",
    note = "a type that names one has it as a constant: `impl PermissionName for {Self} {{ const NAME: &'static str = \"post:edit\"; }}`"
)]
pub trait PermissionName: 'static {
    /// The name.
    const NAME: &'static str;
}

/// An argument that is there if the user has a role; it brings the guard [`require_role`] along. `Option<HasRole<R>>` lets everybody in.
///
/// ```
/// # use carboy::prelude::*;
/// # use carboy_ext::roles::{HasRole, RoleName};
/// struct Admin;
///
/// impl RoleName for Admin {
///     const NAME: &'static str = "admin";
/// }
///
/// #[route("/members")]
/// fn members(_admin: HasRole<Admin>) -> &'static str {
///     "all members"
/// }
/// # let _ = routes![members];
/// ```
pub struct HasRole<R>(PhantomData<fn() -> R>);

/// An argument that is there if a role of the user permits something; it brings the guard [`require_permission`] along.
pub struct HasPermission<P>(PhantomData<fn() -> P>);

impl<R: RoleName> fmt::Debug for HasRole<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HasRole({:?})", R::NAME)
    }
}

impl<P: PermissionName> fmt::Debug for HasPermission<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HasPermission({:?})", P::NAME)
    }
}

impl<R: RoleName> FromContext for HasRole<R> {
    fn requires(requirements: &mut Vec<Requirement>) {
        <Ext<super::Roles> as FromContext>::requires(requirements);
    }

    fn guards(guards: &mut Vec<Guard>) {
        guards.push(require_role(R::NAME));
    }

    fn from_context(_: &Arc<Context>) -> Result<Self> {
        Rule::Role(R::NAME.to_owned()).extract().map(|()| HasRole(PhantomData))
    }
}

impl<P: PermissionName> FromContext for HasPermission<P> {
    fn requires(requirements: &mut Vec<Requirement>) {
        <Ext<super::Roles> as FromContext>::requires(requirements);
    }

    fn guards(guards: &mut Vec<Guard>) {
        guards.push(require_permission(P::NAME));
    }

    fn from_context(_: &Arc<Context>) -> Result<Self> {
        Rule::Permission(P::NAME.to_owned()).extract().map(|()| HasPermission(PhantomData))
    }
}
