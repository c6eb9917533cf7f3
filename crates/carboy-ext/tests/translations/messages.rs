//! Messages in Rust and in templates, as Flask-Babel translates them: from `.po` files and from `.mo` files that Babel compiled.

use carboy::{TemplateContext, TemplateValue, render_template_string};
use carboy_conformance::{load, replay};
use carboy_ext::translations::{__private, Translations, ngettext, npgettext, pgettext};
use carboy_testkit::Folder;
use serde_json::Value;
use std::fs;
use std::sync::Mutex;

static LANGUAGE: Mutex<String> = Mutex::new(String::new());
static ALONE: Mutex<()> = Mutex::new(());

fn decoded(base64: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for chunk in base64.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 6 | u32::from(value(*byte)))
            << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    bytes
}

/// Runs the cases of all languages with catalogues of this kind.
fn compare(kind: &str) {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let folder = Folder::new();
    let vectors = load("translations/messages.json");
    for catalog in vectors["catalogs"].as_array().unwrap() {
        let place = folder.path().join(catalog["locale"].as_str().unwrap()).join("LC_MESSAGES");
        fs::create_dir_all(&place).unwrap();
        let content = match kind {
            "po" => catalog["po"].as_str().unwrap().as_bytes().to_vec(),
            _ => decoded(catalog["mo"].as_str().unwrap()),
        };
        fs::write(place.join(format!("messages.{kind}")), content).unwrap();
    }
    let mut app = super::plain();
    app.config().set("BABEL_TRANSLATION_DIRECTORIES", folder.path());
    app.ext(Translations::new().locale_selector(|| Some(LANGUAGE.lock().unwrap().clone())));
    let service = app.build().unwrap();
    let mut count = 0;
    for (index, language) in vectors["languages"].as_array().unwrap().iter().enumerate() {
        *LANGUAGE.lock().unwrap() = language["locale"].as_str().unwrap().to_owned();
        count += language["cases"].as_array().unwrap().len();
        replay("translations/messages.json", &format!("/languages/{index}/cases"), &["/out"], 50, |case| {
            let got = service.test_request_context("/", || answer(case))?;
            if got == case["out"] { Ok(()) } else { Err(format!("{got:?} instead of {}", case["out"])) }
        });
    }
    assert!(count > 1000, "{count}");
}

fn answer(case: &Value) -> Result<String, String> {
    let text = |index: usize| case["args"][index].as_str().unwrap_or_default();
    let values = || -> Vec<(String, TemplateValue)> {
        let values = case["values"].as_object().unwrap().iter();
        values.map(|(name, value)| (name.clone(), TemplateValue::new(value))).collect()
    };
    let number = |index: usize| case["args"][index].as_i64().unwrap_or_default();
    let plain = case["values"].as_object().is_none_or(|values| values.is_empty());
    Ok(match case["do"].as_str().unwrap() {
        "gettext" => __private::text(None, text(0), None, values()),
        "ngettext" if plain => ngettext(text(0), text(1), number(2)),
        "ngettext" => __private::text(None, text(0), Some((text(1), number(2))), values()),
        "pgettext" if plain => pgettext(text(0), text(1)),
        "pgettext" => __private::text(Some(text(0)), text(1), None, values()),
        "npgettext" => npgettext(text(0), text(1), text(2), number(3)),
        _ => {
            let context = TemplateContext::from_serialize(&case["context"]);
            let template = case["template"].as_str().unwrap();
            render_template_string(template, context).map_err(|error| format!("{template}: {error}"))?.0
        }
    })
}

#[test]
fn messages_of_po_files_are_those_of_flask_babel() {
    compare("po");
}

#[test]
fn messages_of_mo_files_that_babel_compiled_are_those_of_flask_babel() {
    compare("mo");
}

#[test]
fn the_plural_rules_of_gettext_are_evaluated_as_in_python() {
    let folder = Folder::new();
    let place = folder.path().join("de/LC_MESSAGES");
    fs::create_dir_all(&place).unwrap();
    replay("translations/plurals.json", "/gettext", &["/out"], 30, |case| {
        let forms: String = (0..10).map(|n| format!("msgstr[{n}] \"{n}\"\n")).collect();
        let po = format!(
            "msgid \"\"\nmsgstr \"Plural-Forms: {}\\n\"\n\nmsgid \"a\"\nmsgid_plural \"b\"\n{forms}",
            case["rule"].as_str().unwrap()
        );
        fs::write(place.join("messages.po"), po).unwrap();
        let mut app = super::plain();
        app.config().set("BABEL_TRANSLATION_DIRECTORIES", folder.path()).set("BABEL_DEFAULT_LOCALE", "de");
        app.ext(Translations::new());
        let chosen: String =
            app.build().unwrap().app_context(|| (0..=1000).map(|n| ngettext("a", "b", n)).collect());
        assert_eq!(chosen, case["out"].as_str().unwrap());
    });
}
