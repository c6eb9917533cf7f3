//! Compressed answers: which ones, in which coding, and that what is unpacked is what was sent.
#![cfg(feature = "compression")]

mod choice;
mod clients;
mod streams;

use carboy::{
    compression::{Coding, Compress, Compression},
    prelude::*,
    testing::TestResponse,
};
use std::io::Read;

/// Text that gets smaller.
fn text(length: usize) -> String {
    "All work and no play makes Jack a dull boy.\n".chars().cycle().take(length).collect()
}

#[route("/text/<int:length>")]
fn plain(length: usize) -> Response {
    Response::text(text(length))
}

#[route("/typed/<path:kind>")]
fn typed(kind: String) -> carboy::Result<Response> {
    let mut response = Response::new(text(2000));
    response.set_content_type(&kind)?;
    Ok(response)
}

/// An answer with these header fields.
#[route("/with/<name>/<path:value>")]
fn with(name: String, value: String) -> carboy::Result<Response> {
    let mut response = Response::text(text(2000));
    response.set_header(&name, &value)?;
    Ok(response)
}

#[route("/session/<what>")]
fn touch(what: String) -> Response {
    match what.as_str() {
        "read" => assert!(session().get::<i64>("n") != Some(-1)),
        _ => session().set("n", 1),
    }
    let mut response = Response::text(text(2000));
    if what == "forced" {
        response.extensions_mut().insert(Compress::Always);
    }
    response
}

#[route("/never")]
fn never() -> Response {
    let mut response = Response::text(text(2000));
    response.extensions_mut().insert(Compress::Never);
    response
}

#[route("/tagged")]
fn tagged() -> carboy::Result<Response> {
    let mut response = Response::text(text(2000));
    response.add_etag();
    response.make_conditional(&request(), true, Some(2000))?;
    Ok(response)
}

fn app(compression: Compression) -> App {
    let mut app = App::new("packed");
    app.config().set("SECRET_KEY", "k");
    app.routes(routes![plain, typed, with, touch, never, tagged]).compress(compression);
    app
}

/// The text of an answer, unpacked by what its header field says.
fn unpacked(response: &TestResponse) -> Vec<u8> {
    unpack(response.header("content-encoding"), response.data())
}

fn unpack(coding: Option<&str>, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = match coding {
        None => (&mut &*data).read_to_end(&mut bytes),
        Some("gzip") => flate2::read::GzDecoder::new(data).read_to_end(&mut bytes),
        #[cfg(feature = "brotli")]
        Some("br") => brotli::Decompressor::new(data, 4096).read_to_end(&mut bytes),
        #[cfg(feature = "zstd")]
        Some("zstd") => zstd::stream::read::Decoder::new(data).unwrap().read_to_end(&mut bytes),
        Some(other) => panic!("{other}"),
    };
    read.unwrap();
    bytes
}

fn all_codings() -> Vec<Coding> {
    vec![
        #[cfg(feature = "zstd")]
        Coding::Zstd,
        #[cfg(feature = "brotli")]
        Coding::Brotli,
        Coding::Gzip,
    ]
}
