//! Unicode's locale data (CLDR), as Babel has it, and what is formatted with it.
//!
//! `data` unpacks it, `locale` names it, `plural` chooses forms; `numbers`, `dates`, `delta` and `lists` write.

mod data;
pub(super) mod dates;
pub(super) mod decimal;
pub(super) mod delta;
pub(super) mod lists;
pub(super) mod locale;
pub(super) mod numbers;
mod pattern;
mod plural;
pub(super) mod zones;
