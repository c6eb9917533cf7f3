//! A function becomes a view: its arguments, and what it returns.
