//! Messages that a real server took.
