//! F12: ten thousand clients that never come to the end of their request, and one that asks as usual.
//!
//! What the server frees after they left, its allocator may keep: mimalloc gives memory back when it is used, some time
//! later, and a server that has nothing to do does not use it. With `MIMALLOC_PURGE_DELAY=0` it gives it back at once, which
//! shows that nothing is held. Both are measured.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::{
    Figures, Size,
    client::Client,
    load::{Habit, Load, Plan},
    proc,
    server::{Server, Setup},
};
use crate::process::{Done, succeeds};

/// A request that goes on.
const SLOW: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: 1";
/// A request that is complete.
const WHOLE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// The preface, empty settings, and a request for `/` of the host `a`, packed.
const HTTP2: &[u8] =
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a";

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let clients = size.pick(10_000, 1000);
    allow_files(clients + 500)?;
    // Longer than a round takes, so that all are there when they are counted.
    let setup = Setup::default()
        .environment("FAULTS_HEADER_SECONDS", 120)
        .environment("FAULTS_SERVER_KEEP_ALIVE_TIMEOUT", 120);
    let late = left_behind(&setup, clients)?;
    figures.told("memory after they left, mimalloc as it comes", format!("{late:.1}"), "×");
    let setup = setup.environment("MIMALLOC_PURGE_DELAY", 0);
    slow(figures, &setup, clients, size.pick(3, 1))?;
    let http1 = idle(&setup, clients, WHOLE, |answer| answer.ends_with(b"Hello, World!"))?;
    figures.at_most("memory of an idle connection, HTTP/1", http1, 12.0, "kB");
    let http2 = idle(&setup, clients, HTTP2, |answer| answer.ends_with(b"Hello, World!"))?;
    figures.told("memory of an idle connection, HTTP/2", format!("{http2:.1}"), "kB");
    Ok(())
}

fn slow(figures: &mut Figures, setup: &Setup, clients: usize, rounds: usize) -> Done {
    let server = setup.start()?;
    let start = at_rest(&server)?;
    let (mut each, mut fresh, mut share, mut after) = (0.0_f64, Vec::new(), 0.0_f64, 0.0_f64);
    for _ in 0..rounds {
        let begin = Instant::now();
        let held = open(server.address, clients, SLOW, None)?;
        thread::sleep(Duration::from_secs(1));
        each = each.max(proc::memory(server.id())?.saturating_sub(start) as f64 / clients as f64);
        let (begun, used) = (Instant::now(), proc::processor_time(server.id())?);
        let plan = Plan::new(server.address, "/").pause(Duration::from_millis(20));
        let load = Load::start(&plan, Habit::OneByOne, 1);
        thread::sleep(Duration::from_secs(5));
        let tally = load.stop();
        let took = begun.elapsed().as_millis() as f64;
        share = share.max((proc::processor_time(server.id())? - used) as f64 / took * 100.0);
        figures.exactly("requests lost meanwhile", tally.lost() as f64, 0.0, "");
        fresh.push((tally.percentile(0.5), tally.percentile(0.99)));
        let there = held.iter().filter(|client| is_open(client)).count();
        figures.exactly("slow clients still there", there as f64, clients as f64, "");
        figures.told("a round took", begin.elapsed().as_secs(), "s");
        drop(held);
        after = after.max(at_rest(&server)? as f64 / start as f64);
    }
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let p50 = fresh.iter().map(|(p50, _)| milliseconds(*p50)).fold(0.0, f64::max);
    let p99 = fresh.iter().map(|(_, p99)| milliseconds(*p99)).fold(0.0, f64::max);
    figures.told("memory at the start", start, "kB");
    figures.at_most("memory of a slow connection", each, 20.0, "kB");
    figures.told("a fresh request meanwhile, median, worst round", format!("{p50:.1}"), "ms");
    figures.at_most("a fresh request meanwhile, 99 %, worst round", p99, 50.0, "ms");
    figures.told("processor time meanwhile", format!("{share:.1}"), "%");
    figures.at_most("memory after they left, in memories at the start", after, 1.5, "×");
    Ok(())
}

/// The memory after slow clients have left, in memories at the start.
fn left_behind(setup: &Setup, clients: usize) -> Done<f64> {
    let server = setup.start()?;
    let start = at_rest(&server)?;
    drop(open(server.address, clients, SLOW, None)?);
    Ok(at_rest(&server)? as f64 / start as f64)
}

/// Memory that each of so many connections takes that asked once and wait.
fn idle(setup: &Setup, clients: usize, request: &[u8], answered: fn(&[u8]) -> bool) -> Done<f64> {
    let server = setup.start()?;
    let start = at_rest(&server)?;
    let held = open(server.address, clients, request, Some(answered))?;
    thread::sleep(Duration::from_secs(2));
    let each = proc::memory(server.id())?.saturating_sub(start) as f64 / clients as f64;
    let there = held.iter().filter(|client| is_open(client)).count();
    if there < clients {
        Err(format!("only {there} of {clients} idle clients are still there"))
    } else {
        Ok(each)
    }
}

/// The memory of a server that has answered a few hundred requests, and has had time to give back what it does not need.
fn at_rest(server: &Server) -> Done<u64> {
    thread::sleep(Duration::from_secs(4));
    for _ in 0..200 {
        let answer =
            Client::connect(server.address, Duration::from_secs(10)).and_then(|mut c| c.get("/", ""));
        answer.map_err(|lost| format!("a request was lost: {lost}"))?;
    }
    thread::sleep(Duration::from_secs(1));
    proc::memory(server.id())
}

/// Opens connections that send these bytes and, if there is something to wait for, read until it is there.
fn open(
    address: SocketAddr,
    clients: usize,
    bytes: &[u8],
    answered: Option<fn(&[u8]) -> bool>,
) -> Done<Vec<TcpStream>> {
    const THREADS: usize = 8;
    let one = || -> std::io::Result<TcpStream> {
        let mut client = TcpStream::connect(address)?;
        client.set_read_timeout(Some(Duration::from_secs(10)))?;
        client.write_all(bytes)?;
        let (mut answer, mut room) = (Vec::new(), [0; 1024]);
        while answered.is_some_and(|answered| !answered(&answer)) {
            let n = client.read(&mut room)?;
            if n == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            answer.extend_from_slice(&room[..n]);
        }
        Ok(client)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|n| {
                let share = clients / THREADS + usize::from(n < clients % THREADS);
                scope.spawn(move || (0..share).map(|_| one()).collect::<std::io::Result<Vec<_>>>())
            })
            .collect();
        let mut held = Vec::with_capacity(clients);
        for thread in threads {
            let opened = thread.join().map_err(|_| "a client panicked".to_owned())?;
            held.extend(opened.map_err(|error| format!("a connection failed: {error}"))?);
        }
        Ok(held)
    })
}

/// Whether the server has not closed it; what it sent does not count.
fn is_open(client: &TcpStream) -> bool {
    let peeked = client.set_nonblocking(true).and_then(|()| client.peek(&mut [0]));
    matches!(peeked, Ok(1)) || peeked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

/// Lets this process, and the server that it starts, open so many files.
fn allow_files(count: usize) -> Done {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    if line.split_whitespace().next().is_some_and(|soft| soft.parse().is_ok_and(|soft: usize| soft >= count))
    {
        return Ok(());
    }
    let pid = std::process::id().to_string();
    if succeeds(Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={count}:")])) {
        return Ok(());
    }
    Err(format!("this needs {count} open files: run `ulimit -n {count}` first"))
}
