//! Chunks on their way in (RFC 9112, section 7.1): a state machine that is fed bytes and knows no socket.

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

/// How many bytes of chunk extensions, of trailer fields, and of zeros before a size a body may have in all.
const MAX_EXTRA: u32 = 16 * 1024;

/// How many trailer fields a body may have.
const MAX_TRAILERS: usize = 100;

/// The grammar was broken; nothing that follows can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Where in a chunked body the next byte stands.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    /// What is left of this chunk, or its size as far as it was read.
    left: u64,
    extra: u32,
    /// The lines of the trailer section, without their carriage returns.
    trailers: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first digit of a size.
    Begin,
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the begin of a line of the trailer section.
    Trailer,
    TrailerField,
    TrailerFieldLf,
    EndLf,
    End,
}

/// What came out of the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    Data(Bytes),
    /// The input does not hold more; the rest of the body is still to come.
    NeedMore,
    End,
}

impl Chunked {
    pub(super) fn new() -> Self {
        Chunked { state: State::Begin, left: 0, extra: 0, trailers: Vec::new() }
    }

    /// Takes the next piece of content from the input.
    pub(super) fn decode(&mut self, input: &mut BytesMut) -> Result<Decoded, Malformed> {
        loop {
            if self.state == State::Data {
                if input.is_empty() {
                    return Ok(Decoded::NeedMore);
                }
                let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len());
                self.left -= here as u64;
                if self.left == 0 {
                    self.state = State::DataCr;
                }
                return Ok(Decoded::Data(input.split_to(here).freeze()));
            }
            if self.state == State::End {
                return Ok(Decoded::End);
            }
            let mut read = 0;
            while read < input.len() && !matches!(self.state, State::Data | State::End) {
                self.state = self.next(input[read])?;
                read += 1;
            }
            input.advance(read);
            if input.is_empty() && self.state != State::End {
                return Ok(Decoded::NeedMore);
            }
        }
    }

    fn next(&mut self, byte: u8) -> Result<State, Malformed> {
        Ok(match (self.state, byte) {
            (State::Begin | State::Size, byte) if byte.is_ascii_hexdigit() => {
                let digit = (byte as char).to_digit(16).map_or(0, u64::from);
                let behind_zeros = self.state == State::Size && self.left == 0;
                self.left = self.left.checked_mul(16).ok_or(Malformed)? | digit;
                if behind_zeros { self.more(State::Size)? } else { State::Size }
            }
            (State::Size, b'\r') => State::SizeLf,
            (State::Size, b';') => State::Extension,
            (State::Extension, b'\r') => State::SizeLf,
            // Control characters, a bare line feed among them, are where readers differ.
            (State::Extension, b'\t' | b' '..=b'~' | 0x80..) => self.more(State::Extension)?,
            (State::SizeLf, b'\n') if self.left == 0 => State::Trailer,
            (State::SizeLf, b'\n') => State::Data,
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Begin,
            (State::Trailer, b'\r') => State::EndLf,
            (State::EndLf, b'\n') => State::End,
            (State::TrailerField, b'\r') => State::TrailerFieldLf,
            (State::TrailerFieldLf, b'\n') => {
                self.trailers.push(b'\n');
                State::Trailer
            }
            (State::Trailer, b'!'..=b'~') | (State::TrailerField, b'\t' | b' '..=b'~' | 0x80..) => {
                self.trailers.push(byte);
                self.more(State::TrailerField)?
            }
            _ => return Err(Malformed),
        })
    }

    /// The fields behind a body that has ended.
    pub(super) fn trailers(&mut self) -> Result<Option<HeaderMap>, Malformed> {
        let lines = std::mem::take(&mut self.trailers);
        let mut fields = HeaderMap::new();
        for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let colon = line.iter().position(|&byte| byte == b':').ok_or(Malformed)?;
            let name = HeaderName::from_bytes(&line[..colon]).map_err(|_| Malformed)?;
            let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).map_err(|_| Malformed)?;
            if fields.len() == MAX_TRAILERS {
                return Err(Malformed);
            }
            fields.append(name, value);
        }
        Ok((!fields.is_empty()).then_some(fields))
    }

    fn more(&mut self, state: State) -> Result<State, Malformed> {
        self.extra += 1;
        if self.extra > MAX_EXTRA { Err(Malformed) } else { Ok(state) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds pieces; the content, and whether the body ended, with what was left over.
    fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, Option<Vec<u8>>), Malformed> {
        let (mut chunked, mut input, mut content) = (Chunked::new(), BytesMut::new(), Vec::new());
        for piece in pieces {
            input.extend_from_slice(piece);
            loop {
                match chunked.decode(&mut input)? {
                    Decoded::Data(data) => content.extend_from_slice(&data),
                    Decoded::NeedMore => break,
                    Decoded::End => return Ok((content, Some(input.to_vec()))),
                }
            }
        }
        Ok((content, None))
    }

    const BODY: &[u8] = b"5\r\nhello\r\nA;name=\"v\"\r\n0123456789\r\n0000\r\nX: y\r\nZ: \xff\r\n\r\nGET";

    #[test]
    fn content_is_the_same_however_the_bytes_come() {
        let whole = (b"hello0123456789".to_vec(), Some(b"GET".to_vec()));
        assert_eq!(decode(&[BODY]), Ok(whole.clone()));
        for at in 0..BODY.len() {
            let (a, b) = BODY.split_at(at);
            assert_eq!(decode(&[a, b]).map(|(content, _)| content), Ok(whole.0.clone()), "{at}");
        }
        let bytes: Vec<&[u8]> = BODY.chunks(1).collect();
        assert_eq!(decode(&bytes), Ok((whole.0, Some(Vec::new()))));
    }

    #[test]
    fn a_body_that_stops_anywhere_before_its_end_has_not_ended() {
        for length in 0..BODY.len() - 3 {
            assert_eq!(decode(&[&BODY[..length]]).map(|(_, end)| end), Ok(None), "{length}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_malformed() {
        for body in [
            "\r\n",
            "+1\r\nx\r\n",
            "0x1\r\nx\r\n",
            " 1\r\nx\r\n",
            "1 \r\nx\r\n",
            "1\nx\n",
            "1\r\nx\n",
            "1\r\nxy\r\n",
            "1;a\nb\r\nx",
            "1;\0\r\nx",
            "1\r\r\nx",
            "10000000000000000\r\n",
            "g\r\n",
            "-1\r\n",
            "0\r\n\n",
            "0\r\n X: y\r\n\r\n",
            "0\r\nX: y\n\r\n",
            "0\r\nX: \0\r\n\r\n",
            "0\r\n\rx",
        ] {
            assert_eq!(decode(&[body.as_bytes()]), Err(Malformed), "{body:?}");
        }
        assert_eq!(decode(&[b"ffffffffffffffff\r\nab"]).unwrap(), (b"ab".to_vec(), None));
    }

    #[test]
    fn fields_behind_a_body_are_kept_and_must_be_fields() {
        let trailers = |body: &[u8]| {
            let (mut chunked, mut input) = (Chunked::new(), BytesMut::from(body));
            while chunked.decode(&mut input) != Ok(Decoded::End) {}
            chunked.trailers()
        };
        let fields = trailers(BODY).unwrap().unwrap();
        assert_eq!((fields["x"].as_bytes(), fields["z"].as_bytes()), (&b"y"[..], &b"\xff"[..]));
        assert_eq!(trailers(b"0\r\n\r\n"), Ok(None));
        assert_eq!(trailers(b"0\r\nno field\r\n\r\n"), Err(Malformed));
        assert_eq!(trailers(b"0\r\nX Y: z\r\n\r\n"), Err(Malformed));
    }

    #[test]
    fn extensions_trailers_and_zeros_before_a_size_are_bounded() {
        let zeros = "0".repeat(MAX_EXTRA as usize + 2);
        assert_eq!(decode(&[format!("{zeros}1\r\nx").as_bytes()]), Err(Malformed));
        assert_eq!(decode(&[format!("{}1\r\nx", &zeros[3..]).as_bytes()]).unwrap().0, b"x");
        let long = "a".repeat(MAX_EXTRA as usize + 1);
        assert_eq!(decode(&[format!("1;{long}").as_bytes()]), Err(Malformed));
        assert_eq!(decode(&[format!("0\r\n{long}").as_bytes()]), Err(Malformed));
        let many = "1;aaaaaaaa\r\nx\r\n".repeat(MAX_EXTRA as usize / 8 + 1);
        assert_eq!(decode(&[many.as_bytes()]), Err(Malformed));
    }
}
