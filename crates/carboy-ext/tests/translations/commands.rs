//! The commands, and what the real pybabel makes of their files.

use carboy::Scaffold;
use carboy_ext::translations::Translations;
use carboy_testkit::{Folder, python};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE: &str = "<h1>{{ _('Welcome') }}</h1>\n{% trans name=user.name %}Hello {{ name }}!{% endtrans %}\n\
    {% trans count=items|length %}{{ count }} item{% pluralize %}{{ count }} items{% endtrans %}\n\
    {% trans trimmed %}\n  Two\n  lines\n{% endtrans %}{{ ngettext('%(num)d day', '%(num)d days', n) }}\n\
    {{ pgettext('menu', 'Open') }}{{ npgettext('fruit', 'date', 'dates', 2) }}{% if _('in a tag') %}x{% endif %}\n\
    {{ _('a' 'b') }}{{ _(\"q \\\"x\\\" \\\\ é\") }}{{ _(variable) }}{{ gettext('Welcome') }}{% trans %}100% \"sure\"{% endtrans %}\n\
    {# _('comment') #}{% raw %}{{ _('raw') }}{% endraw %}{{ _('with %(value)s', value=_('inner')) }}\n";
const SOURCE: &str = "fn view() -> String { gettext!(\"From Rust, %(who)s\", who = 1) + &ngettext(\"a boat\", \"boats\", 2) + &gettext(\"Welcome\") }\n";

fn project() -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.path().join("templates/sub")).unwrap();
    fs::create_dir_all(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("templates/sub/page.html"), PAGE).unwrap();
    fs::write(folder.path().join("src/main.rs"), SOURCE).unwrap();
    folder
}

fn run(folder: &Path, line: &str) -> String {
    let mut app = super::plain();
    app.root_path(folder);
    app.ext(Translations::new());
    let result = app.test_cli_runner().invoke(line.split_whitespace());
    assert_eq!(result.exit_code, 0, "{line}: {}", result.output);
    result.output
}

#[test]
fn messages_go_from_sources_to_the_page_without_another_tool() {
    let folder = project();
    assert!(run(folder.path(), "babel extract").contains("of 2 files are in"));
    let pot = fs::read_to_string(folder.path().join("messages.pot")).unwrap();
    assert!(pot.contains("#: src/main.rs:1 templates/sub/page.html:1 templates/sub/page.html:9\nmsgid \"Welcome\"\nmsgstr \"\"\n"), "{pot}");
    assert!(pot.contains("#, python-format\nmsgid \"Hello %(name)s!\"\n"), "{pot}");
    run(folder.path(), "babel init -l pl");
    let file = folder.path().join("translations/pl/LC_MESSAGES/messages.po");
    let po = fs::read_to_string(&file).unwrap();
    assert!(po.starts_with("# Polish translations for words.\n"), "{po}");
    assert!(
        po.contains("msgid_plural \"%(count)s items\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\nmsgstr[2] \"\"\n"),
        "{po}"
    );
    fs::write(&file, po.replace("msgid \"Welcome\"\nmsgstr \"\"", "msgid \"Welcome\"\nmsgstr \"Witaj\""))
        .unwrap();
    run(folder.path(), "babel compile");

    // A message changes a little, another one goes.
    let page = PAGE.replace("_('Welcome')", "_('Welcome!')").replace("gettext('Welcome')", "''");
    fs::write(folder.path().join("templates/sub/page.html"), page).unwrap();
    fs::write(folder.path().join("src/main.rs"), "fn main() { gettext(\"new\"); }").unwrap();
    run(folder.path(), "babel extract");
    run(folder.path(), "babel update");
    let po = fs::read_to_string(&file).unwrap();
    assert!(po.contains("#, fuzzy\nmsgid \"Welcome!\"\nmsgstr \"Witaj\"\n"), "{po}");
    assert!(po.contains("#~ msgid \"a boat\"\n#~ msgid_plural \"boats\"\n"), "{po}");
    assert!(po.contains("#: src/main.rs:1\nmsgid \"new\"\nmsgstr \"\"\n"), "{po}");

    let mut app = super::plain();
    app.root_path(folder.path());
    let result = app.ext(Translations::new()).test_cli_runner().invoke("babel init -l pl".split_whitespace());
    assert_ne!(result.exit_code, 0, "{}", result.output);
}

/// The id, context and, of compiled ones, translation of each message of some files, as Babel reads them.
fn read_by_babel(files: &[PathBuf]) -> Vec<BTreeSet<String>> {
    let script = "import sys, json\nfrom babel.messages.pofile import read_po\nfrom babel.messages.mofile import read_mo\n\
        for name in sys.argv[1:]:\n    mo = name.endswith('.mo')\n    f = open(name, 'rb')\n    c = read_mo(f) if mo else read_po(f, abort_invalid=True)\n\
        \x20   print(json.dumps([json.dumps([m.id, m.context, m.string if mo else None]) for m in c if m.id]))";
    let output = Command::new(python()).args(["-c", script]).args(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs several commands of pybabel in one process.
fn pybabel(folder: &Path, lines: &[String]) {
    let script = "import sys\nfrom babel.messages.frontend import CommandLineInterface\n\
        for line in sys.argv[1:]:\n    CommandLineInterface().run(['pybabel', '-q', *line.split()])";
    let output =
        Command::new(python()).args(["-c", script]).args(lines).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{lines:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "needs Babel: CARBOY_PYTHON"]
fn pybabel_finds_the_same_messages_in_templates_and_reads_and_goes_on_with_our_files() {
    let folder = project();
    fs::remove_file(folder.path().join("src/main.rs")).unwrap();
    run(folder.path(), "babel extract -o ours.pot");
    fs::write(folder.path().join("babel.cfg"), "[jinja2: **.html]\nnewstyle_gettext = true\n").unwrap();
    pybabel(folder.path(), &["extract -F babel.cfg -o theirs.pot .".to_owned()]);
    let templates = read_by_babel(&[folder.path().join("ours.pot"), folder.path().join("theirs.pot")]);
    assert_eq!(templates[0], templates[1]);
    assert!(templates[0].len() >= 13, "{templates:?}");

    // Our commands and theirs, for languages of one to six forms.
    let languages = ["de", "pl", "ru", "ar", "ja", "fr"];
    let file = |place: &str, language: &str, ending: &str| {
        folder.path().join(place).join(language).join("LC_MESSAGES").join(format!("messages.{ending}"))
    };
    let inits = languages.map(|language| format!("init -i ours.pot -d theirs -l {language}"));
    pybabel(folder.path(), &inits);
    for language in languages {
        run(folder.path(), &format!("babel init -i ours.pot -d ours -l {language}"));
        let rule = |place: &str| {
            let text = fs::read_to_string(file(place, language, "po")).unwrap();
            text.lines()
                .filter(|line| line.starts_with("\"Plural-Forms"))
                .map(str::to_owned)
                .collect::<String>()
        };
        assert_eq!(rule("ours"), rule("theirs"), "{language}");
        let begun = fs::read_to_string(file("ours", language, "po")).unwrap();
        let translated = begun.replace(
            "msgid \"Welcome\"\nmsgstr \"\"",
            &format!("msgid \"Welcome\"\nmsgstr \"Welcome {language} ä \\\"\\\\ \\n\""),
        );
        assert_ne!(begun, translated);
        fs::write(file("ours", language, "po"), &translated).unwrap();
        fs::write(file("theirs", language, "po"), &translated).unwrap();
    }
    run(folder.path(), "babel compile -d ours");
    pybabel(folder.path(), &["compile -d theirs".to_owned(), "update -i theirs.pot -d ours".to_owned()]);
    run(folder.path(), "babel update -i theirs.pot -d theirs");
    for ending in ["po", "mo"] {
        let of = |place: &str| read_by_babel(&languages.map(|language| file(place, language, ending)));
        let (ours, mut theirs) = (of("ours"), of("theirs"));
        if ending == "mo" {
            // Babel also writes plurals that nobody translated, each form being the message; msgfmt does not.
            theirs.iter_mut().for_each(|messages| messages.retain(|message| message.contains("Welcome")));
        }
        assert_eq!(ours, theirs);
        assert_eq!(ours.len(), languages.len());
    }
}

#[test]
#[ignore = "needs Babel: CARBOY_PYTHON"]
fn odd_catalogues_are_compiled_as_by_pybabel_also_after_an_update() {
    let folder = Folder::new();
    let header =
        |charset: &str| format!("msgid \"\"\nmsgstr \"Content-Type: text/plain; charset={charset}\\n\"\n\n");
    let message = |text: &[u8]| [b"msgid \"a\"\nmsgstr \"", text, b"\"\n\n"].concat();
    let utf8 = |rest: &[&[u8]]| [header("utf-8").as_bytes(), &rest.concat()].concat();
    let (first, second) = (message(b"first"), message(b"second"));
    let odd: [(&str, Vec<u8>); 7] = [
        ("de", [header("iso-8859-1").into_bytes(), message(b"\xe4")].concat()),
        (
            "fr",
            [&b"# Content-Type: text/plain; charset=iso-8859-1\n"[..], &utf8(&[&message("ä".as_bytes())])]
                .concat(),
        ),
        ("en", utf8(&[&first, &second])),
        ("it", utf8(&[&message(b""), &second])),
        ("es", utf8(&[b"#, fuzzy\n", &first, &second])),
        (
            "pl",
            utf8(&[
                &first,
                b"msgid \"a\"\nmsgid_plural \"as\"\nmsgstr[0] \"x\"\nmsgstr[1] \"y\"\nmsgstr[2] \"z\"\n",
            ]),
        ),
        ("ja", utf8(&[b"msgid \"a\"\nmsgstr[0] \"x\"\nmsgstr[1] \"y\"\n"])),
    ];
    let place = |side: &str, language: &str| folder.path().join(side).join(language).join("LC_MESSAGES");
    for side in ["ours", "theirs"] {
        for (language, content) in &odd {
            fs::create_dir_all(place(side, language)).unwrap();
            fs::write(place(side, language).join("messages.po"), content).unwrap();
        }
    }
    fs::write(folder.path().join("messages.pot"), message(b"")).unwrap();
    let compiled = |side: &str| {
        read_by_babel(&odd.each_ref().map(|(language, _)| place(side, language).join("messages.mo")))
    };
    pybabel(folder.path(), &["compile -d theirs".to_owned()]);
    run(folder.path(), "babel compile -d ours");
    let theirs = compiled("theirs");
    assert_eq!(compiled("ours"), theirs);
    run(folder.path(), "babel update -i messages.pot -d ours");
    run(folder.path(), "babel compile -d ours");
    for ((language, _), (ours, theirs)) in odd.iter().zip(compiled("ours").iter().zip(&theirs)) {
        // To the template, which has no plural, that of Polish is a message that changed.
        assert!(ours == theirs || *language == "pl", "{language}: {ours:?} instead of {theirs:?}");
    }
}

#[test]
#[ignore = "needs Babel: CARBOY_PYTHON"]
fn the_locale_data_is_that_of_the_pinned_babel() {
    let folder = Folder::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("../../conformance/generate/locale_data.py");
    let output = Command::new(python()).arg(script).arg(folder.path()).arg("global").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The tables of all locales, which change with each version; what is made of the others is compared answer by answer.
    let made = fs::read(folder.path().join("global.bin")).unwrap();
    assert!(
        made == fs::read(root.join("src/translations/data/global.bin")).unwrap(),
        "global.bin is another"
    );
}
