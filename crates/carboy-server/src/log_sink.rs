//! Lines on their way to a file or a standard stream, for which nobody waits.
//!
//! A disk that is full, a reader of a pipe that has stopped or is gone must not hold up a server: lines go into a queue of bounded size, and a
//! thread of their own writes them. What does not fit, or cannot be written, is counted.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// How many bytes of lines wait at most.
const QUEUE: usize = 1 << 20;

/// How long the thread waits for more lines before it writes the first: many lines cost as much as one.
const GATHER: Duration = Duration::from_millis(5);

/// How long it leaves a place alone that could not be written to.
const PAUSE: Duration = Duration::from_millis(500);

/// Where lines are written, by a thread of its own: a file, standard output, standard error. Clones write to the same place.
///
/// Writing never waits and never fails: lines that cannot be kept or written are [counted](LogSink::dropped). A file that a tool has moved
/// away is made anew by [`reopen`](LogSink::reopen).
///
/// ```no_run
/// use carboy_server::{AccessLog, LogSink, ServerConfig};
/// # fn main() -> std::io::Result<()> {
/// let config = ServerConfig::new().access_log(AccessLog::Json).access_log_to(LogSink::file("/var/log/shop/access.log")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LogSink(Arc<Handle>);

/// Ends the thread when the last clone is gone.
struct Handle(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    /// There is something to do.
    wake: Condvar,
    /// The queue is empty and written.
    idle: Condvar,
    dropped: AtomicU64,
    name: String,
}

#[derive(Default)]
struct Queue {
    /// Whole lines, each with its end.
    lines: Vec<u8>,
    /// The thread waits for lines.
    asleep: bool,
    writing: bool,
    /// Somebody waits for the lines to be written.
    hurry: bool,
    reopen: bool,
    closed: bool,
}

enum Place {
    File(PathBuf, File),
    Stdout,
    Stderr,
    Other(Box<dyn Write + Send>),
}

impl LogSink {
    /// To standard output.
    pub fn stdout() -> Self {
        LogSink::start(Place::Stdout, "standard output".into())
    }

    /// To standard error.
    pub fn stderr() -> Self {
        LogSink::start(Place::Stderr, "standard error".into())
    }

    /// To the end of a file, which is made when it is not there, readable by its owner and group.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let file = open(path)?;
        Ok(LogSink::start(Place::File(path.to_owned(), file), path.display().to_string()))
    }

    /// To anything that can be written to; its `write` may block.
    pub fn writer(writer: impl Write + Send + 'static) -> Self {
        LogSink::start(Place::Other(Box::new(writer)), "a writer".into())
    }

    fn start(place: Place, name: String) -> Self {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            wake: Condvar::new(),
            idle: Condvar::new(),
            dropped: AtomicU64::new(0),
            name,
        });
        let own = shared.clone();
        let started = std::thread::Builder::new().name("carboy-log".into()).spawn(move || own.run(place));
        if started.is_err() {
            // Without its thread it takes nothing.
            shared.queue().closed = true;
        }
        LogSink(Arc::new(Handle(shared)))
    }

    /// Puts a line into the queue; its end is added.
    pub fn write_line(&self, line: &[u8]) {
        self.push(&[line, b"\n"]);
    }

    /// Puts text that has its line's end into the queue.
    pub fn write_whole(&self, lines: &[u8]) {
        self.push(&[lines]);
    }

    fn push(&self, parts: &[&[u8]]) {
        let shared = &self.0.0;
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut queue = shared.queue();
        if queue.closed || queue.lines.len() + length > QUEUE {
            shared.dropped.fetch_add(1, Relaxed);
            return;
        }
        parts.iter().for_each(|part| queue.lines.extend_from_slice(part));
        if queue.asleep {
            queue.asleep = false;
            drop(queue);
            shared.wake.notify_one();
        }
    }

    /// How many lines were lost: the queue was full, or they could not be written.
    pub fn dropped(&self) -> u64 {
        self.0.0.dropped.load(Relaxed)
    }

    /// Opens the file anew, before the next lines are written: after a tool has moved it away. Where that fails the former file stays in use.
    pub fn reopen(&self) {
        let mut queue = self.0.0.queue();
        queue.reopen = true;
        queue.asleep = false;
        drop(queue);
        self.0.0.wake.notify_one();
    }

    /// Waits until everything is written, but no longer than this; says whether it is.
    pub fn flush(&self, longest: Duration) -> bool {
        let shared = &self.0.0;
        let end = Instant::now() + longest;
        let mut queue = shared.queue();
        while !queue.closed && (queue.writing || !queue.lines.is_empty()) {
            let Some(left) = end.checked_duration_since(Instant::now()) else { return false };
            queue.hurry = true;
            shared.wake.notify_one();
            queue = shared.idle.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

/// As [`write_whole`](LogSink::write_whole): for what writes lines, each at once.
impl Write for LogSink {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.write_whole(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogSink").field("to", &self.0.0.name).field("dropped", &self.dropped()).finish()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.queue().closed = true;
        self.0.wake.notify_one();
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(path)
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // A panic while the lock was held left nothing half done.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: takes all lines that wait, writes them, and waits for more.
    fn run(&self, mut place: Place) {
        let mut batch = Vec::new();
        // A line was written in part: what follows begins a new one.
        let mut torn = false;
        let mut told = 0;
        let mut failing = false;
        while let Some(reopen) = self.next(&mut batch) {
            if reopen {
                self.reopen(&mut place);
            }
            let written = if torn && !batch.is_empty() { place.write(b"\n").map(|_| ()) } else { Ok(()) };
            let outcome = match written {
                Ok(()) => {
                    torn = false;
                    write_all(&mut place, &batch)
                }
                Err(error) => Err((0, error)),
            };
            match outcome {
                Ok(()) => {
                    failing = false;
                    let lost = self.dropped.load(Relaxed);
                    if lost > told && !batch.is_empty() {
                        tracing::warn!(target: "carboy::server", lines = lost - told, "lines of the log to {} were lost", self.name);
                        told = lost;
                    }
                }
                Err((done, error)) => {
                    torn |= batch[..done].last().is_some_and(|last| *last != b'\n');
                    let lost = batch[done..].iter().filter(|byte| **byte == b'\n').count();
                    self.dropped.fetch_add(lost as u64, Relaxed);
                    if !failing {
                        failing = true;
                        tracing::error!(target: "carboy::server", %error, "cannot write the log to {}; lines are lost", self.name);
                    }
                }
            }
            batch.clear();
            if batch.capacity() > QUEUE / 4 {
                batch = Vec::new();
            }
            self.done(failing);
        }
    }

    /// Waits for lines and takes them; `None` at the end. Says whether the file is to be opened anew.
    fn next(&self, batch: &mut Vec<u8>) -> Option<bool> {
        let mut queue = self.queue();
        while queue.lines.is_empty() && !queue.reopen {
            if queue.closed {
                return None;
            }
            queue.asleep = true;
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.asleep = false;
        if !queue.hurry && !queue.closed && !queue.reopen {
            queue = self.wake.wait_timeout(queue, GATHER).unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::swap(&mut queue.lines, batch);
        queue.writing = true;
        Some(std::mem::take(&mut queue.reopen))
    }

    /// The lines that were taken are written, or lost.
    fn done(&self, failing: bool) {
        let mut queue = self.queue();
        queue.writing = false;
        if queue.lines.is_empty() {
            queue.hurry = false;
            self.idle.notify_all();
        }
        if failing && !queue.closed && !queue.hurry {
            let _ = self.wake.wait_timeout(queue, PAUSE).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn reopen(&self, place: &mut Place) {
        let Place::File(path, file) = place else { return };
        match open(path) {
            Ok(fresh) => *file = fresh,
            Err(error) => {
                tracing::error!(target: "carboy::server", %error, "cannot open {} anew; the former file stays in use", self.name);
            }
        }
    }
}

/// Writes all of it; an error comes with how much was written.
fn write_all(place: &mut Place, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut done = 0;
    while done < bytes.len() {
        match place.write(&bytes[done..]) {
            Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((done, error)),
        }
    }
    place.flush().map_err(|error| (done, error))
}

impl Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Place::File(_, file) => file.write(bytes),
            Place::Stdout => io::stdout().write(bytes),
            Place::Stderr => io::stderr().write(bytes),
            Place::Other(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Place::Stdout => io::stdout().flush(),
            Place::Other(writer) => writer.flush(),
            Place::File(..) | Place::Stderr => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn nobody_waits_for_a_reader_that_has_stopped_and_what_is_lost_is_counted() {
        struct Stopped(mpsc::Receiver<()>);
        impl Write for Stopped {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                // Until the sender is gone.
                let _ = self.0.recv();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (go, stopped) = mpsc::channel();
        let sink = LogSink::writer(Stopped(stopped));
        for _ in 0..30_000 {
            sink.write_line(&[b'x'; 99]);
        }
        assert!(sink.dropped() >= 30_000 - 2 * (QUEUE / 100) as u64, "{sink:?}");
        assert!(sink.dropped() < 30_000, "{sink:?}");
        assert!(!sink.flush(Duration::from_millis(20)));
        drop(go);
        assert!(sink.flush(Duration::from_secs(10)));
    }

    #[test]
    fn a_place_that_cannot_be_written_to_loses_lines_and_nothing_else() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let sink = LogSink::writer(Full);
        (0..10).for_each(|_| sink.write_line(b"gone"));
        assert!(sink.flush(Duration::from_secs(10)));
        assert_eq!(sink.dropped(), 10);
    }

    #[test]
    fn a_line_that_was_torn_does_not_spoil_the_next() {
        /// Takes three bytes, then fails once, then takes all.
        struct Short(Arc<Mutex<Vec<u8>>>, u32);
        impl Write for Short {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                let n = match self.1 {
                    1 => 3,
                    2 => return Err(io::ErrorKind::StorageFull.into()),
                    _ => bytes.len(),
                };
                self.0.lock().unwrap().extend_from_slice(&bytes[..n]);
                Ok(n)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let out = Arc::new(Mutex::new(Vec::new()));
        let sink = LogSink::writer(Short(out.clone(), 0));
        sink.write_line(b"first");
        assert!(sink.flush(Duration::from_secs(10)));
        sink.write_line(b"second");
        assert!(sink.flush(Duration::from_secs(10)));
        assert_eq!(out.lock().unwrap().as_slice(), b"fir\nsecond\n");
        assert_eq!(sink.dropped(), 1);
    }

    #[test]
    fn a_file_that_was_moved_away_is_made_anew() {
        let folder = std::env::temp_dir().join(format!("carboy-sink-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (path, moved) = (folder.join("access.log"), folder.join("access.log.1"));
        let sink = LogSink::file(&path).unwrap();
        sink.write_line(b"one");
        assert!(sink.flush(Duration::from_secs(10)));
        std::fs::rename(&path, &moved).unwrap();
        sink.write_line(b"two");
        assert!(sink.flush(Duration::from_secs(10)));
        sink.reopen();
        sink.write_line(b"three");
        assert!(sink.flush(Duration::from_secs(10)));
        assert_eq!(std::fs::read_to_string(&moved).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
        assert!(LogSink::file(folder.join("no/such/folder")).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
