//! A `Cookie` field is read without end and panic, its cookies lie in it, and a cookie that was set comes back as it was.
#![no_main]

use carboy_fuzz::{quick, text};
use carboy_http::cookie::{SetCookie, parse_cookie};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    quick(|| {
        let cookies: Vec<_> = parse_cookie(data).collect();
        assert!(cookies.len() <= data.iter().filter(|&&byte| byte == b';').count() + 1);
        assert!(cookies.iter().all(|(name, _)| !name.is_empty()));
        let (name, value) = carboy_fuzz::line(text(data));
        if let Ok(line) =
            SetCookie::new(name, value).http_only(true).domain("a.example").path(value).to_line()
        {
            assert!(!line.bytes().any(|byte| byte < 0x20 || byte == 0x7f), "{line:?}");
            let pair = line.split("; ").next().unwrap_or_default();
            let back: Vec<_> = parse_cookie(pair).collect();
            assert_eq!(back, [(name.into(), value.into())], "{line:?}");
        }
    });
});
