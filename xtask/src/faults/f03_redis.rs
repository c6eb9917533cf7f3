//! F3: the Redis that holds the counters of limits and the cache falls silent, dies, and comes back, while clients ask.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    Figures, Size,
    load::{Habit, Load, Plan, Tally},
    server::{Server, Setup, signal},
    tools::Scratch,
};
use crate::process::Done;

/// Clients of each page.
const CLIENTS: usize = 8;

/// How many milliseconds a request may take: half a second is what the app waits for Redis, the rest is for the page and the machine.
const BOUND: f64 = 1_000.0;

/// In how many milliseconds the cache uses Redis again: it is left alone for half a second after each attempt.
const RETURN: f64 = 2_000.0;

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let time = Duration::from_secs(size.pick(20, 2));
    let scratch = Scratch::new()?;
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .map_err(|error| format!("there is no free port: {error}"))?
        .port();
    let mut redis = Redis::start(&scratch, port)?;
    let server =
        Setup::default().environment("FAULTS_REDIS", format!("redis://127.0.0.1:{port}/0")).start()?;

    during(figures, "with Redis", &server, |figures| {
        thread::sleep(time);
        redis.is_used_again(figures, "with Redis", Duration::ZERO)
    })?;
    during(figures, "while it is silent", &server, |_| {
        signal(redis.child.id(), "STOP")?;
        thread::sleep(time);
        signal(redis.child.id(), "CONT")
    })?;
    during(figures, "back from silence", &server, |figures| {
        redis.is_used_again(figures, "back from silence", time)
    })?;
    during(figures, "while it is gone", &server, |_| {
        redis.kill();
        thread::sleep(time);
        Ok(())
    })?;
    redis = Redis::start(&scratch, port)?;
    during(figures, "started again", &server, |figures| redis.is_used_again(figures, "started again", time))?;
    let lines = server.output().matches("Redis is not there").count();
    figures.at_most("lines of the log, of two stores that went twice", lines as f64, 4.0, "");
    Ok(())
}

/// Lets clients ask for both pages while something happens, and says what became of their requests.
fn during(
    figures: &mut Figures,
    when: &str,
    server: &Server,
    what: impl FnOnce(&mut Figures) -> Done,
) -> Done {
    let plan = |path| Plan::new(server.address, path).pause(Duration::from_millis(2));
    let loads = ["/limited", "/kept"].map(|path| (path, Load::start(&plan(path), Habit::KeepAlive, CLIENTS)));
    let done = what(figures);
    for (path, load) in loads {
        let tally: Tally = load.stop();
        let milliseconds = |share| tally.percentile(share).as_secs_f64() * 1e3;
        let bad = tally.answered() - tally.with_status(200) + tally.lost();
        figures.exactly(&format!("{when}, {path} without a 200"), bad as f64, 0.0, "");
        figures.told("of", tally.answered(), "");
        figures.at_most(&format!("{when}, {path} took at most"), milliseconds(1.0), BOUND, "ms");
        figures.told("and half of them", format!("{:.1}", milliseconds(0.5)), "ms");
    }
    done
}

/// A Redis server; it is killed when this is dropped.
struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    /// Starts one with nothing in it, and waits until it answers.
    fn start(scratch: &Scratch, port: u16) -> Done<Redis> {
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .current_dir(scratch.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("redis-server cannot be started: {error}"))?;
        let redis = Redis { child, port };
        let end = Instant::now() + Duration::from_secs(20);
        while redis.ask("PING").as_deref() != Ok("+PONG") {
            if Instant::now() > end {
                return Err("Redis does not answer".to_owned());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(redis)
    }

    /// The first line of its answer.
    fn ask(&self, command: &str) -> Done<String> {
        let answer = || -> std::io::Result<String> {
            let mut socket = TcpStream::connect(("127.0.0.1", self.port))?;
            socket.set_read_timeout(Some(Duration::from_secs(5)))?;
            socket.write_all(format!("{command}\r\n").as_bytes())?;
            let mut room = [0; 256];
            let length = socket.read(&mut room)?;
            let text = String::from_utf8_lossy(&room[..length]);
            Ok(text.lines().next().unwrap_or_default().to_owned())
        };
        answer().map_err(|error| format!("Redis does not answer: {error}"))
    }

    /// Whether there is a key like this.
    fn has(&self, pattern: &str) -> Done<bool> {
        Ok(self.ask(&format!("KEYS {pattern}"))? != "*0")
    }

    /// Empties it, and waits until the cache and the limits have put something there. Limits look after one second, two, four, and so on, as
    /// Flask-Limiter's do: so they are back after about as long as Redis was away, at most.
    fn is_used_again(&self, figures: &mut Figures, when: &str, away: Duration) -> Done {
        let begin = Instant::now();
        let limits = RETURN + away.as_secs_f64() * 1e3;
        let mut waiting = vec![("the cache", "carboy_cache_*", RETURN), ("limits", "LIMITS:*", limits)];
        self.ask("FLUSHALL")?;
        while !waiting.is_empty() && begin.elapsed() < 2 * away + Duration::from_secs(20) {
            let mut left = Vec::new();
            for (who, pattern, bar) in waiting {
                if self.has(pattern)? {
                    let took = begin.elapsed().as_secs_f64() * 1e3;
                    figures.at_most(&format!("{when}, used by {who} after"), took, bar, "ms");
                } else {
                    left.push((who, pattern, bar));
                }
            }
            waiting = left;
            thread::sleep(Duration::from_millis(5));
        }
        figures.holds(&format!("{when}, used by both"), waiting.is_empty());
        Ok(())
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
