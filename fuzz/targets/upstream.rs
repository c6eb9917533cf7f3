//! What belongs to one connection does not pass through to the application behind this one, nor back; what frames or routes a message
//! cannot be named away; and of where a request comes from nobody tells the upstream but this app.
//!
//! The input: fields, a line each.
#![no_main]

use carboy::fuzzing::upstream::{returned, sent};
use carboy_fuzz::quick;
use carboy_http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use libfuzzer_sys::fuzz_target;

const HOP_BY_HOP: [&str; 5] =
    ["keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "transfer-encoding"];

fn fields(data: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in data.split(|&byte| byte == b'\n') {
        let Some(at) = line.iter().position(|&byte| byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..at]);
        let value = HeaderValue::from_bytes(line[at + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            let _ = fields.try_append(name, value);
        }
    }
    fields
}

/// Nothing is left of the connection but the change of its protocol, or that trailers are taken.
fn is_through(before: &HeaderMap, after: &HeaderMap) {
    for name in HOP_BY_HOP {
        assert!(!after.contains_key(name), "{name}: {after:?}");
    }
    let connection: Vec<&[u8]> =
        after.get_all(header::CONNECTION).iter().map(HeaderValue::as_bytes).collect();
    match connection[..] {
        [] => assert!(!after.contains_key(header::UPGRADE) && !after.contains_key(header::TE), "{after:?}"),
        [b"upgrade"] => assert!(after.contains_key(header::UPGRADE), "{after:?}"),
        [b"te"] => assert_eq!(after.get(header::TE).map(HeaderValue::as_bytes), Some(&b"trailers"[..])),
        _ => panic!("{after:?}"),
    }
    let kept = [header::HOST, header::CONTENT_LENGTH];
    for value in before.get_all(header::CONNECTION) {
        for token in value.as_bytes().split(|&byte| byte == b',') {
            let Ok(name) = HeaderName::from_bytes(token.trim_ascii()) else { continue };
            // What this app says itself of the request's way is not the client's.
            let own = [header::UPGRADE, header::TE, header::CONNECTION, header::VIA].contains(&name)
                || name.as_str().starts_with("x-forwarded-");
            assert!(own || kept.contains(&name) || !after.contains_key(&name), "{name}: {after:?}");
        }
    }
    for name in kept {
        assert!(
            !before.contains_key(&name) || after.get_all(&name).iter().eq(before.get_all(&name)),
            "{after:?}"
        );
    }
}

fuzz_target!(|data: &[u8]| {
    let before = fields(data);
    quick(|| {
        for can_upgrade in [false, true] {
            let mut request = Request::get("/a%2Fb?c");
            request.connection_mut().remote_addr = "192.0.2.9:4711".parse().ok();
            *request.headers_mut() = before.clone();
            let Some(parts) = sent(&mut request, "http://127.0.0.1:5001/x", can_upgrade) else { continue };
            is_through(&before, &parts.headers);
            assert_eq!(parts.uri, "/x/a%2Fb?c");
            assert!(can_upgrade || !parts.headers.contains_key(header::UPGRADE));
            assert!(parts.headers.contains_key(header::HOST));
            assert!(parts.headers.get_all(header::COOKIE).iter().count() <= 1);
            for (name, value) in &parts.headers {
                let told = match name.as_str().replace('_', "-").as_str() {
                    "x-forwarded-for" => name == "x-forwarded-for" && value == "192.0.2.9",
                    "x-forwarded-proto" => name == "x-forwarded-proto" && value == "http",
                    "x-forwarded-host" => name == "x-forwarded-host",
                    "x-forwarded-port" => name == "x-forwarded-port",
                    "x-forwarded-prefix" | "forwarded" => false,
                    _ => true,
                };
                assert!(told, "{name}: {:?}", parts.headers);
            }
        }
        for (status, switched) in
            [(200, None), (426, None), (101, Some(HeaderValue::from_static("websocket")))]
        {
            let mut parts = http::Response::new(()).into_parts().0;
            parts.status = http::StatusCode::from_u16(status).expect("a status");
            parts.headers = before.clone();
            returned(&mut parts, switched);
            is_through(&before, &parts.headers);
        }
    });
});
