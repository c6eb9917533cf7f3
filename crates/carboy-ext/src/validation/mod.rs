//! Input that is checked before a view sees it.
