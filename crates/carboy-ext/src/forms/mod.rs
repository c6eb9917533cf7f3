//! Forms that are read, checked and shown.
