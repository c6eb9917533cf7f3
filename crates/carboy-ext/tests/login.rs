//! Who is logged in, as a browser sees it.
#![cfg(feature = "login")]

mod login {
    mod app;
    mod behaviour;
    mod live;
    mod store;
    mod vectors;
}
