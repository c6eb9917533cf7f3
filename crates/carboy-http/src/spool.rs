//! Where uploads lie that are too large for memory: files without a name, in a folder with a quota.

use std::{
    fs::{self, File},
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

/// Bytes of a file that are kept in memory; Werkzeug's `SpooledTemporaryFile` has the same limit.
const MAX_IN_MEMORY: usize = 500 * 1024;

/// How the names begin that files have where they cannot do without one.
const PREFIX: &str = "carboy-spool-";

/// A file that still has its name after this time belongs to a process that was killed: it has it for an instant only.
const ORPHANED: Duration = Duration::from_secs(60);

/// A folder for temporary files, and how many bytes this process has in it.
///
/// There is one value for each folder in a process, so that all apps in it share one count; how much it may hold is
/// [`Limits::max_spool_size`](crate::Limits::max_spool_size).
///
/// ```
/// use carboy_http::SpoolFolder;
/// let folder = SpoolFolder::system();
/// assert_eq!(folder.path(), std::env::temp_dir());
/// assert!(std::ptr::eq(folder, SpoolFolder::at(folder.path())));
/// assert_eq!(folder.used(), 0);
/// ```
#[derive(Debug)]
pub struct SpoolFolder {
    path: PathBuf,
    used: AtomicU64,
}

impl SpoolFolder {
    /// The system's folder for temporary files.
    pub fn system() -> &'static SpoolFolder {
        SpoolFolder::at(std::env::temp_dir())
    }

    /// This folder, which must be there when a file is spooled.
    pub fn at(path: impl AsRef<Path>) -> &'static SpoolFolder {
        // A process has one or two of them, and keeps them.
        static FOLDERS: Mutex<Vec<&'static SpoolFolder>> = Mutex::new(Vec::new());
        let path = path.as_ref();
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        match folders.iter().find(|folder| folder.path == path) {
            Some(folder) => folder,
            None => {
                let folder = SpoolFolder { path: path.to_owned(), used: AtomicU64::new(0) };
                folders.push(Box::leak(Box::new(folder)));
                folders[folders.len() - 1]
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes of uploads this process has in it.
    pub fn used(&self) -> u64 {
        self.used.load(Relaxed)
    }

    /// Removes what processes left behind that were killed; says how many files that were.
    ///
    /// There is nothing to remove where files can be made without a name (Linux), and on Windows, which removes them itself.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn sweep(&self) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
            if ours && is_orphan(&entry) && fs::remove_file(entry.path()).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Counts bytes that are about to be written.
    fn charge(&self, bytes: u64, max: Option<u64>) -> io::Result<()> {
        let within = |used: u64| used.checked_add(bytes).filter(|used| max.is_none_or(|max| *used <= max));
        self.used
            .fetch_update(Relaxed, Relaxed, within)
            .map(drop)
            .map_err(|_| io::Error::new(ErrorKind::StorageFull, "the quota for uploads is used up"))
    }

    fn temporary_file(&self) -> io::Result<File> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Ok(file) = nameless(&self.path) {
            return Ok(file);
        }
        named(&self.path)
    }
}

impl PartialEq for SpoolFolder {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for SpoolFolder {}

fn is_orphan(entry: &fs::DirEntry) -> bool {
    let age = entry
        .metadata()
        .and_then(|metadata| metadata.modified())
        .map(|time| SystemTime::now().duration_since(time));
    cfg!(unix) && matches!(age, Ok(Ok(age)) if age > ORPHANED)
}

/// A file that never has a name, so that nothing can be left behind. Not every file system can do that.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn nameless(folder: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // O_EXCL: it can never be given one either.
    File::options()
        .read(true)
        .write(true)
        .mode(0o600)
        .custom_flags(libc::O_TMPFILE | libc::O_EXCL)
        .open(folder)
}

/// A file that only this process can read, and that loses its name at once, or on Windows when it is closed.
fn named(folder: &Path) -> io::Result<File> {
    for attempt in 0..16_u32 {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(attempt);
        let path = folder.join(format!("{PREFIX}{}-{:016x}", std::process::id(), hasher.finish()));
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // FILE_FLAG_DELETE_ON_CLOSE
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::custom_flags(&mut options, 0x0400_0000);
        match options.open(&path) {
            Ok(file) => {
                #[cfg(unix)]
                fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "no free name for a temporary file"))
}

/// A temporary file; it is gone, and no longer counted, when this is dropped.
#[derive(Debug)]
pub(crate) struct Spooled {
    pub(crate) file: File,
    pub(crate) length: u64,
    folder: &'static SpoolFolder,
}

impl Spooled {
    fn write(&mut self, data: &[u8], max: Option<u64>) -> io::Result<()> {
        self.folder.charge(data.len() as u64, max)?;
        self.length += data.len() as u64;
        self.file.write_all(data)
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        self.folder.used.fetch_sub(self.length, Relaxed);
    }
}

/// Bytes on their way in, that move from memory to a temporary file when they become many.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: Option<&'static SpoolFolder>,
    max: Option<u64>,
    content: SpoolContent,
}

/// What was spooled.
#[derive(Debug)]
pub(crate) enum SpoolContent {
    Memory(Vec<u8>),
    File(Spooled),
}

impl Spool {
    /// A spool in this folder, or the system's, that may not hold more than so many bytes of all uploads.
    pub(crate) fn new(folder: Option<&'static SpoolFolder>, max: Option<u64>) -> Self {
        Spool { folder, max, content: SpoolContent::Memory(Vec::new()) }
    }

    /// Adds bytes. Writing to the file blocks, for as long as the page cache takes.
    ///
    /// # Errors
    /// Those of the file system, and [`ErrorKind::StorageFull`] when the quota is used up.
    pub(crate) fn write(&mut self, data: &[u8]) -> io::Result<()> {
        if let SpoolContent::Memory(memory) = &mut self.content
            && memory.len() + data.len() > MAX_IN_MEMORY
        {
            let folder = self.folder.unwrap_or_else(SpoolFolder::system);
            let mut spooled = Spooled { file: folder.temporary_file()?, length: 0, folder };
            spooled.write(memory, self.max)?;
            self.content = SpoolContent::File(spooled);
        }
        match &mut self.content {
            SpoolContent::File(spooled) => spooled.write(data, self.max),
            SpoolContent::Memory(memory) => {
                memory.extend_from_slice(data);
                Ok(())
            }
        }
    }

    pub(crate) fn into_content(self) -> SpoolContent {
        self.content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test's own.
    fn folder(name: &str) -> &'static SpoolFolder {
        let path = std::env::temp_dir().join(format!("carboy-http-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        SpoolFolder::at(path)
    }

    fn spool(folder: &'static SpoolFolder, length: usize, max: u64) -> io::Result<Spool> {
        let mut spool = Spool::new(Some(folder), Some(max));
        for chunk in vec![b'x'; length].chunks(64 * 1024) {
            spool.write(chunk)?;
        }
        Ok(spool)
    }

    #[test]
    fn a_small_file_stays_in_memory_and_a_large_one_does_not() {
        let folder = folder("small");
        assert!(matches!(spool(folder, MAX_IN_MEMORY, 0).unwrap().content, SpoolContent::Memory(_)));
        assert!(matches!(spool(folder, MAX_IN_MEMORY + 1, 1 << 20).unwrap().content, SpoolContent::File(_)));
        fs::remove_dir_all(folder.path()).unwrap();
    }

    #[test]
    fn a_file_over_the_quota_is_refused_and_what_is_dropped_makes_room() {
        let folder = folder("quota");
        let max = 1_000_000;
        let first = spool(folder, 600_000, max).unwrap();
        assert_eq!(folder.used(), 600_000);
        assert_eq!(spool(folder, 600_000, max).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(folder.used(), 600_000, "what was refused counts no longer");
        drop(first);
        assert_eq!(folder.used(), 0);
        drop(spool(folder, 1_000_000, max).unwrap());
        fs::remove_dir_all(folder.path()).unwrap();
    }

    #[test]
    fn a_panic_with_a_file_in_hand_gives_its_bytes_back() {
        let folder = folder("panic");
        let panicked = std::panic::catch_unwind(|| {
            let _spool = spool(folder, 600_000, u64::MAX).unwrap();
            panic!("on purpose");
        });
        assert!(panicked.is_err());
        assert_eq!(folder.used(), 0);
        fs::remove_dir_all(folder.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_temporary_file_has_no_name_that_could_be_left_behind() {
        use std::os::unix::fs::MetadataExt;
        let folder = folder("nameless");
        for file in [folder.temporary_file().unwrap(), named(folder.path()).unwrap()] {
            let metadata = file.metadata().unwrap();
            assert_eq!((metadata.nlink(), metadata.mode() & 0o777), (0, 0o600));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::remove_dir_all(folder.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_process_left_is_swept_and_nothing_else() {
        let folder = folder("sweep");
        let make = |name: &str, age: u64| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        };
        make("carboy-spool-1-0000000000000000", 3600);
        make("carboy-spool-1-0000000000000001", 0);
        make("something-else", 3600);
        assert_eq!(folder.sweep().unwrap(), 1);
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["carboy-spool-1-0000000000000001", "something-else"]);
        fs::remove_dir_all(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_of_its_own_kind() {
        let folder = SpoolFolder::at("/nowhere/at/all");
        assert_eq!(spool(folder, 600_000, u64::MAX).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(folder.used(), 0);
    }
}
