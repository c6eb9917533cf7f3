//! Configuration: Flask's keys, and the loaders that fill them.
