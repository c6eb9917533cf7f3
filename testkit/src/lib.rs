//! What tests of running programs share: child processes, requests over a socket, a browser, the real Flask.

#![forbid(unsafe_code)]

mod certificates;
mod flask;
mod folder;
mod http;
mod lean;
mod log;
mod node;
mod postgres;
mod process;
mod redis;
mod webdriver;

pub use certificates::Certificates;
pub use flask::{Flask, python};
pub use folder::Folder;
pub use http::{Answer, ask};
pub use lean::lean;
pub use log::logged;
pub use node::{node, node_modules};
pub use postgres::Postgres;
pub use process::Process;
pub use redis::Redis;
pub use webdriver::{Authenticator, Browser, Element};
