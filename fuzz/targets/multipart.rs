//! A multipart form is the same however its bytes are cut, and what comes out of it was in it.
//!
//! The input: the boundary, a line end, the sizes of the pieces as bytes, a line end, the body.
#![no_main]

use carboy_fuzz::{pieces, quick, text};
use carboy_http::form::multipart::{Decoder, Event, MultipartError};
use libfuzzer_sys::fuzz_target;

/// Name, file name and bytes of each part, and why it ended early.
type Form = (Vec<(Option<String>, Option<String>, Vec<u8>)>, Option<MultipartError>);

fn read<'a>(boundary: &str, pieces: impl Iterator<Item = &'a [u8]>) -> Form {
    let mut form: Form = (Vec::new(), None);
    let mut decoder = match Decoder::new(boundary, Some(100)) {
        Ok(decoder) => decoder,
        Err(error) => return (form.0, Some(error)),
    };
    let mut pieces = pieces;
    loop {
        match decoder.next_event() {
            Ok(Event::NeedData) => match pieces.next() {
                Some(piece) => decoder.feed(piece),
                None => decoder.finish(),
            },
            Ok(Event::Part(part)) => form.0.push((part.name, part.filename, Vec::new())),
            Ok(Event::Data { bytes, .. }) => {
                form.0.last_mut().expect("data comes after the head of its part").2.extend_from_slice(&bytes);
            }
            Ok(Event::End) => return form,
            Err(error) => {
                form.1 = Some(error);
                return form;
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(3, |&byte| byte == b'\n');
    let boundary = text(lines.next().unwrap_or_default());
    let sizes = lines.next().unwrap_or_default();
    let body = lines.next().unwrap_or_default();
    quick(|| {
        let (whole, error) = read(boundary, std::iter::once(body));
        assert!(whole.iter().map(|part| part.2.len()).sum::<usize>() <= body.len());
        assert!(whole.len() <= 101);
        let (cut, cut_error) = read(boundary, pieces(body, sizes));
        assert_eq!(cut_error, error);
        match error {
            None => assert_eq!(cut, whole),
            // What a form that fails has given before it fails depends on how far was read.
            Some(_) => {}
        }
    });
});
