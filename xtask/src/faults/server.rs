//! The server that has to bear it.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::{
    process::{Done, cargo, run, succeeds},
    workspace,
};

/// How long a start, or a line that is waited for, may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Builds a program of the benchmarks as a release, once a run, and answers where it is.
pub(crate) fn program(name: &str) -> Done<PathBuf> {
    static BUILT: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut built = BUILT.lock().unwrap_or_else(|lock| lock.into_inner());
    if !built.iter().any(|known| known == name) {
        let build =
            ["build", "--locked", "--quiet", "--release", "--package", "carboy-benchmarks", "--bin", name];
        if !succeeds(&mut cargo(&build)) {
            // Once more, so that cargo says why.
            run(&mut cargo(&build))?;
        }
        built.push(name.to_owned());
    }
    workspace::built("release", name)
}

/// How a server is to be started.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    /// Put before the program: `prlimit --nofile=128`.
    pub(crate) under: Vec<String>,
    /// Options of `run`; `--port 0` and `--workers 2` come before them.
    pub(crate) options: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

impl Setup {
    /// Runs the program by way of another one.
    pub(crate) fn under(mut self, command: &str) -> Self {
        self.under = command.split_whitespace().map(str::to_owned).collect();
        self
    }

    /// Adds options of `run`.
    pub(crate) fn options(mut self, options: &str) -> Self {
        self.options.extend(options.split_whitespace().map(str::to_owned));
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn environment(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// The command line, for what starts it by other means.
    pub(crate) fn command(&self) -> Done<Command> {
        let program = program("carboy-faults")?;
        let mut command = match self.under.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command.args(["run", "--port", "0", "--workers", "2"]).args(&self.options);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Starts it and waits until it serves.
    pub(crate) fn start(&self) -> Done<Server> {
        Server::start(&mut self.command()?)
    }
}

/// A running server; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    output: Output,
}

impl Server {
    /// Starts a program that says "Running on http://ADDRESS", or https, once it serves.
    pub(crate) fn start(command: &mut Command) -> Done<Server> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", command.get_program().display()))?;
        let output = Output::of(&mut child);
        let found = output.wait_for(PATIENCE, |line| {
            let url = line.trim().strip_prefix("* Running on ")?;
            url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?.parse().ok()
        });
        match found {
            Some(address) => Ok(Server { child, address, output }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("the server does not start; it said:\n{}", output.text()))
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, `TERM`.
    pub(crate) fn signal(&self, name: &str) -> Done {
        signal(self.id(), name)
    }

    /// Everything that it printed so far.
    pub(crate) fn output(&self) -> String {
        self.output.text()
    }

    /// Waits for a line that `find` knows; `None` if it does not come.
    pub(crate) fn wait_for<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.output.wait_for(PATIENCE, find)
    }

    /// Its exit code once it has ended, and how long that took; `None` if it runs on.
    pub(crate) fn wait(&mut self, limit: Duration) -> Option<(ExitStatus, Duration)> {
        let begin = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some((status, begin.elapsed()));
            }
            if begin.elapsed() > limit {
                return None;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, name: &str) -> Done {
    // The shell's own `kill` is there where procps is not.
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
    if sent.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        Err(format!("SIG{name} cannot be sent to {pid}"))
    }
}

/// The lines that a program prints on either output; read all the time, so that it never waits for us.
#[derive(Debug, Clone)]
pub(crate) struct Output(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Output {
    pub(crate) fn of(child: &mut Child) -> Output {
        let output = Output(Arc::default());
        if let Some(stdout) = child.stdout.take() {
            output.clone().read(stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            output.clone().read(stderr);
        }
        output
    }

    fn read(self, source: impl std::io::Read + Send + 'static) {
        thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                self.0.0.lock().unwrap_or_else(|lock| lock.into_inner()).push(line);
                self.0.1.notify_all();
            }
        });
    }

    fn wait_for<T>(&self, limit: Duration, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let end = Instant::now() + limit;
        let mut seen = 0;
        let mut lines = self.0.0.lock().unwrap_or_else(|lock| lock.into_inner());
        loop {
            if let Some(found) = lines[seen..].iter().find_map(|line| find(line)) {
                return Some(found);
            }
            seen = lines.len();
            let left = end.checked_duration_since(Instant::now())?;
            lines = self.0.1.wait_timeout(lines, left).unwrap_or_else(|lock| lock.into_inner()).0;
        }
    }

    fn text(&self) -> String {
        self.0.0.lock().unwrap_or_else(|lock| lock.into_inner()).join("\n")
    }
}
