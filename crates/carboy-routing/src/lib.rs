//! Werkzeug's URL map, as plain data.
//!
//! Rules such as `/user/<int:id>` go into a [`UrlMap`]. It finds the rule of a request's path and reads the values of its
//! variables, and it builds the URL of an endpoint from values. Both behave as Werkzeug 3.1's `Map` does, down to the order
//! in which rules are tried and the words of its errors; where they do not, COMPATIBILITY.md says so.
//!
//! ```
//! use carboy_routing::{Bind, BuildOptions, MatchError, Rule, Target, UrlMap, Values};
//!
//! let mut map = UrlMap::default();
//! map.add(Rule::new("/").endpoint("index"))?;
//! map.add(Rule::new("/user/<int:id>/").endpoint("user").methods(["GET"]))?;
//! map.add(Rule::new("/files/<path:name>").endpoint("file"))?;
//!
//! // A path leads to a rule and its values …
//! let here = Bind::new("example.com");
//! let found = map.matches(&Target::new(here, "/user/3/")).unwrap();
//! assert_eq!(found.rule.get_endpoint(), "user");
//! assert_eq!(found.args, Values::new().with("id", 3));
//!
//! // … or elsewhere, or to what its rules allow …
//! match map.matches(&Target::new(here, "/user/3").query("tab=posts")) {
//!     Err(MatchError::Redirect(redirect)) => assert_eq!(redirect.location(), "/user/3/?tab=posts"),
//!     other => panic!("{other:?}"),
//! }
//! match map.matches(&Target::new(here.method("PUT"), "/user/3/")) {
//!     Err(MatchError::MethodNotAllowed { allowed }) => assert_eq!(allowed.to_string(), "GET, HEAD"),
//!     other => panic!("{other:?}"),
//! }
//!
//! // … and back.
//! let url = map.build(&here, "file", &Values::new().with("name", "a b/c").with("v", 2), &BuildOptions::new())?;
//! assert_eq!(url, "/files/a%20b/c?v=2");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Rules
//!
//! `<converter(arguments):variable>` stands for a variable; without a converter it is a string.
//!
//! | converter | matches | arguments | weight |
//! |---|---|---|---|
//! | `string`, `default` | text without a slash | `minlength`, `maxlength`, `length` | 100 |
//! | `int` | digits | `fixed_digits`, `min`, `max`, `signed` | 50 |
//! | `float` | digits, a dot, digits | `min`, `max`, `signed` | 50 |
//! | `uuid` | a UUID | | 100 |
//! | `any` | one of its arguments | `a, "b c", …` | 100 |
//! | `path` | text with slashes | | 200 |
//!
//! [Custom converters](Converter) are added to the map. Of several rules that match, literal text beats variables; among
//! variables more literal text around them wins, then the lower weight, then the rule that was added first.
//!
//! # Hostile paths
//!
//! Matching takes time linear in the path for each part of a rule, with no engine that backtracks within a part, and the
//! search across parts visits each part of each rule at most once. Redirects begin with exactly one slash, whatever the path
//! or its values contain.
#![forbid(unsafe_code)]

mod bind;
mod build;
mod compile;
mod converter;
mod error;
mod factory;
mod map;
mod matcher;
mod method;
mod parse;
mod pattern;
mod python;
mod quote;
mod redirect;
mod rule;
mod suggest;
mod value;

pub use bind::{Bind, INVALID_SUBDOMAIN, Target, subdomain_of};
pub use build::BuildOptions;
pub use converter::{
    AnyConverter, Converter, ConverterArgs, FloatConverter, IntConverter, PathConverter, StringConverter,
    UuidConverter,
};
pub use error::{BuildError, BuildErrorKind, ConvertError, MatchError, RuleError, RuleErrorKind};
pub use factory::{RuleTemplate, endpoint_prefix, subdomain, submount};
pub use map::{MapOptions, Match, UrlMap};
pub use method::MethodSet;
pub use redirect::Redirect;
pub use rule::{RedirectContext, Rule, RuleId, Variable};
pub use value::{Args, Value, Values};
