//! Converters: how a variable of a rule is matched, read from the path, and written into a URL.

use std::borrow::Cow;
use std::sync::Arc;

use uuid::Uuid;

use crate::error::ConvertError;
use crate::python::{self, IntError};
use crate::quote;
use crate::value::{Number, Value};

/// Matches one kind of URL variable, reads its text into a [`Value`], and writes a value back.
///
/// A converter without arguments is added with [`UrlMap::add_converter`](crate::UrlMap::add_converter), one that takes
/// arguments in the rule, as in `<list(";"):names>`, with
/// [`UrlMap::add_converter_factory`](crate::UrlMap::add_converter_factory).
///
/// ```
/// use carboy_routing::{Bind, ConvertError, Converter, Rule, Target, UrlMap, Value};
///
/// struct Words;
///
/// impl Converter for Words {
///     fn to_value(&self, text: &str) -> Result<Value, ConvertError> {
///         Ok(text.split('+').map(Value::from).collect::<Vec<_>>().into())
///     }
///
///     fn to_url(&self, value: &Value) -> Result<String, ConvertError> {
///         match value {
///             Value::List(words) => Ok(words.iter().map(Value::to_string).collect::<Vec<_>>().join("+")),
///             _ => Err(ConvertError::invalid("a list is needed")),
///         }
///     }
/// }
///
/// let mut map = UrlMap::default();
/// map.add_converter("words", Words);
/// map.add(Rule::new("/tags/<words:tags>").endpoint("tags")).unwrap();
/// let found = map.matches(&Target::new(Bind::new("localhost"), "/tags/a+b")).unwrap();
/// assert_eq!(found.args.get("tags"), Some(&Value::from(["a", "b"])));
/// ```
pub trait Converter: Send + Sync + 'static {
    /// The regular expression that a text must match in whole, in the syntax of the [`regex`] crate (no look-around, no
    /// back-references: matching stays linear). Together with its part of the rule it compiles to 256 KiB at the most, or the rule is
    /// refused. `[^/]+` unless overridden.
    fn regex(&self) -> &str {
        ANY_SEGMENT
    }

    /// The rank among the converters of one place; the lowest is tried first. 100 unless overridden.
    fn weight(&self) -> i32 {
        100
    }

    /// Whether a text ends at the next slash. As in Werkzeug it is so unless the regular expression names a slash; if not,
    /// the rest of the path is matched as one.
    fn part_isolating(&self) -> bool {
        self.regex() == ANY_SEGMENT || !self.regex().contains('/')
    }

    /// Reads a text that matched. A refusal makes the whole match a 404; no other rule is tried then.
    fn to_value(&self, text: &str) -> Result<Value, ConvertError> {
        Ok(Value::Str(text.to_owned()))
    }

    /// Writes a value into a path. What is returned must be percent-encoded already.
    fn to_url(&self, value: &Value) -> Result<String, ConvertError> {
        Ok(quote_path(value))
    }
}

const ANY_SEGMENT: &str = "[^/]+";

fn quote_path(value: &Value) -> String {
    quote::quote(&value.to_text(), &quote::PATH).into_owned()
}

/// The arguments of a converter in a rule: `<string(2, maxlength=5):name>` has one positional and one named argument.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConverterArgs {
    pub(crate) positional: Vec<Value>,
    pub(crate) named: Vec<(String, Value)>,
}

impl ConverterArgs {
    /// The arguments without a name, in order.
    pub fn positional(&self) -> &[Value] {
        &self.positional
    }

    /// The argument of a name.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.positional.is_empty() && self.named.is_empty()
    }

    /// The arguments in the order of `names`, positional ones first, as a Python call binds them.
    ///
    /// # Errors
    /// Too many arguments, an unknown name, or one that is given twice.
    pub fn bind<const N: usize>(&self, names: [&str; N]) -> Result<[Option<&Value>; N], String> {
        let mut bound = [None; N];
        if self.positional.len() > N {
            return Err(format!("at most {N} arguments are taken, {} are given", self.positional.len()));
        }
        for (slot, value) in bound.iter_mut().zip(&self.positional) {
            *slot = Some(value);
        }
        for (name, value) in &self.named {
            let Some(place) = names.iter().position(|known| known == name) else {
                return Err(format!("there is no argument {}", python::repr(name)));
            };
            if place < self.positional.len() {
                return Err(format!("the argument {} is given twice", python::repr(name)));
            }
            // As for a dict, the last of two equal names counts.
            bound[place] = Some(value);
        }
        Ok(bound)
    }
}

/// Makes a converter from the arguments that a rule gives it; the message of an error becomes the rule's error.
pub(crate) type Factory = Arc<dyn Fn(&ConverterArgs) -> Result<Arc<dyn Converter>, String> + Send + Sync>;

/// What a variable's text may be, as far as it can be checked by hand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// `[^/]{min,max}`, counted in characters.
    Chars { min: usize, max: Option<usize> },
    /// `\d+`, perhaps with a minus sign.
    Digits { signed: bool },
    /// `\d+\.\d+`, perhaps with a minus sign.
    Decimal { signed: bool },
    /// Five groups of hexadecimal digits.
    Uuid,
    /// One of these texts; where several fit, the first.
    OneOf(Vec<Box<str>>),
    /// `[^/].*?`.
    Path,
    /// Whatever the regular expression says.
    Regex,
}

/// A converter bound to a variable: one of the six, or one of the user's.
#[derive(Clone)]
pub(crate) enum Bound {
    String(StringConverter),
    Path(PathConverter),
    Int(IntConverter),
    Float(FloatConverter),
    Uuid(UuidConverter),
    Any(AnyConverter),
    Custom(Arc<dyn Converter>),
}

impl Bound {
    /// One of the six converters that every map has, by its name.
    pub(crate) fn built_in(name: &str, args: &ConverterArgs) -> Option<Result<Self, String>> {
        Some(match name {
            "default" | "string" => StringConverter::from_args(args).map(Self::String),
            "path" => args.bind([]).map(|[]| Self::Path(PathConverter)),
            "int" => IntConverter::from_args(args).map(Self::Int),
            "float" => FloatConverter::from_args(args).map(Self::Float),
            "uuid" => args.bind([]).map(|[]| Self::Uuid(UuidConverter)),
            "any" => AnyConverter::from_args(args).map(Self::Any),
            _ => return None,
        })
    }

    pub(crate) fn shape(&self) -> Shape {
        match self {
            Self::String(converter) => Shape::Chars { min: converter.min, max: converter.max },
            Self::Path(_) => Shape::Path,
            Self::Int(converter) => Shape::Digits { signed: converter.0.signed },
            Self::Float(converter) => Shape::Decimal { signed: converter.0.signed },
            Self::Uuid(_) => Shape::Uuid,
            Self::Any(converter) => Shape::OneOf(converter.items.clone()),
            Self::Custom(converter) => match converter.regex() {
                ANY_SEGMENT | "[^/]{1,}" => Shape::Chars { min: 1, max: None },
                "[^/].*?" => Shape::Path,
                r"\d+" => Shape::Digits { signed: false },
                r"-?\d+" => Shape::Digits { signed: true },
                _ => Shape::Regex,
            },
        }
    }

    pub(crate) fn as_converter(&self) -> &dyn Converter {
        match self {
            Self::String(converter) => converter,
            Self::Path(converter) => converter,
            Self::Int(converter) => converter,
            Self::Float(converter) => converter,
            Self::Uuid(converter) => converter,
            Self::Any(converter) => converter,
            Self::Custom(converter) => &**converter,
        }
    }

    pub(crate) fn to_value(&self, text: &str) -> Result<Value, ConvertError> {
        match self {
            Self::String(_) | Self::Path(_) | Self::Any(_) => Ok(Value::Str(text.to_owned())),
            other => other.as_converter().to_value(text),
        }
    }
}

/// `<string:name>`, also `<name>`: at least one character, none of them a slash. Weight 100.
///
/// Arguments: `minlength` (1), `maxlength` (none), `length`, counted in characters.
#[derive(Debug, Clone)]
pub struct StringConverter {
    min: usize,
    max: Option<usize>,
    regex: String,
}

impl StringConverter {
    /// Binds the arguments of a rule.
    ///
    /// # Errors
    /// An unknown argument, one that is no length, or a maximum below the minimum.
    pub fn from_args(args: &ConverterArgs) -> Result<Self, String> {
        let [min, max, exact] = args.bind(["minlength", "maxlength", "length"])?;
        let length_of = |value: Option<&Value>| match value {
            None | Some(Value::None) => Ok(None),
            Some(value) => length(value).map(Some),
        };
        if let Some(length) = length_of(exact)? {
            return Ok(Self { min: length, max: Some(length), regex: format!("[^/]{{{length}}}") });
        }
        let min = min.map_or(Ok(1), length)?;
        let max = length_of(max)?;
        if max.is_some_and(|max| max < min) {
            return Err("maxlength is less than minlength".to_owned());
        }
        let regex = format!("[^/]{{{min},{}}}", max.map_or(String::new(), |max| max.to_string()));
        Ok(Self { min, max, regex })
    }
}

fn length(value: &Value) -> Result<usize, String> {
    let number = match value {
        Value::Int(number) => Some(*number),
        Value::Bool(truth) => Some(i128::from(*truth)),
        Value::Float(number) if number.is_finite() => Some(number.trunc() as i128),
        Value::Str(text) => python::int_text(text).ok().and_then(|text| text.parse().ok()),
        _ => None,
    };
    number
        .and_then(|number| u32::try_from(number).ok())
        .map(|number| number as usize)
        .ok_or_else(|| format!("{value} is not a length"))
}

impl Converter for StringConverter {
    fn regex(&self) -> &str {
        &self.regex
    }

    fn part_isolating(&self) -> bool {
        true
    }
}

/// `<path:name>`: like a string, but with slashes, except at the start, and without a newline after the first character.
/// Weight 200.
#[derive(Debug, Clone, Copy, Default)]
pub struct PathConverter;

impl Converter for PathConverter {
    fn regex(&self) -> &str {
        "[^/].*?"
    }

    fn weight(&self) -> i32 {
        200
    }

    fn part_isolating(&self) -> bool {
        false
    }
}

/// What `int` and `float` have in common.
#[derive(Debug, Clone, Copy)]
struct Range {
    min: Option<Number>,
    max: Option<Number>,
    signed: bool,
}

impl Range {
    fn new(min: Option<&Value>, max: Option<&Value>, signed: Option<&Value>) -> Result<Self, String> {
        let number = |value: Option<&Value>| match value {
            None | Some(Value::None) => Ok(None),
            Some(value) => Number::try_from(value).map(Some).map_err(|()| format!("{value} is not a number")),
        };
        Ok(Self { min: number(min)?, max: number(max)?, signed: signed.is_some_and(Value::is_truthy) })
    }

    fn check(&self, number: Number) -> Result<(), ConvertError> {
        if self.min.is_some_and(|min| number < min) || self.max.is_some_and(|max| number > max) {
            return Err(ConvertError::mismatch());
        }
        Ok(())
    }
}

/// `<int:name>`: digits of any script; an integer of at most 127 bits. Weight 50.
///
/// Arguments: `fixed_digits` (0: any number), `min`, `max`, `signed` (False). A number out of range is a 404; no other
/// rule is tried. None of them is checked when a URL is built, except that `fixed_digits` pads with zeros.
#[derive(Debug, Clone)]
pub struct IntConverter(Range, usize);

impl IntConverter {
    /// Binds the arguments of a rule.
    ///
    /// # Errors
    /// An unknown argument, or one that is no number.
    pub fn from_args(args: &ConverterArgs) -> Result<Self, String> {
        let [fixed_digits, min, max, signed] = args.bind(["fixed_digits", "min", "max", "signed"])?;
        let fixed_digits = match fixed_digits {
            None | Some(Value::None) => 0,
            Some(value) => length(value)?,
        };
        Ok(Self(Range::new(min, max, signed)?, fixed_digits))
    }
}

impl Converter for IntConverter {
    fn regex(&self) -> &str {
        if self.0.signed { r"-?\d+" } else { r"\d+" }
    }

    fn weight(&self) -> i32 {
        50
    }

    fn to_value(&self, text: &str) -> Result<Value, ConvertError> {
        if self.1 != 0 && text.chars().count() != self.1 {
            return Err(ConvertError::mismatch());
        }
        let number = if text.is_ascii() && text.len() < 38 {
            text.parse().ok()
        } else {
            python::int_text(text).ok().and_then(|text| text.parse().ok())
        };
        let number = number.ok_or_else(ConvertError::mismatch)?;
        self.0.check(Number::Int(number))?;
        Ok(Value::Int(number))
    }

    fn to_url(&self, value: &Value) -> Result<String, ConvertError> {
        let text = match value {
            Value::Int(number) => number.to_string(),
            Value::Bool(truth) => i32::from(*truth).to_string(),
            Value::Float(number) if number.is_nan() => {
                return Err(ConvertError::invalid("cannot convert float NaN to integer"));
            }
            Value::Float(number) if number.is_infinite() => {
                return Err(ConvertError::invalid("cannot convert float infinity to integer"));
            }
            // Adding zero turns a negative zero into a plain one.
            Value::Float(number) => format!("{:.0}", number.trunc() + 0.0),
            Value::Str(text) => python::int_text(text).map_err(|error| {
                ConvertError::invalid(match error {
                    IntError::Invalid => format!("invalid literal for int() with base 10: {}", python::repr(text)),
                    IntError::TooLong(digits) => format!(
                        "Exceeds the limit ({} digits) for integer string conversion: value has {digits} digits",
                        python::MAX_INT_DIGITS
                    ),
                })
            })?,
            Value::Uuid(uuid) => uuid.as_u128().to_string(),
            other => {
                return Err(ConvertError::invalid(format!(
                    "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                    other.type_name()
                )));
            }
        };
        Ok(zero_fill(&text, self.1))
    }
}

/// Python's `str.zfill`.
fn zero_fill(text: &str, width: usize) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let width = width.saturating_sub(sign.len());
    format!("{sign}{digits:0>width$}")
}

/// `<float:name>`: digits, a dot, digits. Weight 50.
///
/// Arguments: `min`, `max`, `signed` (False). A number out of range is a 404; no other rule is tried. None of them is
/// checked when a URL is built.
#[derive(Debug, Clone)]
pub struct FloatConverter(Range);

impl FloatConverter {
    /// Binds the arguments of a rule.
    ///
    /// # Errors
    /// An unknown argument, or one that is no number.
    pub fn from_args(args: &ConverterArgs) -> Result<Self, String> {
        let [min, max, signed] = args.bind(["min", "max", "signed"])?;
        Ok(Self(Range::new(min, max, signed)?))
    }
}

impl Converter for FloatConverter {
    fn regex(&self) -> &str {
        if self.0.signed { r"-?\d+\.\d+" } else { r"\d+\.\d+" }
    }

    fn weight(&self) -> i32 {
        50
    }

    fn to_value(&self, text: &str) -> Result<Value, ConvertError> {
        let number = python::parse_float(text).ok_or_else(ConvertError::mismatch)?;
        self.0.check(Number::Float(number))?;
        Ok(Value::Float(number))
    }

    fn to_url(&self, value: &Value) -> Result<String, ConvertError> {
        let number = match value {
            Value::Str(text) => python::parse_float(text).ok_or_else(|| {
                ConvertError::invalid(format!("could not convert string to float: {}", python::repr(text)))
            })?,
            other => Number::try_from(other).map(Number::as_float).map_err(|()| {
                ConvertError::invalid(format!(
                    "float() argument must be a string or a real number, not '{}'",
                    other.type_name()
                ))
            })?,
        };
        Ok(python::float_text(number))
    }
}

/// `<uuid:name>`: a UUID with its four hyphens. Weight 100.
#[derive(Debug, Clone, Copy, Default)]
pub struct UuidConverter;

impl Converter for UuidConverter {
    fn regex(&self) -> &str {
        "[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}"
    }

    fn to_value(&self, text: &str) -> Result<Value, ConvertError> {
        Uuid::try_parse(text).map(Value::Uuid).map_err(|_| ConvertError::mismatch())
    }
}

/// `<any(a, b, "c d"):name>`: one of the given texts. Weight 100. Checked when a URL is built, too.
#[derive(Debug, Clone)]
pub struct AnyConverter {
    items: Vec<Box<str>>,
    regex: String,
}

impl AnyConverter {
    /// Binds the arguments of a rule.
    ///
    /// # Errors
    /// An argument with a name, or one that is not text.
    pub fn from_args(args: &ConverterArgs) -> Result<Self, String> {
        if let Some((name, _)) = args.named.first() {
            return Err(format!("there is no argument {}", python::repr(name)));
        }
        let items = args
            .positional
            .iter()
            .map(|item| match item {
                Value::Str(text) => Ok(text.as_str().into()),
                other => Err(format!("{other} is not text; put it in quotes")),
            })
            .collect::<Result<Vec<Box<str>>, _>>()?;
        let escaped: Vec<Cow<'_, str>> = items.iter().map(|item| Cow::Owned(regex::escape(item))).collect();
        let regex = format!("(?:{})", escaped.join("|"));
        Ok(Self { items, regex })
    }
}

impl Converter for AnyConverter {
    fn regex(&self) -> &str {
        &self.regex
    }

    fn part_isolating(&self) -> bool {
        true
    }

    fn to_url(&self, value: &Value) -> Result<String, ConvertError> {
        if value.as_str().is_some_and(|text| self.items.iter().any(|item| **item == *text)) {
            return Ok(quote_path(value));
        }
        let mut items: Vec<&str> = self.items.iter().map(|item| &**item).collect();
        items.sort_unstable();
        items.dedup();
        let items: Vec<String> = items.iter().map(|item| format!("'{item}'")).collect();
        Err(ConvertError::invalid(format!("'{value}' is not one of {}", items.join(", "))))
    }
}
