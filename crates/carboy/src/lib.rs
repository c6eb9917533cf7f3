//! **Flask, in Rust.**
//!
//! ```no_run
//! use carboy::prelude::*;
//!
//! #[route("/")]
//! fn hello() -> &'static str { "Hello, World!" }
//!
//! fn main() -> carboy::Result<()> {
//!     App::new("hello").routes(routes![hello]).run()
//! }
//! ```
//!
//! The programming model is Flask's: an [`App`] with URL rules, [`request()`], [`session()`] and [`g()`], Jinja templates,
//! [blueprints](Blueprint), hooks, error handlers, signals, a command line and a [test client](testing). So are the wire
//! formats: sessions, flash messages, signed tokens and password hashes are those of the Python packages, so a running
//! Flask application can move a view at a time.
//!
//! | to do this | look at |
//! |---|---|
//! | register views, hooks, handlers | [`Scaffold`], implemented by [`App`] and [`Blueprint`] |
//! | read the request | [`request()`], [`Json`], [`Form`], [`Query`] |
//! | answer | [`IntoResponse`], [`Html`], [`redirect`], [`abort`], [`send_file`] |
//! | build URLs | [`url_for!`], [`url_for()`] |
//! | keep something for a user, a request, a message | [`session()`], [`g()`], [`flash()`] |
//! | render | [`render!`], [`render_template`] |
//! | add what other apps need too | [`Extension`] |
//! | keep a connection | [`websocket`](mod@websocket), [`sse`] |
//! | leave the rest to a running Flask application | [`Upstream`] |
//! | choose addresses, workers, limits and deadlines of the server | [`App::server`], [`server`] |
//! | compress answers (feature `compression`) | `App::compress` |
//! | test | [`testing`] |
#![forbid(unsafe_code)]

mod app;
mod blueprint;
pub mod cli;
#[cfg(feature = "compression")]
pub mod compression;
pub mod config;
mod ctx;
mod debug_page;
mod dispatch;
mod drain;
mod end;
mod error;
mod extension;
mod external;
mod files;
mod flash;
mod freeze;
#[cfg(fuzzing)]
pub mod fuzzing;
mod guard;
mod hooks;
pub mod json;
mod logging;
mod middleware;
mod origin;
mod polling;
mod registry;
mod running;
mod runtime;
mod safe_redirect;
mod scaffold;
mod secret;
pub mod security;
pub mod server;
pub mod session;
mod settings;
pub mod signals;
mod spans;
pub mod sse;
mod state;
mod stream;
pub mod templating;
pub mod testing;
mod translator;
mod upstream;
mod urls;
pub mod view;
mod watch;
#[cfg(feature = "websocket")]
pub mod websocket;

pub use app::App;
pub use blueprint::{Blueprint, BlueprintOptions};
pub use carboy_http::cookie::{SameSite, SetCookie};
pub use carboy_http::date::{http_date, parse_date};
pub use carboy_http::mime::guess_type;
pub use carboy_http::proxy::{ProxyFix, TrustedProxies};
pub use carboy_http::{
    Body, FileStorage, HeaderMap, HeaderName, HeaderValue, HttpError, HttpErrorKind, LogUser, Method,
    MultiDict, Request, Response, Service, StatusCode,
};
#[cfg(feature = "websocket")]
pub use carboy_macros::websocket;
pub use carboy_macros::{
    command, commands, delete, get, method_view, patch, post, put, route, routes, url_for,
};
pub use carboy_routing::{ConvertError, Converter, ConverterArgs, Value as UrlValue};
pub use config::Config;
pub use ctx::{
    Context, CurrentRequest, G, after_this_request, current_app, g, has_app_context, has_request_context,
    request, session, try_current_app, try_g, try_request, try_session, varies_on, vary_on,
};
pub use error::{Abort, Caught, Error, OrAbort, Result, abort};
pub use extension::{Ext, Extension, ExtensionFuture, Requirement, ext, try_ext};
pub use files::{FileSource, SendFile, secure_filename, send_file, send_from_directory};
pub use flash::{flash, get_flashed_messages};
pub use guard::{Guard, IntoGuard};
pub use hooks::UrlValues;
pub use middleware::{Inner, Next};
pub use registry::RuleOptions;
pub use running::AppService;
pub use runtime::{blocking, spawn};
pub use safe_redirect::{is_safe_redirect, redirect_target};
pub use scaffold::Scaffold;
pub use secret::Secret;
pub use session::Session;
pub use state::State;
pub use stream::{StreamWithContext, stream_with_context};
pub use templating::{
    JinjaOptions, Markup, TemplateArgs, TemplateAttribute, TemplateContext, TemplateError, TemplateErrorKind,
    TemplateFunction, TemplateMessage, TemplateObject, TemplateValue, escape, escape_silent,
    get_template_attribute, render_template, render_template_string, select_template, stream_template,
    stream_template_string, template_messages,
};
pub use translator::{Translate, Translator, gettext, ngettext, translator};
pub use upstream::Upstream;
pub use urls::{IntoUrlValues, UrlOptions, try_url_for, url_for};
pub use view::{
    BoxFuture, Form, FromContext, FromUrl, Html, IntoResponse, Json, MethodView, Query, Redirect, redirect,
};

/// What most files of an application want in scope.
pub mod prelude {
    pub use crate::{
        App, Blueprint, Error, Ext, Form, Html, HttpError, IntoResponse, Json, Next, OrAbort, Query,
        Redirect, Request, Response, Scaffold, abort, after_this_request, command, commands, context,
        current_app, delete, ext, flash, g, get, patch, post, put, redirect, render, render_template,
        request, route, routes, session, url_for,
    };
    #[cfg(feature = "websocket")]
    pub use crate::{websocket, websocket::WebSocket};
}

/// What generated code names. Not part of the API.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "websocket")]
    pub use crate::websocket::__private::{handled, handler_future_must_be_send, websocket_view};
    pub use crate::{
        cli::{Command, CommandArg, CommandDef, finish_command},
        files::Embedded,
        view::__private::*,
    };
}
