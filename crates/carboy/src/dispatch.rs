//! The life of one request, in the order in which it happens.
