//! Errors of views, hooks and extensions.
