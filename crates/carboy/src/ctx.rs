//! The context of a request or of the app, and the accessors that read it.
