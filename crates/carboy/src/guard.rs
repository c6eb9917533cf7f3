//! Guards: what has to hold before a view runs.

use crate::hooks::{Answer, BeforeAnswer, BeforeRequest, Step};
use std::{
    any::{Any, TypeId},
    fmt,
    sync::Arc,
};

/// What has to hold before a view runs: Flask's decorators such as `@login_required`.
///
/// A guard is a function like those of [`before_request`](crate::Scaffold::before_request): it answers, or returns nothing and
/// the view may run. It runs last of all that comes before the view, after routing errors and the automatic answer to OPTIONS, and before
/// the body is read: nobody uploads anything to a view that refuses them.
///
/// ```
/// use carboy::prelude::*;
///
/// fn office_hours() -> Result<(), Error> {
///     if request().header("x-late").is_some() { abort(403) } else { Ok(()) }
/// }
///
/// #[route("/", guard = office_hours)]
/// fn index() -> &'static str {
///     "open"
/// }
///
/// let client = App::new("office").routes(routes![index]).test_client();
/// assert_eq!(client.get("/").send().text(), "open");
/// assert_eq!(client.get("/").header("X-Late", "yes").send().status(), 403);
/// ```
///
/// Several are `guard = [first, second]`. They belong to the view, whichever of its rules they are written beside.
/// [`Blueprint::guard`](crate::Blueprint::guard) guards all views of a blueprint, and an [argument](crate::FromContext::guards) may bring a
/// guard along.
///
/// What an extension wants to know about its guards when the app runs it [keeps](Self::about) in them; [`State::guards`](crate::State::guards) lists those
/// of a view.
#[derive(Clone)]
pub struct Guard {
    run: BeforeRequest,
    name: Arc<str>,
    function: TypeId,
    about: Option<Arc<dyn Any + Send + Sync>>,
}

impl Guard {
    /// A guard of a function.
    pub fn new<F, R, M>(f: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Answer<BeforeAnswer, M>,
    {
        let path = std::any::type_name::<F>();
        Guard {
            name: path.rsplit("::").next().unwrap_or(path).into(),
            function: TypeId::of::<F>(),
            run: Arc::new(move || f().answer()),
            about: None,
        }
    }

    /// Gives it a name for lists and messages, in place of its function's.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Keeps a value in it, for whoever looks at the guards of a view.
    #[must_use]
    pub fn about(mut self, value: impl Any + Send + Sync) -> Self {
        self.about = Some(Arc::new(value));
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value that it keeps, if that is a `T`.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.about.as_deref()?.downcast_ref()
    }

    /// Whether it was made of this function.
    pub fn is<F: 'static>(&self, _function: &F) -> bool {
        self.function == TypeId::of::<F>()
    }

    pub(crate) fn run(&self) -> Step<BeforeAnswer> {
        (self.run)()
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guard({})", self.name)
    }
}

/// Marks a function that is no [`Guard`] yet.
#[doc(hidden)]
pub struct OfFunction<R, M>(std::marker::PhantomData<(R, M)>);

/// What may stand behind `guard =`: a [`Guard`], or a function that one is made of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no guard",
    label = "not a guard, and not a function that one is made of",
    note = "a guard is a function without arguments, plain or `async`, that returns nothing, `Option` of anything a view may return, or a \
            `Result` of either; or a value that makes one, as in `guard = require_role(\"admin\")`"
)]
pub trait IntoGuard<M> {
    /// As a guard.
    fn into_guard(self) -> Guard;
}

impl IntoGuard<()> for Guard {
    fn into_guard(self) -> Guard {
        self
    }
}

impl<F, R, M> IntoGuard<OfFunction<R, M>> for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Answer<BeforeAnswer, M>,
{
    fn into_guard(self) -> Guard {
        Guard::new(self)
    }
}
