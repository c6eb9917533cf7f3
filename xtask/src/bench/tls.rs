//! `cargo xtask bench tls`: what a request over HTTPS costs carboy, and axum with rustls.
//!
//! Each server has one core and the clients have another. The servers take turns, and a figure is the median of the rounds. What counts is the server's
//! processor time a request, which other work on the machine disturbs less than times.

use crate::{
    faults::{proc::processor_times, tools::Scratch},
    process::{Done, cargo, find, run},
    workspace,
};
use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const SERVERS: &[&str] = &["axum-tls", "carboy-tls"];

struct Load {
    name: &'static str,
    /// The arguments of h2load, or the kind of handshake for `tls-load`.
    words: &'static str,
}

const LOADS: &[Load] = &[
    Load { name: "HTTP/1.1, kept", words: "--h1 -c 64 -t 1" },
    Load { name: "HTTP/2, kept", words: "-c 8 -m 8 -t 1" },
    Load { name: "a full handshake each", words: "full" },
    Load { name: "a resumed handshake each", words: "resumed" },
];

/// Processor time of the server in microseconds a request, and requests a second.
#[derive(Debug, Clone, Copy)]
struct Cost {
    total: f64,
    user: f64,
    rate: f64,
}

pub(crate) fn command(args: &[&str]) -> Done {
    let (mut rounds, mut seconds) = (5, 3);
    for pair in args.chunks(2) {
        let number = |text: &str| text.parse().ok().filter(|n| *n > 0);
        match pair {
            ["--rounds", n] => rounds = number(n).ok_or("--rounds takes a number")?,
            ["--seconds", n] => seconds = number(n).ok_or("--seconds takes a number")?,
            other => return Err(format!("bench tls [--rounds N] [--seconds S], not {other:?}")),
        }
    }
    find("h2load", &[]).ok_or("the comparison needs h2load: install the package nghttp2-client")?;
    let programs = ["build", "--locked", "--release", "-p", "carboy-benchmarks", "--features", "tls-peers"];
    run(cargo(&programs).args(["--bin", "axum-tls", "--bin", "carboy-tls", "--bin", "tls-load"]))?;
    let folder = Scratch::new()?;
    certificate(folder.path())?;
    let mut costs = vec![Vec::new(); SERVERS.len() * LOADS.len()];
    for round in 1..=rounds {
        for (s, name) in SERVERS.iter().enumerate() {
            let server = Server::start(name, folder.path())?;
            for (l, load) in LOADS.iter().enumerate() {
                let cost = measure(&server, load, folder.path(), seconds)?;
                eprintln!("round {round}: {name}, {}: {cost:?}", load.name);
                costs[s * LOADS.len() + l].push(cost);
            }
        }
    }
    println!(
        "\nserver CPU microseconds a request, total / user (requests a second), median of {rounds} rounds of {seconds} s\n"
    );
    let line = |name: &str, cells: &[String]| println!("| {name} | {} |", cells.join(" | "));
    line("server", &LOADS.iter().map(|load| load.name.to_owned()).collect::<Vec<_>>());
    println!("|{}", "---|".repeat(LOADS.len() + 1));
    for (name, loads) in SERVERS.iter().zip(costs.chunks(LOADS.len())) {
        let cells = loads.iter().map(|costs| {
            let of = |figure: fn(&Cost) -> f64| median(costs.iter().map(figure).collect());
            format!("{:.1} / {:.1} ({:.0})", of(|c| c.total), of(|c| c.user), of(|c| c.rate))
        });
        line(name, &cells.collect::<Vec<_>>());
    }
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// A certificate with a key of P-256, as authorities issue them.
fn certificate(folder: &Path) -> Done {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out chain.pem";
    let made = Command::new("openssl").current_dir(folder).args(words.split_whitespace()).output();
    let made = made.map_err(|error| format!("openssl: {error}"))?;
    if made.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&made.stderr).into_owned()) }
}

/// Puts a program on a core of its own, where there are several.
fn pinned(core: &str, program: &Path) -> Command {
    if thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) && find("taskset", &[]).is_some() {
        let mut command = Command::new("taskset");
        command.args(["-c", core]).arg(program);
        return command;
    }
    Command::new(program)
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(name: &str, folder: &Path) -> Done<Server> {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = port.map_err(|error| format!("no port is free: {error}"))?.port();
        let child = pinned("0", &workspace::built("release", name)?)
            .args([&port.to_string(), "1"])
            .args([folder.join("chain.pem"), folder.join("key.pem")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{name} cannot be started: {error}"))?;
        let server = Server { child, port };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begin.elapsed() > Duration::from_secs(10) {
                return Err(format!("{name} does not listen"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn measure(server: &Server, load: &Load, folder: &Path, seconds: u32) -> Done<Cost> {
    let with_handshakes = !load.words.starts_with('-');
    let mut client = if with_handshakes {
        let mut client = pinned("1", &workspace::built("release", "tls-load")?);
        client.arg(server.port.to_string()).arg(folder.join("chain.pem")).arg(load.words);
        client.arg(seconds.to_string());
        client
    } else {
        let mut client = pinned("1", &find("h2load", &[]).unwrap_or_else(|| PathBuf::from("h2load")));
        client.args(load.words.split(' ')).args(["-D", &seconds.to_string()]);
        client.arg(format!("https://127.0.0.1:{}/", server.port));
        client
    };
    // The process that taskset starts is the server itself.
    let pid = server.child.id();
    let before = processor_times(pid)?;
    let said = client.output().map_err(|error| format!("{}: {error}", load.name))?;
    let after = processor_times(pid)?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let answered = if with_handshakes { text.trim().parse().ok() } else { succeeded(&text) };
    let answered: f64 = answered
        .filter(|n| *n > 0.0 && said.status.success())
        .ok_or_else(|| format!("{}: {text}{}", load.name, String::from_utf8_lossy(&said.stderr)))?;
    let used = |before: u64, after: u64| (after - before) as f64 * 1000.0 / answered;
    let user = used(before.0, after.0);
    Ok(Cost { total: user + used(before.1, after.1), user, rate: answered / f64::from(seconds) })
}

/// How many answers h2load counts, if none failed.
fn succeeded(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("requests: "))?;
    let count = |name: &str| -> Option<f64> {
        line.split(", ").find_map(|part| part.strip_suffix(name)?.trim().parse().ok())
    };
    count(" succeeded").filter(|_| count(" failed") == Some(0.0))
}
