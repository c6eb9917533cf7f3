//! What one side makes and the other takes: tokens, cookies, hashes.

use carboy::prelude::*;

pub(crate) fn register(_: &mut App) {}
