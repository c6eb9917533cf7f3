//! The commands `babel extract`, `init`, `update` and `compile`, by the names and options of `pybabel`.

mod merge;
mod rust;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use carboy::cli::{CommandArg, CommandDef, ParsedArgs, echo};
use carboy::{Error, Result, current_app, template_messages};
use jiff::ZonedDateTime;

use super::catalog::plural::Plural;
use super::catalog::po::{Entry, File, with_field};
use super::catalog::{LARGEST, mo};
use super::cldr::locale::Locale;

/// A message that was found in a source.
struct Found {
    line: usize,
    context: Option<String>,
    message: String,
    plural: Option<String>,
}

/// Sources have these endings; what has another one is no source.
const TEMPLATES: [&str; 7] = ["html", "htm", "txt", "xml", "xhtml", "svg", "jinja"];

pub(super) fn commands() -> Vec<CommandDef> {
    let option = |name: &'static str, short: char, default: &'static str, help: &'static str| {
        CommandArg::one(name).long().short(short).default(default).help(help)
    };
    let domain = || {
        CommandArg::one("domain").long().short('D').help("Name of the catalogues; BABEL_DOMAIN if not given")
    };
    let directory = || option("directory", 'd', "translations", "Folder with a folder for each language");
    let input = || option("input_file", 'i', "messages.pot", "The template");
    vec![
        CommandDef::new(
            "extract",
            "Collects the messages of templates and Rust sources",
            "Collects the messages of templates (`_('…')`, `gettext`, `{% trans %}`) and Rust sources (`gettext(\"…\")`, `gettext!`, `lazy_gettext`, …) \
             into a template for catalogues. Without paths it looks into the folders `templates` and `src`.",
            vec![
                option("output_file", 'o', "messages.pot", "Where the template goes"),
                CommandArg::one("project").long().help("Name of the project; the app's if not given"),
                CommandArg::many("paths").help("Folders and files with sources"),
            ],
            |args| Box::pin(async move { extract(&args) }),
        ),
        CommandDef::new(
            "init",
            "Begins the catalogue of a language",
            "Makes the catalogue of a language out of the template. One that is there already is left alone: `update` brings it up to date.",
            vec![
                CommandArg::one("locale")
                    .long()
                    .short('l')
                    .required()
                    .help("The language, such as de or pt_BR"),
                input(),
                directory(),
                domain(),
            ],
            |args| Box::pin(async move { init(&args) }),
        ),
        CommandDef::new(
            "update",
            "Brings the catalogues up to date with the template",
            "Puts the messages of the template into the catalogues of all languages: translations stay, those of messages that changed a little are marked \
             as fuzzy, those of messages that are gone are kept as obsolete.",
            vec![
                input(),
                directory(),
                domain(),
                CommandArg::one("locale").long().short('l').help("Only this language"),
                CommandArg::flag("no_fuzzy_matching").short('N').help("A message that changed is a new one"),
                CommandArg::flag("ignore_obsolete").help("Messages that are gone are left out"),
            ],
            |args| Box::pin(async move { update(&args) }),
        ),
        CommandDef::new(
            "compile",
            "Compiles the catalogues for gettext",
            "Writes a .mo file beside each catalogue. The app reads .po files as well: this is for programs that do not.",
            vec![
                directory(),
                domain(),
                CommandArg::one("locale").long().short('l').help("Only this language"),
                CommandArg::flag("use_fuzzy").short('f').help("Fuzzy translations are taken, too"),
            ],
            |args| Box::pin(async move { compile(&args) }),
        ),
    ]
}

/// A path of an option: below the app's root, unless it is absolute.
fn path(args: &ParsedArgs, name: &str) -> Result<PathBuf> {
    Ok(current_app().root_path().join(args.value::<String>(name)?))
}

fn domain(args: &ParsedArgs) -> Result<String> {
    if let Some(domain) = args.optional::<String>("domain")? {
        return Ok(domain);
    }
    let configured = current_app().config().get::<String>("BABEL_DOMAIN")?.unwrap_or_default();
    let first = configured.split(';').next().unwrap_or_default();
    Ok(if first.is_empty() { "messages".to_owned() } else { first.to_owned() })
}

fn wrong(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::msg(format!("{}: {what}", path.display()))
}

fn read(path: &Path) -> Result<File> {
    let size = fs::metadata(path).map_err(|error| wrong(path, error))?.len();
    if size > LARGEST as u64 {
        return Err(wrong(path, format!("it is larger than {LARGEST} bytes")));
    }
    let bytes = fs::read(path).map_err(|error| wrong(path, error))?;
    File::read(&bytes).map_err(|what| wrong(path, what))
}

/// Writes a file that is there as a whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| wrong(folder, error))?;
    }
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    fs::write(&new, bytes).and_then(|()| fs::rename(&new, path)).map_err(|error| {
        let _ = fs::remove_file(&new);
        wrong(path, error)
    })
}

fn now() -> String {
    ZonedDateTime::now().strftime("%Y-%m-%d %H:%M%z").to_string()
}

fn extract(args: &ParsedArgs) -> Result<()> {
    let app = current_app();
    let root = app.root_path();
    let mut paths = args.values::<String>("paths")?;
    if paths.is_empty() {
        paths = vec!["templates".to_owned(), "src".to_owned()];
    }
    let mut sources = Vec::new();
    for given in &paths {
        let path = root.join(given);
        if path.exists() {
            collect(&path, 0, &mut sources)?;
        } else if args.values::<String>("paths")?.contains(given) {
            return Err(wrong(&path, "there is no such file or folder"));
        }
    }
    sources.sort();
    let project: String = args.optional("project")?.unwrap_or_else(|| app.name().to_owned());
    let mut entries = vec![header(&project)];
    let mut known: HashMap<(Option<String>, String), usize> = HashMap::new();
    for path in &sources {
        let Ok(text) = fs::read_to_string(path) else {
            echo(format!("{} is not UTF-8 and was left out", path.display()));
            continue;
        };
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        for found in messages(path, &text) {
            let key = (found.context.clone(), found.message.clone());
            let index = *known.entry(key).or_insert(entries.len());
            if index == entries.len() {
                let (context, message) = (found.context, found.message);
                entries.push(Entry {
                    context,
                    message,
                    translations: vec![String::new()],
                    ..Entry::default()
                });
            }
            let entry = &mut entries[index];
            if entry.plural.is_none() && found.plural.is_some() {
                entry.plural = found.plural;
                entry.translations = vec![String::new(); 2];
            }
            let place = (name.clone(), Some(found.line));
            if !entry.places.contains(&place) {
                entry.places.push(place);
            }
            let has_format = std::iter::once(&entry.message).chain(&entry.plural).any(|text| is_format(text));
            if has_format && entry.flags.is_empty() {
                entry.flags.push("python-format".to_owned());
            }
        }
    }
    let output = path(args, "output_file")?;
    let count = entries.len() - 1;
    let text = File { entries }.write().map_err(|what| wrong(&output, what))?;
    write(&output, text.as_bytes())?;
    echo(format!("{count} messages of {} files are in {}", sources.len(), output.display()));
    Ok(())
}

/// The messages of a file, by its ending.
fn messages(path: &Path, text: &str) -> Vec<Found> {
    if path.extension().is_some_and(|ending| ending == "rs") {
        return rust::messages(text);
    }
    let found = template_messages(text).into_iter();
    found
        .map(|found| Found {
            line: found.line,
            context: found.context,
            message: found.message,
            plural: found.plural,
        })
        .collect()
}

fn collect(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    let is_source = |path: &Path| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        ending == "rs" || TEMPLATES.contains(&ending) || ending == "j2"
    };
    if path.is_dir() {
        // A link may lead back to where it stands.
        if depth > 50 {
            return Err(wrong(path, "the folders are nested too deeply"));
        }
        for entry in fs::read_dir(path).map_err(|error| wrong(path, error))? {
            let entry = entry.map_err(|error| wrong(path, error))?;
            let name = entry.file_name();
            if !name.to_string_lossy().starts_with('.') {
                collect(&entry.path(), depth + 1, found)?;
            }
        }
    } else if is_source(path) {
        found.push(path.to_owned());
    }
    Ok(())
}

/// Whether a message has a place for a value: what Babel marks as `python-format`.
fn is_format(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = text[at..].find('%') {
        at += found + 1;
        let mut end = at;
        if bytes.get(end) == Some(&b'(') {
            let Some(length) = text[end..].find(')') else { continue };
            let name = &text[end + 1..end + length];
            if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            end += length + 1;
        }
        let skip = |end: &mut usize, signs: &[u8], most: usize| {
            let count = bytes[*end..].iter().take_while(|byte| signs.contains(byte)).count().min(most);
            *end += count;
        };
        skip(&mut end, b"-#0 +", 1);
        if bytes.get(end) == Some(&b'*') {
            end += 1
        } else {
            skip(&mut end, b"0123456789", usize::MAX)
        }
        if bytes.get(end) == Some(&b'.') {
            end += 1;
            if bytes.get(end) == Some(&b'*') { end += 1 } else { skip(&mut end, b"0123456789", usize::MAX) }
        }
        skip(&mut end, b"hlL", 1);
        if bytes.get(end).is_some_and(|byte| b"diouxXeEfFgGcrs%".contains(byte)) {
            return true;
        }
    }
    false
}

/// The head of a template.
fn header(project: &str) -> Entry {
    let now = now();
    let year = now.get(..4).unwrap_or_default();
    let comments = [
        format!("Translations template for {project}."),
        format!("Copyright (C) {year} ORGANIZATION"),
        format!("This file is distributed under the same license as the {project} project."),
        format!("FIRST AUTHOR <EMAIL@ADDRESS>, {year}."),
        String::new(),
    ];
    let fields = format!(
        "Project-Id-Version: {project} {}\nReport-Msgid-Bugs-To: EMAIL@ADDRESS\nPOT-Creation-Date: {now}\n\
         PO-Revision-Date: YEAR-MO-DA HO:MI+ZONE\nLast-Translator: FULL NAME <EMAIL@ADDRESS>\n\
         Language-Team: LANGUAGE <LL@li.org>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: 8bit\nGenerated-By: carboy {}\n",
        "VERSION",
        env!("CARGO_PKG_VERSION"),
    );
    Entry {
        comments: comments.to_vec(),
        flags: vec!["fuzzy".to_owned()],
        translations: vec![fields],
        ..Entry::default()
    }
}

fn locale(name: &str) -> Result<Locale> {
    name.parse().map_err(|error: super::UnknownLocale| Error::msg(error.to_string()))
}

fn init(args: &ParsedArgs) -> Result<()> {
    let (name, input) = (args.value::<String>("locale")?, path(args, "input_file")?);
    let locale = locale(&name)?;
    let output = path(args, "directory")?.join(&name).join("LC_MESSAGES").join(domain(args)? + ".po");
    if output.exists() {
        return Err(wrong(&output, "the catalogue is there already: `babel update` brings it up to date"));
    }
    let mut catalog = read(&input)?;
    let rule = locale.gettext_plural();
    let forms = Plural::parse(&rule).map_err(|what| wrong(&output, what))?.forms();
    for entry in &mut catalog.entries {
        if entry.is_header() {
            entry.flags.retain(|flag| flag != "fuzzy");
            let title = format!("{} translations for", locale.display_name_in(&self::locale("en")?));
            for comment in &mut entry.comments {
                *comment = comment.replace("Translations template for", &title);
            }
            if let Some(fields) = entry.translations.first_mut() {
                for (field, value) in [
                    ("PO-Revision-Date", now()),
                    ("Language", name.clone()),
                    ("Language-Team", format!("{name} <LL@li.org>")),
                    ("Plural-Forms", rule.clone()),
                ] {
                    *fields = with_field(fields, field, &value);
                }
            }
        } else if entry.plural.is_some() {
            entry.translations.resize(forms, String::new());
        }
    }
    let text = catalog.write().map_err(|what| wrong(&output, what))?;
    write(&output, text.as_bytes())?;
    echo(format!("creating catalog {} based on {}", output.display(), input.display()));
    Ok(())
}

/// The catalogues that a command is for: language and file.
fn catalogs(args: &ParsedArgs) -> Result<Vec<(String, PathBuf)>> {
    let (directory, domain, only) =
        (path(args, "directory")?, domain(args)?, args.optional::<String>("locale")?);
    let mut found = Vec::new();
    for entry in fs::read_dir(&directory).map_err(|error| wrong(&directory, error))? {
        let entry = entry.map_err(|error| wrong(&directory, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let file = entry.path().join("LC_MESSAGES").join(format!("{domain}.po"));
        if file.is_file() && only.as_ref().is_none_or(|only| *only == name) {
            found.push((name, file));
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(wrong(
            &directory,
            format!("there is no {domain}.po: `babel init -l LANGUAGE` makes one"),
        ));
    }
    Ok(found)
}

fn update(args: &ParsedArgs) -> Result<()> {
    let input = path(args, "input_file")?;
    let template = read(&input)?;
    for (_, file) in catalogs(args)? {
        let catalog = read(&file)?;
        let forms = catalog.plural().map_err(|what| wrong(&file, what))?.forms();
        let mut updated = merge::update(&catalog, &template, !args.flag("no_fuzzy_matching")?, forms);
        if args.flag("ignore_obsolete")? {
            updated.entries.retain(|entry| !entry.obsolete);
        }
        let text = updated.write().map_err(|what| wrong(&file, what))?;
        write(&file, text.as_bytes())?;
        echo(format!("updating catalog {} based on {}", file.display(), input.display()));
    }
    Ok(())
}

fn compile(args: &ParsedArgs) -> Result<()> {
    let fuzzy = args.flag("use_fuzzy")?;
    for (_, file) in catalogs(args)? {
        let catalog = read(&file)?;
        catalog.plural().map_err(|what| wrong(&file, what))?;
        if !fuzzy && catalog.entries.iter().any(|entry| entry.is_header() && entry.is_fuzzy()) {
            echo(format!("catalog {} is marked as fuzzy, skipping", file.display()));
            continue;
        }
        let output = file.with_extension("mo");
        write(&output, &mo::write(&catalog.compiled(fuzzy)))?;
        echo(format!("compiling catalog {} to {}", file.display(), output.display()));
    }
    Ok(())
}
