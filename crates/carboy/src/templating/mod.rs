//! Templates: Jinja's dialect, Flask's rules, MarkupSafe's escapes.
//!
//! [`render_template`] and the macro [`render!`](crate::render) render a file of the templates' folder. Templates see what
//! they are given, what context processors add, and Flask's globals: `request`, `session`, `g`, `config`, `url_for` and
//! `get_flashed_messages`. Names ending in `.html`, `.htm`, `.xml`, `.xhtml` or `.svg` are escaped.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy::{Html, Result, context, render_template_string};
//!
//! #[route("/<name>")]
//! fn hello(name: String) -> Result<Html> {
//!     render_template_string("<p>Hello {{ name }} on {{ request.path }}", context! { name })
//! }
//! let mut app = App::new("doc");
//! app.routes(routes![hello]);
//! let page = app.test_client().get("/<Ada>").send();
//! assert_eq!(page.text(), "<p>Hello &lt;Ada&gt; on /&lt;Ada&gt;");
//! ```
//!
//! The engine underneath is private; the types here are the interface.

// `engine` holds the environment, `loader` finds the sources, `context` and `value` carry data in, `filters`, `checks`,
// `builtins` and `methods` make it Jinja's; `setup` and `globals` tie it to the app, `render` is what views call.
mod args;
mod builtins;
mod checks;
#[cfg(test)]
mod conformance;
mod context;
mod engine;
mod entities;
mod error;
mod escape;
mod filters;
mod globals;
mod json;
mod loader;
mod macros;
mod markup;
mod methods;
mod percent;
mod printf;
mod python;
mod render;
mod setup;
mod source;
#[cfg(test)]
mod tests;
mod translation;
mod unquoted;
mod value;

pub use context::TemplateContext;
pub use error::{TemplateError, TemplateErrorKind};
pub(crate) use escape::escaped;
pub use markup::{Markup, ToHtml, escape, escape_silent};
pub use render::{
    TemplateAttribute, TemplateNames, get_template_attribute, render_template, render_template_string,
    select_template, stream_template, stream_template_string,
};
pub use setup::JinjaOptions;
pub(crate) use setup::{Engine, EngineOptions, Registrations};
pub use translation::{TemplateMessage, template_messages};
#[doc(hidden)]
pub use value::{ArgsMarker, CarboyMarker, PlainMarker, ResultMarker};
pub use value::{IntoTemplateValue, TemplateArgs, TemplateFunction, TemplateObject, TemplateValue};
