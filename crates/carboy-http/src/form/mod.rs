//! Form bodies: the urlencoded kind and the multipart kind, with limits where the bytes are read.

mod collect;
mod limits;
pub mod multipart;
pub mod urlencoded;

pub(crate) use collect::Collector;
pub use limits::Limits;
