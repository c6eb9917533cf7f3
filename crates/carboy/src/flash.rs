//! Messages for the next page.
