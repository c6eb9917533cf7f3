//! Paths that come from outside: joined below a folder, or made into a harmless file name.
//!
//! One set of rules for every operating system, so that what is tested on one holds on all: what is
//! special anywhere is refused everywhere.

use unicode_normalization::UnicodeNormalization;

/// Joins untrusted paths below a trusted folder; `None` when the result could lie outside or name
/// something that is no file.
///
/// Each part uses `/` as its separator and is normalised on its own: `a//b/../c` becomes `a/c`.
/// Refused are absolute paths, `..` that leads out, NUL, backslashes, colons (drives and alternate
/// streams of Windows), names of Windows devices, and names of dots and blanks only. Nothing on disk
/// is looked at: symbolic links are for whoever opens the file.
///
/// ```
/// use carboy_http::paths::safe_join;
/// assert_eq!(safe_join("/srv", &["a//b"]).as_deref(), Some("/srv/a/b"));
/// assert_eq!(safe_join("/srv", &["../etc/passwd"]), None);
/// ```
pub fn safe_join(directory: &str, untrusted: &[&str]) -> Option<String> {
    let mut joined = if directory.is_empty() { ".".to_owned() } else { directory.to_owned() };
    for part in untrusted.iter().filter(|part| !part.is_empty()) {
        let part = safe_relative(part)?;
        if !joined.ends_with('/') {
            joined.push('/');
        }
        joined.push_str(&part);
    }
    Some(joined)
}

/// One untrusted path, normalised; `None` when it is not safe to join. An empty path and `.` are `.`.
/// The rules are those of [`safe_join`].
pub fn safe_relative(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['\0', '\\', ':']) {
        return None;
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            // What leads out of the start leads out of the folder.
            ".." => {
                segments.pop()?;
            }
            _ if is_special_name(segment) => return None,
            _ => segments.push(segment),
        }
    }
    Some(if segments.is_empty() { ".".to_owned() } else { segments.join("/") })
}

/// Makes a name that is safe to store a file under: ASCII letters, digits and `_.-`, no separators,
/// no dots or underscores at the ends. May be empty.
///
/// Letters of other scripts are simplified where Unicode knows how, else dropped. Names of Windows
/// devices get a `_` in front.
///
/// ```
/// use carboy_http::paths::secure_filename;
/// assert_eq!(secure_filename("../../../etc/passwd"), "etc_passwd");
/// assert_eq!(secure_filename("i contain cool ümläuts.txt"), "i_contain_cool_umlauts.txt");
/// assert_eq!(secure_filename("日本.txt"), "txt");
/// ```
pub fn secure_filename(filename: &str) -> String {
    let ascii: String =
        filename.nfkd().filter(char::is_ascii).map(|c| if c == '/' { ' ' } else { c }).collect();
    let words: Vec<String> = ascii
        .split(|c: char| c.is_ascii_whitespace() || matches!(c, '\x0b' | '\x1c'..='\x1f'))
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')).collect()
        })
        .collect();
    let joined = words.join("_");
    let name = joined.trim_matches(['.', '_']);
    if is_device_name(name) { format!("_{name}") } else { name.to_owned() }
}

/// A name that some file system does not take for a file's: a Windows device, or dots and blanks,
/// which Windows strips.
fn is_special_name(segment: &str) -> bool {
    is_device_name(segment) || segment.chars().all(|c| matches!(c, '.' | ' '))
}

/// Whether Windows sees a device here, whatever the extension.
fn is_device_name(name: &str) -> bool {
    let stem = name.split(['.', ':']).next().unwrap_or_default().trim();
    let is = |device: &str| stem.eq_ignore_ascii_case(device);
    if ["AUX", "CON", "CONIN$", "CONOUT$", "NUL", "PRN"].into_iter().any(is) {
        return true;
    }
    let Some((port, number)) = stem.char_indices().nth(3).map(|(at, _)| stem.split_at(at)) else {
        return false;
    };
    (port.eq_ignore_ascii_case("COM") || port.eq_ignore_ascii_case("LPT"))
        && matches!(number, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
}
