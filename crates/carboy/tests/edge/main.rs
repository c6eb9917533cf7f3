//! What stands at the edge of an app: proxies before it, hosts that clients make up, texts that try to split an answer, secrets that
//! must not leave, and those who watch.

mod hosts;
mod proxies;
mod secrets;
mod socket;
mod spans;
mod splitting;
