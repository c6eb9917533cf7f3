//! HTTP/2: hyper's connections under our deadlines.
//!
//! [`connection`] drives a connection and [`activity`] says until when it may wait; [`exchange`] is the way of one request,
//! [`response_body`] that of its answer. hyper and h2 bound what a client may open, reset, buffer and announce; two things
//! they leave to the server: frames that ask for nothing ([`guarded`], by its [`budget`]), and answers that the client
//! does not take ([`pace`]).

mod activity;
mod budget;
mod connection;
mod convert;
mod exchange;
mod frames;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod guarded;
mod io;
mod link;
mod pace;
mod response_body;
mod websocket;

pub(crate) use connection::{PREFACE, serve};
