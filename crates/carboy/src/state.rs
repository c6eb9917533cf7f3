//! What a running app knows.
