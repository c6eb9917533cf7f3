//! Log output: set up by `run` only, never by the library.
//!
//! Everything is a `tracing` event, so an app may install a subscriber of its own before `run`; this one writes Flask's
//! lines to standard error. Access lines of the server are written as they are.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{self, Write as _};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use carboy_server::LogSink;

use crate::{CurrentRequest, Error, ctx::peek_request_id};

/// The most characters that one piece of text from a client takes in a record.
const LONGEST: usize = 1024;

/// The levels without `RUST_LOG`. Libraries underneath tell too much at DEBUG.
const FILTER: &str = "info";
const FILTER_DEBUG: &str = "debug,h2=info,hyper=info,hyper_util=info,mio=info,rustls=info,sea_orm=info,sqlx=warn,\
                            tokio=info,tower=info,want=info";

/// Installs the subscriber that writes to standard error, unless there is one. `RUST_LOG` wins over the default levels.
pub(crate) fn init(debug: bool) {
    if debug {
        crate::error::capture_backtraces();
    }
    let filter = std::env::var("RUST_LOG")
        .ok()
        .filter(|filter| !filter.is_empty())
        .and_then(|filter| EnvFilter::try_new(filter).ok())
        .unwrap_or_else(|| EnvFilter::new(if debug { FILTER_DEBUG } else { FILTER }));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).event_format(Lines);
    let installed = if debug {
        subscriber.with_writer(std::io::stderr).try_init()
    } else {
        // Whoever reads standard error may stop; a server does not stop with it.
        let sink = SINK.get_or_init(LogSink::stderr);
        tell_panics_to(sink);
        subscriber.with_writer(|| sink.clone()).try_init()
    };
    if installed.is_err() {
        tracing::debug!(target: "carboy::app", "logging was set up before, it stays as it is");
    }
}

/// Has what is said about panics wait for nobody either: by default a thread that panics writes to standard error itself, and a worker
/// that did so to a full pipe would stand still with all its connections. The main thread keeps what was there: it serves nobody, and
/// may be on its way out.
fn tell_panics_to(sink: &LogSink) {
    let (sink, former) = (sink.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        if thread.name() == Some("main") {
            return former(panic);
        }
        let backtrace = Backtrace::capture();
        let mut text = format!("thread '{}' {panic}", thread.name().unwrap_or("<unnamed>"));
        if backtrace.status() == BacktraceStatus::Captured {
            let _ = write!(text, "\nstack backtrace:\n{backtrace}");
        }
        sink.write_line(text.as_bytes());
    }));
}

/// Where lines go when they wait for nobody.
static SINK: OnceLock<LogSink> = OnceLock::new();

/// How long the last lines are waited for.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Waits for the lines that are not written yet.
pub(crate) fn flush() {
    if let Some(sink) = SINK.get() {
        sink.flush(LAST_LINES);
    }
}

/// How many lines were lost.
pub(crate) fn lost() -> u64 {
    SINK.get().map_or(0, LogSink::dropped)
}

/// Records an error that nobody handled: Flask's "Exception on /path [GET]", then the error, its place and its backtrace.
pub(crate) fn exception(app: &str, request: &CurrentRequest, error: &Error) {
    tracing::error!(
        target: "carboy::app",
        app = (app != "app").then_some(app),
        request_id = request.request_id(),
        "Exception on {} [{}]\n{}",
        escaped(request.path()),
        escaped(request.method().as_str()),
        Report(error)
    );
}

/// An error with what is known about it, over several lines.
struct Report<'e>(&'e Error);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::new();
        for (number, cause) in self.0.chain().enumerate() {
            let text = cause.to_string();
            if number == 0 {
                write!(f, "{text}")?;
            } else if !shown.contains(&text) {
                write!(f, "\ncaused by: {text}")?;
            }
            shown = text;
        }
        write!(f, "\nat {}", self.0.location())?;
        match self.0.backtrace() {
            Some(backtrace) => write!(f, "\n{backtrace}"),
            None => Ok(()),
        }
    }
}

/// Characters that steer a terminal, break a line or turn its direction.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

fn write_escape(out: &mut impl fmt::Write, c: char) -> fmt::Result {
    match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if u32::from(c) <= 0xff => write!(out, "\\x{:02x}", u32::from(c)),
        c => write!(out, "\\u{{{:x}}}", u32::from(c)),
    }
}

/// Text from a client as it may stand in a record: on one line, harmless on a terminal, at most 1 KiB.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    for c in text.chars() {
        if out.len() >= LONGEST {
            out.push('…');
            break;
        }
        if is_dangerous(c) {
            // Writing into a string cannot fail.
            let _ = write_escape(&mut out, c);
        } else {
            out.push(c);
        }
    }
    out
}

/// What stands before the message.
fn head(time: SystemTime, level: &Level, module: &str) -> impl fmt::Display {
    let level = level_name(level);
    fmt::from_fn(move |f| write!(f, "[{}] {level} in {module}: ", Timestamp(time)))
}

/// Flask's line: `[2024-05-01 12:00:00,000] ERROR in app: message`, in UTC.
struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut record = Record::default();
        event.record(&mut record);
        let metadata = event.metadata();
        if metadata.target() == "carboy::access" {
            return writeln!(out, "{}", Guarded(&record.message));
        }
        let module = metadata.target().rsplit("::").next().unwrap_or_default();
        write!(
            out,
            "{}{}{}",
            head(SystemTime::now(), metadata.level(), module),
            Guarded(&record.message),
            Guarded(&record.fields)
        )?;
        if !record.fields.contains(" request_id=") {
            peek_request_id(|id| write!(out, " request_id=\"{id}\"")).unwrap_or(Ok(()))?;
        }
        writeln!(out)
    }
}

/// Python's name of a level.
fn level_name(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

/// What an event says.
#[derive(Default)]
struct Record {
    message: String,
    fields: String,
}

impl Visit for Record {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            // What the `log` bridge adds.
            name if name.starts_with("log.") => Ok(()),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

/// A message whose further lines are indented, so that none of them looks like a record of its own.
struct Guarded<'t>(&'t str);

impl fmt::Display for Guarded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut start = 0;
        for (at, c) in self.0.char_indices().filter(|(_, c)| is_dangerous(*c)) {
            f.write_str(&self.0[start..at])?;
            start = at + c.len_utf8();
            match c {
                '\n' => f.write_str("\n  ")?,
                '\t' => f.write_str("\t")?,
                c => write_escape(f, c)?,
            }
        }
        f.write_str(&self.0[start..])
    }
}

/// A time as Python's `logging` writes it, in UTC.
struct Timestamp(SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = since.as_secs();
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(i64::try_from(days).unwrap_or(0));
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02},{:03}",
            second / 3600,
            second / 60 % 60,
            second % 60,
            since.subsec_millis()
        )
    }
}

/// The date of a day counted from 1970-01-01, by the Gregorian calendar's 400-year cycle.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use carboy_conformance::replay;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(data);
            Ok(data.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Sink {
        type Writer = Sink;

        fn make_writer(&'a self) -> Sink {
            self.clone()
        }
    }

    /// What the subscriber writes while `f` runs.
    fn written(f: impl FnOnce()) -> String {
        let sink = Sink::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_writer(sink.clone())
            .event_format(Lines)
            .finish();
        tracing::subscriber::with_default(subscriber, f);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_record_has_the_form_of_flasks() {
        let text = written(|| tracing::warn!(target: "shop::views", price = 3, name = "x", "careful"));
        let (time, rest) = text.split_once("] ").unwrap();
        assert_eq!(rest, "WARNING in views: careful price=3 name=\"x\"\n");
        assert_eq!(time.len(), "[2024-05-01 12:00:00,000".len());
    }

    // rows: T1
    #[test]
    fn lines_are_those_of_flasks_handler() {
        replay("flask-tools/lines.json", "", &["line"], 5, |case| {
            let time = UNIX_EPOCH + Duration::from_millis(case["millis"].as_u64().unwrap());
            let level = [Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR]
                .into_iter()
                .find(|level| level_name(level) == case["level"])
                .unwrap();
            let head = head(time, &level, case["module"].as_str().unwrap()).to_string();
            let line = head + &Guarded(case["message"].as_str().unwrap()).to_string();
            assert_eq!(line, case["line"]);
        });
    }

    #[test]
    fn times_are_written_as_python_writes_them() {
        let at = |seconds, millis: u32| {
            Timestamp(UNIX_EPOCH + Duration::new(seconds, millis * 1_000_000)).to_string()
        };
        assert_eq!(at(0, 0), "1970-01-01 00:00:00,000");
        assert_eq!(at(951_782_399, 7), "2000-02-28 23:59:59,007");
        assert_eq!(at(951_782_400, 0), "2000-02-29 00:00:00,000");
        assert_eq!(at(1_700_000_000, 123), "2023-11-14 22:13:20,123");
        assert_eq!(at(4_102_444_799, 999), "2099-12-31 23:59:59,999");
    }

    #[test]
    fn a_client_can_neither_forge_a_record_nor_steer_the_terminal() {
        let hostile = "/x\n[2024-01-01 00:00:00,000] INFO in app: forged\r\u{1b}[2J\u{202e}\u{2028}\u{9b}";
        let text = escaped(hostile);
        assert_eq!(
            text,
            "/x\\n[2024-01-01 00:00:00,000] INFO in app: forged\\r\\x1b[2J\\u{202e}\\u{2028}\\x9b"
        );
        let lines = written(|| tracing::info!("{hostile}"));
        assert_eq!(lines.lines().filter(|line| line.starts_with('[')).count(), 1, "{lines:?}");
        assert!(!lines.contains(['\u{1b}', '\r', '\u{202e}', '\u{2028}', '\u{9b}']), "{lines:?}");
        assert!(escaped(&"x".repeat(5000)).len() < 1100);
    }

    #[test]
    fn an_unhandled_error_is_recorded_with_path_method_cause_and_place() {
        use crate::prelude::*;
        let mut app = App::new("shop");
        app.config().set("PROPAGATE_EXCEPTIONS", false);
        app.add_url_rule(
            "/<path:p>",
            "boom",
            crate::view::view(|_| async {
                "x".parse::<i32>()?;
                "unreachable".into_response()
            }),
            Default::default(),
        );
        let client = app.test_client();
        let text = written(|| {
            assert_eq!(client.get("/a%1Bb").send().status(), 500);
        });
        assert!(
            text.contains(
                "] ERROR in app: Exception on /a\\x1bb [GET]\n  invalid digit found in string\n  at "
            ),
            "{text}"
        );
        assert!(text.contains("logging.rs:"), "{text}");
    }
}
