//! The real binary: what it says on a terminal, and how it looks in a browser.

mod browser;
mod cli;
mod flaskr;
