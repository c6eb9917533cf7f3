//! A redirect that is judged safe leads a browser to the host that it came from, whatever it makes of the target.
#![no_main]

use carboy::{Body, IntoResponse, Request, fuzzing::is_safe_redirect, redirect};
use carboy_fuzz::{quick, text};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use url::Url;

/// Where a client is when it is redirected.
const PAGES: [&str; 5] = [
    "http://shop.example/login?next=x",
    "http://shop.example:8000/account/login",
    "https://shop.example/",
    "https://[::1]:8443/a/b/c",
    "http://127.0.0.1:5000/login",
];

static REQUESTS: LazyLock<Vec<(Url, Request)>> = LazyLock::new(|| {
    let request = |page: &&str| {
        let request = http::Request::builder().uri(*page).body(Body::empty()).expect("a request");
        let mut request: Request = request.into();
        request.connection_mut().is_secure = page.starts_with("https:");
        (Url::parse(page).expect("a URL"), request)
    };
    PAGES.iter().map(request).collect()
});

fuzz_target!(|data: &[u8]| {
    let target = text(data);
    quick(|| {
        for (page, request) in REQUESTS.iter() {
            if !is_safe_redirect(target, request) {
                continue;
            }
            let response = redirect(target).into_response().expect("a safe target can be sent");
            let location = response.header("location").expect("a redirect leads somewhere");
            for target in [target, &location] {
                let to = page.join(target).unwrap_or_else(|error| panic!("{error}: {target:?}"));
                assert!(to.scheme() == page.scheme() || to.scheme() == "https", "{to} of {target:?}");
                assert_eq!(to.host_str(), page.host_str(), "{target:?}");
                assert_eq!(to.port(), page.port(), "{target:?}");
                assert!(to.username().is_empty() && to.password().is_none(), "{to} of {target:?}");
                assert!(!to.path().starts_with("//"), "{to} of {target:?}");
            }
        }
    });
});
