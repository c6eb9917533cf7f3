//! Static files and sending files.
