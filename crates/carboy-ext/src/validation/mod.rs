//! Input that is checked before a view sees it, whatever it is: JSON, a form, the query string, the path.
//!
//! serde reads it, [`Validate`] checks it, [`Valid`] makes an argument of it:
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_ext::validation::{Valid, Validate};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, Validate)]
//! struct Search {
//!     #[validate(length(min = 2, max = 50))]
//!     q: String,
//!     #[serde(default)]
//!     #[validate(number_range(max = 100))]
//!     page: u32,
//! }
//!
//! #[get("/search")]
//! fn search(search: Valid<Query<Search>>) -> String {
//!     format!("{} on page {}", search.q, search.page)
//! }
//!
//! let mut app = App::new("doc");
//! app.routes(routes![search]);
//! let client = app.test_client();
//! assert_eq!(client.get("/search?q=tea&page=2").send().text(), "tea on page 2");
//! let page = client.get("/search?q=t&page=200").header("Accept", "text/html").send();
//! assert_eq!(page.status(), 422);
//! assert!(page.text().contains("q: Field must be between 2 and 50 characters long.<br>page: Number must be at most 100."));
//! ```
//!
//! The rules and the messages are those of [forms](crate::forms), in the language of the request. For a page with a form that is shown
//! again use [`FormState`](crate::forms::FormState); this module is for what other programs send.

mod address;
mod catalogues;
mod decimal;
mod email;
pub(crate) mod messages;
mod problem;
mod report;
pub(crate) mod rule;
mod valid;
mod value;

pub use carboy_macros::Validate;
pub use decimal::{Decimal, NotADecimal};
#[cfg(any(feature = "accounts", fuzzing))]
pub(crate) use email::{EmailOptions, is_email};
pub use messages::{builtin_message, builtin_plural, message_locales};
pub use problem::{InvalidInput, Source};
pub use report::{Report, Validate, Violation};
pub use rule::{Invalid, Rule};
pub use valid::{Path, Valid};
pub use value::Value;

#[doc(hidden)]
pub mod __private {
    pub use super::{
        Report, Rule, Validate, Value,
        report::Length,
        rule::{anchored, invalid},
    };
    pub use regex::Regex;
}
