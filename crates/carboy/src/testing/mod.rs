//! A client for tests, without a socket.
