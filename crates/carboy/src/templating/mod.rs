//! Templates: minijinja with Flask's globals, loaders and escapes.
