//! Which Rust types fields have, and how their values go in and out.

use super::{
    choice::{Choice, Choices},
    definition::{FieldDef, Kind, ListDef, MOST_ENTRIES},
};
use crate::validation::{Decimal, Value};
use carboy::FileStorage;
use jiff::civil;
use std::{cell::Cell, sync::Arc};

/// Why a value does not become a Rust value: where, and whether something was there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unread {
    pub(super) path: Vec<String>,
    pub(super) missing: bool,
}

impl Unread {
    fn of(value: &Value) -> Self {
        Unread { path: Vec::new(), missing: value.is_blank() }
    }

    /// The same, seen from the form around it.
    #[must_use]
    pub fn within(mut self, name: impl ToString) -> Self {
        self.path.insert(0, name.to_string());
        self
    }
}

/// A type that a field of a form may have.
///
/// | type | field |
/// |---|---|
/// | `String` | text |
/// | `bool` | a checkbox |
/// | integers | a whole number |
/// | `f32`, `f64` | a number |
/// | [`Decimal`] | a decimal number that keeps its digits |
/// | `jiff::civil::Date`, `Time`, `DateTime` | a date, a time, both |
/// | an enum with `#[derive(Choices)]` | one of its variants; a `Vec` of it several |
/// | [`FileStorage`] | an upload; a `Vec` of it several |
/// | a struct with `#[derive(Form)]` | a form inside the form |
/// | `Option<T>` | the same, and it may be left empty |
/// | `Vec<T>` | the same again and again |
#[diagnostic::on_unimplemented(
    message = "a form cannot have a field of type `{Self}`",
    label = "not a type of a form's field",
    note = "fields are text, numbers, `bool`, dates, `FileStorage`, enums with `#[derive(Choices)]`, structs with `#[derive(Form)]`, and \
            `Option` or `Vec` of these"
)]
pub trait FieldType: Sized + Send + Sync + 'static {
    /// Whether there is no value for a field that was left empty, so that something must be sent.
    const REQUIRED: bool = false;
    /// Whether a field that was left empty is fine.
    const OPTIONAL: bool = false;

    /// What the text of the field is turned into.
    fn kind() -> Kind;

    /// What can be chosen, if the type says it.
    fn choices() -> Vec<Choice> {
        Vec::new()
    }

    /// What a `Vec` of the type is: the field again and again.
    fn list_kind() -> Kind {
        let of = FieldDef::of::<Self>("");
        Kind::List(Arc::new(ListDef { of, min: 0, max: MOST_ENTRIES }))
    }

    /// The Rust value.
    ///
    /// # Errors
    /// The value is of another type, does not fit, or is missing.
    fn read(value: &Value) -> Result<Self, Unread>;

    /// The value of a Rust value.
    fn write(&self) -> Value;
}

impl FieldType for String {
    fn kind() -> Kind {
        Kind::Text
    }

    fn read(value: &Value) -> Result<Self, Unread> {
        match value {
            Value::Text(text) => Ok(text.clone()),
            Value::None => Ok(String::new()),
            _ => Err(Unread::of(value)),
        }
    }

    fn write(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl FieldType for bool {
    fn kind() -> Kind {
        Kind::Bool
    }

    fn read(value: &Value) -> Result<Self, Unread> {
        Ok(value.is_true())
    }

    fn write(&self) -> Value {
        Value::Bool(*self)
    }
}

macro_rules! integers {
    ($($ty:ty)+) => {$(
        impl FieldType for $ty {
            const REQUIRED: bool = true;

            fn kind() -> Kind {
                Kind::Integer
            }

            fn read(value: &Value) -> Result<Self, Unread> {
                match value {
                    Value::Integer(number) => <$ty>::try_from(*number).map_err(|_| Unread::of(value)),
                    _ => Err(Unread::of(value)),
                }
            }

            fn write(&self) -> Value {
                Value::Integer(*self as i128)
            }
        }
    )+};
}
integers!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

macro_rules! plain {
    ($($ty:ty: $kind:expr, $variant:ident, $found:ident => $out:expr;)+) => {$(
        impl FieldType for $ty {
            const REQUIRED: bool = true;

            fn kind() -> Kind {
                $kind
            }

            fn read(value: &Value) -> Result<Self, Unread> {
                match value {
                    Value::$variant($found) => Ok($out),
                    _ => Err(Unread::of(value)),
                }
            }

            fn write(&self) -> Value {
                self.clone().into()
            }
        }
    )+};
}
plain! {
    f64: Kind::Float, Float, found => *found;
    f32: Kind::Float, Float, found => *found as f32;
    Decimal: Kind::Decimal { places: Some(2) }, Decimal, found => found.clone();
    civil::Date: Kind::Date, Date, found => *found;
    civil::Time: Kind::Time, Time, found => *found;
    civil::DateTime: Kind::DateTime, DateTime, found => *found;
}

impl FieldType for FileStorage {
    const REQUIRED: bool = true;

    fn kind() -> Kind {
        Kind::File
    }

    fn list_kind() -> Kind {
        Kind::Files
    }

    fn read(value: &Value) -> Result<Self, Unread> {
        match value {
            Value::File(file) => Ok(file.clone()),
            _ => Err(Unread { missing: true, ..Unread::default() }),
        }
    }

    fn write(&self) -> Value {
        Value::File(self.clone())
    }
}

impl<T: FieldType> FieldType for Option<T> {
    const OPTIONAL: bool = true;

    fn kind() -> Kind {
        T::kind()
    }

    fn choices() -> Vec<Choice> {
        T::choices()
    }

    fn read(value: &Value) -> Result<Self, Unread> {
        if value.is_blank() {
            return Ok(None);
        }
        T::read(value).map(Some)
    }

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::None, T::write)
    }
}

impl<T: FieldType> FieldType for Vec<T> {
    fn kind() -> Kind {
        T::list_kind()
    }

    fn choices() -> Vec<Choice> {
        T::choices()
    }

    fn read(value: &Value) -> Result<Self, Unread> {
        match value {
            Value::None => Ok(Vec::new()),
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| T::read(item).map_err(|unread| unread.within(index)))
                .collect(),
            _ => Err(Unread::of(value)),
        }
    }

    fn write(&self) -> Value {
        Value::List(self.iter().map(T::write).collect())
    }
}

/// What a derived enum reads.
#[doc(hidden)]
pub fn read_choice<T: Choices>(value: &Value) -> Result<T, Unread> {
    value.as_str().and_then(T::from_value).ok_or_else(|| Unread::of(value))
}

/// What a derived enum is as a field.
#[doc(hidden)]
pub fn choice_kind() -> Kind {
    Kind::Select { integer: false }
}

/// What several of a derived enum are as a field.
#[doc(hidden)]
pub fn choices_kind() -> Kind {
    Kind::SelectMultiple { integer: false }
}

thread_local! {
    /// How many forms inside forms are being described.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// The kind of a form inside a form.
///
/// # Panics
/// When a form holds itself: it would have no end.
#[doc(hidden)]
pub fn form_kind(definition: fn() -> super::FormDef) -> Kind {
    const DEEPEST: usize = 32;
    let depth = DEPTH.get();
    assert!(depth < DEEPEST, "a form holds itself, or forms {DEEPEST} deep: it would have no end");
    /// Counts down, also when a default panics.
    struct Leave(usize);
    impl Drop for Leave {
        fn drop(&mut self) {
            DEPTH.set(self.0);
        }
    }
    let _leave = Leave(depth);
    DEPTH.set(depth + 1);
    Kind::Form(Arc::new(definition()))
}
