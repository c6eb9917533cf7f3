//! F5: nobody reads the log: its pipe is closed, its reader has stopped, its disk is full, its folder is gone.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    Figures, Size,
    client::Client,
    load::{Habit, Load, Plan},
    proc,
    server::{Setup, signal},
};
use crate::process::Done;

/// The figure of lines that were lost.
const LOST: &str = "carboy_access_log_lines_dropped_total";

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let answers = size.pick(100_000, 5000);

    let mut closed = Victim::start("stdout", "/")?;
    closed.stdout = None;
    closed.stderr = None;
    let lost = closed.bear(figures, "standard output and error are closed", answers)?;
    figures.at_least("lines that were counted as lost, both closed", lost, answers as f64, "");

    let stopped = Victim::start("stdout", "/")?;
    let lost = stopped.bear(figures, "the reader of standard output has stopped", answers)?;
    figures.told("lines that were counted as lost, the reader has stopped", lost, "");

    let full = Victim::start("/dev/full", "/")?;
    let lost = full.bear(figures, "the disk is full", answers)?;
    figures.at_least("lines that were counted as lost, disk full", lost, answers as f64, "");

    let folder = std::env::temp_dir().join(format!("carboy-f5-{}", std::process::id()));
    let gone = folder.with_extension("gone");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let file = folder.join("access.log");
    let moved = Victim::start(&file.to_string_lossy(), "/")?;
    fs::rename(&folder, &gone).map_err(|error| error.to_string())?;
    signal(moved.child.id(), "HUP")?;
    let lost = moved.bear(figures, "the folder is gone, and the file is to be opened anew", answers)?;
    figures.exactly("lines that were counted as lost, folder gone", lost, 0.0, "");
    drop(moved);
    let _ = fs::remove_dir_all(&gone);

    // Each of these writes a record with a backtrace to a standard error that nobody reads.
    let failing = Victim::start("off", "/panic")?;
    failing.bear(figures, "views panic and nobody reads standard error", answers / 20)?;
    Ok(())
}

/// A server whose outputs are in our hand: not read, or closed.
struct Victim {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: Option<ChildStderr>,
    address: SocketAddr,
    metrics: SocketAddr,
    path: &'static str,
}

impl Victim {
    /// Starts one that logs to `file`, and is asked for `path`.
    fn start(file: &str, path: &'static str) -> Done<Victim> {
        let metrics = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let metrics = metrics.map_err(|error| error.to_string())?;
        let mut setup = Setup::default().options(&format!("--metrics {metrics}"));
        if file != "off" {
            setup = setup.options(&format!("--access-log json --access-log-file {file}"));
        }
        let mut command: Command = setup.command()?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("the server cannot be started: {error}"))?;
        let stderr = child.stderr.take();
        let mut stdout = BufReader::new(child.stdout.take().ok_or("a child has its outputs")?);
        let mut line = String::new();
        loop {
            line.clear();
            if stdout.read_line(&mut line).map_err(|error| error.to_string())? == 0 {
                let mut said = String::new();
                let _ = stderr.map(|mut stderr| stderr.read_to_string(&mut said));
                return Err(format!("the server does not start; it said:\n{said}"));
            }
            if let Some(address) =
                line.trim().strip_prefix("* Running on http://").and_then(|a| a.parse().ok())
            {
                return Ok(Victim { child, stdout: Some(stdout), stderr, address, metrics, path });
            }
        }
    }

    /// Asks so often, and says how many lines of the access log were lost.
    fn bear(&self, figures: &mut Figures, when: &str, answers: u64) -> Done<f64> {
        let load = Load::start(&Plan::new(self.address, self.path), Habit::KeepAlive, 8);
        let reached = load.reach(answers, Duration::from_secs(240));
        let tally = load.stop();
        reached.map_err(|sentence| format!("{when}: {sentence}"))?;
        figures.exactly(&format!("requests without an answer, {when}"), tally.lost() as f64, 0.0, "");
        figures.told(
            &format!("slowest of {}, {when}", tally.answered()),
            format!("{:?}", tally.percentile(1.0)),
            "",
        );
        figures.holds(&format!("the server still runs, {when}"), proc::is_alive(self.child.id()));
        figures.exactly(
            &format!("panics of the server, {when}"),
            self.figure("carboy_panics_total")?,
            0.0,
            "",
        );
        // What waits in the queue when the last answer is there is written, or lost, a little later.
        let begin = Instant::now();
        let mut lost = self.figure(LOST).unwrap_or(0.0);
        while begin.elapsed() < Duration::from_secs(2) && lost < answers as f64 {
            thread::sleep(Duration::from_millis(100));
            lost = self.figure(LOST).unwrap_or(0.0);
        }
        Ok(lost)
    }

    /// A figure, as Prometheus sees it.
    fn figure(&self, name: &str) -> Done<f64> {
        let mut client =
            Client::connect(self.metrics, Duration::from_secs(5)).map_err(|lost| format!("{lost:?}"))?;
        let text = client.get("/metrics", "").map_err(|lost| format!("{lost:?}"))?.text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.ok_or_else(|| format!("there is no figure '{name}'"))
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
