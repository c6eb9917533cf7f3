//! JSON as Flask's default provider writes it.
