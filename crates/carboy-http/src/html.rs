//! Text in HTML, escaped as MarkupSafe escapes it.

/// Appends the text with `& < > ' "` as `&amp; &lt; &gt; &#39; &#34;`.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '\'', '"']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'\'' => "&#39;",
            _ => "&#34;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
