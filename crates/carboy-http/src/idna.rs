//! Internationalised domain names as Python's `idna` codec has them (IDNA 2003, RFC 3490), which is
//! what Werkzeug puts into cookies and URLs.

use unicode_normalization::UnicodeNormalization;

/// The longest label that the domain name system allows.
const MAX_LABEL: usize = 63;

/// A domain in ASCII: `münchen.de` becomes `xn--mnchen-3ya.de`. `None` when a label is empty, too
/// long or holds what no domain may hold; a single trailing dot stays.
pub(crate) fn to_ascii(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        let mut labels = domain.rsplit('.');
        let last_fits = labels.next().is_none_or(|last| last.len() <= MAX_LABEL);
        let fits = last_fits && labels.all(|label| !label.is_empty() && label.len() <= MAX_LABEL);
        return fits.then(|| domain.to_owned());
    }
    let mut labels: Vec<&str> = domain.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).collect();
    let trailing_dot = labels.last().is_some_and(|label| label.is_empty());
    if trailing_dot {
        labels.pop();
    }
    let mut out = String::with_capacity(domain.len() + 8);
    for (index, label) in labels.iter().enumerate() {
        if index > 0 {
            out.push('.');
        }
        out.push_str(&label_to_ascii(label)?);
    }
    if trailing_dot {
        out.push('.');
    }
    Some(out)
}

/// A domain for display: each label that is valid punycode is decoded, others stay as they are.
pub(crate) fn to_unicode(domain: &str) -> String {
    if !domain.contains("xn--") {
        return domain.to_owned();
    }
    let labels: Vec<String> =
        domain.split('.').map(|label| label_to_unicode(label).unwrap_or_else(|| label.to_owned())).collect();
    labels.join(".")
}

fn label_to_ascii(label: &str) -> Option<String> {
    let label = if label.is_ascii() { label.to_owned() } else { nameprep(label)? };
    let ascii = if label.is_ascii() {
        label
    } else if label.starts_with("xn--") {
        return None;
    } else {
        format!("xn--{}", punycode_encode(&label)?)
    };
    (1..=MAX_LABEL).contains(&ascii.len()).then_some(ascii)
}

fn label_to_unicode(label: &str) -> Option<String> {
    let decoded = punycode_decode(label.strip_prefix("xn--")?)?;
    // Only what encodes back to the same label is the name that was meant.
    label_to_ascii(&decoded)?.eq_ignore_ascii_case(label).then_some(decoded)
}

/// RFC 3491: case folding and compatibility normalisation; `None` for prohibited characters.
fn nameprep(label: &str) -> Option<String> {
    let mapped: String = label
        .chars()
        .filter(|c| {
            !matches!(c, '\u{ad}' | '\u{34f}' | '\u{1806}' | '\u{180b}'..='\u{180d}'
                | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
        })
        .flat_map(fold)
        .nfkc()
        .flat_map(fold)
        .nfkc()
        .collect();
    let prohibited = mapped.chars().any(|c| {
        let whitespace = c.is_whitespace() && c != ' ';
        let control = c.is_control() && !c.is_ascii();
        let private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
        let misleading = matches!(c, '\u{340}' | '\u{341}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{206a}'..='\u{206f}' | '\u{2ff0}'..='\u{2ffb}' | '\u{fff9}'..='\u{ffff}');
        whitespace || control || private || misleading
    });
    (!prohibited).then_some(mapped)
}

fn fold(c: char) -> impl Iterator<Item = char> {
    let (special, ordinary) = match c {
        'ß' | 'ẞ' => ("ss", None),
        'ς' => ("σ", None),
        _ => ("", Some(c.to_lowercase())),
    };
    special.chars().chain(ordinary.into_iter().flatten())
}

const BASE: u32 = 36;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 0x80;

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += BASE;
    }
    k + 36 * delta / (delta + 38)
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(1, 26)
}

/// RFC 3492, section 6.3.
fn punycode_encode(label: &str) -> Option<String> {
    let input: Vec<u32> = label.chars().map(u32::from).collect();
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = out.len() as u32;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut handled) = (INITIAL_N, 0_u32, INITIAL_BIAS, basic);
    while handled < input.len() as u32 {
        let next = input.iter().copied().filter(|&c| c >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for &c in &input {
            if c < n {
                delta = delta.checked_add(1)?;
            }
            if c == n {
                let mut q = delta;
                let mut k = BASE;
                loop {
                    let t = threshold(k, bias);
                    if q < t {
                        break;
                    }
                    out.push(digit(t + (q - t) % (BASE - t)));
                    q = (q - t) / (BASE - t);
                    k += BASE;
                }
                out.push(digit(q));
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n += 1;
    }
    Some(out)
}

fn digit(value: u32) -> char {
    char::from(if value < 26 { b'a' + value as u8 } else { b'0' + (value - 26) as u8 })
}

/// RFC 3492, section 6.2.
fn punycode_decode(text: &str) -> Option<String> {
    let (basic, extended) = text.rsplit_once('-').unwrap_or(("", text));
    if !text.is_ascii() || text.len() > MAX_LABEL {
        return None;
    }
    let mut out: Vec<char> = basic.chars().collect();
    let (mut n, mut i, mut bias) = (INITIAL_N, 0_u32, INITIAL_BIAS);
    let mut digits = extended.bytes();
    while digits.len() > 0 {
        let before = i;
        let (mut weight, mut k) = (1_u32, BASE);
        loop {
            let value = match digits.next()? {
                byte @ b'a'..=b'z' => byte - b'a',
                byte @ b'A'..=b'Z' => byte - b'A',
                byte @ b'0'..=b'9' => byte - b'0' + 26,
                _ => return None,
            };
            let value = u32::from(value);
            i = i.checked_add(value.checked_mul(weight)?)?;
            let t = threshold(k, bias);
            if value < t {
                break;
            }
            weight = weight.checked_mul(BASE - t)?;
            k += BASE;
        }
        let length = out.len() as u32 + 1;
        bias = adapt(i - before, length, before == 0);
        n = n.checked_add(i / length)?;
        i %= length;
        out.insert(i as usize, char::from_u32(n)?);
        i += 1;
    }
    Some(out.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_to_punycode_and_back() {
        for (unicode, ascii) in [
            ("münchen.de", "xn--mnchen-3ya.de"),
            ("☃.net", "xn--n3h.net"),
            ("日本語。jp", "xn--wgv71a119e.jp"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("straße.de", "strasse.de"),
            ("é.", "xn--9ca."),
        ] {
            assert_eq!(to_ascii(unicode).as_deref(), Some(ascii), "{unicode}");
        }
        assert_eq!(to_unicode("xn--mnchen-3ya.de"), "münchen.de");
        assert_eq!(to_unicode("www.xn--n3h.net"), "www.☃.net");
    }

    #[test]
    fn what_is_no_domain_is_refused_and_what_is_no_punycode_stays() {
        assert_eq!(to_ascii("a..b"), None);
        assert_eq!(to_ascii(&"a".repeat(64)), None);
        assert_eq!(to_ascii("xn--é.de"), None);
        assert_eq!(to_unicode("xn--999999999.de"), "xn--999999999.de");
    }
}
