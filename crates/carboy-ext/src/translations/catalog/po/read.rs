//! The lines of a catalogue, as Babel reads them.

use std::collections::{HashMap, hash_map};

use super::Entry;

/// The header says how the file is to be read, and has to come in time for that.
const HEADER: usize = 64 << 10;

/// The header at the beginning of a file, which says the charset of the rest in ASCII.
pub(super) fn header(bytes: &[u8]) -> String {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEADER)]);
    let mut reader = Reader::default();
    for line in lines(&head) {
        if reader.line(line).is_err() || !reader.entries.is_empty() {
            break;
        }
    }
    // What is wrong is told when the file is read.
    let _ = reader.finish();
    let first = reader.entries.into_iter().next().filter(Entry::is_header);
    first.and_then(|entry| entry.translations.into_iter().next()).unwrap_or_default()
}

/// The messages of a file.
///
/// # Errors
/// What is wrong, with its line.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, String> {
    let mut reader = Reader::default();
    for (index, line) in lines(text).enumerate() {
        reader.line(line).map_err(|what| format!("line {}: {what}", index + 1))?;
    }
    reader.finish()?;
    for entry in reader.entries.iter_mut().filter(|entry| !entry.is_header()) {
        entry.distinct();
    }
    Ok(reader.entries)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.strip_prefix('\u{feff}').unwrap_or(text).lines().map(str::trim)
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

#[derive(Default)]
struct Reader {
    entries: Vec<Entry>,
    /// Where a message stands among them.
    known: HashMap<(Option<String>, String), usize>,
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
        let entry = std::mem::take(&mut self.current);
        let known =
            (!entry.obsolete).then(|| self.known.entry((entry.context.clone(), entry.message.clone())));
        match known {
            Some(hash_map::Entry::Occupied(at)) => self.entries[*at.get()].absorb(entry),
            known => {
                known.map(|place| place.or_insert(self.entries.len()));
                self.entries.push(entry);
            }
        }
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
    // It would end the text in a compiled catalogue.
    if out.contains('\0') { Err("a text holds a null character".to_owned()) } else { Ok(out) }
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
