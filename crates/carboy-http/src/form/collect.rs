//! A multipart form put together from the decoder's events: fields in memory, files spooled.

use super::{
    Limits,
    multipart::{Decoder, Event, MultipartError, Part},
};
use crate::{
    HttpError, MultiDict,
    spool::{Spool, SpoolFolder},
    upload::FileStorage,
};
use std::io::{self, ErrorKind};

/// Collects a form while its bytes arrive.
pub(crate) struct Collector {
    decoder: Decoder,
    current: Option<Current>,
    form: MultiDict<String>,
    files: MultiDict<FileStorage>,
    /// Bytes of fields so far.
    field_bytes: usize,
    max_field_bytes: Option<usize>,
    spool_folder: Option<&'static SpoolFolder>,
    max_spool_size: Option<u64>,
}

struct Current {
    part: Part,
    content: Content,
}

enum Content {
    Field(Vec<u8>),
    File(Spool),
}

impl Collector {
    pub(crate) fn new(boundary: &str, limits: &Limits) -> Result<Self, HttpError> {
        Ok(Collector {
            decoder: Decoder::new(boundary, limits.max_form_parts)?,
            current: None,
            form: MultiDict::new(),
            files: MultiDict::new(),
            field_bytes: 0,
            max_field_bytes: limits.max_form_memory_size,
            spool_folder: limits.spool_folder,
            max_spool_size: limits.max_spool_size,
        })
    }

    pub(crate) fn feed(&mut self, data: &[u8]) -> Result<(), HttpError> {
        self.decoder.feed(data);
        self.handle_events()
    }

    pub(crate) fn finish(mut self) -> Result<(MultiDict<String>, MultiDict<FileStorage>), HttpError> {
        self.decoder.finish();
        self.handle_events()?;
        Ok((self.form, self.files))
    }

    fn handle_events(&mut self) -> Result<(), HttpError> {
        loop {
            match self.decoder.next_event()? {
                Event::NeedData | Event::End => return Ok(()),
                Event::Part(part) => {
                    let content = match part.filename {
                        Some(_) => Content::File(Spool::new(self.spool_folder, self.max_spool_size)),
                        None => Content::Field(Vec::new()),
                    };
                    self.current = Some(Current { part, content });
                }
                Event::Data { bytes, last } => {
                    let Some(current) = &mut self.current else { continue };
                    match &mut current.content {
                        Content::Field(value) => {
                            self.field_bytes += bytes.len();
                            if self.max_field_bytes.is_some_and(|max| self.field_bytes > max) {
                                return Err(HttpError::request_entity_too_large());
                            }
                            value.extend_from_slice(&bytes);
                        }
                        Content::File(spool) => spool.write(&bytes).map_err(not_kept)?,
                    }
                    if last {
                        self.end_part();
                    }
                }
            }
        }
    }

    fn end_part(&mut self) {
        let Some(Current { part, content }) = self.current.take() else { return };
        // A part without a name has the empty one.
        let name = part.name.unwrap_or_default();
        match content {
            Content::Field(value) => {
                let charset = part.headers.get("content-type").map(charset).unwrap_or_default();
                self.form.add(name, charset.decode(value));
            }
            Content::File(spool) => {
                let filename = part.filename.unwrap_or_default();
                let file = FileStorage::from_part(name.clone(), filename, part.headers, spool);
                self.files.add(name, file);
            }
        }
    }
}

/// The error of an upload that cannot be kept: a disk that is full is not the application's failure.
fn not_kept(error: io::Error) -> HttpError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            HttpError::insufficient_storage().with_source(error)
        }
        _ => HttpError::internal(error),
    }
}

impl From<MultipartError> for HttpError {
    fn from(error: MultipartError) -> Self {
        match error {
            MultipartError::Malformed(why) => HttpError::malformed_form(why),
            MultipartError::TooLarge => HttpError::request_entity_too_large(),
        }
    }
}

/// The encodings that a field may have.
#[derive(Default)]
enum Charset {
    Ascii,
    #[default]
    Utf8,
    Latin1,
}

/// The charset that a part's content type names; those that are not known count as UTF-8.
fn charset(content_type: &str) -> Charset {
    let (_, options) = crate::headers::parse_options_header(content_type);
    match options.get("charset").unwrap_or_default().to_lowercase().as_str() {
        "ascii" | "us-ascii" => Charset::Ascii,
        "iso-8859-1" => Charset::Latin1,
        _ => Charset::Utf8,
    }
}

impl Charset {
    /// Text of the bytes; what does not decode becomes U+FFFD.
    fn decode(self, bytes: Vec<u8>) -> String {
        match self {
            Charset::Utf8 => String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            Charset::Ascii => {
                bytes.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '\u{fffd}' }).collect()
            }
            Charset::Latin1 => bytes.iter().copied().map(char::from).collect(),
        }
    }
}
