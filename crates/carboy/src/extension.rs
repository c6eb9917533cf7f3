//! Extensions: what Flask calls an extension, as a trait.

use crate::{Result, app::App, state::State};
use std::{any::TypeId, future::Future, ops::Deref, pin::Pin, sync::Arc};

/// The future of an extension's function: it may borrow the extension and the app.
pub type ExtensionFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that adds to an app: routes, hooks, template functions, commands, an object that views use.
///
/// An extension can do what user code can: [`init`](Extension::init) gets the app. Register it with
/// [`App::ext`]; views reach it through [`ext`] or an [`Ext`] argument.
pub trait Extension: Send + Sync + 'static {
    /// The name in messages.
    fn name(&self) -> &'static str;

    /// Sets the app up. Called once, at [`App::ext`]. Errors are collected and reported together at start-up.
    fn init(&self, app: &mut App) -> Result<()> {
        let _ = app;
        Ok(())
    }

    /// Runs before the first request is served, in the order of registration.
    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        let _ = app;
        Box::pin(async { Ok(()) })
    }

    /// Runs after the last request was answered, in the reverse order of registration.
    fn shutdown<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, ()> {
        let _ = app;
        Box::pin(async {})
    }

    /// Says what is wrong, for the command `check`: one sentence each, none when all is well.
    fn check<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        let _ = app;
        Box::pin(async { Vec::new() })
    }

    /// Says what is less safe than the internet wants it, for the command `check --deploy`: one sentence each that says what to do, none
    /// when all is well. What `check` finds is found there, too.
    fn check_deploy<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        let _ = app;
        Box::pin(async { Vec::new() })
    }
}

/// A handle to a registered extension, also as a view's argument. Dereferences to the extension.
///
/// As an argument it is checked when the app starts: all missing extensions are reported together.
pub struct Ext<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Clone for Ext<T> {
    fn clone(&self) -> Self {
        Ext(self.0.clone())
    }
}

impl<T: ?Sized> Deref for Ext<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// The registered extension of type `T`.
///
/// # Panics
/// Outside a context, or when the app has no such extension; [`try_ext`] does not.
#[track_caller]
pub fn ext<T: Extension>() -> Ext<T> {
    match try_ext() {
        Some(ext) => ext,
        None if crate::has_app_context() => panic!("{}", missing(std::any::type_name::<T>())),
        None => {
            crate::current_app();
            unreachable!("there is no context")
        }
    }
}

/// The registered extension of type `T`, if this code runs in a context of an app that has it.
pub fn try_ext<T: Extension>() -> Option<Ext<T>> {
    crate::try_current_app()?.extension::<T>().map(Ext)
}

impl<T: Extension> Ext<T> {
    /// The registered extension of an app.
    pub fn of(app: &State) -> Option<Self> {
        app.extension::<T>().map(Ext)
    }
}

/// The sentence about an extension that is not registered.
pub(crate) fn missing(type_name: &str) -> String {
    let short = type_name.rsplit("::").next().unwrap_or(type_name);
    format!("the extension {short} is not registered: add `app.ext({short}::…)` where the app is made")
}

/// An extension that a view asks for by its arguments.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Requirement {
    /// Its type.
    pub type_id: TypeId,
    /// Its type's name.
    pub type_name: &'static str,
}

impl Requirement {
    /// The requirement of `T`.
    pub fn of<T: Extension>() -> Self {
        Requirement { type_id: TypeId::of::<T>(), type_name: std::any::type_name::<T>() }
    }
}
