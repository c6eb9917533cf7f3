//! The lines of a catalogue, as Babel writes them.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::Entry;

/// Lines are as wide as Babel makes them.
const WIDTH: usize = 76;

/// Writes a message, with as many forms as the language has.
pub(super) fn entry(out: &mut String, entry: &Entry, forms: usize) {
    let prefix = if entry.obsolete { "#~ " } else { "" };
    for comment in &entry.comments {
        if entry.is_header() {
            // The head of the file keeps its lines, and its empty ones.
            let _ = writeln!(out, "{}", format!("# {comment}").trim_end());
        } else {
            comment_lines(out, "#", comment);
        }
    }
    if !entry.obsolete {
        for note in &entry.notes {
            comment_lines(out, "#.", note);
        }
        let mut known = HashSet::new();
        let places = entry.places.iter().map(place).filter(|word| known.insert(word.clone()));
        lines(out, "#:", places.collect::<Vec<_>>().iter().map(String::as_str));
        if !entry.flags.is_empty() {
            let mut flags = entry.flags.clone();
            flags.sort();
            flags.dedup();
            let _ = writeln!(out, "#, {}", flags.join(", "));
        }
        for (name, previous) in ["msgid", "msgid_plural"].iter().zip(&entry.previous) {
            for line in normalized(previous, "")
                .lines()
                .enumerate()
                .map(|(index, line)| if index == 0 { format!("{name} {line}") } else { line.to_owned() })
            {
                let _ = writeln!(out, "#| {line}");
            }
        }
    }
    let mut field = |name: &str, text: &str| {
        let _ = writeln!(out, "{prefix}{name} {}", normalized(text, prefix));
    };
    if let Some(context) = &entry.context {
        field("msgctxt", context);
    }
    field("msgid", &entry.message);
    match &entry.plural {
        Some(plural) => {
            field("msgid_plural", plural);
            for form in 0..forms.max(entry.translations.len()) {
                field(&format!("msgstr[{form}]"), entry.translations.get(form).map_or("", String::as_str));
            }
        }
        None => field("msgstr", entry.translations.first().map_or("", String::as_str)),
    }
    out.push('\n');
}

/// A place as one word, even when the file's name is several.
fn place((name, line): &(String, Option<usize>)) -> String {
    let several = name.contains(char::is_whitespace);
    let name = if several { format!("\u{2068}{name}\u{2069}") } else { name.clone() };
    line.map_or(name.clone(), |line| format!("{name}:{line}"))
}

/// A comment on as many lines as it needs.
fn comment_lines(out: &mut String, mark: &str, text: &str) {
    lines(out, mark, text.split_whitespace());
}

fn lines<'w>(out: &mut String, mark: &str, words: impl Iterator<Item = &'w str>) {
    let (mut line, mut width) = (String::new(), 0);
    for word in words {
        let length = word.chars().count();
        if !line.is_empty() && width + 1 + length > WIDTH {
            let _ = writeln!(out, "{mark} {line}");
            line.clear();
            width = 0;
        }
        if !line.is_empty() {
            line.push(' ');
            width += 1;
        }
        line.push_str(word);
        width += length;
    }
    if !line.is_empty() {
        let _ = writeln!(out, "{mark} {line}");
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\t', "\\t").replace('\r', "\\r");
    format!("\"{}\"", text.replace('\n', "\\n").replace('"', "\\\""))
}

/// A text in quotes, on several lines when it has several or is long.
fn normalized(text: &str, prefix: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        if escaped(line).chars().count() + prefix.len() <= WIDTH {
            lines.push(line.to_owned());
            continue;
        }
        let mut current = String::new();
        for chunk in chunks(line) {
            if !current.is_empty()
                && escaped(&format!("{current}{chunk}")).chars().count() + prefix.len() >= WIDTH
            {
                lines.push(std::mem::take(&mut current));
            }
            current.push_str(chunk);
        }
        lines.push(current);
    }
    if lines.len() <= 1 {
        return escaped(text);
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("{prefix}{}", escaped(line))).collect();
    format!("\"\"\n{}", lines.join("\n"))
}

/// Words and the blanks between them.
fn chunks(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut blank = None;
    for (at, c) in line.char_indices() {
        if blank.is_some_and(|blank| blank != c.is_whitespace()) {
            found.push(&line[start..at]);
            start = at;
        }
        blank = Some(c.is_whitespace());
    }
    found.push(&line[start..]);
    found
}

#[cfg(test)]
mod tests {
    use super::super::File;

    #[test]
    fn a_place_with_blanks_in_its_name_is_read_back_wherever_the_line_ends() {
        let name = "a\u{a0}long folder/".repeat(8) + "x.rs";
        let po = format!("#: first.rs:1 \u{2068}{name}\u{2069}:7 last.rs\nmsgid \"a\"\nmsgstr \"b\"\n");
        let file = File::read(po.as_bytes()).unwrap();
        assert_eq!(file.entries[0].places[1], (name, Some(7)));
        let again = File::read(file.write().unwrap().as_bytes()).unwrap();
        assert_eq!(again.entries, file.entries);
    }
}
