//! The variables of a template.

use std::borrow::Cow;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use serde::Serialize;

use super::value::TemplateValue;

/// The variables given to a template, in the order in which they were added.
///
/// Usually made by [`context!`](crate::context) or inside [`render!`](crate::render).
///
/// ```
/// use carboy::{TemplateContext, context};
///
/// let user = "Ada";
/// let context: TemplateContext = context! { user, year => 2026 };
/// assert_eq!(context.get("user").unwrap().as_str(), Some("Ada"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct TemplateContext {
    entries: Vec<(Cow<'static, str>, TemplateValue)>,
}

impl TemplateContext {
    /// No variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The fields of a structure or the entries of a mapping as variables; anything else gives none.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Self {
        let value = TemplateValue::new(value);
        let mut context = Self::new();
        for (key, value) in super::python::pairs(&value.0, false) {
            context.set(key.to_string(), TemplateValue(value));
        }
        context
    }

    /// Sets a variable to anything serialisable.
    pub fn insert<T: Serialize + ?Sized>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: &T,
    ) -> &mut Self {
        self.set(name, TemplateValue::new(value))
    }

    /// Sets a variable to a template value, such as a live object.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<TemplateValue>) -> &mut Self {
        let (name, value) = (name.into(), value.into());
        match self.entries.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((name, value)),
        }
        self
    }

    /// The variable of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&TemplateValue> {
        self.entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Adds the variables of `other`, which win over those of the same name.
    pub fn update(&mut self, other: TemplateContext) -> &mut Self {
        for (name, value) in other.entries {
            self.set(name, value);
        }
        self
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TemplateValue)> {
        self.entries.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// How many variables there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no variables.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn into_engine(self) -> Value {
        Value::from_object(Root(self))
    }
}

/// The context as the engine sees it.
#[derive(Debug)]
struct Root(TemplateContext);

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.get(key).map(|value| value.0.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(name, _)| Value::from(name)).collect())
    }
}

impl From<()> for TemplateContext {
    fn from((): ()) -> Self {
        Self::new()
    }
}

impl<K: Into<Cow<'static, str>>, V: Into<TemplateValue>, const N: usize> From<[(K, V); N]>
    for TemplateContext
{
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Into<Cow<'static, str>>, V: Into<TemplateValue>> FromIterator<(K, V)> for TemplateContext {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut context = Self::new();
        for (name, value) in entries {
            context.set(name, value);
        }
        context
    }
}

/// The variables of a template: names that stand for themselves, or `name => value`.
///
/// Values are anything serde can serialise; they are borrowed, not moved.
///
/// ```
/// use carboy::context;
///
/// let user = String::from("Ada");
/// let context = context! { user, posts => ["a", "b"], year => 2026 };
/// assert_eq!(context.len(), 3);
/// assert_eq!(user, "Ada");
/// ```
#[macro_export]
macro_rules! context {
    ($($arguments:tt)*) => {{
        #[allow(unused_mut)]
        let mut context = $crate::TemplateContext::new();
        $crate::__context_entries!(context, $($arguments)*);
        context
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __context_entries {
    ($context:ident $(,)?) => {};
    ($context:ident, $name:ident => $value:expr $(, $($rest:tt)*)?) => {
        $context.insert(stringify!($name), &$value);
        $($crate::__context_entries!($context, $($rest)*);)?
    };
    ($context:ident, $name:ident = $value:expr $(, $($rest:tt)*)?) => {
        $context.insert(stringify!($name), &$value);
        $($crate::__context_entries!($context, $($rest)*);)?
    };
    ($context:ident, $name:ident $(, $($rest:tt)*)?) => {
        $context.insert(stringify!($name), &$name);
        $($crate::__context_entries!($context, $($rest)*);)?
    };
}
