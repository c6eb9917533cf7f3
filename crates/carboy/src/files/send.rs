//! Sending a file: `flask.send_file`.

use super::body::file_body;
use crate::{Error, Result};
use bytes::Bytes;
use carboy_http::{
    Body, Method, Response, StatusCode, date, headers::content_disposition, mime, python_repr,
};
use std::{
    borrow::Cow,
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What is sent: a path, or bytes.
pub enum FileSource {
    /// A file on disk; a relative path starts at the app's root path.
    Path(PathBuf),
    /// Bytes at hand.
    Bytes(Bytes),
    /// A file that is open already, with the path it was opened at.
    Opened(File, PathBuf),
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
        let (opened, bytes) = match self.source {
            FileSource::Path(path) => {
                let path = app.root_path().join(path);
                let file = File::open(&path)
                    .map_err(|e| Error::msg(format!("the file {} cannot be sent: {e}", path.display())))?;
                (Some((file, path)), None)
            }
            FileSource::Opened(file, path) => (Some((file, path)), None),
            FileSource::Bytes(bytes) => (None, Some(bytes)),
        };
        let metadata = match &opened {
            Some((file, path)) => {
                let metadata = file.metadata()?;
                if !metadata.is_file() {
                    return Err(Error::msg(format!("{} is no file", path.display())));
                }
                Some(metadata)
            }
            None => None,
        };
        let path_name =
            opened.as_ref().and_then(|(_, path)| Some(path.file_name()?.to_string_lossy().into_owned()));
        let name = self.download_name.or(path_name);
        let guessed = name.as_deref().map(mime::guess_type);
        let mimetype = match (self.mimetype, &guessed, &name) {
            (Some(mimetype), ..) => Cow::Owned(mimetype),
            (None, Some((Some(mimetype), _)), _) => Cow::Borrowed(*mimetype),
            (None, _, Some(_)) => Cow::Borrowed("application/octet-stream"),
            (None, _, None) => {
                return Err(Error::msg(
                    "Unable to detect the MIME type because a file name is not available. Either set 'download_name', \
                     pass a file path instead of bytes, or set 'mimetype'.",
                ));
            }
        };

        let mut response = Response::empty();
        response.headers_mut().clear();
        if let Some(name) = &name {
            response.set_header("content-disposition", content_disposition(self.as_attachment, name))?;
        } else if self.as_attachment {
            return Err(Error::msg(
                "No name provided for attachment. Either set 'download_name' or pass a file path instead of bytes.",
            ));
        }
        response.set_header("content-type", mime::content_type(&mimetype))?;
        if let Some((_, Some(encoding))) = guessed
            && !self.as_attachment
        {
            response.set_header("content-encoding", encoding)?;
        }
        let length = match (&metadata, &bytes) {
            (Some(metadata), _) => metadata.len(),
            (None, Some(bytes)) => bytes.len() as u64,
            (None, None) => 0,
        };
        response.set_header("content-length", length.to_string())?;
        let modified = self.last_modified.or_else(|| metadata.as_ref().and_then(|m| m.modified().ok()));
        if let Some(time) = modified {
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
        if let Some(age) = max_age {
            response.set_expires(SystemTime::now() + age);
        }
        match (self.etag, &metadata, &opened) {
            (Tag::Given(etag), ..) => {
                response.set_etag(&etag, false)?;
            }
            (Tag::Made, Some(metadata), Some((_, path))) => {
                response.set_etag(&etag_of(metadata, path), false)?;
            }
            _ => {}
        }

        if settings.use_x_sendfile
            && let Some((_, path)) = &opened
        {
            let absolute = fs::canonicalize(path)?;
            response.set_header("x-sendfile", absolute.to_string_lossy())?;
            return Ok(response);
        }
        let mut part = (0, length);
        if self.conditional {
            response.make_conditional(&request, true, Some(length))?;
            match response.status() {
                StatusCode::PARTIAL_CONTENT => part = part_of(&response).unwrap_or(part),
                StatusCode::NOT_MODIFIED => return Ok(response),
                _ => {}
            }
        }
        if *request.method() == Method::HEAD {
            return Ok(response);
        }
        let (start, length) = part;
        *response.body_mut() = match (opened, bytes) {
            (Some((file, _)), _) => file_body(file, start, length)?,
            (None, Some(bytes)) => {
                let range = index(start)..index(start + length).min(bytes.len());
                Body::from(bytes.slice(range))
            }
            (None, None) => Body::empty(),
        };
        Ok(response)
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

/// Werkzeug's entity tag of a file: time of change as Python prints it, size, and the Adler-32 sum of its path.
fn etag_of(metadata: &fs::Metadata, path: &Path) -> String {
    let modified =
        metadata.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let path = path.to_string_lossy();
    format!("{}-{}-{}", python_repr(modified.as_secs_f64()), metadata.len(), adler32(path.as_bytes()))
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
    use super::adler32;

    #[test]
    fn the_sum_of_a_path_is_adler_32() {
        // zlib.adler32(b"Wikipedia"), zlib.adler32(b"")
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
        assert_eq!(adler32(b""), 1);
    }
}
