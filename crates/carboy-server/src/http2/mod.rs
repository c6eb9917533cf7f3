//! HTTP/2: hyper's connections under our deadlines.
//!
//! [`connection`] drives a connection and [`activity`] says until when it may wait; [`exchange`] is the way of one request, [`response_body`] that of its answer.

mod activity;
mod connection;
mod convert;
mod exchange;
mod io;
mod link;
mod response_body;

pub(crate) use connection::{Builder, PREFACE, builder, serve};
