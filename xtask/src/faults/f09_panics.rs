//! F9: every third request makes its view panic.

use std::{net::SocketAddr, thread, time::Duration};

use super::{Figures, Size, client::Client, proc, server::Setup, tools::Gauge};
use crate::process::Done;

/// Clients that ask at once.
const CLIENTS: u64 = 8;

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let requests = size.pick(100_000, 6_000) / CLIENTS * CLIENTS;
    let server = Setup::default()
        .environment("FAULTS_SECRET_KEY", "faults")
        .environment("RUST_BACKTRACE", 0)
        .start()?;
    // What grows only once is grown by now.
    storm(server.address, size.pick(30_000, 3_000) / CLIENTS);
    let (ended, before) = (Gauge::of(server.address)?.ended, proc::memory(server.id())?);
    let seen = storm(server.address, requests / CLIENTS);
    let gauge = Gauge::wait_for(server.address, |gauge| gauge.ended > ended + requests)?;
    let after = proc::memory(server.id())?;
    figures.told("requests", requests, "");
    figures.exactly(
        "views that panicked and were not answered with 500",
        (seen.panics - seen.errors) as f64,
        0.0,
        "",
    );
    figures.told("of", seen.panics, "");
    figures.exactly("other requests without a 200", (seen.others - seen.fine) as f64, 0.0, "");
    // The page that tells it has ended by then, too, and the one before it.
    figures.exactly(
        "requests without teardown",
        (ended + requests + 1).saturating_sub(gauge.ended) as f64,
        0.0,
        "",
    );
    let growth = after.saturating_sub(before) as f64 / 1024.0 * 100_000.0 / requests as f64;
    match size {
        Size::Whole => figures.at_most("growth of memory for 100,000 requests", growth, 1.0, "MiB"),
        Size::Short => figures.told("growth of memory for 100,000 requests", format!("{growth:.1}"), "MiB"),
    }
    figures.holds("the server still runs", proc::is_alive(server.id()));
    Ok(())
}

#[derive(Debug, Default)]
struct Seen {
    panics: u64,
    /// Answers with 500 to those.
    errors: u64,
    others: u64,
    /// Answers with 200 to those.
    fine: u64,
}

/// Lets each client ask so often, every third time for the view that panics.
fn storm(address: SocketAddr, each: u64) -> Seen {
    let threads: Vec<_> =
        (0..CLIENTS).map(|first| thread::spawn(move || ask(address, first, each))).collect();
    let mut seen = Seen::default();
    for one in threads.into_iter().map(|thread| thread.join().unwrap_or_default()) {
        seen.panics += one.panics;
        seen.errors += one.errors;
        seen.others += one.others;
        seen.fine += one.fine;
    }
    seen
}

fn ask(address: SocketAddr, first: u64, each: u64) -> Seen {
    let mut seen = Seen::default();
    let mut kept: Option<Client> = None;
    for n in first..first + each {
        let panics = n % 3 == 0;
        let path = if panics { "/panic" } else { "/" };
        let client = kept.take().map_or_else(|| Client::connect(address, Duration::from_secs(10)), Ok);
        let answer = client.and_then(|mut client| {
            let answer = client.get(path, "")?;
            if !answer.closes() {
                kept = Some(client);
            }
            Ok(answer.status)
        });
        if panics {
            seen.panics += 1;
            seen.errors += u64::from(answer == Ok(500));
        } else {
            seen.others += 1;
            seen.fine += u64::from(answer == Ok(200));
        }
    }
    seen
}
