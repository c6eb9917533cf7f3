//! Catalogues as text: the format of GNU gettext,
//! <https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html>, read as Babel reads it and written as Babel writes it.

use std::fmt::Write as _;

use super::mo::Compiled;
use super::plural::Plural;
use super::{Catalog, Charset, LARGEST, header_field};

/// A file: the header and the messages in their order.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct File {
    pub(in super::super) entries: Vec<Entry>,
}

/// A message with all that the file says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Entry {
    pub(in super::super) context: Option<String>,
    pub(in super::super) message: String,
    pub(in super::super) plural: Option<String>,
    /// The translation, or one for each form.
    pub(in super::super) translations: Vec<String>,
    /// What translators wrote (`#`), and what the extraction wrote (`#.`).
    pub(in super::super) comments: Vec<String>,
    pub(in super::super) notes: Vec<String>,
    /// Files, with lines if they are known.
    pub(in super::super) places: Vec<(String, Option<usize>)>,
    pub(in super::super) flags: Vec<String>,
    /// The message that a fuzzy translation was made for.
    pub(in super::super) previous: Vec<String>,
    pub(in super::super) obsolete: bool,
}

impl Entry {
    pub(in super::super) fn is_header(&self) -> bool {
        self.message.is_empty() && self.context.is_none() && !self.obsolete
    }

    pub(in super::super) fn is_fuzzy(&self) -> bool {
        self.flags.iter().any(|flag| flag == "fuzzy")
    }

    pub(in super::super) fn is_translated(&self) -> bool {
        self.translations.iter().any(|text| !text.is_empty())
    }

    pub(in super::super) fn key(&self) -> (Option<&str>, &str) {
        (self.context.as_deref(), &self.message)
    }
}

/// What a line with a text in quotes adds to.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Nothing,
    Context,
    Message,
    Plural,
    Translation(usize),
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, with its line, in words that follow the file's name.
    pub(in super::super) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > LARGEST {
            return Err(format!("it is larger than {LARGEST} bytes"));
        }
        // The header says how the file is to be read, and is ASCII itself.
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(64 << 10)]);
        let field = head.find("Content-Type:").map(|at| &head[at..]).unwrap_or_default();
        let field = field.split(['\\', '"', '\n']).next().unwrap_or_default();
        let text = Charset::of_header(field)?.decode(bytes)?;
        let mut reader = Reader::default();
        for (index, line) in text.strip_prefix('\u{feff}').unwrap_or(&text).lines().enumerate() {
            reader.line(line.trim()).map_err(|what| format!("line {}: {what}", index + 1))?;
        }
        reader.finish()?;
        Ok(File { entries: reader.entries })
    }

    pub(in super::super) fn header(&self) -> &str {
        let header = self.entries.iter().find(|entry| entry.is_header());
        header.and_then(|entry| entry.translations.first()).map_or("", String::as_str)
    }

    pub(in super::super) fn plural(&self) -> Result<Plural, String> {
        Plural::of_header(self.header())
    }

    /// The messages that `msgfmt` and `pybabel compile` would put into a compiled file: translated, not fuzzy, not obsolete.
    fn usable(&self, fuzzy: bool) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| {
            !entry.obsolete && (entry.is_header() || entry.is_translated() && (fuzzy || !entry.is_fuzzy()))
        })
    }

    /// The catalogue to look messages up in.
    pub(in super::super) fn catalog(&self) -> Result<Catalog, String> {
        let mut catalog = Catalog::new(self.plural()?);
        for compiled in self.compiled(false) {
            let context = compiled.context.as_deref();
            match compiled.ids.as_slice() {
                [message] if message.is_empty() && context.is_none() => {}
                [message] => {
                    let text = compiled.translations.into_iter().next().unwrap_or_default();
                    catalog.add(context, message, text);
                }
                [message, ..] => catalog.add_plural(context, message, compiled.translations),
                [] => {}
            }
        }
        Ok(catalog)
    }

    /// What a compiled file holds. A form that is not translated is the message itself, as Babel writes it.
    pub(in super::super) fn compiled(&self, fuzzy: bool) -> Vec<Compiled> {
        self.usable(fuzzy)
            .map(|entry| {
                let ids: Vec<String> =
                    std::iter::once(&entry.message).chain(&entry.plural).cloned().collect();
                let form = |(index, text): (usize, &String)| match text.as_str() {
                    "" if ids.len() > 1 => ids[index.min(1)].clone(),
                    text => text.to_owned(),
                };
                let translations = entry.translations.iter().enumerate().map(form).collect();
                Compiled { context: entry.context.clone(), ids, translations }
            })
            .collect()
    }

    /// The text of the file: lines of at most 76 columns, messages in their order, obsolete ones at the end.
    pub(in super::super) fn write(&self) -> Result<String, String> {
        let forms = self.plural()?.forms();
        let mut out = String::new();
        let (obsolete, current): (Vec<_>, Vec<_>) = self.entries.iter().partition(|entry| entry.obsolete);
        for entry in current.into_iter().chain(obsolete) {
            write_entry(&mut out, entry, forms);
        }
        Ok(out)
    }
}

#[derive(Default)]
struct Reader {
    entries: Vec<Entry>,
    current: Entry,
    part: Part,
    has_message: bool,
    has_translation: bool,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix("#~") {
            let rest = rest.trim_start();
            // What an obsolete message was before is of no use.
            return if rest.starts_with('|') { Ok(()) } else { self.words(rest, true) };
        }
        let Some(comment) = line.strip_prefix('#') else { return self.words(line, false) };
        self.finish()?;
        let entry = &mut self.current;
        match comment.chars().next() {
            Some(':') => entry.places.extend(places(&comment[1..])),
            Some(',') => {
                let flags = comment[1..].split(',').map(str::trim).filter(|flag| !flag.is_empty());
                entry.flags.extend(flags.map(str::to_owned));
            }
            Some('.') => entry.notes.push(comment[1..].trim().to_owned()),
            Some('|') => {}
            Some('-') => return Err("the file has conflicts that nobody resolved".to_owned()),
            _ => entry.comments.push(comment.trim().to_owned()),
        }
        Ok(())
    }

    fn words(&mut self, line: &str, obsolete: bool) -> Result<(), String> {
        if line.starts_with('"') {
            return self.add(&unquoted(line)?);
        }
        let (keyword, text) = line.split_once([' ', '\t']).ok_or("a text in quotes is missing")?;
        let part = match keyword {
            "msgctxt" => Part::Context,
            "msgid" => Part::Message,
            "msgid_plural" => Part::Plural,
            "msgstr" => Part::Translation(0),
            _ => {
                let number = keyword.strip_prefix("msgstr[").and_then(|rest| rest.strip_suffix(']'));
                let number =
                    number.and_then(|number| number.parse::<usize>().ok()).filter(|form| *form < 100);
                Part::Translation(number.ok_or_else(|| {
                    let keyword: String = keyword.chars().take(40).collect();
                    format!("{keyword:?} is no keyword of a catalogue")
                })?)
            }
        };
        if part == Part::Context || part == Part::Message && self.part != Part::Context {
            self.finish()?;
        }
        if matches!(part, Part::Plural | Part::Translation(_)) && !self.has_message {
            return Err(format!("{keyword} has no msgid before it"));
        }
        self.part = part;
        self.current.obsolete = obsolete;
        match part {
            Part::Context => self.current.context = Some(String::new()),
            Part::Message => self.has_message = true,
            Part::Plural => self.current.plural = Some(String::new()),
            Part::Translation(form) => {
                self.has_translation = true;
                let known = self.current.translations.len();
                self.current.translations.resize(known.max(form + 1), String::new());
            }
            Part::Nothing => {}
        }
        self.add(&unquoted(text.trim())?)
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        let entry = &mut self.current;
        let place = match self.part {
            Part::Nothing => None,
            Part::Context => entry.context.as_mut(),
            Part::Message => Some(&mut entry.message),
            Part::Plural => entry.plural.as_mut(),
            Part::Translation(form) => entry.translations.get_mut(form),
        };
        place.ok_or("a text in quotes belongs to nothing")?.push_str(text);
        Ok(())
    }

    /// The message ends: another one, or the file's end, follows.
    fn finish(&mut self) -> Result<(), String> {
        if !self.has_message {
            if self.part == Part::Context {
                return Err("a msgctxt has no msgid".to_owned());
            }
            return Ok(());
        }
        if !self.has_translation {
            let message: String = self.current.message.chars().take(60).collect();
            return Err(format!("missing msgstr for msgid {message:?}"));
        }
        self.entries.push(std::mem::take(&mut self.current));
        (self.part, self.has_message, self.has_translation) = (Part::Nothing, false, false);
        Ok(())
    }
}

/// The text between quotes.
fn unquoted(text: &str) -> Result<String, String> {
    let inside =
        text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or("a text has no quotes")?;
    let mut out = String::with_capacity(inside.len());
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Err("a quote inside a text has no backslash".to_owned()),
            '\\' => out.push(match chars.next().ok_or("a text ends with a backslash")? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'a' => '\u{7}',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'v' => '\u{b}',
                digit @ '0'..='7' => {
                    let mut code = digit as u32 - '0' as u32;
                    for _ in 0..2 {
                        match chars.peek().and_then(|c| c.to_digit(8)) {
                            Some(digit) => code = code * 8 + digit,
                            None => break,
                        }
                        chars.next();
                    }
                    char::from_u32(code).unwrap_or('\u{fffd}')
                }
                other => other,
            }),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// The places of a comment; a name with blanks stands between U+2068 and U+2069.
fn places(text: &str) -> Vec<(String, Option<usize>)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('\u{2068}').and_then(|rest| rest.split_once('\u{2069}')) {
            Some((name, after)) => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (format!("{name}{}", &after[..end]), &after[end..])
            }
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        let place = match word.rsplit_once(':').map(|(name, line)| (name, line.parse::<usize>())) {
            Some((name, Ok(line))) => (name.to_owned(), Some(line)),
            _ => (word, None),
        };
        found.push(place);
        rest = after.trim_start();
    }
    found
}

/// Lines are as wide as Babel makes them.
const WIDTH: usize = 76;

fn write_entry(out: &mut String, entry: &Entry, forms: usize) {
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
        let mut words: Vec<String> = Vec::new();
        for (name, line) in &entry.places {
            let name =
                if name.contains([' ', '\t']) { format!("\u{2068}{name}\u{2069}") } else { name.clone() };
            let word = line.map_or(name.clone(), |line| format!("{name}:{line}"));
            if !words.contains(&word) {
                words.push(word);
            }
        }
        comment_lines(out, "#:", &words.join(" "));
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

/// A comment on as many lines as it needs.
fn comment_lines(out: &mut String, mark: &str, text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{mark} {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
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

/// A field of the header set to a value, added at the end where it is not there.
pub(in super::super) fn with_field(header: &str, name: &str, value: &str) -> String {
    if header_field(header, name).is_none() {
        return format!("{header}{name}: {value}\n");
    }
    header
        .lines()
        .map(|line| match line.split_once(':') {
            Some((key, _)) if key.trim().eq_ignore_ascii_case(name) => format!("{key}: {value}\n"),
            _ => format!("{line}\n"),
        })
        .collect()
}
