//! The background runtime that views are polled in.
