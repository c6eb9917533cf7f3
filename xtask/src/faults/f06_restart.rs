//! F6: restarts under load. Each way of restarting has 20 of them and 200,000 requests, and loses none.

use command_fds::{CommandFdExt, FdMapping};
use std::{
    fs,
    net::TcpListener,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::{
    Figures, Size,
    load::{Habit, Load, Plan, Tally},
    proc,
    server::{Server, Setup, signal},
};
use crate::process::Done;

/// The longest that all requests together may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// The longest a process may take to serve or to end.
const CHANGE: Duration = Duration::from_secs(20);

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let (restarts, requests) = size.pick((20, 200_000), (1, 3_000));
    by_signal(figures, restarts, requests)?;
    by_parent(figures, restarts, requests)
}

/// SIGUSR2: the server starts its successor by itself.
fn by_signal(figures: &mut Figures, restarts: u64, requests: u64) -> Done {
    let pid_file = PidFile::new();
    let server = Setup::default().options(&format!("--pid-file {}", pid_file.0.display())).start()?;
    let mut pid = server.id();
    let load = begin(server.address);
    for restart in 1..=restarts {
        load.reach(restart * requests / (restarts + 1), PATIENCE)?;
        signal(pid, "USR2")?;
        pid = pid_file.changed_from(pid, &server)?;
    }
    let done = load.reach(requests, PATIENCE);
    let tally = load.stop();
    stop(pid);
    done?;
    tell(figures, "SIGUSR2", restarts, requests, &tally);
    Ok(())
}

/// SIGTERM: whoever started the server holds the socket, starts the next one with it, and stops the former when that one serves.
fn by_parent(figures: &mut Figures, restarts: u64, requests: u64) -> Done {
    let unusable = |error| format!("a socket cannot be had: {error}");
    let socket = TcpListener::bind("127.0.0.1:0").map_err(unusable)?;
    let address = socket.local_addr().map_err(unusable)?;
    let start = || {
        let mut command = Setup::default().command()?;
        hand_over(&mut command, socket.try_clone().map_err(unusable)?.into())?;
        Server::start(&mut command)
    };
    let mut server = start()?;
    let load = begin(address);
    for restart in 1..=restarts {
        load.reach(restart * requests / (restarts + 1), PATIENCE)?;
        let mut former = std::mem::replace(&mut server, start()?);
        former.signal("TERM")?;
        let (status, _) = former
            .wait(CHANGE)
            .ok_or_else(|| format!("a server does not end; it said:\n{}", former.output()))?;
        if !status.success() {
            return Err(format!("a server ended with {status}; it said:\n{}", former.output()));
        }
    }
    let done = load.reach(requests, PATIENCE);
    let tally = load.stop();
    done?;
    tell(figures, "SIGTERM", restarts, requests, &tally);
    Ok(())
}

fn begin(address: std::net::SocketAddr) -> Load {
    let plan = Plan::new(address, "/");
    let mut load = Load::start(&plan, Habit::KeepAlive, 4);
    load.join_in(&plan, Habit::OneByOne, 4);
    load
}

fn tell(figures: &mut Figures, way: &str, restarts: u64, requests: u64, tally: &Tally) {
    figures.told(&format!("restarts by {way}"), restarts, "");
    figures.at_least(&format!("requests answered, {way}"), tally.answered() as f64, requests as f64, "");
    figures.exactly(
        &format!("requests answered with 200, {way}"),
        tally.with_status(200) as f64,
        tally.answered() as f64,
        "",
    );
    let losses = tally.losses();
    let what = if losses.is_empty() { String::new() } else { format!(" ({losses})") };
    figures.exactly(&format!("requests lost, {way}{what}"), tally.lost() as f64, 0.0, "");
    figures.told(&format!("longest time without an answer, {way}"), tally.longest_gap().as_millis(), "ms");
    figures.told(
        &format!("99.9 % of the answers took, {way}, at most"),
        tally.percentile(0.999).as_millis(),
        "ms",
    );
}

/// As systemd hands a socket over.
fn hand_over(command: &mut Command, socket: OwnedFd) -> Done {
    command.env("LISTEN_FDS", "1").env_remove("LISTEN_PID");
    command
        .fd_mappings(vec![FdMapping { parent_fd: socket, child_fd: 3 }])
        .map_err(|error| format!("a socket cannot be handed over: {error}"))?;
    Ok(())
}

/// The file in which the serving process says its number.
struct PidFile(PathBuf);

impl PidFile {
    fn new() -> Self {
        PidFile(std::env::temp_dir().join(format!("carboy-faults-{}.pid", std::process::id())))
    }

    fn changed_from(&self, former: u32, server: &Server) -> Done<u32> {
        let begin = Instant::now();
        loop {
            match read(&self.0) {
                Some(pid) if pid != former => return Ok(pid),
                _ if begin.elapsed() > CHANGE => {
                    return Err(format!("no new process serves; the former ones said:\n{}", server.output()));
                }
                _ => thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Some(pid) = read(&self.0) {
            // The last of the successors is nobody's child.
            let _ = signal(pid, "KILL");
        }
        let _ = fs::remove_file(&self.0);
    }
}

fn read(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Stops a process that is nobody's child, and waits for its end.
fn stop(pid: u32) {
    let _ = signal(pid, "TERM");
    let begin = Instant::now();
    while proc::is_alive(pid) && begin.elapsed() < CHANGE {
        thread::sleep(Duration::from_millis(5));
    }
}
