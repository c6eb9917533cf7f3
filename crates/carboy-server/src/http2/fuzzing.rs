//! The scanner of frames.
#![allow(missing_docs)]

use super::frames::Frames;

/// Length, kind, flags and stream of the frames in bytes that come in pieces.
pub fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<(u32, u8, u8, u32)> {
    let (mut frames, mut found) = (Frames::after(0), Vec::new());
    for piece in pieces {
        frames.feed(piece, |frame| found.push((frame.length, frame.kind, frame.flags, frame.stream)));
    }
    found
}
