//! The life of a server, seen from outside: `carboy-faults` is started as a program, asked, signalled, and started anew.

mod addresses;
mod guide;
mod handover;
mod log;
mod program;
mod stop;
