//! Where the frames of HTTP/2 begin in a stream of bytes ([RFC 9113, section 4.1](https://www.rfc-editor.org/rfc/rfc9113#section-4.1)).

/// The head of a frame, less what nobody here asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) length: u32,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
}

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const HEAD: usize = 9;

/// Finds the heads of frames, however the bytes are cut: it looks at nine bytes of each frame and skips the rest.
#[derive(Debug)]
pub(crate) struct Frames {
    head: [u8; HEAD],
    have: u8,
    skip: u32,
    block: Block,
}

/// Where a block of header fields stands (RFC 9113, section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    /// More frames of it follow.
    Open,
    /// The frame that was seen last is the last one of it.
    Ending,
}

impl Frames {
    /// For bytes whose first so many are no frames, such as the preface.
    pub(crate) fn after(skip: usize) -> Self {
        Frames { head: [0; HEAD], have: 0, skip: skip as u32, block: Block::None }
    }

    /// Takes the next bytes and shows the frames that begin in them.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Frame)) {
        loop {
            let skipped = bytes.len().min(self.skip as usize);
            self.skip -= skipped as u32;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return;
            }
            let have = self.have as usize;
            let taken = bytes.len().min(HEAD - have);
            self.head[have..have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken as u8;
            bytes = &bytes[taken..];
            if (self.have as usize) < HEAD {
                return;
            }
            let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = self.head;
            let length = u32::from_be_bytes([0, l0, l1, l2]);
            each(Frame { length, kind, flags, stream: u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]) });
            (self.have, self.skip) = (0, length);
            self.block = match kind {
                HEADERS | CONTINUATION if flags & END_HEADERS != 0 => Block::Ending,
                HEADERS | CONTINUATION => Block::Open,
                _ => Block::None,
            };
        }
    }

    /// Whether header fields have begun and not come to their end.
    pub(crate) fn within_fields(&self) -> bool {
        match self.block {
            Block::None => false,
            Block::Open => true,
            Block::Ending => self.skip > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_fields_are_open_until_their_last_byte() {
        let frame = |kind, flags, length: u8| {
            [vec![0, 0, length, kind, flags, 0, 0, 0, 1], vec![7; length.into()]].concat()
        };
        let mut frames = Frames::after(0);
        let mut open = |bytes: &[u8]| {
            frames.feed(bytes, |_| ());
            frames.within_fields()
        };
        assert!(!open(&frame(DATA, 0, 3)));
        let whole = frame(HEADERS, END_HEADERS, 3);
        assert!(open(&whole[..10]) && !open(&whole[10..]));
        assert!(open(&frame(HEADERS, END_STREAM, 3)));
        assert!(open(&frame(CONTINUATION, 0, 0)));
        assert!(!open(&frame(CONTINUATION, END_HEADERS, 0)));
    }

    #[test]
    fn frames_are_found_however_the_bytes_are_cut() {
        let mut bytes = b"PRI".to_vec();
        bytes.extend([0, 0, 4, 8, 0, 0x80, 0, 0, 3, 1, 2, 3, 4]);
        bytes.extend([0, 0, 0, 0, 1, 0, 0, 0, 3]);
        bytes.extend([1, 0, 1, 0, 0, 0, 0, 1, 5]);
        bytes.extend(vec![7; 65537]);
        bytes.extend([0, 0, 8, 6, 1, 0, 0, 0, 0]);
        let expected = [
            Frame { length: 4, kind: 8, flags: 0, stream: 3 },
            Frame { length: 0, kind: DATA, flags: END_STREAM, stream: 3 },
            Frame { length: 65537, kind: DATA, flags: 0, stream: 261 },
            Frame { length: 8, kind: 6, flags: 1, stream: 0 },
        ];
        for size in [1, 2, 8, 9, 10, 1000, bytes.len()] {
            let (mut frames, mut found) = (Frames::after(3), Vec::new());
            bytes.chunks(size).for_each(|piece| frames.feed(piece, |frame| found.push(frame)));
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }
}
