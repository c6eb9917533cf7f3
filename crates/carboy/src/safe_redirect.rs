//! Redirects to where a parameter says: only to pages of this app.

use crate::ctx::{request, try_request};
use carboy_http::Request;

/// Whether a redirect to `target` stays with this app, whatever a browser makes of it: what comes from a parameter such as `next` is asked
/// about before it becomes a [`redirect`](crate::redirect).
///
/// Two kinds are safe: a path of this host, and an absolute `http:` or `https:` URL of exactly the request's host and port, not from `https`
/// to `http`. A path begins with one slash. Everything that browsers and servers read in more than one way is refused: two slashes in a
/// row, `.` and `..` in front of them, backslashes, control characters (browsers leave out tabs and line breaks), blanks at
/// the beginning, user names, other schemes, and an international host in another spelling.
///
/// Outside a request there is no host, and only paths are safe.
///
/// ```
/// use carboy::is_safe_redirect;
///
/// assert!(is_safe_redirect("/posts/3?page=2#end"));
/// assert!(!is_safe_redirect("//evil.example/posts"));
/// assert!(!is_safe_redirect("/\\evil.example"));
/// assert!(!is_safe_redirect("https://evil.example/"));
/// assert!(!is_safe_redirect("javascript:alert(1)"));
/// ```
pub fn is_safe_redirect(target: &str) -> bool {
    is_safe(target, try_request().as_deref())
}

/// Where a parameter of this request wants to be redirected to, if that is [safe](is_safe_redirect): of the form, else of the query string.
///
/// ```
/// use carboy::{prelude::*, redirect_target};
///
/// #[route("/login", methods = ["GET", "POST"])]
/// fn login() -> Redirect {
///     redirect(redirect_target("next").unwrap_or_else(|| url_for!(index)))
/// }
///
/// #[route("/")]
/// fn index() {}
///
/// let client = App::new("shop").routes(routes![login, index]).test_client();
/// assert_eq!(client.post("/login?next=/cart").send().location(), Some("/cart"));
/// assert_eq!(client.post("/login?next=//evil.example").send().location(), Some("/"));
/// ```
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn redirect_target(parameter: &str) -> Option<String> {
    let request = request();
    let target =
        request.form().get::<String>(parameter).or_else(|| request.args().get::<String>(parameter))?;
    is_safe(&target, Some(&request)).then_some(target)
}

pub(crate) fn is_safe(target: &str, request: Option<&Request>) -> bool {
    if target.chars().any(|c| c.is_control() || c == '\\') {
        return false;
    }
    if target.starts_with('/') {
        return is_plain_path(target);
    }
    let Some(request) = request else { return false };
    let Some((scheme, rest)) = target.split_once("://") else { return false };
    let known = scheme.eq_ignore_ascii_case("https")
        || (scheme.eq_ignore_ascii_case("http") && request.scheme() == "http");
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = without_default_port(host, scheme);
    let here = without_default_port(request.host(), request.scheme());
    known
        && !host.is_empty()
        && host.eq_ignore_ascii_case(here)
        && (path.is_empty() || !path.starts_with('/') || is_plain_path(path))
}

/// Whether a path, with query and fragment behind it, is the same for everyone who reads it.
fn is_plain_path(target: &str) -> bool {
    let path = &target[..target.find(['?', '#']).unwrap_or(target.len())];
    // `/.//evil.example` is `//evil.example` once somebody has removed the dots.
    !path.contains("//")
}

fn without_default_port<'a>(host: &'a str, scheme: &str) -> &'a str {
    let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use carboy_http::Body;

    fn request(url: &str) -> Request {
        let mut request: Request = http::Request::builder().uri(url).body(Body::empty()).unwrap().into();
        request.connection_mut().is_secure = url.starts_with("https:");
        request
    }

    #[test]
    fn paths_of_this_host_and_its_own_urls_are_safe() {
        let plain = request("http://shop.example:8000/login");
        for target in [
            "/",
            "/cart",
            "/cart?next=//evil.example&url=https://evil.example/#//x",
            "/a/%2F%2Fevil.example",
            "/a/%5cevil.example",
            "/é?q=a b",
            "/@evil.example",
            "/:80",
            "/a:b",
            "/.well-known/x",
            "/?",
            "/#",
            "http://shop.example:8000/cart",
            "http://SHOP.example:8000",
            "https://shop.example:8000/?a=//b",
        ] {
            assert!(is_safe(target, Some(&plain)), "{target:?}");
        }
        let secure = request("https://shop.example/login");
        assert!(is_safe("https://shop.example/cart", Some(&secure)));
        assert!(is_safe("https://shop.example:443/cart", Some(&secure)));
        assert!(!is_safe("http://shop.example/cart", Some(&secure)), "never from https to http");
    }

    #[test]
    fn what_leads_elsewhere_or_can_be_read_in_two_ways_is_not() {
        let plain = request("http://shop.example/login");
        let refused = [
            "",
            " ",
            "cart",
            "./cart",
            "../cart",
            "?a=1",
            "#a",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "/\\/evil.example",
            "\\evil.example",
            "/a/..//evil.example",
            "/.//evil.example",
            "/cart//evil.example",
            "/a\\b",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r/evil.example",
            "\t//evil.example",
            "\n//evil.example",
            " //evil.example",
            " /cart",
            "\u{0}/cart",
            "/\u{0}/evil.example",
            "/\u{7f}/evil.example",
            "/\u{85}/evil.example",
            "\u{a0}//evil.example",
            "\u{2028}//evil.example",
            "\u{feff}//evil.example",
            "http:evil.example",
            "http:/evil.example",
            "http:///evil.example",
            "http:\\\\evil.example",
            "http://evil.example",
            "HTTP://evil.example",
            "https://evil.example/cart",
            "https:evil.example",
            "http://shop.example.evil.example",
            "http://evil.example/shop.example",
            "http://evilshop.example",
            "http://shop.example@evil.example",
            "http://shop.example:80@evil.example/",
            "http://user@shop.example/",
            "http://user:password@shop.example/",
            "http://@shop.example/",
            "http://shop.example:8000/",
            "http://shop.example:/",
            "http://shop.example\\@evil.example",
            "http://shop.example%2f@evil.example",
            "http://shop.example%00.evil.example/",
            "http://shop.example./",
            "http://ѕhop.example/",
            "http://ｓhop.example/",
            "http://shop。example/",
            "http://shop.example／cart",
            "http://[::1]/",
            "http://2130706433/",
            "http://shop.example//evil.example",
            "http://shop.example/.//evil.example",
            "://shop.example/",
            "//shop.example/cart",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\nscript:alert(1)",
            "javascript://shop.example/%0aalert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://shop.example/",
            "ws://shop.example/",
            "blob:http://shop.example/1",
            "view-source:http://shop.example/",
            "mailto:a@shop.example",
            "%2f%2fevil.example",
            "%5c%5cevil.example",
            "%68ttp://evil.example",
            "evil.example",
            "www.evil.example/cart",
            "〱/evil.example",
            "／／evil.example",
        ];
        assert!(refused.len() >= 60);
        for target in refused {
            assert!(!is_safe(target, Some(&plain)), "{target:?}");
        }
    }

    #[test]
    fn without_a_request_only_paths_are_safe() {
        assert!(is_safe("/cart", None));
        assert!(!is_safe("http://shop.example/cart", None));
    }
}
