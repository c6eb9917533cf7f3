//! Sessions: the handle that views see, and where sessions are kept.
