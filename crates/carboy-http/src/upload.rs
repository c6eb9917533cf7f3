//! Uploaded files: kept in memory while small, in a temporary file without a name beyond that.

use crate::{
    HttpError, MultiDict,
    spool::{Spool, SpoolContent, Spooled},
};
use bytes::Bytes;
use std::{
    fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

/// The header fields of a part, or of an upload; names are compared without case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartHeaders(Vec<(String, String)>);

impl PartHeaders {
    /// The first value of the field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The fields in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }
}

/// An uploaded file (Werkzeug's `FileStorage`).
///
/// Clones share the contents. The temporary file of a large upload has no name, and is gone with the last clone.
///
/// ```
/// use carboy_http::FileStorage;
/// let file = FileStorage::new("photo", "cat.png", Some("image/png"), &b"..."[..]);
/// assert_eq!((file.filename(), file.len()), ("cat.png", 3));
/// ```
#[derive(Clone)]
pub struct FileStorage(Arc<Inner>);

struct Inner {
    name: String,
    filename: String,
    headers: PartHeaders,
    content: Content,
}

enum Content {
    Memory(Bytes),
    File(Spooled),
}

impl FileStorage {
    /// A file with contents at hand, as tests send them.
    pub fn new(
        name: impl Into<String>,
        filename: impl Into<String>,
        content_type: Option<&str>,
        contents: impl Into<Bytes>,
    ) -> Self {
        let mut headers = PartHeaders::default();
        if let Some(content_type) = content_type {
            headers.push("Content-Type", content_type);
        }
        let content = Content::Memory(contents.into());
        FileStorage(Arc::new(Inner { name: name.into(), filename: filename.into(), headers, content }))
    }

    pub(crate) fn from_part(name: String, filename: String, headers: PartHeaders, spool: Spool) -> Self {
        let content = match spool.into_content() {
            SpoolContent::Memory(bytes) => Content::Memory(bytes.into()),
            SpoolContent::File(file) => Content::File(file),
        };
        FileStorage(Arc::new(Inner { name, filename, headers, content }))
    }

    /// The name of the form field.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The name that the client gave the file; empty when no file was chosen.
    ///
    /// It is the client's word: never use it as a path without a check.
    pub fn filename(&self) -> &str {
        &self.0.filename
    }

    /// Whether no file was chosen, which is when Flask's `FileStorage` is false. A file without bytes is a file.
    pub fn is_empty(&self) -> bool {
        self.0.filename.is_empty()
    }

    /// The content type that the client gave, with its parameters.
    pub fn content_type(&self) -> Option<&str> {
        self.headers().get("content-type")
    }

    /// The content type without its parameters, in lower case; empty when there is none.
    pub fn mimetype(&self) -> String {
        let content_type = self.content_type().unwrap_or_default();
        content_type.split(';').next().unwrap_or_default().trim_matches([' ', '\t']).to_ascii_lowercase()
    }

    /// The header fields of the part.
    pub fn headers(&self) -> &PartHeaders {
        &self.0.headers
    }

    /// How many bytes the file has.
    pub fn len(&self) -> u64 {
        match &self.0.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::File(spooled) => spooled.length,
        }
    }

    /// All bytes of the file.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn bytes(&self) -> io::Result<Bytes> {
        match &self.0.content {
            Content::Memory(bytes) => Ok(bytes.clone()),
            Content::File(..) => {
                let mut bytes = Vec::with_capacity(usize::try_from(self.len()).unwrap_or(0));
                self.reader().read_to_end(&mut bytes)?;
                Ok(bytes.into())
            }
        }
    }

    /// A reader from the beginning of the file; each has its own position.
    pub fn reader(&self) -> FileReader {
        FileReader { file: self.clone(), position: 0 }
    }

    /// Writes the file to a path, replacing what is there. It blocks while it copies.
    ///
    /// # Errors
    /// Those of creating and writing the file.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut target = File::create(path)?;
        match &self.0.content {
            Content::Memory(bytes) => target.write_all(bytes),
            Content::File(..) => io::copy(&mut self.reader(), &mut target).map(drop),
        }
    }
}

impl fmt::Debug for FileStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileStorage({:?}, {:?}, {} bytes)", self.filename(), self.content_type(), self.len())
    }
}

impl MultiDict<FileStorage> {
    /// The first file of the field.
    pub fn get(&self, key: &str) -> Option<FileStorage> {
        self.first(key).cloned()
    }

    /// The first file of the field: Flask's `files["key"]`.
    ///
    /// # Errors
    /// 400 when the field is missing; the error carries its name.
    pub fn get_required(&self, key: &str) -> Result<FileStorage, HttpError> {
        self.get(key).ok_or_else(|| HttpError::bad_request_key(key))
    }
}

/// Reads an uploaded file from a position of its own.
#[derive(Debug)]
pub struct FileReader {
    file: FileStorage,
    position: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &self.file.0.content {
            Content::Memory(bytes) => {
                let start = usize::try_from(self.position).unwrap_or(usize::MAX).min(bytes.len());
                (&bytes[start..]).read(buffer)?
            }
            Content::File(spooled) => read_at(&spooled.file, buffer, self.position)?,
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for FileReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.file.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "invalid seek to a negative or overflowing position")
        })?;
        Ok(self.position)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spooled(length: usize) -> FileStorage {
        let mut spool = Spool::new(None, None);
        let data: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        for chunk in data.chunks(7919) {
            spool.write(chunk).unwrap();
        }
        FileStorage::from_part("f".into(), "x.bin".into(), PartHeaders::default(), spool)
    }

    #[test]
    fn a_large_file_reads_back_as_it_came_from_every_reader() {
        let file = spooled(700_001);
        assert_eq!(file.len(), 700_001);
        let bytes = file.bytes().unwrap();
        assert_eq!(bytes.len(), 700_001);
        assert!(bytes.iter().enumerate().all(|(i, b)| *b == (i % 251) as u8));
        let mut reader = file.reader();
        assert_eq!(reader.seek(SeekFrom::End(-1)).unwrap(), 700_000);
        let mut last = Vec::new();
        reader.read_to_end(&mut last).unwrap();
        assert_eq!(last, [(700_000 % 251) as u8]);
        assert!(reader.seek(SeekFrom::Current(-700_002)).is_err());
        assert_eq!(file.bytes().unwrap(), bytes);
    }

    #[test]
    fn a_saved_file_has_the_bytes_of_the_upload() {
        let folder = std::env::temp_dir().join(format!("carboy-saved-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for length in [10, 600_000] {
            let file = spooled(length);
            file.save(folder.join("saved")).unwrap();
            assert_eq!(std::fs::read(folder.join("saved")).unwrap(), file.bytes().unwrap());
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_without_a_name_is_empty_and_one_without_bytes_is_not() {
        assert!(FileStorage::new("f", "", None, Bytes::new()).is_empty());
        assert!(!FileStorage::new("f", "a", None, Bytes::new()).is_empty());
    }
}
