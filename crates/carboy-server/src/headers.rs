//! Looking up a header field in a map that is most likely small.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The first value of a field. A look at the first few fields costs less than hashing the name: `Host`
/// mostly comes first, and most responses have no more.
pub(crate) fn first<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    const FEW: usize = 3;
    let mut fields = headers.iter();
    for (field, value) in fields.by_ref().take(FEW) {
        if field == name {
            return Some(value);
        }
    }
    if headers.len() > FEW { headers.get(name) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::*;

    #[test]
    fn a_field_is_found_wherever_it_stands() {
        let names = [HOST, ACCEPT, ACCEPT, DATE, COOKIE, ORIGIN];
        for wanted in [HOST, ACCEPT, DATE, COOKIE, ORIGIN, VARY] {
            for n in 0..=names.len() {
                let mut headers = HeaderMap::new();
                for (i, name) in names[..n].iter().enumerate() {
                    headers.append(name, HeaderValue::from(i));
                }
                assert_eq!(first(&headers, &wanted), headers.get(&wanted));
            }
        }
    }
}
