//! Media types: guessed from a file's name with CPython's tables, and which of them get a charset.

include!("mime_table.rs");

/// The media type and the content encoding that a file name suggests, as Python's
/// `mimetypes.guess_type` with its built-in tables, whatever the machine's own tables say.
///
/// ```
/// use carboy_http::mime::guess_type;
/// assert_eq!(guess_type("a/b.HTML"), (Some("text/html"), None));
/// assert_eq!(guess_type("x.tar.gz"), (Some("application/x-tar"), Some("gzip")));
/// assert_eq!(guess_type("x.tgz"), (Some("application/x-tar"), Some("gzip")));
/// assert_eq!(guess_type("README"), (None, None));
/// ```
pub fn guess_type(filename: &str) -> (Option<&'static str>, Option<&'static str>) {
    let longer;
    let (mut base, mut extension) = split_extension(filename);
    // A short form such as `.tgz` stands for two extensions. None stands for a short form again, so
    // one look is enough.
    if let Some(expanded) = find(SUFFIXES, &extension.to_ascii_lowercase()) {
        longer = format!("{base}{expanded}");
        (base, extension) = split_extension(&longer);
    }
    let encoding = find(ENCODINGS, extension);
    if encoding.is_some() {
        (_, extension) = split_extension(base);
    }
    (find(TYPES, &extension.to_ascii_lowercase()), encoding)
}

fn find(table: &[(&str, &'static str)], key: &str) -> Option<&'static str> {
    table.binary_search_by(|(known, _)| (*known).cmp(key)).ok().map(|at| table[at].1)
}

/// Python's `posixpath.splitext`: the extension begins with the last dot of the last segment, and
/// leading dots begin none.
fn split_extension(path: &str) -> (&str, &str) {
    let name_start = path.rfind('/').map_or(0, |slash| slash + 1);
    let name = &path[name_start..];
    let stem_start = name.len() - name.trim_start_matches('.').len();
    match name[stem_start..].rfind('.') {
        Some(dot) => path.split_at(name_start + stem_start + dot),
        None => (path, ""),
    }
}

/// Whether a media type is text, so that `; charset=utf-8` belongs behind it.
///
/// ```
/// use carboy_http::mime::has_charset;
/// assert!(has_charset("text/html") && has_charset("image/svg+xml"));
/// assert!(!has_charset("application/json"));
/// ```
pub fn has_charset(mimetype: &str) -> bool {
    const ALSO: [&str; 6] = [
        "application/ecmascript",
        "application/javascript",
        "application/sql",
        "application/xml",
        "application/xml-dtd",
        "application/xml-external-parsed-entity",
    ];
    mimetype.starts_with("text/") || mimetype.ends_with("+xml") || ALSO.contains(&mimetype)
}

/// The `Content-Type` for a media type: with `; charset=utf-8` for text, else unchanged. Werkzeug's
/// `get_content_type`.
pub fn content_type(mimetype: &str) -> std::borrow::Cow<'_, str> {
    if has_charset(mimetype) { format!("{mimetype}; charset=utf-8").into() } else { mimetype.into() }
}
