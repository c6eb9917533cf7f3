#![cfg(feature = "login")]
//! Who is logged in, as a browser sees it.

mod login {
    mod app;
    mod behaviour;
    mod live;
    mod vectors;
}
