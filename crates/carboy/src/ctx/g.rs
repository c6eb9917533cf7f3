//! [`g`]: values that live as long as a context.

use super::{Context, current, lock, try_current};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// The store behind [`g`].
#[derive(Default)]
pub(crate) struct GStore(Mutex<Option<Box<GMap>>>);

#[derive(Default)]
struct GMap {
    named: indexmap::IndexMap<String, GEntry>,
    typed: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

#[derive(Clone)]
struct GEntry {
    value: Arc<dyn Any + Send + Sync>,
    show: fn(&(dyn Any + Send + Sync)) -> minijinja::Value,
}

impl GStore {
    fn with<T>(&self, f: impl FnOnce(&mut GMap) -> T) -> T {
        f(lock(&self.0).get_or_insert_default())
    }

    pub(super) fn clear(&mut self) {
        *self.0.get_mut().unwrap_or_else(|e| e.into_inner()) = None;
    }

    /// A named value as templates see it.
    pub(crate) fn template_value(&self, name: &str) -> Option<minijinja::Value> {
        let entry = self.with(|map| map.named.get(name).cloned())?;
        Some((entry.show)(&*entry.value))
    }

    /// The names, in the order in which they were first set.
    pub(crate) fn names(&self) -> Vec<String> {
        self.with(|map| map.named.keys().cloned().collect())
    }
}

/// A place for values that live as long as the current context.
///
/// Two kinds of values: *named* ones, which templates see as `g.name`, and *typed* ones, of which there is one a type
/// (a database connection, say).
///
/// ```no_run
/// # use carboy::prelude::*;
/// # #[derive(Clone, serde::Serialize)] struct User { name: String }
/// # fn view(user: User) {
/// g().set("user", user);
/// let user: Option<User> = g().get("user");
/// # }
/// ```
#[derive(Clone)]
pub struct G(Arc<Context>);

/// The place for values of the current context.
///
/// # Panics
/// Outside a context; [`try_g`] does not.
#[track_caller]
pub fn g() -> G {
    G(current())
}

/// The place for values of the current context, if there is one.
pub fn try_g() -> Option<G> {
    Some(G(try_current()?))
}

impl G {
    pub(crate) fn of(context: &Arc<Context>) -> Self {
        G(context.clone())
    }

    /// Sets a named value; templates see it as `g.name`.
    pub fn set<T>(&self, name: &str, value: T)
    where
        T: serde::Serialize + Send + Sync + 'static,
    {
        let show = |value: &(dyn Any + Send + Sync)| match value.downcast_ref::<T>() {
            Some(value) => minijinja::Value::from(minijinja::value::Serde(value)),
            None => minijinja::Value::UNDEFINED,
        };
        self.0.g.with(|map| map.named.insert(name.to_owned(), GEntry { value: Arc::new(value), show }));
    }

    /// A named value; `None` when it was not set or is of another type.
    pub fn get<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<T> {
        let entry = self.0.g.with(|map| map.named.get(name).cloned())?;
        entry.value.downcast_ref::<T>().cloned()
    }

    /// Whether a named value was set.
    pub fn contains(&self, name: &str) -> bool {
        self.0.g.with(|map| map.named.contains_key(name))
    }

    /// Takes a named value away and returns it; `None` when it was not set or is of another type.
    pub fn pop<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<T> {
        let entry = self.0.g.with(|map| map.named.shift_remove(name))?;
        entry.value.downcast_ref::<T>().cloned()
    }

    /// The named value, set to what `make` returns if it was not.
    ///
    /// # Panics
    /// When it was set to a value of another type.
    pub fn setdefault<T>(&self, name: &str, make: impl FnOnce() -> T) -> T
    where
        T: Clone + serde::Serialize + Send + Sync + 'static,
    {
        if !self.contains(name) {
            self.set(name, make());
        }
        self.get(name).unwrap_or_else(|| panic!("g.{name} holds a value of another type"))
    }

    /// The names that were set.
    pub fn names(&self) -> Vec<String> {
        self.0.g.names()
    }

    /// Keeps the one value of type `T`, in place of a former one.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) {
        self.0.g.with(|map| map.typed.insert(TypeId::of::<T>(), Arc::new(value)));
    }

    /// The one value of type `T`.
    pub fn of_type<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.0.g.with(|map| map.typed.get(&TypeId::of::<T>()).cloned())?;
        value.downcast::<T>().ok()
    }

    /// Takes the one value of type `T` away.
    pub fn take<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.0.g.with(|map| map.typed.remove(&TypeId::of::<T>()))?;
        value.downcast::<T>().ok()
    }
}
