//! Header fields as values: each family is read from text, asked, changed, and written again, as
//! Werkzeug's `http` module and data structures do.
//!
//! Nothing here fails on a client's input: what is malformed is left out or answers `None`.

mod list;
mod options;
mod params;
mod text;

mod accept;
mod auth;
mod cache_control;
mod charset;
mod csp;
mod disposition;
mod etag;
mod header_set;
mod range;
mod retry_after;

pub use accept::{Accept, AcceptKind};
pub use auth::{Authorization, WwwAuthenticate};
pub use cache_control::{RequestCacheControl, ResponseCacheControl};
pub use csp::ContentSecurityPolicy;
pub use disposition::content_disposition;
pub use etag::{ETags, generate_etag, quote_etag, unquote_etag};
pub use header_set::{HeaderSet, vary_on};
pub use list::{dump_dict_header, dump_list_header, parse_dict_header, parse_list_header};
pub use options::{dump_options_header, parse_options_header};
pub use params::{Directives, Options};
pub use range::{ContentRange, IfRange, Range};
pub use retry_after::RetryAfter;
pub(crate) use text::as_it_came;
pub use text::{combined, quote_header_value, text, unquote_header_value};
