//! What runs before, after and at the end of a request.
