//! F15: a network that is slow, resets connections, or closes one half of them.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Figures, Size,
    client::{Client, Lost},
    load::{Habit, Load, Plan},
    proc,
    server::Setup,
    tools::{Gauge, post},
};
use crate::process::Done;

/// What the network does to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    /// Each piece takes 20 ms longer, either way.
    Delay,
    /// The server's connection is reset after so many bytes of the request.
    ResetWithin(usize),
    /// The client seems to end its stream behind its request.
    HalfClose,
}

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let requests = size.pick(300, 60);
    let server = Setup::default().start()?;
    // What the process opens once, at its first asynchronous view, is no growth.
    let first = Client::connect(server.address, Duration::from_secs(10));
    first
        .and_then(|mut client| client.get("/held/1", "Connection: close\r\n"))
        .map_err(|lost| format!("a page was {lost}"))?;
    let files = proc::open_files(server.id())?;
    let others =
        Load::start(&Plan::new(server.address, "/").pause(Duration::from_millis(2)), Habit::KeepAlive, 2);
    let body = post("/upload", "application/octet-stream", &vec![b'x'; 300_000]);

    let slow = Proxy::start(server.address, Harm::Delay)?;
    let answers = ask(&slow, requests, &body);
    figures.exactly("delayed uploads without a 200", lost(&answers) as f64, 0.0, "");

    let reset = Proxy::start(server.address, Harm::ResetWithin(100_000))?;
    let answers = ask(&reset, requests, &body);
    figures.exactly("resets within an upload", reset.harmed() as f64, requests as f64, "");
    figures.exactly("uploads lost by them", lost(&answers) as f64, requests as f64, "");

    let half = Proxy::start(server.address, Harm::HalfClose)?;
    let held = b"GET /held/30000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answers = ask(&half, requests, held);
    figures.exactly("streams ended before the answer", half.harmed() as f64, requests as f64, "");
    figures.exactly("requests given up for it", lost(&answers) as f64, requests as f64, "");
    let gauge = Gauge::wait_for(server.address, |gauge| gauge.held == 0)?;
    figures.exactly("their views that wait on", gauge.held as f64, 0.0, "");

    let others = others.stop();
    let wrong = others.lost() + others.answered() - others.with_status(200);
    figures.told("requests over a good network meanwhile", others.answered(), "");
    figures.exactly("of those without a 200", wrong as f64, 0.0, "");
    drop((slow, reset, half));
    let end = Instant::now() + Duration::from_secs(5);
    let grown = || proc::open_files(server.id()).map(|now| now.saturating_sub(files));
    while grown()? > 0 && Instant::now() < end {
        thread::sleep(Duration::from_millis(20));
    }
    figures.exactly("files open beyond those before", grown()? as f64, 0.0, "");
    Ok(())
}

/// Sends the request so often, ten at a time, each on a connection of its own.
fn ask(proxy: &Proxy, requests: u64, request: &[u8]) -> Vec<Result<u16, Lost>> {
    let address = proxy.address;
    let threads: Vec<_> = (0..10)
        .map(|_| {
            let request = request.to_vec();
            thread::spawn(move || {
                let one = |_| {
                    let mut client = Client::connect(address, Duration::from_secs(10))?;
                    client.send(&request)?;
                    client.answer().map(|answer| answer.status)
                };
                (0..requests / 10).map(one).collect::<Vec<_>>()
            })
        })
        .collect();
    threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
}

fn lost(answers: &[Result<u16, Lost>]) -> usize {
    answers.iter().filter(|answer| **answer != Ok(200)).count()
}

/// A network in miniature: it accepts connections, and passes them on with harm done to them.
struct Proxy {
    address: SocketAddr,
    harmed: Arc<AtomicU64>,
}

impl Proxy {
    fn start(server: SocketAddr, harm: Harm) -> Done<Proxy> {
        let failed = |error| format!("a proxy cannot listen: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let harmed = Arc::new(AtomicU64::new(0));
        let count = harmed.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let count = count.clone();
                thread::spawn(move || pass(client, server, harm, &count));
            }
        });
        Ok(Proxy { address, harmed })
    }

    fn harmed(&self) -> u64 {
        self.harmed.load(Relaxed)
    }
}

/// Passes one connection on, until both ends are done.
fn pass(client: TcpStream, server: SocketAddr, harm: Harm, harmed: &AtomicU64) -> Option<()> {
    let server = TcpStream::connect(server).ok()?;
    let (mut from, mut to) = (server.try_clone().ok()?, client.try_clone().ok()?);
    let answer = thread::spawn(move || {
        copy(&mut from, &mut to, harm, None);
        let _ = to.shutdown(Shutdown::Both);
    });
    let (mut from, mut to) = (client, server);
    match harm {
        Harm::Delay => copy(&mut from, &mut to, harm, None),
        Harm::ResetWithin(bytes) => {
            copy(&mut from, &mut to, harm, Some(bytes));
            harmed.fetch_add(1, Relaxed);
            // Closing with bytes unread resets; both sides see it.
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        }
        Harm::HalfClose => {
            let mut room = [0; 4096];
            let read = from.read(&mut room).ok()?;
            to.write_all(&room[..read]).ok()?;
            to.shutdown(Shutdown::Write).ok()?;
            harmed.fetch_add(1, Relaxed);
        }
    }
    answer.join().ok()
}

/// Copies to the end, or so many bytes.
fn copy(from: &mut TcpStream, to: &mut TcpStream, harm: Harm, limit: Option<usize>) {
    let mut room = [0; 16 * 1024];
    let mut copied = 0;
    while limit.is_none_or(|limit| copied < limit) {
        let Ok(read @ 1..) = from.read(&mut room) else { break };
        if harm == Harm::Delay {
            thread::sleep(Duration::from_millis(20));
        }
        if to.write_all(&room[..read]).is_err() {
            break;
        }
        copied += read;
    }
    if limit.is_none() {
        let _ = to.shutdown(Shutdown::Write);
    }
}
