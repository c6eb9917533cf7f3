//! What somebody may do.
