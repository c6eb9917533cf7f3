//! Answers, results and fragments that are kept.
