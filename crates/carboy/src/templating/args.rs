//! Arguments of filters, tests and functions, bound by position and by name as Python binds them.

use minijinja::value::ArgType;
use minijinja::{Error, ErrorKind, State, Value};

use super::python::{as_int, as_text, to_text, type_name};

/// All arguments of a call, unconverted; named ones stand in one mapping at the end.
#[derive(Clone, Copy)]
pub(crate) struct Args<'a>(pub(crate) &'a [Value]);

impl<'a> ArgType<'a> for Args<'_> {
    type Output = Args<'a>;

    fn from_value(value: Option<&'a Value>) -> Result<Args<'a>, Error> {
        Ok(Args(value.map(std::slice::from_ref).unwrap_or_default()))
    }

    fn from_state_and_values(
        _: Option<&'a State>,
        values: &'a [Value],
        offset: usize,
    ) -> Result<(Args<'a>, usize), Error> {
        let values = values.get(offset..).unwrap_or_default();
        Ok((Args(values), values.len()))
    }

    fn from_state_and_values_mut(
        _: Option<&State>,
        values: &'a [Value],
        offset: usize,
    ) -> Result<(Args<'a>, usize), Error> {
        let values = values.get(offset..).unwrap_or_default();
        Ok((Args(values), values.len()))
    }
}

/// An error with Python's wording.
pub(crate) fn fail(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// The error of a value that does not exist.
pub(crate) fn undefined(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::UndefinedError, message.into())
}

impl<'a> Args<'a> {
    /// The positional arguments and the mapping of the named ones.
    pub(crate) fn split(self) -> (&'a [Value], Option<&'a Value>) {
        match self.0.split_last() {
            Some((last, rest)) if last.is_kwargs() => (rest, Some(last)),
            _ => (self.0, None),
        }
    }

    /// Binds the arguments to parameter names; the first `required` must be given.
    pub(crate) fn bind<const N: usize>(
        self,
        function: &str,
        names: [&str; N],
        required: usize,
    ) -> Result<[Option<Value>; N], Error> {
        let (positional, named) = self.split();
        if positional.len() > N {
            return Err(Error::new(
                ErrorKind::TooManyArguments,
                format!("{function}() takes {N} positional arguments but {} were given", positional.len()),
            ));
        }
        let mut bound: [Option<Value>; N] = std::array::from_fn(|at| positional.get(at).cloned());
        if let Some(pairs) = named.and_then(Value::as_object).and_then(|named| named.try_iter_pairs()) {
            for (key, value) in pairs {
                let key = key.as_str().unwrap_or_default();
                match names.iter().position(|name| *name == key) {
                    Some(at) if bound[at].is_none() => bound[at] = Some(value),
                    Some(_) => {
                        return Err(Error::new(
                            ErrorKind::TooManyArguments,
                            format!("{function}() got multiple values for argument '{key}'"),
                        ));
                    }
                    None => {
                        return Err(Error::new(
                            ErrorKind::TooManyArguments,
                            format!("{function}() got an unexpected keyword argument '{key}'"),
                        ));
                    }
                }
            }
        }
        for (name, value) in names.iter().zip(&bound).take(required) {
            if value.is_none() {
                return Err(Error::new(
                    ErrorKind::MissingArgument,
                    format!("{function}() missing 1 required positional argument: '{name}'"),
                ));
            }
        }
        Ok(bound)
    }

    /// The only argument of a filter without parameters.
    pub(crate) fn only(self, function: &str) -> Result<&'a Value, Error> {
        match self.0 {
            [value] if !value.is_kwargs() => Ok(value),
            [] => Err(Error::new(
                ErrorKind::MissingArgument,
                format!("{function}() missing 1 required positional argument"),
            )),
            _ => Err(Error::new(
                ErrorKind::TooManyArguments,
                format!("{function}() takes 1 positional argument but {} were given", self.0.len()),
            )),
        }
    }
}

/// The argument, unless it was left out or is `None`.
pub(crate) fn given(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !value.is_none())
}

/// The argument as an integer, or the default if it was left out.
pub(crate) fn int_or(value: Option<&Value>, default: i64) -> Result<i64, Error> {
    match value {
        None => Ok(default),
        Some(value) => as_int(value).and_then(|number| i64::try_from(number).ok()).ok_or_else(|| {
            fail(format!("'{}' object cannot be interpreted as an integer", type_name(value)))
        }),
    }
}

/// The most characters that a width asks for.
const WIDEST: i64 = 1 << 20;

/// The argument as a width: not negative, and no more than memory should hold.
pub(crate) fn width_or(value: Option<&Value>, default: i64) -> Result<usize, Error> {
    let width = int_or(value, default)?.max(0);
    if width > WIDEST {
        return Err(fail(format!("the width {width} is too large")));
    }
    Ok(usize::try_from(width).unwrap_or(0))
}

/// The argument as a truth value, or the default if it was left out.
pub(crate) fn bool_or(value: Option<&Value>, default: bool) -> bool {
    value.map_or(default, Value::is_true)
}

/// The argument as text, or the default if it was left out.
pub(crate) fn text_or(value: Option<&Value>, default: &str) -> String {
    value.map_or_else(|| default.to_owned(), |value| to_text(value).into_owned())
}

/// The items of an iterable; undefined has none, numbers and `None` are an error as in Python.
pub(crate) fn items(value: &Value) -> Result<Vec<Value>, Error> {
    if value.is_none() {
        return Err(fail("'NoneType' object is not iterable"));
    }
    let items =
        value.try_iter().map_err(|_| fail(format!("'{}' object is not iterable", type_name(value))))?;
    items.checked().collect()
}

/// A string result that stays safe if the input was.
pub(crate) fn keep_safety(input: &Value, text: String) -> Value {
    if input.is_safe() { Value::from_safe_string(text) } else { Value::from(text) }
}

/// Looks an attribute up as Jinja's filters do: dots separate, digits are indexes.
pub(crate) struct Getter {
    parts: Vec<Part>,
    default: Option<Value>,
    ignore_case: bool,
}

enum Part {
    Index(i64),
    Name(Value),
}

impl Getter {
    pub(crate) fn new(attribute: Option<&Value>, ignore_case: bool, default: Option<Value>) -> Getter {
        let parts = match attribute {
            None => Vec::new(),
            Some(value) if value.is_none() => Vec::new(),
            Some(value) => match as_text(value) {
                Some(path) => path
                    .split('.')
                    .map(|part| {
                        if !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) {
                            part.parse().map_or_else(|_| Part::Name(Value::from(part)), Part::Index)
                        } else {
                            Part::Name(Value::from(part))
                        }
                    })
                    .collect(),
                None => vec![Part::Name(value.clone())],
            },
        };
        Getter { parts, default, ignore_case }
    }

    /// One getter for each comma-separated attribute.
    pub(crate) fn several(attribute: Option<&Value>, ignore_case: bool) -> Vec<Getter> {
        match attribute.and_then(as_text) {
            Some(list) => list
                .split(',')
                .map(|attribute| Getter::new(Some(&Value::from(attribute)), ignore_case, None))
                .collect(),
            None => vec![Getter::new(attribute, ignore_case, None)],
        }
    }

    pub(crate) fn get(&self, item: &Value) -> Result<Value, Error> {
        let mut value = item.clone();
        for part in &self.parts {
            if value.is_undefined() {
                return Err(undefined(""));
            }
            value = match part {
                Part::Index(index) => value.get_item(&Value::from(*index))?,
                Part::Name(name) => value.get_item(name)?,
            };
            if value.is_undefined()
                && let Some(default) = &self.default
            {
                value = default.clone();
            }
        }
        if self.ignore_case
            && let Some(text) = as_text(&value)
        {
            value = Value::from(text.to_lowercase());
        }
        Ok(value)
    }
}
