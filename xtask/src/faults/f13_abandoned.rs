//! F13: a view waits 30 seconds for something, and its clients go away after one.

use std::{
    collections::VecDeque,
    io::Write,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use super::{Figures, Size, client::Client, proc, server::Setup, tools::Gauge};
use crate::process::Done;

/// How often a client comes.
const EVERY: Duration = Duration::from_millis(2);

/// How long it stays.
const STAYS: Duration = Duration::from_secs(1);

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let clients = size.pick(10_000, 1_500);
    let server = Setup::default().start()?;
    // What the process opens once, at its first asynchronous view, is no growth.
    let first = Client::connect(server.address, Duration::from_secs(10));
    first
        .and_then(|mut client| client.get("/held/1", "Connection: close\r\n"))
        .map_err(|lost| format!("a page was {lost}"))?;
    let files = proc::open_files(server.id())?;
    let before = Gauge::of(server.address)?;
    let request = format!("GET /held/30000 HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let mut waiting: VecDeque<(Instant, TcpStream)> = VecDeque::new();
    let mut most = 0;
    let begin = Instant::now();
    for n in 0..clients {
        let next = begin + EVERY * n;
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let mut stream =
            TcpStream::connect(server.address).map_err(|error| format!("no connection: {error}"))?;
        stream.write_all(request.as_bytes()).map_err(|error| format!("nothing can be sent: {error}"))?;
        waiting.push_back((Instant::now(), stream));
        while waiting.front().is_some_and(|(since, _)| since.elapsed() > STAYS) {
            waiting.pop_front();
        }
        if n % 250 == 249 {
            most = most.max(Gauge::of(server.address)?.held);
        }
    }
    let rate = f64::from(clients) / begin.elapsed().as_secs_f64();
    waiting.clear();
    let left = Instant::now();
    let after = Gauge::wait_for(server.address, |gauge| gauge.held == 0)?;
    figures.told("clients that came and left", clients, "");
    figures.told("of those a second", format!("{rate:.0}"), "");
    // As many as come in the second that they stay, and some that are noticed late.
    figures.at_most("views that waited at once, at most", most as f64, rate * 1.5, "");
    figures.exactly("views that wait after all have left", after.held as f64, 0.0, "");
    figures.told("until none waited", left.elapsed().as_millis(), "ms");
    let ended = Gauge::wait_for(server.address, |gauge| gauge.ended - before.ended >= u64::from(clients))?;
    let missing = u64::from(clients).saturating_sub(ended.ended - before.ended);
    figures.exactly("requests without teardown", missing as f64, 0.0, "");
    let grown = || proc::open_files(server.id()).map(|now| now.saturating_sub(files));
    let end = Instant::now() + Duration::from_secs(5);
    while grown()? > 0 && Instant::now() < end {
        thread::sleep(Duration::from_millis(20));
    }
    figures.exactly("files open beyond those before", grown()? as f64, 0.0, "");
    Ok(())
}
