//! What is safe by default, attached through public hooks.

pub mod password;
