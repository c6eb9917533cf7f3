//! Bodies that are compressed while they are sent.

use super::*;
use carboy::Body;
use futures_util::{StreamExt, stream};
use proptest::prelude::*;
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::mpsc;

type Chunks = Arc<Mutex<Option<mpsc::UnboundedReceiver<Vec<u8>>>>>;

/// A client of an app that streams what is put into the other end.
fn streaming(
    compression: Compression,
    kind: &'static str,
) -> (mpsc::UnboundedSender<Vec<u8>>, carboy::testing::TestClient) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let chunks: Chunks = Arc::new(Mutex::new(Some(receiver)));
    let view = move |_| {
        let mut receiver = chunks.lock().unwrap().take().unwrap();
        let chunks = stream::poll_fn(move |cx| receiver.poll_recv(cx)).map(Ok::<_, io::Error>);
        let mut response = Response::stream(chunks);
        response.set_content_type(kind).unwrap();
        response
    };
    let mut app = App::new("stream");
    app.compress(compression).add_url_rule("/", "index", carboy::view::view(view), Default::default());
    (sender, app.test_client())
}

/// Reads until the client can see all of this.
fn read_until(
    response: &mut carboy::testing::StreamingResponse,
    coded: &mut Vec<u8>,
    coding: &str,
    wanted: &[u8],
) {
    while prefix(coding, coded) != wanted {
        coded.extend_from_slice(&response.chunk().expect("the stream ended before all was there"));
    }
}

/// What can be read of the beginning of a compressed body.
fn prefix(coding: &str, mut coded: &[u8]) -> Vec<u8> {
    let mut decoder: Box<dyn Read + '_> = match coding {
        "gzip" => Box::new(flate2::read::GzDecoder::new(&mut coded)),
        #[cfg(feature = "brotli")]
        "br" => Box::new(brotli::Decompressor::new(&mut coded, 4096)),
        #[cfg(feature = "zstd")]
        "zstd" => match zstd::stream::read::Decoder::new(&mut coded) {
            Ok(decoder) => Box::new(decoder),
            Err(_) => return Vec::new(),
        },
        other => panic!("{other}"),
    };
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = decoder.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..n]);
    }
    bytes
}

#[test]
fn what_a_stream_has_sent_reaches_the_client_before_there_is_more() {
    for coding in all_codings() {
        let (sender, client) = streaming(Compression::new(), "text/plain");
        sender.send(b"first line\n".to_vec()).unwrap();
        let mut response = client.get("/").header("accept-encoding", coding.name()).send_streaming();
        assert_eq!(response.headers()["content-encoding"], coding.name());
        let mut coded = Vec::new();
        read_until(&mut response, &mut coded, coding.name(), b"first line\n");
        sender.send(b"second line\n".to_vec()).unwrap();
        read_until(&mut response, &mut coded, coding.name(), b"first line\nsecond line\n");
        drop(sender);
        while let Some(chunk) = response.chunk() {
            coded.extend_from_slice(&chunk);
        }
        assert_eq!(unpack(Some(coding.name()), &coded), b"first line\nsecond line\n");
    }
}

#[test]
fn server_sent_events_are_compressed_only_when_that_is_wanted_and_each_arrives_at_once() {
    let (sender, client) = streaming(Compression::new(), "text/event-stream");
    sender.send(b"data: 1\n\n".to_vec()).unwrap();
    let mut response = client.get("/").header("accept-encoding", "gzip").send_streaming();
    assert!(response.headers().get("content-encoding").is_none());
    assert_eq!(response.chunk().unwrap(), "data: 1\n\n");

    let (sender, client) = streaming(Compression::new().event_streams(true), "text/event-stream");
    sender.send(b"data: 1\n\n".to_vec()).unwrap();
    let mut response = client.get("/").header("accept-encoding", "gzip").send_streaming();
    read_until(&mut response, &mut Vec::new(), "gzip", b"data: 1\n\n");
}

#[test]
fn a_source_that_works_without_a_pause_is_passed_on_in_time() {
    let lines = || {
        (0..20).map(|n| {
            std::thread::sleep(Duration::from_millis(20));
            format!("line {n}\n")
        })
    };
    let mut app = App::new("busy");
    let view = carboy::view::view(move |_| Response::text(Body::from_chunks(lines())));
    app.compress(Compression::new()).add_url_rule("/", "index", view, Default::default());
    let mut response = app.test_client().get("/").header("accept-encoding", "gzip").send_streaming();
    let first = response.chunk().unwrap();
    let seen = prefix("gzip", &first);
    assert!(!seen.is_empty() && seen.len() < 15 * 8, "{}", String::from_utf8_lossy(&seen));
}

#[test]
fn a_source_that_never_pauses_does_not_keep_the_worker() {
    // A body that is all zeros makes no output for a long time; another task of the same thread must get its turn.
    let zeros = |_| Response::text(Body::from_chunks(std::iter::repeat_n(vec![0; 16 * 1024], 4096)));
    let mut app = App::new("zeros");
    app.compress(Compression::new()).add_url_rule(
        "/",
        "index",
        carboy::view::view(zeros),
        Default::default(),
    );
    let service = app.build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let turns = runtime.block_on(async {
        use carboy::Service;
        let mut request = Request::get("/");
        request.headers_mut().insert("accept-encoding", carboy::HeaderValue::from_static("gzip"));
        let response = service.call(request).await;
        let turns = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counted = turns.clone();
        let other = async move {
            loop {
                counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        };
        let (_, body) = response.into_parts();
        tokio::select! { body = body.collect() => drop(body.unwrap()), () = other => {} }
        turns.load(std::sync::atomic::Ordering::Relaxed)
    });
    assert!(turns > 100, "the other task ran {turns} times");
}

#[test]
fn a_stream_that_breaks_off_breaks_off_for_the_client() {
    let broken = |_| {
        let chunks = stream::iter([Ok("text ".repeat(1000)), Err(io::Error::other("the disk is gone"))]);
        Response::stream(chunks)
    };
    let mut app = App::new("broken");
    app.compress(Compression::new()).add_url_rule(
        "/",
        "index",
        carboy::view::view(broken),
        Default::default(),
    );
    let client = app.test_client().propagate_errors(false);
    let response = client.get("/").header("accept-encoding", "gzip").send();
    assert_eq!(response.body_error(), Some("the disk is gone"));
}

#[test]
fn what_runs_when_a_response_closes_runs_after_the_last_compressed_byte() {
    for length in [2000, 100_000] {
        let closed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let noted = closed.clone();
        let view = carboy::view::view(move |_| {
            let mut response = Response::text(text(length));
            let noted = noted.clone();
            response.on_close(move || noted.store(true, std::sync::atomic::Ordering::SeqCst));
            response
        });
        let mut app = App::new("closing");
        app.compress(Compression::new()).add_url_rule("/", "index", view, Default::default());
        let mut response = app.test_client().get("/").header("accept-encoding", "gzip").send_streaming();
        assert!(!closed.load(std::sync::atomic::Ordering::SeqCst), "{length}");
        while response.chunk().is_some() {}
        drop(response);
        assert!(closed.load(std::sync::atomic::Ordering::SeqCst), "{length}");
    }
}

/// Bytes with much, little and nothing to save, in chunks of all sizes.
fn chunks() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let chunk = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..3000),
        (any::<u8>(), 0..100_000_usize).prop_map(|(byte, length)| vec![byte; length]),
        (any::<[u8; 7]>(), 0..60_000_usize).prop_map(|(seed, length)| seed
            .iter()
            .copied()
            .cycle()
            .take(length)
            .collect()),
        Just(Vec::new()),
    ];
    prop::collection::vec(chunk, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn what_is_unpacked_is_what_was_sent_at_hand_or_in_chunks(chunks in chunks(), whole in any::<bool>()) {
        let sent = chunks.concat();
        let view = {
            let (chunks, sent) = (chunks.clone(), sent.clone());
            carboy::view::view(move |_| {
                if whole { Response::text(sent.clone()) } else { Response::text(Body::from_chunks(chunks.clone())) }
            })
        };
        let mut app = App::new("any");
        app.compress(Compression::new().min_size(0)).add_url_rule("/", "index", view, Default::default());
        let client = app.test_client();
        for coding in all_codings() {
            let response = client.get("/").header("accept-encoding", coding.name()).send();
            prop_assert_eq!(response.header("content-encoding").is_some(), !whole || !sent.is_empty());
            prop_assert!(unpacked(&response) == sent);
        }
    }
}
