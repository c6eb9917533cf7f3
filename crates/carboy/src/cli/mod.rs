//! The commands that an application's own binary answers.
