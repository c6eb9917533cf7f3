//! A request's body on its way from the socket's bytes to whoever reads it.

use super::{
    chunked::{Chunked, Decoded, Malformed},
    head::Framing,
    pipe::{BrokenOff, Reader, Sender, pipe},
};
use bytes::{Bytes, BytesMut};
use std::task::{Context, Poll};

/// What is still to come of the request that is being answered.
pub(super) struct Incoming {
    decoder: Decoder,
    /// Gone when the application no longer reads.
    sender: Option<Sender>,
    /// The client waits to be told that it may send.
    pub(super) expects_continue: bool,
}

enum Decoder {
    Length(u64),
    Chunked(Chunked),
    Done,
    Broken,
}

/// What a look at the pipe and the input says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pumped {
    /// Something was handed to the application, which should be polled.
    Progress,
    /// The application wants bytes that have not come.
    NeedMore,
    /// Nobody asks for anything.
    Idle,
}

impl Incoming {
    pub(super) const NOTHING: Incoming =
        Incoming { decoder: Decoder::Done, sender: None, expects_continue: false };

    /// A body that is still to be read, and its other end for the application.
    pub(super) fn new(framing: Framing, expects_continue: bool) -> (Incoming, Reader) {
        let (decoder, length) = match framing {
            Framing::Empty => (Decoder::Done, Some(0)),
            Framing::Length(length) => (Decoder::Length(length), Some(length)),
            Framing::Chunked => (Decoder::Chunked(Chunked::new()), None),
        };
        let (sender, reader) = pipe(length);
        (Incoming { decoder, sender: Some(sender), expects_continue }, reader)
    }

    /// The body is wholly received, or there is none.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.decoder, Decoder::Done)
    }

    /// A body that no application sees.
    pub(super) fn refused(framing: Framing) -> Incoming {
        let (mut incoming, _) = Incoming::new(framing, false);
        incoming.sender = None;
        incoming
    }

    /// Whether what is left can be skipped to come to the next request.
    pub(super) fn can_be_skipped(&self, limit: u64) -> bool {
        if self.sender.as_ref().is_some_and(Sender::was_given_up) {
            return false;
        }
        match self.decoder {
            Decoder::Length(left) => left <= limit && !self.expects_continue,
            Decoder::Chunked(_) => !self.expects_continue,
            Decoder::Done => true,
            Decoder::Broken => false,
        }
    }

    /// Whether somebody may still read it.
    pub(super) fn is_read(&self) -> bool {
        self.sender.as_ref().is_some_and(Sender::has_reader)
    }

    /// The application gets no more: what it has not read is broken off for it.
    pub(super) fn abandon(&mut self) {
        self.sender = None;
    }

    /// The client has sent its last byte.
    pub(super) fn client_left(&mut self, cx: &Context<'_>) {
        if !self.is_done() {
            self.decoder = Decoder::Broken;
            self.end(Err(BrokenOff::Left), cx);
        }
    }

    fn end(&mut self, end: Result<(), BrokenOff>, cx: &Context<'_>) {
        if let Some(sender) = self.sender.take() {
            sender.end(end, cx);
        }
    }

    /// Hands over what the application asks for, as far as the input has it.
    pub(super) fn pump(&mut self, input: &mut BytesMut, cx: &Context<'_>) -> Pumped {
        let Some(sender) = &self.sender else { return Pumped::Idle };
        match sender.poll_asked(cx) {
            Poll::Ready(true) => {}
            Poll::Ready(false) => {
                self.sender = None;
                return Pumped::Idle;
            }
            Poll::Pending => return Pumped::Idle,
        }
        match self.decode(input) {
            Ok(Decoded::Data(piece)) => {
                if let Some(sender) = &self.sender {
                    sender.send(piece, cx);
                }
                if self.is_done() {
                    self.end(Ok(()), cx);
                }
                Pumped::Progress
            }
            Ok(Decoded::NeedMore) => Pumped::NeedMore,
            Ok(Decoded::End) => {
                self.end(Ok(()), cx);
                Pumped::Progress
            }
            Err(Malformed) => {
                self.end(Err(BrokenOff::Malformed), cx);
                Pumped::Progress
            }
        }
    }

    /// Takes the next piece of the body from the input. Once malformed, it stays so.
    pub(super) fn decode(&mut self, input: &mut BytesMut) -> Result<Decoded, Malformed> {
        match &mut self.decoder {
            Decoder::Done => Ok(Decoded::End),
            Decoder::Broken => Err(Malformed),
            Decoder::Length(left) => {
                if input.is_empty() {
                    return Ok(Decoded::NeedMore);
                }
                let piece = at_most(input, *left);
                *left -= piece.len() as u64;
                if *left == 0 {
                    self.decoder = Decoder::Done;
                }
                Ok(Decoded::Data(piece))
            }
            Decoder::Chunked(chunked) => {
                let decoded = chunked.decode(input);
                match decoded {
                    Ok(Decoded::End) => {
                        let trailers = chunked.trailers();
                        self.decoder = if trailers.is_ok() { Decoder::Done } else { Decoder::Broken };
                        if let (Some(trailers), Some(sender)) = (trailers?, &self.sender) {
                            sender.trailers(trailers);
                        }
                    }
                    Err(Malformed) => self.decoder = Decoder::Broken,
                    Ok(_) => {}
                }
                decoded
            }
        }
    }
}

/// The whole body, if it is in the input already; most small ones come together with their head.
pub(super) fn at_hand(input: &mut BytesMut, framing: Framing) -> Option<Bytes> {
    match framing {
        Framing::Length(length) if length <= input.len() as u64 => Some(at_most(input, length)),
        _ => None,
    }
}

fn at_most(input: &mut BytesMut, length: u64) -> Bytes {
    let here = usize::try_from(length).unwrap_or(usize::MAX).min(input.len());
    input.split_to(here).freeze()
}
