//! Signals: what happens in an app, told to whoever listens.
