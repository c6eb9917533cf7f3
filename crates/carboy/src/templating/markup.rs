//! Text that is already HTML: MarkupSafe's `Markup`, `escape` and `escape_silent`.

use std::fmt::{self, Write as _};
use std::ops::{Add, AddAssign, Deref, Mul};

use serde::{Serialize, Serializer};

use super::entities;
use super::escape::{Escaping, write_escaped};
use super::python::{is_space, split_whitespace};

/// A string that is known to be HTML and is not escaped again.
///
/// Putting anything else next to it escapes that first, as MarkupSafe's `Markup` does. Given to a template it is
/// written as it is.
///
/// ```
/// use carboy::{Markup, escape};
///
/// let name = "<Ada>";
/// let greeting = Markup::new("<em>Hello</em> ") + name;
/// assert_eq!(greeting.as_str(), "<em>Hello</em> &lt;Ada&gt;");
/// assert_eq!(Markup::new("<b>{}</b>").format(&[&name]).as_str(), "<b>&lt;Ada&gt;</b>");
/// assert_eq!(escape("'").as_str(), "&#39;");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Markup(String);

/// What can stand in HTML: text is escaped, [`Markup`] is taken as it is (Python's `__html__`).
pub trait ToHtml {
    /// Writes the value as HTML.
    fn write_html(&self, out: &mut String);
}

impl ToHtml for Markup {
    fn write_html(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl ToHtml for str {
    fn write_html(&self, out: &mut String) {
        // Writing into a string cannot fail.
        let _ = write_escaped(out, self);
    }
}

impl ToHtml for String {
    fn write_html(&self, out: &mut String) {
        self.as_str().write_html(out);
    }
}

impl<T: ToHtml + ?Sized> ToHtml for &T {
    fn write_html(&self, out: &mut String) {
        (**self).write_html(out);
    }
}

macro_rules! display_to_html {
    ($($ty:ty)*) => {$(
        impl ToHtml for $ty {
            fn write_html(&self, out: &mut String) {
                let _ = write!(Escaping(out), "{self}");
            }
        }
    )*};
}
display_to_html!(char u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 fmt::Arguments<'_>);

/// Escapes a value, or takes it as it is if it is [`Markup`] already.
#[must_use]
pub fn escape<T: ToHtml>(value: T) -> Markup {
    let mut out = String::new();
    value.write_html(&mut out);
    Markup(out)
}

/// Like [`escape`], but nothing becomes the empty string.
#[must_use]
pub fn escape_silent<T: ToHtml>(value: Option<T>) -> Markup {
    value.map(escape).unwrap_or_default()
}

impl Markup {
    /// Declares `html` safe without escaping it.
    pub fn new(html: impl Into<String>) -> Self {
        Self(html.into())
    }

    /// Escapes `value`, like [`escape`].
    #[must_use]
    pub fn escape<T: ToHtml>(value: T) -> Self {
        escape(value)
    }

    /// The HTML.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The HTML as an owned string.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// Replaces each `{}` by the next argument, escaped; `{{` and `}}` stand for braces.
    ///
    /// A `{}` without an argument becomes empty, an argument without a `{}` is left out.
    #[must_use]
    pub fn format(&self, arguments: &[&dyn ToHtml]) -> Self {
        let mut out = String::with_capacity(self.0.len() + 16 * arguments.len());
        let mut arguments = arguments.iter();
        let mut rest = self.0.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{}") {
                if let Some(argument) = arguments.next() {
                    argument.write_html(&mut out);
                }
                rest = after;
            } else if let Some(after) = rest.strip_prefix("{{") {
                out.push('{');
                rest = after;
            } else if let Some(after) = rest.strip_prefix("}}") {
                out.push('}');
                rest = after;
            } else {
                out.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
        out.push_str(rest);
        Self(out)
    }

    /// Joins `items`, each escaped, with this markup between them.
    #[must_use]
    pub fn join<I>(&self, items: I) -> Self
    where
        I: IntoIterator,
        I::Item: ToHtml,
    {
        let mut out = String::new();
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                out.push_str(&self.0);
            }
            item.write_html(&mut out);
        }
        Self(out)
    }

    /// Replaces every `old` by `new`, which is escaped.
    #[must_use]
    pub fn replace(&self, old: &str, new: impl ToHtml) -> Self {
        Self(self.0.replace(old, escape(new).as_str()))
    }

    /// The pieces between separators, still markup; without a separator the pieces between whitespace.
    pub fn split<'a>(&'a self, separator: Option<&'a str>) -> impl Iterator<Item = Self> + 'a {
        let pieces: Vec<Self> = match separator {
            Some(separator) => self.0.split(separator).map(Self::new).collect(),
            None => split_whitespace(&self.0).map(Self::new).collect(),
        };
        pieces.into_iter()
    }

    /// Without whitespace at both ends.
    #[must_use]
    pub fn strip(&self) -> Self {
        Self(self.0.trim_matches(is_space).to_owned())
    }

    /// In upper case.
    #[must_use]
    pub fn upper(&self) -> Self {
        Self(self.0.to_uppercase())
    }

    /// In lower case.
    #[must_use]
    pub fn lower(&self) -> Self {
        Self(self.0.to_lowercase())
    }

    /// The text without tags and comments, whitespace collapsed, entities replaced by their characters.
    ///
    /// The result is plain text, no longer safe.
    #[must_use]
    pub fn striptags(&self) -> String {
        striptags(&self.0)
    }

    /// Entities replaced by their characters; the result is plain text, no longer safe.
    #[must_use]
    pub fn unescape(&self) -> String {
        entities::unescape(&self.0)
    }
}

/// MarkupSafe's `striptags` on any text.
pub(crate) fn striptags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (open, close) = if rest[start..].starts_with("<!--") { (start + 4, "-->") } else { (start, ">") };
        let Some(end) = rest[open..].find(close) else {
            break;
        };
        text.push_str(&rest[..start]);
        rest = &rest[open + end + close.len()..];
    }
    text.push_str(rest);
    let mut collapsed = String::with_capacity(text.len());
    for word in split_whitespace(&text) {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    entities::unescape(&collapsed)
}

impl Deref for Markup {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Markup> for String {
    fn from(markup: Markup) -> String {
        markup.0
    }
}

impl<T: ToHtml> Add<T> for Markup {
    type Output = Markup;

    fn add(mut self, other: T) -> Markup {
        other.write_html(&mut self.0);
        self
    }
}

impl<T: ToHtml> AddAssign<T> for Markup {
    fn add_assign(&mut self, other: T) {
        other.write_html(&mut self.0);
    }
}

impl Mul<usize> for Markup {
    type Output = Markup;

    fn mul(self, times: usize) -> Markup {
        Markup(self.0.repeat(times))
    }
}

impl<T: ToHtml> FromIterator<T> for Markup {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut out = Markup::default();
        for item in items {
            out += item;
        }
        out
    }
}

impl Serialize for Markup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if minijinja::value::serializing_for_value() {
            // On the way into a template the string keeps that it is safe.
            minijinja::Value::from_safe_string(self.0.clone()).serialize(serializer)
        } else {
            serializer.serialize_str(&self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_next_to_markup_is_escaped() {
        let em = Markup::new("<em>x</em>");
        assert_eq!((em.clone() + "<b>").as_str(), "<em>x</em>&lt;b&gt;");
        assert_eq!((em.clone() + Markup::new("<b>")).as_str(), "<em>x</em><b>");
        assert_eq!((em.clone() + 42).as_str(), "<em>x</em>42");
        assert_eq!((Markup::new("<hr>") * 2).as_str(), "<hr><hr>");
        assert_eq!(em.replace("x", "<y>").as_str(), "<em>&lt;y&gt;</em>");
        let list = Markup::new("<br>").join([&"a&b" as &dyn ToHtml, &Markup::new("<i>")].map(escape_dyn));
        assert_eq!(list.as_str(), "a&amp;b<br><i>");
    }

    fn escape_dyn(value: &dyn ToHtml) -> Markup {
        let mut out = String::new();
        value.write_html(&mut out);
        Markup::new(out)
    }

    #[test]
    fn format_escapes_its_arguments_and_knows_braces() {
        let markup = Markup::new("<a href=\"{}\">{{{}}}</a>");
        assert_eq!(
            markup.format(&[&"/?a=1&b=2", &Markup::new("<i>")]).as_str(),
            "<a href=\"/?a=1&amp;b=2\">{<i>}</a>"
        );
    }

    #[test]
    fn striptags_takes_tags_and_comments_away_and_collapses_whitespace() {
        assert_eq!(Markup::new("Main &raquo;\t<em>About</em>").striptags(), "Main » About");
        assert_eq!(Markup::new("<!-- a <b> --> x  <br/>y").striptags(), "x y");
        assert_eq!(Markup::new("a < b").striptags(), "a < b");
    }

    #[test]
    fn escape_silent_turns_nothing_into_the_empty_string() {
        assert_eq!(escape_silent(None::<&str>).as_str(), "");
        assert_eq!(escape_silent(Some("<")).as_str(), "&lt;");
    }
}
