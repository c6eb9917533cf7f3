//! Files that are no catalogues, or want to do harm.

use carboy_ext::translations::{Translations, gettext, ngettext};
use carboy_testkit::Folder;
use std::fs;

/// The error with which an app starts over this file, if any.
fn start(folder: &Folder, ending: &str, content: &[u8]) -> Option<String> {
    let place = folder.path().join("de/LC_MESSAGES");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join(format!("messages.{ending}")), content).unwrap();
    let mut app = super::plain();
    app.config().set("BABEL_TRANSLATION_DIRECTORIES", folder.path()).set("BABEL_DEFAULT_LOCALE", "de");
    app.ext(Translations::new());
    match app.build() {
        Ok(service) => {
            // Whatever was read can be asked.
            service.app_context(|| (gettext("a"), ngettext("a", "b", 2)));
            None
        }
        Err(error) => Some(error.to_string()),
    }
}

fn mo(version: u32, count: u32, originals: u32, translations: u32, rest: &[u32]) -> Vec<u8> {
    let head = [0x9504_12de, version, count, originals, translations, 0, 0];
    head.iter().chain(rest).flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn hostile_compiled_catalogues_are_refused_with_a_sentence() {
    let folder = Folder::new();
    for (content, sentence) in [
        (Vec::new(), "it is no compiled catalogue"),
        (b"\xde\x12\x04\x95".to_vec(), "it points outside of itself"),
        (mo(2 << 16, 0, 28, 28, &[]), "its version is 2"),
        (mo(0, u32::MAX, 28, 28, &[]), "it points outside of itself"),
        (mo(0, 1, u32::MAX, u32::MAX, &[]), "it points outside of itself"),
        (mo(0, 1, 28, 36, &[u32::MAX, 44, 0, 44]), "it points outside of itself"),
        (mo(0, 1, 28, 36, &[1, u32::MAX, 0, 44]), "it points outside of itself"),
        (mo(0, 1, 28, 36, &[2, 44, 2, 44, 0xffff]), "a text is not UTF-8"),
    ] {
        let error = start(&folder, "mo", &content).unwrap_or_default();
        assert!(error.contains(sentence), "{error:?} instead of {sentence:?}");
    }
    // A hundred thousand entries that share one long text: the texts together may not be larger than a file.
    let (entries, text) = (100_000u32, 28 + 100_000 * 8);
    let table: Vec<u32> = (0..entries).flat_map(|_| [400_000, text]).collect();
    let mut bomb = mo(0, entries, 28, 28, &table);
    bomb.resize(text as usize + 400_000, b'x');
    assert!(
        start(&folder, "mo", &bomb).unwrap_or_default().contains("its texts are much larger than itself")
    );
}

#[test]
fn hostile_catalogues_as_text_are_refused_with_their_line() {
    let folder = Folder::new();
    let header = |fields: &str| format!("msgid \"\"\nmsgstr \"{fields}\"\n\nmsgid \"a\"\nmsgstr \"b\"\n");
    for (content, sentence) in [
        ("msgid \"a\"\n".to_owned(), "missing msgstr for msgid \"a\""),
        ("msgstr \"a\"\n".to_owned(), "line 1: msgstr has no msgid before it"),
        ("\n\"a\"\n".to_owned(), "line 2: a text in quotes belongs to nothing"),
        ("msgid \"a\nmsgstr \"b\"\n".to_owned(), "line 1: a text has no quotes"),
        ("msgid \"a\"b\"\nmsgstr \"b\"\n".to_owned(), "line 1: a quote inside a text has no backslash"),
        ("msgid \"a\\\"\nmsgstr \"b\"\n".to_owned(), "line 1: a text ends with a backslash"),
        (
            "msgid \"a\"\nmsgstr[99999999999] \"b\"\n".to_owned(),
            "line 2: \"msgstr[99999999999]\" is no keyword",
        ),
        ("msgid \"a\\0b\"\nmsgstr \"c\"\n".to_owned(), "line 1: a text holds a null character"),
        ("hello world\n".to_owned(), "line 1: \"hello\" is no keyword"),
        ("msgctxt \"a\"\n".to_owned(), "a msgctxt has no msgid"),
        ("#-#-# conflict\n".to_owned(), "line 1: the file has conflicts"),
        (header("Content-Type: text/plain; charset=koi8-r\\n"), "the charset \"koi8-r\" is not read here"),
        (header("Plural-Forms: nplurals=2; plural=system(n)\\n"), "Plural-Forms is no rule"),
        (header("Plural-Forms: nplurals=999999999; plural=n\\n"), "Plural-Forms is no rule"),
    ] {
        let error = start(&folder, "po", content.as_bytes()).unwrap_or_default();
        assert!(error.contains(sentence), "{error:?} instead of {sentence:?}");
    }
    assert!(
        start(&folder, "po", b"msgid \"a\"\nmsgstr \"\xff\"\n").unwrap_or_default().contains("not UTF-8")
    );
    let latin = b"msgid \"\"\nmsgstr \"\"\n\"Content-Type: text/plain; charset=ISO-8859-1\\n\"\n\nmsgid \"a\"\nmsgstr \"\xe4\"\n";
    assert_eq!(start(&folder, "po", latin), None);
}

#[test]
fn no_damage_to_a_file_does_more_than_refuse_it() {
    let folder = Folder::new();
    let po: &[u8] = b"msgid \"\"\nmsgstr \"\"\n\"Content-Type: text/plain; charset=utf-8\\n\"\n\"Plural-Forms: nplurals=3; plural=n>1?n%3:0;\\n\"\n\n\
        #: a.rs:1\n#, fuzzy\nmsgctxt \"c\"\nmsgid \"a\"\nmsgid_plural \"b\"\nmsgstr[0] \"x\"\nmsgstr[1] \"\\u\\n\"\n\n#~ msgid \"o\"\n#~ msgstr \"p\"\n";
    // Three entries: the header, a message, one with a plural.
    let texts: [(&[u8], &[u8]); 3] =
        [(b"", b"Plural-Forms: nplurals=2; plural=n!=1;\n"), (b"a\0b", b"x\0y"), (b"c\x04d", b"z")];
    let (mut table, mut data, mut at) = (vec![Vec::new(), Vec::new()], Vec::new(), 28 + 48u32);
    for (original, translation) in texts {
        for (column, text) in [original, translation].into_iter().enumerate() {
            table[column].extend([text.len() as u32, at]);
            at += text.len() as u32 + 1;
            data.extend_from_slice(text);
            data.push(0);
        }
    }
    let mut compiled = mo(0, 3, 28, 28 + 24, &table.concat());
    compiled.extend(data);
    assert_eq!(start(&folder, "mo", &compiled), None);
    fs::remove_file(folder.path().join("de/LC_MESSAGES/messages.mo")).unwrap();

    let mut state = 2026u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for round in 0..400 {
        let (ending, original) = if round % 2 == 0 { ("po", po) } else { ("mo", compiled.as_slice()) };
        let mut bytes = original.to_vec();
        for _ in 0..=random(4) {
            match random(3) {
                0 => {
                    let at = random(bytes.len());
                    bytes[at] = random(256) as u8;
                }
                1 => bytes.truncate(random(bytes.len()).max(1)),
                _ => {
                    let at = random(bytes.len());
                    let piece = bytes[at..(at + random(20)).min(bytes.len())].to_vec();
                    let to = random(bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
        }
        if let Some(error) = start(&folder, ending, &bytes) {
            assert!(error.contains("cannot be read"), "{error}");
        }
        let _ = fs::remove_file(folder.path().join("de/LC_MESSAGES").join(format!("messages.{ending}")));
    }
}
