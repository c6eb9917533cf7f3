use super::*;
use crate::Request;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

fn now<F: Future>(future: F) -> F::Output {
    match poll(&mut std::pin::pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

fn poll<F: Future>(future: &mut Pin<&mut F>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn post(content_type: &str, body: impl Into<Body>) -> Request {
    http::Request::post("/?q=1").header("content-type", content_type).body(body.into()).unwrap().into()
}

fn chunked(parts: &[&'static str]) -> Body {
    Body::from_chunks(parts.to_vec())
}

fn multipart(parts: &[(&str, usize)]) -> Body {
    let mut body = String::new();
    for (options, length) in parts {
        let data = "x".repeat(*length);
        body.push_str(&format!("--b\r\nContent-Disposition: form-data; {options}\r\n\r\n{data}\r\n"));
    }
    Body::from(body + "--b--\r\n")
}

const MULTIPART: &str = "multipart/form-data; boundary=b";
const URLENCODED: &str = "application/x-www-form-urlencoded";

#[test]
fn a_request_without_a_body_is_read_from_the_start_and_keeps_nothing_for_it() {
    let request = Request::get("/");
    assert_eq!(request.body_state(), BodyState::Read);
    now(request.load_body()).unwrap();
    assert_eq!(request.body_state(), BodyState::Read);
    assert!(request.0.loaded.get().is_none());
    assert!(request.form().is_empty() && request.files().is_empty() && request.data().is_empty());
}

#[test]
fn before_it_is_read_a_body_seems_empty() {
    let request = post(URLENCODED, "a=1");
    assert!(request.form().is_empty() && request.get_data().is_empty());
    now(request.load_body()).unwrap();
    assert_eq!(request.form().get_str("a"), Some("1"));
    assert_eq!(request.get_data(), "a=1");
    assert_eq!(request.data(), "");
    assert_eq!(request.values().keys().collect::<Vec<_>>(), ["q", "a"]);
}

#[test]
fn a_get_request_has_its_form_but_not_among_its_values() {
    let mut request = post(URLENCODED, "a=1");
    request.set_method(http::Method::GET);
    now(request.load_body()).unwrap();
    assert_eq!(request.form().get_str("a"), Some("1"));
    assert_eq!(request.values().keys().collect::<Vec<_>>(), ["q"]);
}

#[test]
fn the_bytes_of_a_body_that_is_no_form_are_its_data() {
    let request = post("text/plain", chunked(&["é", "\n", "x"]));
    now(request.load_body()).unwrap();
    assert_eq!(request.text(), "é\nx");
    assert_eq!(request.data(), "é\nx");
    assert!(request.form().is_empty());
}

#[test]
fn a_body_may_have_exactly_as_many_bytes_as_the_limit() {
    for body in [chunked(&["12345", "67890"]), Body::from("1234567890")] {
        let request = post("text/plain", body);
        request.set_max_content_length(Some(10));
        now(request.load_body()).unwrap();
        assert_eq!(request.data(), "1234567890");
    }
}

#[test]
fn a_body_that_passes_the_limit_is_refused_by_its_length_or_as_it_comes() {
    let polled = Arc::new(AtomicUsize::new(0));
    let endless = || {
        let polled = polled.clone();
        Body::from_chunks(std::iter::repeat_with(move || {
            polled.fetch_add(1, Ordering::SeqCst);
            "0123456789"
        }))
    };
    for content_type in ["text/plain", URLENCODED, MULTIPART] {
        let request = post(content_type, endless());
        request.set_max_content_length(Some(25));
        assert_eq!(now(request.load_body()).unwrap_err().status(), 413);
        assert_eq!(polled.swap(0, Ordering::SeqCst), 3, "{content_type}");
        assert_eq!(request.body_state(), BodyState::Failed(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(now(request.load_body()).unwrap_err().status(), 413);
        assert!(request.data().is_empty());

        let mut request = post(content_type, endless());
        request.headers_mut().insert("content-length", 26.into());
        request.set_max_content_length(Some(25));
        assert_eq!(now(request.load_body()).unwrap_err().status(), 413);
        assert_eq!(polled.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn without_a_limit_everything_is_read() {
    let request = post("text/plain", Body::from(vec![b'x'; 17 << 20]));
    request.set_max_content_length(None);
    now(request.load_body()).unwrap();
    assert_eq!(request.data().len(), 17 << 20);
    let request = post("text/plain", Body::from(vec![b'x'; 17 << 20]));
    assert_eq!(now(request.load_body()).unwrap_err().status(), 413);
}

#[test]
fn a_body_shorter_than_announced_is_a_bad_request() {
    let mut request = post("text/plain", "1234");
    request.headers_mut().insert("content-length", 5.into());
    let error = now(request.load_body()).unwrap_err();
    assert_eq!((error.status(), error.kind()), (StatusCode::BAD_REQUEST, &HttpErrorKind::ClientDisconnected));
    assert_eq!(request.body_error().unwrap().kind(), &HttpErrorKind::ClientDisconnected);
}

#[test]
fn a_body_longer_than_announced_ends_where_it_was_announced_to() {
    let mut request = post("text/plain", chunked(&["12", "3456"]));
    request.headers_mut().insert("content-length", 5.into());
    now(request.load_body()).unwrap();
    assert_eq!(request.data(), "12345");
}

#[test]
fn a_body_that_breaks_off_is_a_bad_request_unless_its_error_says_more() {
    let broken = |error: BodyErrorOf| Body::from_stream(futures_util::stream::iter([Ok("12"), Err(error())]));
    type BodyErrorOf = fn() -> crate::BodyError;
    for content_type in ["text/plain", MULTIPART] {
        let request = post(content_type, broken(|| io::Error::other("reset").into()));
        let error = now(request.load_body()).unwrap_err();
        assert_eq!(error.kind(), &HttpErrorKind::ClientDisconnected);
        let request = post(content_type, broken(|| HttpError::new(StatusCode::REQUEST_TIMEOUT).into()));
        assert_eq!(now(request.load_body()).unwrap_err().status(), 408);
        assert_eq!(request.body_state(), BodyState::Failed(StatusCode::REQUEST_TIMEOUT));
    }
}

#[test]
fn a_form_of_too_many_fields_is_refused() {
    for (body, status) in [("a=1&a=2&&a=3&", None), ("a&b&c&d", Some(413))] {
        let request = post(URLENCODED, body);
        request.set_max_form_parts(Some(3));
        let result = now(request.load_body());
        assert_eq!(result.err().map(|error| error.status().as_u16()), status, "{body}");
    }
    let request = post(MULTIPART, multipart(&[("name=a", 1); 4]));
    request.set_max_form_parts(Some(3));
    assert_eq!(now(request.load_body()).unwrap_err().status(), 413);
}

#[test]
fn the_memory_of_all_fields_together_is_limited_and_files_do_not_count() {
    let cases: [(&[(&str, usize)], bool); 4] = [
        (&[("name=a", 500_000)], true),
        (&[("name=a", 500_001)], false),
        (&[("name=a", 250_000), ("name=b", 250_001)], false),
        (&[("name=a", 500_000), ("name=b; filename=x", 600_000)], true),
    ];
    for (parts, ok) in cases {
        let request = post(MULTIPART, multipart(parts));
        let result = now(request.load_body());
        assert_eq!(
            result.map_err(|error| error.status().as_u16()),
            if ok { Ok(()) } else { Err(413) },
            "{parts:?}"
        );
    }
}

#[test]
fn a_multipart_form_gives_fields_and_files_and_keeps_no_bytes() {
    let request = post(
        MULTIPART,
        multipart(&[("name=a", 2), ("name=f; filename=\"x.bin\"", 600_000), ("name=e; filename=\"\"", 0)]),
    );
    now(request.load_body()).unwrap();
    assert_eq!(request.form().get_str("a"), Some("xx"));
    let files = request.files();
    let file = files.get("f").unwrap();
    assert_eq!((file.name(), file.filename(), file.len()), ("f", "x.bin", 600_000));
    assert!(files.get("e").unwrap().is_empty());
    assert_eq!(files.get_required("missing").unwrap_err().key(), Some("missing"));
    assert!(request.get_data().is_empty());
}

#[test]
fn a_malformed_multipart_form_is_a_bad_request() {
    for (content_type, body) in [
        (MULTIPART, "--b\r\n"),
        (MULTIPART, "nothing"),
        (MULTIPART, "--b\r\nX: 1\r\n\r\nv\r\n--b--"),
        ("multipart/form-data", "--b--"),
        ("multipart/form-data; boundary=\"\"", "----"),
    ] {
        let error = now(post(content_type, body).load_body()).unwrap_err();
        assert!(matches!(error.kind(), HttpErrorKind::MalformedForm(_)), "{content_type} {body}");
        assert_eq!(error.status(), 400);
    }
    now(post(MULTIPART, "").load_body()).unwrap();
}

#[test]
fn a_stream_that_was_taken_keeps_to_the_limit() {
    let request = post("text/plain", chunked(&["12345", "67890"]));
    request.set_max_content_length(Some(9));
    let stream = request.take_stream().unwrap();
    assert_eq!(request.body_state(), BodyState::Taken);
    assert!(request.take_stream().is_none());
    now(request.load_body()).unwrap();
    assert!(request.data().is_empty());
    let error = now(stream.collect()).unwrap_err().downcast::<HttpError>().unwrap();
    assert_eq!(error.status(), 413);

    let mut request = post("text/plain", chunked(&["12345"]));
    request.headers_mut().insert("content-length", 6.into());
    let error = now(request.take_stream().unwrap().collect()).unwrap_err();
    assert_eq!(error.downcast::<HttpError>().unwrap().status(), 400);

    let request = post("text/plain", chunked(&["12345"]));
    assert_eq!(now(request.take_stream().unwrap().collect()).unwrap(), "12345");
}

#[test]
fn those_that_ask_while_the_body_is_read_wait_for_it() {
    let slow = Body::from_stream(futures_util::StreamExt::map(
        futures_util::stream::unfold(0, |step| async move {
            if step % 2 == 1 {
                let mut waited = false;
                poll_fn(
                    |_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending },
                )
                .await;
            }
            (step < 3).then_some(("x", step + 1))
        }),
        Ok::<_, io::Error>,
    ));
    let request = post("text/plain", slow);
    let mut first = std::pin::pin!(request.load_body());
    let mut second = std::pin::pin!(request.load_body());
    assert!(poll(&mut first).is_pending());
    assert!(poll(&mut second).is_pending());
    assert_eq!(request.body_state(), BodyState::NotRead);
    while poll(&mut first).is_pending() {}
    assert!(matches!(poll(&mut second), Poll::Ready(Ok(()))));
    assert_eq!(request.data(), "xxx");
}

#[test]
fn a_load_that_is_dropped_in_the_middle_has_failed() {
    let request =
        post("text/plain", Body::from_stream(futures_util::stream::pending::<Result<Bytes, io::Error>>()));
    {
        let mut load = std::pin::pin!(request.load_body());
        assert!(poll(&mut load).is_pending());
    }
    assert_eq!(request.body_state(), BodyState::Failed(StatusCode::BAD_REQUEST));
}

#[test]
fn json_of_another_type_is_415_and_of_the_wrong_shape_400() {
    let load = |content_type, body: &'static str| {
        let request = post(content_type, body);
        now(request.load_body()).unwrap();
        request
    };
    let request = load("text/json", "[1]");
    let error = request.json::<Vec<u8>>().unwrap_err();
    assert_eq!(error.status(), 415);
    assert_eq!(
        error.description(),
        "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
    );
    assert_eq!(request.get_json::<Vec<u8>>(true, false).unwrap(), Some(vec![1]));
    assert_eq!(request.get_json::<Vec<u8>>(false, true).unwrap(), None);

    let request = load("application/json; charset=utf-8", "[");
    let error = request.json::<Vec<u8>>().unwrap_err();
    assert!(matches!(error.kind(), HttpErrorKind::InvalidJson(_)));
    assert!(
        !error.body().contains("EOF") && error.debug_body().contains("Failed to decode JSON object: EOF")
    );
    assert_eq!(request.get_json::<Vec<u8>>(false, true).unwrap(), None);
    assert_eq!(load("application/json", "").json::<Vec<u8>>().unwrap_err().status(), 400);
    assert_eq!(load("application/problem+json", "[2]").json::<Vec<u8>>().unwrap(), [2]);
}

#[test]
fn a_body_that_was_too_large_is_that_for_json_too() {
    let request = post("application/json", "[1,2,3]");
    request.set_max_content_length(Some(3));
    now(request.load_body()).unwrap_err();
    assert_eq!(request.json::<Vec<u8>>().unwrap_err().status(), 413);
    assert_eq!(request.get_json::<Vec<u8>>(true, true).unwrap_err().status(), 413);
}

#[test]
fn a_mount_and_limits_survive_layers_that_know_only_http() {
    let mut request = post(URLENCODED, "a=1");
    request.set_uri("/app/x".parse().unwrap());
    assert!(request.enter_mount("/app"));
    request.set_max_form_parts(Some(7));
    let plain: http::Request<Body> = request.into();
    let request = Request::from(plain);
    assert_eq!((request.script_root(), request.path(), request.max_form_parts()), ("/app", "/x", Some(7)));
    now(request.load_body()).unwrap();
    assert_eq!(request.form().get_str("a"), Some("1"));
}
