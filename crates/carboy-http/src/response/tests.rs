use super::*;
use crate::Request;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

fn now<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("the future waits"),
    }
}

fn chunks(parts: &'static [&'static str]) -> Body {
    Body::from_chunks(parts.iter().copied())
}

fn asking(fields: &[(&'static str, &str)]) -> Request {
    let mut request = Request::get("/");
    for (name, value) in fields {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}

#[test]
fn what_should_run_at_the_end_runs_once_when_the_last_byte_was_read() {
    let count = Arc::new(AtomicUsize::new(0));
    for body in [chunks(&["a", "b"]), Body::from("ab"), Body::empty()] {
        let (seen, before) = (count.clone(), count.load(Ordering::SeqCst));
        let mut response = Response::html(body);
        response.on_close(move || _ = seen.fetch_add(1, Ordering::SeqCst));
        response.finalize(&Method::GET);
        let (_, body) = response.into_parts();
        assert_eq!(count.load(Ordering::SeqCst), before);
        now(body.collect()).unwrap();
        assert_eq!(count.load(Ordering::SeqCst), before + 1);
    }
}

#[test]
fn what_should_run_at_the_end_runs_when_the_client_leaves_and_for_a_head_request() {
    let count = Arc::new(AtomicUsize::new(0));
    let response = || {
        let seen = count.clone();
        let mut response = Response::html(chunks(&["a"]));
        response.on_close(|| panic!("a close function that fails"));
        response.on_close(move || _ = seen.fetch_add(1, Ordering::SeqCst));
        response
    };
    drop(response());
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let mut head = response();
    head.finalize(&Method::HEAD);
    assert_eq!(count.load(Ordering::SeqCst), 2);
    drop(head);
    assert_eq!(count.load(Ordering::SeqCst), 2);
    let mut replaced = response();
    replaced.set_data("new");
    assert_eq!(count.load(Ordering::SeqCst), 2);
    drop(replaced);
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[test]
fn a_stream_has_no_length_whatever_the_method_and_however_often_it_is_finalized() {
    for method in [Method::GET, Method::HEAD] {
        let mut response = Response::html(chunks(&["a"]));
        response.finalize(&method);
        response.finalize(&method);
        assert_eq!(response.content_length(), None, "{method}");
        assert_eq!(now(response.into_parts().1.collect()).unwrap().is_empty(), method == Method::HEAD);
    }
}

#[test]
fn a_part_of_a_body_is_served_from_bytes_and_from_a_stream() {
    for body in [Body::from("Hello, World"), chunks(&["He", "llo, ", "", "Wor", "ld"])] {
        let mut response = Response::html(body);
        response.make_conditional(&asking(&[("range", "bytes=3-8")]), true, Some(12)).unwrap();
        assert_eq!(response.status(), 206);
        assert_eq!(response.header("content-range").unwrap(), "bytes 3-8/12");
        assert_eq!(response.content_length(), Some(6));
        assert_eq!(response.header("accept-ranges").unwrap(), "bytes");
        assert_eq!(now(response.into_parts().1.collect()).unwrap(), "lo, Wo");
    }
}

#[test]
fn a_part_that_is_not_there_is_an_error_that_tells_the_length() {
    let mut response = Response::html("Hello, World");
    let error = response.make_conditional(&asking(&[("range", "bytes=12-")]), true, Some(12)).unwrap_err();
    assert_eq!(error.status(), 416);
    assert_eq!(error.to_response().header("content-range").unwrap(), "bytes */12");
}

#[test]
fn a_client_that_has_the_resource_gets_a_304_without_a_body() {
    let mut response = Response::html("x");
    response.add_etag();
    let etag = response.header("etag").unwrap().into_owned();
    response.make_conditional(&asking(&[("if-none-match", &etag)]), false, None).unwrap();
    response.finalize(&Method::GET);
    assert_eq!(response.status(), 304);
    assert_eq!(response.content_type(), None);
    assert_eq!(response.content_length(), None);
    assert_eq!(response.data(), Some(&b""[..]));
    assert!(response.header("date").is_some());
}

#[test]
fn a_resource_that_is_not_the_one_wanted_fails_the_precondition() {
    let mut response = Response::html("x");
    response.set_etag("1", false).unwrap();
    response.make_conditional(&asking(&[("if-match", "\"2\"")]), false, None).unwrap();
    assert_eq!(response.status(), 412);
    assert_eq!(response.data(), Some(&b"x"[..]));
}

#[test]
fn nothing_is_conditional_for_other_methods() {
    let mut request = asking(&[("if-match", "\"2\"")]);
    request.set_method(Method::POST);
    let mut response = Response::html("x");
    response.set_etag("1", false).unwrap();
    response.make_conditional(&request, true, Some(1)).unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.header("accept-ranges"), None);
}

#[test]
fn replacing_the_body_by_a_mapped_one_forgets_the_length() {
    let mut response = Response::html("x");
    response.finalize(&Method::GET);
    assert_eq!(response.content_length(), Some(1));
    let mut response = response.map_body(|_| Body::from("longer"));
    response.finalize(&Method::GET);
    assert_eq!(response.content_length(), Some(6));
}

#[test]
fn json_is_read_from_a_json_response_only() {
    assert_eq!(Response::json_bytes("[1]").json::<Vec<u8>>().unwrap(), Some(vec![1]));
    assert_eq!(Response::html("[1]").json::<Vec<u8>>().unwrap(), None);
    assert!(Response::json_bytes("[").json::<Vec<u8>>().is_err());
}

#[test]
fn every_length_is_written_in_full() {
    for length in (0..2000).chain([99_999, usize::MAX]) {
        assert_eq!(length_value(length), length.to_string().as_str());
    }
}

#[test]
fn a_stream_can_be_kept_at_hand_without_closing_it() {
    let closed = Arc::new(AtomicUsize::new(0));
    let seen = closed.clone();
    let mut response = Response::html(chunks(&["a", "b"]));
    response.on_close(move || _ = seen.fetch_add(1, Ordering::SeqCst));
    assert_eq!(now(response.body_mut().buffer()).unwrap(), b"ab");
    assert_eq!(now(response.body_mut().buffer()).unwrap(), b"ab");
    assert_eq!(closed.load(Ordering::SeqCst), 0);
    response.finalize(&Method::GET);
    assert_eq!(response.content_length(), Some(2));
    drop(response);
    assert_eq!(closed.load(Ordering::SeqCst), 1);
}

#[test]
fn memory_that_is_used_again_holds_nothing_of_the_response_before() {
    let mut response = Response::text("a page");
    let place = |response: &Response| std::ptr::from_ref(&*response.0);
    let first = place(&response);
    response.set_status("404 GONE FISHING".parse::<Status>().unwrap());
    response.headers_mut().append("set-cookie", "secret=1".parse().unwrap());
    response.extensions_mut().insert("from a layer");
    let closed = Arc::new(AtomicUsize::new(0));
    let seen = closed.clone();
    response.on_close(move || _ = seen.fetch_add(1, Ordering::SeqCst));
    *response.0.version_mut() = Version::HTTP_10;

    response.recycle();
    assert_eq!(closed.load(Ordering::SeqCst), 1);
    let again = Response::new("another");
    assert_eq!(place(&again), first);
    assert_eq!(
        format!("{again:?}"),
        format!("{:?}", Response::from(http::Response::new(Body::from("another"))))
    );
    assert_eq!(again.status_line().to_string(), "200 OK");
}
