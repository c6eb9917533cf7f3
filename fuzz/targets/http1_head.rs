//! A head is the same however its bytes are cut; what is taken and passes the gate cannot be understood in two ways; and
//! hyper, which is more lenient, takes it for the same request.
//!
//! The input: the sizes of the pieces, a line end, the bytes.
#![no_main]

use bytes::Bytes;
use carboy_fuzz::{pieces, quick};
use carboy_server::fuzzing;
use http::{Method, Version, header, request::Parts};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use libfuzzer_sys::fuzz_target;
use std::{
    cell::RefCell,
    convert::Infallible,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

/// A client that has sent everything at once and takes every answer.
struct Wire<'a>(&'a [u8]);

impl hyper::rt::Read for Wire<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buf: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let (now, later) = self.0.split_at(self.0.len().min(buf.remaining()));
        buf.put_slice(now);
        self.0 = later;
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Wire<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The first request in the bytes and its body as hyper reads them; the body is `None` if it is broken off.
fn hyper_reads(bytes: &[u8]) -> Option<(Parts, Option<Bytes>)> {
    let first = RefCell::new(None);
    let service = service_fn(|request: http::Request<Incoming>| async {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.ok().map(|body| body.to_bytes());
        first.borrow_mut().get_or_insert((parts, body));
        let mut response = http::Response::new(Empty::<Bytes>::new());
        response.headers_mut().insert(header::CONNECTION, http::HeaderValue::from_static("close"));
        Ok::<_, Infallible>(response)
    });
    let mut builder = http1::Builder::new();
    builder.half_close(true).max_headers(256).max_header_size(64 * 1024);
    let mut connection = pin!(builder.serve_connection(Wire(bytes), service));
    let mut context = Context::from_waker(Waker::noop());
    // It never waits for anything; but it may want to be polled again.
    for _ in 0..16 {
        if connection.as_mut().poll(&mut context).is_ready() {
            break;
        }
    }
    first.take()
}

/// What is true of every request that an application sees.
fn check(parts: &Parts, chunked: bool) {
    let fields = |name| parts.headers.get_all(name).iter().map(|value| value.as_bytes()).collect::<Vec<_>>();
    let hosts = fields(header::HOST);
    assert!(hosts.len() == 1 || (hosts.is_empty() && parts.version == Version::HTTP_10), "{parts:?}");
    for host in hosts {
        assert!(!host.is_empty() && host.iter().all(u8::is_ascii_graphic), "{parts:?}");
        assert!(!host.iter().any(|byte| b"/@?#\\\"<>%^`{|}".contains(byte)), "{parts:?}");
        if let Some(authority) = parts.uri.authority() {
            let bare =
                |host: &str| host.to_ascii_lowercase().trim_end_matches(|c| ":0483".contains(c)).to_owned();
            assert_eq!(bare(authority.as_str()), bare(&String::from_utf8_lossy(host)));
        }
    }
    assert!(!matches!(parts.method, Method::TRACE | Method::CONNECT));
    let path = parts.uri.path();
    assert!(path.starts_with('/') || (path == "*" && parts.method == Method::OPTIONS), "{parts:?}");
    let codings = fields(header::TRANSFER_ENCODING);
    assert_eq!(chunked, !codings.is_empty());
    if chunked {
        assert!(codings.len() == 1 && codings[0].eq_ignore_ascii_case(b"chunked"), "{parts:?}");
        assert!(!parts.headers.contains_key(header::CONTENT_LENGTH), "{parts:?}");
    }
    assert!(fields(header::CONTENT_LENGTH).len() <= 1);
    let bad = |byte: &u8| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f;
    assert!(!parts.headers.values().any(|value| value.as_bytes().iter().any(bad)), "{parts:?}");
}

fuzz_target!(|data: &[u8]| {
    let (sizes, bytes) = match data.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (&data[..0], data),
    };
    quick(|| {
        let whole = fuzzing::head([bytes]);
        let cut = fuzzing::head(pieces(bytes, sizes));
        let brief = |head: &Option<fuzzing::Head>| {
            let head = head.as_ref()?;
            Some((format!("{:?}", head.parts), head.length, head.persistent, head.consumed))
        };
        match (&whole, &cut) {
            (Ok(whole), Ok(cut)) => assert_eq!(brief(whole), brief(cut)),
            // Which of several things is wrong with a head depends on how much of it was there.
            (Err(_), Err(_)) => {}
            (whole, cut) => panic!("{whole:?} or {cut:?}"),
        }
        let Ok(Some(mut head)) = whole else { return };
        assert!(head.consumed <= bytes.len());
        let before = head.parts.headers.clone();
        if fuzzing::admit(&mut head.parts).is_err() {
            return;
        }
        check(&head.parts, head.length.is_none());
        let (parts, body) = hyper_reads(bytes).unwrap_or_else(|| panic!("hyper refuses {:?}", head.parts));
        assert_eq!(
            (&parts.method, &parts.uri, parts.version),
            (&head.parts.method, &head.parts.uri, head.parts.version)
        );
        for name in before.keys() {
            assert!(parts.headers.get_all(name).iter().eq(before.get_all(name)), "{name}: {parts:?}");
        }
        assert_eq!(parts.headers.len(), before.len());
        // The body of a fixed length: hyper has the same, or it is cut off for both.
        let rest = &bytes[head.consumed..];
        match (head.length, body) {
            (Some(length), Some(body)) => assert_eq!(Some(&body[..]), rest.get(..length as usize)),
            (Some(length), None) => assert!(length > rest.len() as u64),
            (None, Some(body)) => {
                // hyper is more lenient, but what we take whole it takes for the same.
                if let fuzzing::Body::Whole(content, _) = fuzzing::body([rest]) {
                    assert_eq!(body, content);
                }
            }
            (None, None) => assert!(!matches!(fuzzing::body([rest]), fuzzing::Body::Whole(..))),
        }
    });
});
