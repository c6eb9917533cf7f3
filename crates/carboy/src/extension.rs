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

    /// The extensions that must be registered for this one to work, before it or after it. All that are missing are reported together at
    /// start-up, with those that ask for them. What [`init`](Extension::init) itself uses is asked for there, with [`App::require`].
    fn requires(&self) -> Vec<Requirement> {
        Vec::new()
    }

    /// Sets the app up. Called once, at [`App::ext`]. Errors are collected and reported together at start-up.
    ///
    /// What it can do is what user code can: [routes and hooks](crate::Scaffold), [blueprints](crate::Blueprint) with templates and static
    /// files, [layers](App::layer), [template functions](App::template_global), [commands](App::command_group),
    /// [defaults of the configuration](crate::Config::set_default), [receivers of signals](App::signals),
    /// [readiness checks](App::readiness_check).
    fn init(&self, app: &mut App) -> Result<()> {
        let _ = app;
        Ok(())
    }

    /// Runs before the first request is served, in the order of registration. When one fails the app does not start, and those before it
    /// are shut down.
    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        let _ = app;
        Box::pin(async { Ok(()) })
    }

    /// Runs once after the last request was answered, in the reverse order of registration.
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

/// An extension that something needs: a view by its arguments, another extension by [`Extension::requires`].
#[derive(Debug, Clone, Copy)]
pub struct Requirement {
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
}

impl Requirement {
    /// The requirement of `T`.
    pub fn of<T: Extension>() -> Self {
        Requirement { type_id: TypeId::of::<T>(), type_name: std::any::type_name::<T>() }
    }
}
