//! What happens, step by step, as functions: the views call them, and so can views of your own.

mod email;
mod factors;
mod identities;
mod login;
mod password;
mod register;

pub use login::LoginStep;
