//! F10: the process may open 128 files, and 2,000 clients come at once.

use std::{
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use super::{Figures, Size, client::Client, proc, server::Setup};
use crate::process::Done;

/// After so long a connection that waits for room in the backlog is no longer waited for.
const KNOCK: Duration = Duration::from_millis(200);

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let clients = size.pick(2000, 400);
    let repeats = size.pick(5, 1);
    let cap = Setup::default().under("prlimit --nofile=128");
    measure(figures, &cap, "at the connection cap", clients, repeats)?;
    // The app holds what the cap leaves to it, and more: now `accept` itself fails.
    let exhausted = cap.environment("FAULTS_HOLD_FILES", 60);
    measure(figures, &exhausted, "out of files", clients, repeats)
}

fn measure(figures: &mut Figures, setup: &Setup, when: &str, clients: usize, repeats: usize) -> Done {
    let server = setup.start()?;
    let mut recoveries = Vec::new();
    let mut most_files = 0;
    for _ in 0..repeats {
        let held = besiege(server.address, clients);
        thread::sleep(Duration::from_millis(500));
        most_files = most_files.max(proc::open_files(server.id())?);
        if !proc::is_alive(server.id()) {
            return Err(format!("the server is gone; it said:\n{}", server.output()));
        }
        let begin = Instant::now();
        drop(held);
        recoveries.push(recovery(server.address, begin)?);
    }
    recoveries.sort_unstable();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let median = recoveries[recoveries.len() / 2];
    figures.told(&format!("files open {when}, at most"), most_files, "of 128");
    figures.told(
        &format!("first answer after the clients left, {when}, median"),
        format!("{:.0}", milliseconds(median)),
        "ms",
    );
    let worst = recoveries.last().copied().unwrap_or_default();
    figures.at_most(
        &format!("first answer after the clients left, {when}, worst"),
        milliseconds(worst),
        1000.0,
        "ms",
    );
    figures.holds(&format!("the server still runs, {when}"), proc::is_alive(server.id()));
    Ok(())
}

/// Opens so many connections as the system lets through and leaves them silent.
fn besiege(address: SocketAddr, clients: usize) -> Vec<TcpStream> {
    let threads: Vec<_> = (0..50)
        .map(|_| {
            thread::spawn(move || {
                let knocks = (0..clients / 50).map(|_| TcpStream::connect_timeout(&address, KNOCK));
                knocks.filter_map(Result::ok).collect::<Vec<_>>()
            })
        })
        .collect();
    threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
}

/// The time until a fresh client has an answer. A connection that the system holds back is tried anew, because its own next
/// try comes after a second only.
fn recovery(address: SocketAddr, begin: Instant) -> Done<Duration> {
    loop {
        if Client::connect(address, KNOCK).and_then(|mut client| client.get("/", "")).is_ok() {
            return Ok(begin.elapsed());
        }
        if begin.elapsed() > Duration::from_secs(20) {
            return Err("no client was answered within 20 s after the others had left".to_owned());
        }
    }
}
