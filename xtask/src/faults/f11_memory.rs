//! F11: the process may have 64 MiB of memory, then 128, and bodies come while connections are held.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{
    Figures, Size,
    client::Client,
    proc,
    server::Setup,
    tools::{Scratch, post},
};
use crate::process::Done;

const MIB: u64 = 1024 * 1024;

/// Where the memory controller of version 1 is.
const CONTROLLER: &str = "/sys/fs/cgroup/memory";

/// Where the system leaves huge pages to programs, mimalloc asks for them, and then 2 MiB are taken at a time however little of them is used.
const NO_HUGE_PAGES: (&str, &str) = ("MIMALLOC_ALLOW_THP", "0");

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let scratch = Scratch::new()?;
    for (limit, held, at_once) in [(64, 1000, 16), (128, 2000, 32)] {
        let group = Group::new(limit * MIB)?;
        let script = format!("echo $$ > '{}/cgroup.procs' && exec \"$@\"\n", group.0.display());
        let script = scratch.write("limited.sh", &script)?;
        let server = Setup::default()
            .under(&format!("sh {}", script.display()))
            .environment("FAULTS_SERVER_KEEP_ALIVE_TIMEOUT", 600)
            .environment(NO_HUGE_PAGES.0, NO_HUGE_PAGES.1)
            .start()?;
        let what = |what: &str| format!("{limit} MiB: {what}");
        let idle = group.number("memory.usage_in_bytes")?;
        let connections = hold(server.address, held)?;
        let bodies = size.pick(1000, 200);
        let kept = send_bodies(server.address, bodies, at_once);
        figures.told(&what("memory at the start"), idle / 1024, "KiB");
        figures.exactly(
            &what(&format!("bodies of 1 MiB taken, {at_once} at once, {held} connections held")),
            kept as f64,
            bodies as f64,
            "",
        );
        figures.told(&what("memory at most"), group.number("memory.max_usage_in_bytes")? / 1024, "KiB");
        figures.exactly(&what("processes killed for want of memory"), group.kills()? as f64, 0.0, "");
        figures.holds(&what("the server still runs"), proc::is_alive(server.id()));
        let fresh = Client::connect(server.address, Duration::from_secs(10))
            .and_then(|mut client| client.get("/", ""));
        figures.holds(&what("a fresh client is answered"), fresh.is_ok_and(|answer| answer.status == 200));
        drop((connections, server));
        if limit == 64 {
            capacity(figures, &scratch, size)?;
        }
    }
    Ok(())
}

/// How many idle connections 64 MiB bear: what each of them takes, measured with many.
fn capacity(figures: &mut Figures, scratch: &Scratch, size: Size) -> Done {
    let group = Group::new(64 * MIB)?;
    let script = format!("echo $$ > '{}/cgroup.procs' && exec \"$@\"\n", group.0.display());
    let script = scratch.write("capacity.sh", &script)?;
    let server = Setup::default()
        .under(&format!("sh {}", script.display()))
        .environment("FAULTS_SERVER_KEEP_ALIVE_TIMEOUT", 600)
        .environment(NO_HUGE_PAGES.0, NO_HUGE_PAGES.1)
        .start()?;
    let usage = || group.number("memory.usage_in_bytes");
    let warm = hold(server.address, 200)?;
    let before = usage()?;
    let count = size.pick(2000, 500);
    let held = hold(server.address, count)?;
    let each = usage()?.saturating_sub(before) as f64 / count as f64;
    let room = (64 * MIB).saturating_sub(before) as f64;
    figures.told(
        "memory for an idle connection, the system's part included",
        format!("{:.1}", each / 1024.0),
        "KiB",
    );
    figures.at_least("idle connections that 64 MiB bear", 200.0 + room / each.max(1.0), 2000.0, "");
    drop((warm, held));
    Ok(())
}

/// Opens connections, each with a request behind it.
fn hold(address: SocketAddr, count: usize) -> Done<Vec<TcpStream>> {
    let open = |_| {
        let mut client = Client::connect(address, Duration::from_secs(10))?;
        client.get("/", "")?;
        Ok(client.stream)
    };
    (0..count)
        .map(open)
        .collect::<Result<_, _>>()
        .map_err(|lost: super::client::Lost| format!("a connection was {lost}"))
}

/// Sends so many bodies of 1 MiB; how many were taken whole.
fn send_bodies(address: SocketAddr, count: usize, at_once: usize) -> usize {
    let threads: Vec<_> = (0..at_once)
        .map(|first| {
            thread::spawn(move || {
                let request = post("/upload", "application/octet-stream", &vec![b'x'; MIB as usize]);
                let sent = (first..count).step_by(at_once).filter(|_| {
                    let client = Client::connect(address, Duration::from_secs(30));
                    let answer = client.and_then(|mut client| {
                        client.send(&request)?;
                        client.answer()
                    });
                    answer.is_ok_and(|answer| answer.status == 200 && answer.text() == MIB.to_string())
                });
                sent.count()
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap_or_default()).sum()
}

/// A control group with a limit; removed when this is dropped, after its processes have ended.
struct Group(PathBuf);

impl Group {
    fn new(limit: u64) -> Done<Group> {
        let path = Path::new(CONTROLLER).join(format!("carboy-faults-{}-{limit}", std::process::id()));
        let _ = fs::remove_dir(&path);
        let failed = |error| {
            format!(
                "{} cannot be used: {error}; this needs root and the memory controller of cgroup v1",
                path.display()
            )
        };
        fs::create_dir(&path).map_err(failed)?;
        let group = Group(path.clone());
        fs::write(path.join("memory.limit_in_bytes"), limit.to_string()).map_err(failed)?;
        Ok(group)
    }

    fn number(&self, file: &str) -> Done<u64> {
        let text = fs::read_to_string(self.0.join(file)).map_err(|error| format!("{file}: {error}"))?;
        text.trim().parse().map_err(|_| format!("{file} says '{text}'"))
    }

    fn kills(&self) -> Done<u64> {
        let text =
            fs::read_to_string(self.0.join("memory.oom_control")).map_err(|error| error.to_string())?;
        Ok(text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok()).unwrap_or(0))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for _ in 0..50 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}
