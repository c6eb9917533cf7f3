//! Numbers as Python writes them, where they become part of a header.

/// Python's `repr` of a float: the shortest digits that read back to it, with an exponent below
/// 0.0001 and from 10¹⁶ on.
///
/// ```
/// use carboy_http::python_repr;
/// assert_eq!(python_repr(1_700_000_000.5), "1700000000.5");
/// assert_eq!(python_repr(3.0), "3.0");
/// assert_eq!(python_repr(0.00001), "1e-05");
/// ```
pub fn python_repr(number: f64) -> String {
    if !number.is_finite() {
        return match number {
            n if n.is_nan() => "nan".to_owned(),
            n if n > 0.0 => "inf".to_owned(),
            _ => "-inf".to_owned(),
        };
    }
    let size = number.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        let plain = format!("{number}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}
