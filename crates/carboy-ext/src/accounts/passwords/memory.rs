//! The memory that hashes work in, kept for the next one.
//!
//! Freed, it would stay with the allocator, once for each thread that ever hashed: several times what runs at once needs.

use std::sync::{Mutex, PoisonError};

use argon2::Block;
use carboy::{Error, Result};

static KEPT: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// Larger pieces, of 64 MiB and more, are given back: they are for hashes of other parameters, which are made anew.
const MOST_KEPT: usize = 64 * 1024;

/// Lends so many blocks of a kibibyte, which hold anything.
pub(super) fn with_blocks<T>(count: usize, work: impl FnOnce(&mut [Block]) -> T) -> Result<T> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut blocks = kept.filter(|blocks| blocks.len() >= count).unwrap_or_default();
    if blocks.len() < count {
        blocks
            .try_reserve_exact(count)
            .map_err(|_| Error::msg("there is no memory to hash a password in"))?;
        blocks.resize(count, Block::default());
    }
    let outcome = work(&mut blocks[..count]);
    if blocks.len() <= MOST_KEPT {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        // As many as run at once.
        if kept.len() < std::thread::available_parallelism().map_or(1, usize::from) {
            kept.push(blocks);
        }
    }
    Ok(outcome)
}
