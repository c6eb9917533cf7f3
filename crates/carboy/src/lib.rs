//! Flask, in Rust.

mod app;
mod blueprint;
mod cli;
mod config;
mod ctx;
mod dispatch;
mod error;
mod files;
mod flash;
mod hooks;
pub mod json;
mod logging;
mod middleware;
mod registry;
mod runtime;
pub mod security;
mod session;
mod signals;
mod state;
mod templating;
pub mod testing;
mod view;

pub use config::{
    Config, ConfigError, ConfigErrorKind, DEFAULT_KEYS, DefaultKey, Environment, Source, env_flag,
    env_prefix, is_secret_key,
};
