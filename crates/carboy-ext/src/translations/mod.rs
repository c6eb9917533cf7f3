//! Languages, time zones, dates and numbers.
