//! F7: SIGTERM while a view takes a minute, events are streamed, a connection was upgraded, another one is idle, and a body comes a
//! byte a second. The process ends by itself, with exit code 0, within the time that it was given and a second.

use std::{
    io::Write,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use super::{
    Figures, Size,
    client::Client,
    server::{Server, Setup},
};
use crate::process::Done;

/// How long a client waits for what it needs before the signal.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let grace = size.pick(5, 2);
    for cases in [
        &["view"][..],
        &["events"],
        &["tunnel"],
        &["idle"],
        &["upload"],
        &["view", "events", "tunnel", "idle", "upload"],
    ] {
        let server = Setup::default().environment("FAULTS_SERVER_DRAIN_TIMEOUT", grace).start()?;
        measure(figures, server, cases, grace)?;
    }
    second_signal(figures, Setup::default().start()?)
}

fn measure(figures: &mut Figures, mut server: Server, cases: &[&str], grace: u64) -> Done {
    let mut clients = Vec::new();
    for case in cases {
        clients.push(occupy(&server, case)?);
    }
    thread::sleep(Duration::from_millis(300));
    let uploads: Vec<_> = cases.iter().zip(&clients).filter(|(case, _)| **case == "upload").collect();
    for (_, client) in uploads {
        drip(client.stream.try_clone().map_err(|error| format!("a socket cannot be had: {error}"))?);
    }
    server.signal("TERM")?;
    let what = if cases.len() == 1 { cases[0].to_owned() } else { "all at once".to_owned() };
    let limit = Duration::from_secs(grace + 20);
    let (status, took) =
        server.wait(limit).ok_or_else(|| format!("{what}: still running; it said:\n{}", server.output()))?;
    figures.exactly(&format!("exit code, {what}"), status.code().map_or(-1.0, f64::from), 0.0, "");
    figures.at_most(
        &format!("time to the end, {what}, grace {grace} s"),
        took.as_secs_f64(),
        grace as f64 + 1.0,
        "s",
    );
    drop(clients);
    Ok(())
}

/// A client that keeps the server busy in its way, and has got as far as it wants.
fn occupy(server: &Server, case: &str) -> Done<Client> {
    let lost = |lost| format!("{case}: {lost}");
    let mut client = Client::connect(server.address, LIMIT).map_err(lost)?;
    match case {
        "view" => client.send(b"GET /slow/60000 HTTP/1.1\r\nHost: localhost\r\n\r\n").map_err(lost)?,
        "events" => client.send(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").map_err(lost)?,
        "tunnel" => {
            let upgrade =
                b"GET /tunnel HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
            client.send(upgrade).map_err(lost)?;
            let answer = client.answer().map_err(lost)?;
            if answer.status != 101 {
                return Err(format!("the tunnel was answered with {}", answer.status));
            }
        }
        "upload" => {
            let head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n";
            client.send(head).map_err(lost)?;
        }
        _ => drop(client.get("/", "").map_err(lost)?),
    }
    Ok(client)
}

/// Sends a byte a second until nobody takes it.
fn drip(mut stream: TcpStream) {
    thread::spawn(move || {
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_secs(1));
        }
    });
}

fn second_signal(figures: &mut Figures, mut server: Server) -> Done {
    let client = occupy(&server, "view")?;
    thread::sleep(Duration::from_millis(200));
    server.signal("TERM")?;
    thread::sleep(Duration::from_millis(200));
    let begin = Instant::now();
    server.signal("TERM")?;
    let (status, _) = server.wait(LIMIT).ok_or("still running after a second signal")?;
    figures.exactly("exit code, a second signal", status.code().map_or(-1.0, f64::from), 0.0, "");
    figures.at_most("time to the end, a second signal", begin.elapsed().as_secs_f64(), 1.0, "s");
    drop(client);
    Ok(())
}
