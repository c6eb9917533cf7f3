//! Text is escaped as a reader of the definition would do it, character by character, and comes back unharmed.
#![no_main]

use carboy::{Markup, escape};
use carboy_fuzz::{quick, text};
use libfuzzer_sys::fuzz_target;

fn naive(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '\'' => out += "&#39;",
            '"' => out += "&#34;",
            other => out.push(other),
        }
    }
    out
}

fuzz_target!(|data: &[u8]| {
    let text = text(data);
    quick(|| {
        let escaped = escape(text);
        assert_eq!(escaped.as_str(), naive(text));
        assert_eq!(escaped.unescape(), text);
        let markup = Markup::new(text);
        let stripped = markup.striptags();
        let _ = markup.unescape();
        let _ = escape(stripped);
    });
});
