//! The application object: what is registered before it runs.
