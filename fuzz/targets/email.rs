//! An e-mail address that is good has one `@`, nothing that ends or opens anything in a header, and a domain that stays what it is.
#![no_main]

use carboy_ext::fuzzing::is_email;
use carboy_fuzz::{quick, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let address = text(data);
    quick(|| {
        if !is_email(address, true) {
            assert!(!is_email(address, false), "what is refused in every script is refused in ASCII");
            return;
        }
        assert!(address.len() <= 254 && address.matches('@').count() == 1, "{address:?}");
        let harmful = |c: char| c.is_control() || c.is_whitespace() || "\"(),:;<>[\\]".contains(c);
        assert!(!address.contains(harmful), "{address:?}");
        let (local, domain) = address.split_once('@').expect("there is one");
        assert_eq!(is_email(address, false), local.is_ascii(), "{address:?}");
        let ascii = idna::domain_to_ascii(domain).expect("a good domain is one for name servers");
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        assert!(ascii.bytes().all(plain) && ascii.contains('.'), "{ascii:?}");
        assert!(ascii.split('.').all(|label| (1..=63).contains(&label.len())), "{ascii:?}");
        let (shown, result) = idna::domain_to_unicode(&ascii);
        assert!(result.is_ok(), "{ascii:?}");
        for domain in [&ascii, &shown] {
            let same = format!("{local}@{domain}");
            assert!(same.len() > 254 || is_email(&same, true), "{address:?} but not {same:?}");
        }
    });
});
