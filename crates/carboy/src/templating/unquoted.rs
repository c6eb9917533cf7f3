//! Values that are printed into an attribute without quotation marks around it. Escaping protects nothing there: what has a blank in it
//! begins another attribute, such as `onclick`.

use super::source::{Piece, first_word, pieces};

/// Filters whose results hold nothing that ends such a value.
const HARMLESS_FILTERS: [&str; 6] = ["count", "float", "int", "length", "round", "urlencode"];

/// Names of numbers that the engine makes.
const NUMBERS: [&str; 5] = ["loop.index", "loop.index0", "loop.length", "loop.revindex", "loop.revindex0"];

/// Elements whose content is text up to their end, whatever stands in it.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

/// The attributes into which a template prints without quotation marks, each with its line.
pub(super) fn unquoted_attributes(source: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut html = Html::default();
    let mut at = 0;
    for located in pieces(source) {
        let (mark, Piece::Print(code) | Piece::Tag(code)) = match located.piece {
            Piece::Print(_) => ("{{", located.piece),
            Piece::Tag(_) => ("{%", located.piece),
        };
        let code_at = code.as_ptr() as usize - source.as_ptr() as usize;
        let Some(start) = source[at..code_at].rfind(mark).map(|start| at + start) else { continue };
        html.read(&source[at..start]);
        if mark == "{{" && matches!(html.place, Place::Before | Place::Bare) {
            html.place = Place::Bare;
            if !is_harmless(code) {
                let line = source[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
                found.push((html.attribute.clone(), line));
            }
        }
        at = located.end;
    }
    found.dedup();
    found
}

/// Whether what is printed holds nothing that could end the value: a number, or text of a URL.
fn is_harmless(code: &str) -> bool {
    let code = code.trim();
    let filter = code.rsplit_once('|').map(|(_, filter)| first_word(filter));
    NUMBERS.contains(&code)
        || code.parse::<f64>().is_ok()
        || filter.is_some_and(|filter| HARMLESS_FILTERS.contains(&filter))
}

/// How far a template's HTML has been read, over the pieces of code in it.
#[derive(Default)]
struct Html {
    place: Place,
    /// The name of the element whose tag is read, in lower case.
    element: String,
    attribute: String,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Place {
    #[default]
    Text,
    Comment,
    /// The content of an element of [`RAW`].
    Raw,
    /// In a tag, between attributes.
    Tag,
    Name,
    AfterName,
    /// Behind the `=`.
    Before,
    Quoted(char),
    Bare,
}

impl Html {
    fn read(&mut self, text: &str) {
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if rest.starts_with("{#") {
                rest = rest.find("#}").map_or("", |end| &rest[end + 2..]);
                continue;
            }
            let mut length = character.len_utf8();
            self.place = match (self.place, character) {
                (Place::Text, '<') if rest.starts_with("<!--") => Place::Comment,
                (Place::Text, '<') => {
                    let name = rest[1..].strip_prefix('/').unwrap_or(&rest[1..]);
                    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                    let name = &name[..end.unwrap_or(name.len())];
                    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                        let is_end = rest.starts_with("</");
                        length = 1 + usize::from(is_end) + name.len();
                        self.element = if is_end { String::new() } else { name.to_ascii_lowercase() };
                        Place::Tag
                    } else {
                        Place::Text
                    }
                }
                (Place::Comment, '-') if rest.starts_with("-->") => {
                    length = 3;
                    Place::Text
                }
                (Place::Raw, '<') if self.ends_raw(rest) => {
                    self.element.clear();
                    Place::Tag
                }
                (place @ (Place::Text | Place::Comment | Place::Raw), _) => place,
                (Place::Quoted(mark), _) if character == mark => Place::Tag,
                (Place::Quoted(mark), _) => Place::Quoted(mark),
                (Place::Before, mark @ ('"' | '\'')) => Place::Quoted(mark),
                (_, '>') if RAW.contains(&self.element.as_str()) => Place::Raw,
                (_, '>') => Place::Text,
                (Place::Before, _) if character.is_whitespace() => Place::Before,
                (Place::Before, _) => Place::Bare,
                (Place::Bare, _) if character.is_whitespace() => Place::Tag,
                (Place::Bare, _) => Place::Bare,
                (Place::Name | Place::AfterName, '=') => Place::Before,
                (Place::Name | Place::AfterName, _) if character.is_whitespace() => Place::AfterName,
                (Place::Tag, _) if character.is_whitespace() => Place::Tag,
                (_, '/') => Place::Tag,
                (place, _) => {
                    if place != Place::Name {
                        self.attribute.clear();
                    }
                    self.attribute.push(character);
                    Place::Name
                }
            };
            rest = &rest[length..];
        }
    }

    /// Whether this is the end tag of the element whose content is read.
    fn ends_raw(&self, rest: &str) -> bool {
        let name = rest.strip_prefix("</").and_then(|rest| rest.get(..self.element.len()));
        name.is_some_and(|name| name.eq_ignore_ascii_case(&self.element))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        unquoted_attributes(source).into_iter().map(|(name, line)| format!("{name} {line}")).collect()
    }

    #[test]
    fn what_is_printed_into_an_attribute_without_quotation_marks_is_found_with_its_line() {
        for (source, expected) in [
            ("<p title={{ name }}>", "title 1"),
            ("<p\n  Title = {{- name -}} >", "Title 2"),
            ("<p id=x{{ name }}>", "id 1"),
            ("<a href=/users/{{ name }}/page>", "href 1"),
            ("<input value={% if name %}{{ name }}{% endif %}>", "value 1"),
            ("<br/><p class='a' title={{ name|upper }}>", "title 1"),
            ("{% set a = '<b' %}<p title={{ name }}>", "title 1"),
            ("<!-- <p title=\" --><p title={{ name }}>", "title 1"),
            ("<script>if (a < b) { x = \"<p title='\" }</script><p title={{ name }}>", "title 1"),
            ("<p data-{{ n }}={{ name }}>", "data- 1"),
            ("<p {{ attributes }} title={{ name }}>", "title 1"),
            ("a < b <p title={{ name }}>", "title 1"),
            ("{# <p title=\" #}<p title={{ name }}>", "title 1"),
            ("<p title={{ '}}' ~ name }}>é", "title 1"),
        ] {
            assert_eq!(found(source), [expected], "{source}");
        }
        assert_eq!(found("<p a={{ x }} b={{ y }}>\n<p c={{ z }}{{ z }}>"), ["a 1", "b 1", "c 2"]);
    }

    #[test]
    fn what_stands_in_quotation_marks_or_is_no_attribute_or_a_number_is_not() {
        for source in [
            "<p title=\"{{ name }}\">",
            "<p title='a {{ name }} {% if x %}{{ y }}{% endif %}' id=x>{{ name }}",
            "<input {% if x %}checked{% endif %} value=\"{{ x }}\" {{ attributes }}>",
            "<p class={% if x %}\"{{ a }}\"{% else %}'{{ b }}'{% endif %}>",
            "<td colspan={{ loop.index }} rowspan={{ rows|length }} width={{ 10 }}>",
            "<a href=/search?q={{ q|urlencode }}>",
            "<script>let x = {{ x|tojson }}; a={{ b|tojson }}</script>",
            "a = {{ b }}, c={{ d }}",
            "{# <p title={{ name }}> <p title=\" #}{% raw %}<p title={{ name }}>{% endraw %}",
            "<!-- title={{ name }} -->",
            "<p title=\"a > b={{ c }}\">x={{ c }}",
            "",
            "<",
            "<p title=",
        ] {
            assert_eq!(found(source), [""; 0], "{source}");
        }
    }
}
