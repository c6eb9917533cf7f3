//! Sending a file: `flask.send_file`.

use super::{
    body::{file_body, reader_body},
    folder::open_regular,
};
use crate::{Error, Result};
use bytes::Bytes;
use carboy_http::{
    Body, Method, Response, StatusCode, date, headers::content_disposition, mime, python_repr,
};
use std::{
    borrow::Cow,
    fs::{File, Metadata},
    io::Read,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What is sent: a path, bytes, or what a reader gives.
pub enum FileSource {
    /// A file on disk; a relative path starts at the app's root path.
    Path(PathBuf),
    /// Bytes at hand.
    Bytes(Bytes),
    /// A file that is open already, with the path it was opened at.
    Opened(File, PathBuf),
    /// All that a reader gives, read on the blocking pool while it is sent. Its length is not known, so no ranges are served.
    Reader(Box<dyn Read + Send>),
}

impl From<&str> for FileSource {
    fn from(path: &str) -> Self {
        FileSource::Path(path.into())
    }
}

impl From<String> for FileSource {
    fn from(path: String) -> Self {
        FileSource::Path(path.into())
    }
}

impl From<&Path> for FileSource {
    fn from(path: &Path) -> Self {
        FileSource::Path(path.into())
    }
}

impl From<PathBuf> for FileSource {
    fn from(path: PathBuf) -> Self {
        FileSource::Path(path)
    }
}

impl From<Vec<u8>> for FileSource {
    fn from(bytes: Vec<u8>) -> Self {
        FileSource::Bytes(bytes.into())
    }
}

impl From<Bytes> for FileSource {
    fn from(bytes: Bytes) -> Self {
        FileSource::Bytes(bytes)
    }
}

/// A file to send, with Flask's options. [`send_file`] is the short form.
pub struct SendFile {
    source: FileSource,
    mimetype: Option<String>,
    as_attachment: bool,
    download_name: Option<String>,
    conditional: bool,
    etag: Tag,
    last_modified: Option<SystemTime>,
    max_age: Option<Option<Duration>>,
}

enum Tag {
    Made,
    Given(String),
    None,
}

impl SendFile {
    /// Sends a path, or bytes. Bytes need a [mimetype](Self::mimetype) or a [name](Self::download_name).
    pub fn new(source: impl Into<FileSource>) -> Self {
        SendFile {
            source: source.into(),
            mimetype: None,
            as_attachment: false,
            download_name: None,
            conditional: true,
            etag: Tag::Made,
            last_modified: None,
            max_age: None,
        }
    }

    /// Sends what a reader gives; it needs a [mimetype](Self::mimetype) or a [name](Self::download_name) as bytes do.
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        SendFile::new(FileSource::Reader(Box::new(reader)))
    }

    /// The content type, in place of the guess by name.
    pub fn mimetype(mut self, mimetype: impl Into<String>) -> Self {
        self.mimetype = Some(mimetype.into());
        self
    }

    /// The browser saves the file instead of showing it.
    pub fn as_attachment(mut self) -> Self {
        self.as_attachment = true;
        self
    }

    /// The name that the browser saves the file under.
    pub fn download_name(mut self, name: impl Into<String>) -> Self {
        self.download_name = Some(name.into());
        self
    }

    /// Whether conditions and ranges of the request are looked at; they are by default.
    pub fn conditional(mut self, conditional: bool) -> Self {
        self.conditional = conditional;
        self
    }

    /// The entity tag, in place of the one made of time, size and path.
    pub fn etag(mut self, etag: impl Into<String>) -> Self {
        self.etag = Tag::Given(etag.into());
        self
    }

    /// No entity tag.
    pub fn no_etag(mut self) -> Self {
        self.etag = Tag::None;
        self
    }

    /// When the file changed last, in place of the file's own time.
    pub fn last_modified(mut self, time: SystemTime) -> Self {
        self.last_modified = Some(time);
        self
    }

    /// How long the file may be kept in caches, in place of SEND_FILE_MAX_AGE_DEFAULT; `None` asks for revalidation.
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_age = Some(age.into());
        self
    }

    /// The response, with the header fields that Flask sends in their order.
    ///
    /// # Errors
    /// The file cannot be opened (an internal error, as in Flask: the caller knows the path); neither a mimetype nor a name to
    /// guess it by; 416 for a range that cannot be served.
    ///
    /// # Panics
    /// Outside a request.
    #[track_caller]
    pub fn send(self) -> Result {
        let request = crate::request();
        let app = crate::current_app();
        let settings = app.settings();
        let mut source = match self.source {
            FileSource::Path(path) => {
                let path = app.root_path().join(path);
                let (file, metadata) = open_regular(&path)
                    .map_err(|e| Error::msg(format!("the file {} cannot be sent: {e}", path.display())))?;
                Opened::File(file, metadata, path)
            }
            FileSource::Opened(file, path) => {
                let metadata = file.metadata()?;
                if !metadata.is_file() {
                    return Err(Error::msg(format!("{} is no file", path.display())));
                }
                Opened::File(file, metadata, path)
            }
            FileSource::Bytes(bytes) => Opened::Bytes(bytes),
            FileSource::Reader(reader) => Opened::Reader(reader),
        };
        let name = self.download_name.or_else(|| source.file_name());
        let (guessed, encoding) = name.as_deref().map_or((None, None), mime::guess_type);
        let (mimetype, encoding): (Cow<'_, str>, _) = match (self.mimetype, guessed, &name) {
            (Some(mimetype), ..) => (mimetype.into(), None),
            (None, Some(guessed), _) => (guessed.into(), encoding),
            (None, None, Some(_)) => ("application/octet-stream".into(), encoding),
            (None, None, None) => {
                return Err(Error::msg(
                    "Unable to detect the MIME type because a file name is not available. Either set 'download_name', \
                     pass a file path instead of bytes, or set 'mimetype'.",
                ));
            }
        };

        let mut response = Response::new(Body::empty());
        // A browser would unpack what it saves.
        if let Some(encoding) = encoding.filter(|_| !self.as_attachment) {
            response.set_header("content-encoding", encoding)?;
        }
        if let Some(name) = &name {
            response.set_header("content-disposition", content_disposition(self.as_attachment, name))?;
        } else if self.as_attachment {
            return Err(Error::msg(
                "No name provided for attachment. Either set 'download_name' or pass a file path instead of bytes.",
            ));
        }
        let handed_over = match &source {
            Opened::File(_, _, path) if settings.use_x_sendfile => {
                response.set_header("x-sendfile", path.to_string_lossy())?;
                true
            }
            _ => false,
        };
        response.set_header("content-type", mime::content_type(&mimetype))?;
        let length = source.length();
        if let Some(length) = length {
            response.set_header("content-length", length.to_string())?;
        }
        let changed = source.changed();
        if let Some(time) = self.last_modified.or_else(|| date::system_time(header_seconds(changed?))) {
            response.set_last_modified(time);
        }
        let max_age = self.max_age.unwrap_or(settings.send_file_max_age);
        response.update_cache_control(|control| match max_age {
            Some(age) if !age.is_zero() => {
                control.set_public(true).set_max_age(seconds(age));
            }
            age => {
                control.set_no_cache(true);
                if age.is_some() {
                    control.set_max_age(0);
                }
            }
        })?;
        if let Some(end) = max_age.and_then(|age| SystemTime::now().checked_add(age)) {
            response.set_expires(end);
        }
        match (self.etag, &source) {
            (Tag::Given(etag), _) => {
                response.set_etag(&etag, false)?;
            }
            (Tag::Made, Opened::File(_, metadata, path)) => {
                response.set_etag(&etag_of(changed.unwrap_or_default(), metadata.len(), path), false)?;
            }
            _ => {}
        }

        if length.is_none() {
            // A stream is read when it is sent, if it is sent; without it the length would be taken to be 0.
            *response.body_mut() = source.take_body(0, 0)?;
        }
        let mut part = (0, length.unwrap_or_default());
        if self.conditional {
            response.make_conditional(&request, true, length)?;
            match response.status() {
                StatusCode::PARTIAL_CONTENT => part = part_of(&response).unwrap_or(part),
                StatusCode::NOT_MODIFIED => {
                    // Some servers would send the file nevertheless.
                    response.remove_header("x-sendfile");
                    return Ok(response);
                }
                _ => {}
            }
        }
        if length.is_some() && !handed_over && *request.method() != Method::HEAD {
            *response.body_mut() = source.take_body(part.0, part.1)?;
        }
        Ok(response)
    }
}

/// What is sent, with what is known of it.
enum Opened {
    File(File, Metadata, PathBuf),
    Bytes(Bytes),
    Reader(Box<dyn Read + Send>),
}

impl Opened {
    fn file_name(&self) -> Option<String> {
        let Opened::File(_, _, path) = self else { return None };
        Some(path.file_name()?.to_string_lossy().into_owned())
    }

    fn length(&self) -> Option<u64> {
        match self {
            Opened::File(_, metadata, _) => Some(metadata.len()),
            Opened::Bytes(bytes) => Some(bytes.len() as u64),
            Opened::Reader(_) => None,
        }
    }

    /// When the file changed last, as the float that Python's `st_mtime` is.
    fn changed(&self) -> Option<f64> {
        let Opened::File(_, metadata, _) = self else { return None };
        let time = metadata.modified().ok()?;
        let seconds = date::unix_seconds(time);
        let nanos = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => after.subsec_nanos(),
            Err(before) => (1_000_000_000 - before.duration().subsec_nanos()) % 1_000_000_000,
        };
        Some(seconds as f64 + 1e-9 * f64::from(nanos))
    }

    fn take_body(&mut self, start: u64, length: u64) -> Result<Body> {
        // The response is done with the source after this.
        match std::mem::replace(self, Opened::Bytes(Bytes::new())) {
            Opened::File(file, ..) => Ok(file_body(file, start, length)?),
            Opened::Bytes(bytes) => {
                let end = index(start.saturating_add(length)).min(bytes.len());
                Ok(bytes.slice(index(start).min(end)..end).into())
            }
            Opened::Reader(reader) => Ok(reader_body(reader)),
        }
    }
}

fn index(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn seconds(age: Duration) -> i64 {
    i64::try_from(age.as_secs()).unwrap_or(i64::MAX)
}

/// Start and length of the part that a response says it holds.
fn part_of(response: &Response) -> Option<(u64, u64)> {
    let range = response.header("content-range")?;
    let (start, end) = range.strip_prefix("bytes ")?.split_once('/')?.0.split_once('-')?;
    let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
    Some((start, end + 1 - start))
}

/// The whole seconds of a float, as Python's `datetime` has them: rounded to microseconds first.
fn header_seconds(time: f64) -> i64 {
    let whole = time.floor();
    let micros = ((time - whole) * 1e6).round_ties_even();
    whole as i64 + i64::from(micros >= 1e6)
}

/// Werkzeug's entity tag of a file: time of change as Python prints it, size, and the Adler-32 sum of its path.
fn etag_of(changed: f64, size: u64, path: &Path) -> String {
    let path = path.to_string_lossy();
    format!("{}-{size}-{}", python_repr(changed), adler32(path.as_bytes()))
}

/// RFC 1950 section 9.
fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (b + a) % 65521)
    });
    (b << 16) | a
}

/// Sends a file, or bytes: `flask.send_file`. [`SendFile`] has the options.
///
/// A relative path starts at the app's root path. Never make the path of what a visitor sent: that is what
/// [`send_from_directory`](crate::send_from_directory) is for.
///
/// # Errors
/// As [`SendFile::send`].
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn send_file(source: impl Into<FileSource>) -> Result {
    SendFile::new(source).send()
}

/// The seconds of a time that a header field can say.
pub(super) fn unix(time: u64) -> Option<SystemTime> {
    date::system_time(i64::try_from(time).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_a_path_is_zlibs() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/files/files.json");
        let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let sums = vectors["sums"].as_array().unwrap();
        assert!(sums.len() >= 5);
        for sum in sums {
            assert_eq!(
                Some(u64::from(adler32(sum[0].as_str().unwrap().as_bytes()))),
                sum[1].as_u64(),
                "{sum}"
            );
        }
    }

    #[test]
    fn a_time_just_below_a_second_is_the_next_one_as_in_python() {
        assert_eq!(header_seconds(1_700_000_000.5), 1_700_000_000);
        assert_eq!(header_seconds(1_700_000_000.999_999_9), 1_700_000_001);
        assert_eq!(header_seconds(-0.5), -1);
    }
}
