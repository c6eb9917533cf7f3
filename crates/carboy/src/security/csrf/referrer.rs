//! Over HTTPS: whether a request comes from a page of its own host.

use super::{CsrfError, CsrfErrorKind};
use carboy_http::Request;

/// Compares the page that sends the request with the host that it was sent to.
pub(super) fn check(request: &Request) -> Result<(), CsrfError> {
    match request.referrer().filter(|referrer| !referrer.is_empty()) {
        None => Err(CsrfError::new(CsrfErrorKind::ReferrerMissing)),
        Some(referrer) if is_same(&referrer, request.host()) => Ok(()),
        Some(_) => Err(CsrfError::new(CsrfErrorKind::ReferrerMismatch)),
    }
}

/// Whether a URL is one of `https://HOST/`. As in Flask-WTF a port has to be written in both or in neither.
fn is_same(url: &str, host: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    if !scheme.eq_ignore_ascii_case("https") {
        return false;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    place.is_ascii() && !host.is_empty() && place.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn a_page_of_the_same_host_is_recognised_however_its_url_goes_on() {
        for url in [
            "https://shop.example/",
            "https://SHOP.example",
            "HTTPS://shop.example?x",
            "https://u:p@shop.example/a@b",
        ] {
            assert!(is_same(url, "shop.example"), "{url}");
        }
        for url in [
            "http://shop.example/",
            "https://shop.example:443/",
            "https://shop.example.evil.example/",
            "https://evil.example/shop.example",
            "https://shop.example@evil.example/",
            "https://evil.example#@shop.example/",
            "//shop.example/",
            "shop.example",
            "",
        ] {
            assert!(!is_same(url, "shop.example"), "{url}");
        }
        assert!(is_same("https://shop.example:8443/x", "shop.example:8443"));
        assert!(!is_same("https:///x", ""));
    }
}
