//! Form bodies: the urlencoded kind and the multipart kind, with limits where the bytes are read.

mod limits;
pub mod urlencoded;

pub use limits::Limits;
