//! What the extension has to know about a user.

use carboy::TemplateValue;
use serde::Serialize;
use std::{any::Any, sync::Arc};

/// A user, as the extension sees one: Flask-Login's `UserMixin`.
///
/// Whatever holds an application's users will do, such as a row of a table. What serde writes of it is what templates see behind
/// `current_user`, so a field that no page may show, such as the hash of a password, is left out with `#[serde(skip)]`.
///
/// ```
/// use carboy_ext::login::User;
///
/// #[derive(serde::Serialize)]
/// struct Member {
///     id: u64,
///     name: String,
///     #[serde(skip)]
///     password_hash: String,
///     banned: bool,
/// }
///
/// impl User for Member {
///     fn get_id(&self) -> String {
///         self.id.to_string()
///     }
///
///     fn is_active(&self) -> bool {
///         !self.banned
///     }
/// }
/// ```
///
/// # Ending all logins of a user
///
/// The id is all that a session and a remember-me cookie hold of a user, signed. One that changes, such as `7.3` with a number behind it that goes
/// up with every new password, ends everything that was logged in before, on every device: the user loader finds nobody under the former id.
/// It is what Flask-Login's manual calls alternative tokens, and a Flask application beside this one understands it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no user",
    note = "implement `carboy_ext::login::User` for it: it has to be `Serialize`, and to say its id"
)]
pub trait User: Serialize + Send + Sync + 'static {
    /// The text that identifies the user, and which the user loader is given.
    fn get_id(&self) -> String;

    /// Whether the user may log in. One who may not is not logged in, and whoever is made inactive while logged in is treated as nobody.
    fn is_active(&self) -> bool {
        true
    }

    /// Whether guards let the user in; as a rule, who is active.
    fn is_authenticated(&self) -> bool {
        self.is_active()
    }
}

/// A [`User`] of any type.
pub(super) trait AnyUser: Any + Send + Sync {
    fn id(&self) -> String;
    fn active(&self) -> bool;
    fn authenticated(&self) -> bool;
    fn template_value(&self) -> TemplateValue;
    fn type_name(&self) -> &'static str;
}

impl<U: User> AnyUser for U {
    fn id(&self) -> String {
        self.get_id()
    }

    fn active(&self) -> bool {
        self.is_active()
    }

    fn authenticated(&self) -> bool {
        self.is_authenticated()
    }

    fn template_value(&self) -> TemplateValue {
        TemplateValue::new(self)
    }

    fn type_name(&self) -> &'static str {
        std::any::type_name::<U>()
    }
}

/// A user of whatever type the app has.
#[derive(Clone)]
pub(super) struct UserRef(Arc<dyn AnyUser>);

impl UserRef {
    pub(super) fn new<U: User>(user: U) -> Self {
        UserRef(Arc::new(user))
    }

    /// The user as a `U`.
    ///
    /// # Panics
    /// When the app's users are of another type.
    #[track_caller]
    pub(super) fn typed<U: User>(&self) -> Arc<U> {
        match self.try_typed() {
            Some(user) => user,
            None => panic!(
                "the user is a `{}`, as the user loader returned, and not a `{}`",
                self.type_name(),
                std::any::type_name::<U>()
            ),
        }
    }

    pub(super) fn try_typed<U: User>(&self) -> Option<Arc<U>> {
        let user: Arc<dyn Any + Send + Sync> = self.0.clone();
        user.downcast().ok()
    }
}

impl std::ops::Deref for UserRef {
    type Target = dyn AnyUser;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
