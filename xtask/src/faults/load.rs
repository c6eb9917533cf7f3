//! Clients that ask all the time, and what became of their requests.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::client::{Client, Lost};
use crate::process::Done;

/// How a client uses connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// One connection for all requests; another one only where the server said `Connection: close`.
    KeepAlive,
    /// A connection for each request.
    OneByOne,
}

/// What is asked, and how often.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    /// Whole lines, each with its line end.
    pub(crate) fields: String,
    /// How long the client waits between an answer and the next request.
    pub(crate) pause: Duration,
    /// After so much silence a request is lost.
    pub(crate) limit: Duration,
}

impl Plan {
    /// A page, asked for as fast as answers come.
    pub(crate) fn new(address: SocketAddr, path: &str) -> Plan {
        let (path, fields) = (path.to_owned(), String::new());
        Plan { address, path, fields, pause: Duration::ZERO, limit: Duration::from_secs(30) }
    }

    /// Lets each client wait after each answer.
    pub(crate) fn pause(mut self, pause: Duration) -> Plan {
        self.pause = pause;
        self
    }
}

/// What became of the requests of some clients.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Complete answers by their status.
    pub(crate) answers: BTreeMap<u16, u64>,
    pub(crate) lost: BTreeMap<Lost, u64>,
    /// How long each answer took, in the order of the clock.
    pub(crate) took: Vec<(Instant, Duration)>,
}

impl Tally {
    pub(crate) fn answered(&self) -> u64 {
        self.answers.values().sum()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.values().sum()
    }

    /// Answers with this status.
    pub(crate) fn with_status(&self, status: u16) -> u64 {
        self.answers.get(&status).copied().unwrap_or_default()
    }

    /// The lost ones in words: `3 refused, 1 truncated`.
    pub(crate) fn losses(&self) -> String {
        let losses = self.lost.iter().map(|(lost, n)| format!("{n} {lost}"));
        losses.collect::<Vec<_>>().join(", ")
    }

    /// The time that this share of all answers did not exceed: `0.99`.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        let mut times: Vec<_> = self.took.iter().map(|(_, took)| *took).collect();
        times.sort_unstable();
        let index = (times.len() as f64 * share) as usize;
        times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    /// The longest time in which no client got an answer.
    pub(crate) fn longest_gap(&self) -> Duration {
        let ends = self.took.windows(2).map(|pair| pair[1].0.saturating_duration_since(pair[0].0));
        ends.max().unwrap_or_default()
    }

    fn add(&mut self, other: Tally) {
        other.answers.into_iter().for_each(|(status, n)| *self.answers.entry(status).or_default() += n);
        other.lost.into_iter().for_each(|(lost, n)| *self.lost.entry(lost).or_default() += n);
        self.took.extend(other.took);
        self.took.sort_unstable();
    }
}

/// Clients at work, each in a thread of its own.
#[derive(Debug)]
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Tally>>,
}

impl Load {
    /// Lets so many clients begin.
    pub(crate) fn start(plan: &Plan, habit: Habit, clients: usize) -> Load {
        let mut load = Load { stop: Arc::default(), answered: Arc::default(), clients: Vec::new() };
        load.join_in(plan, habit, clients);
        load
    }

    /// Lets more clients begin, stopped and counted with the others.
    pub(crate) fn join_in(&mut self, plan: &Plan, habit: Habit, clients: usize) {
        for _ in 0..clients {
            let (plan, stop, answered) = (plan.clone(), self.stop.clone(), self.answered.clone());
            self.clients.push(thread::spawn(move || work(&plan, habit, &stop, &answered)));
        }
    }

    /// How many answers have come so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Relaxed)
    }

    /// Waits until so many answers have come.
    pub(crate) fn reach(&self, answers: u64, limit: Duration) -> Done {
        let end = Instant::now() + limit;
        while self.answered() < answers {
            if Instant::now() > end {
                return Err(format!("only {} of {answers} answers within {limit:?}", self.answered()));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Ends it: no further request, those under way are waited for.
    pub(crate) fn stop(self) -> Tally {
        self.stop.store(true, Relaxed);
        let mut tally = Tally::default();
        for client in self.clients {
            tally.add(client.join().unwrap_or_default());
        }
        tally
    }
}

fn work(plan: &Plan, habit: Habit, stop: &AtomicBool, answered: &AtomicU64) -> Tally {
    let mut tally = Tally::default();
    let mut kept = None;
    // Who closes first keeps the port for a while: of ports the server needs only one.
    let close = if habit == Habit::OneByOne { "Connection: close\r\n" } else { "" };
    let fields = format!("{}{close}", plan.fields);
    while !stop.load(Relaxed) {
        let begin = Instant::now();
        let answer = kept.take().map_or_else(|| Client::connect(plan.address, plan.limit), Ok).and_then(
            |mut client| {
                let answer = client.get(&plan.path, &fields)?;
                if habit == Habit::KeepAlive && !answer.closes() {
                    kept = Some(client);
                }
                Ok(answer)
            },
        );
        match answer {
            Ok(answer) => {
                *tally.answers.entry(answer.status).or_default() += 1;
                tally.took.push((Instant::now(), begin.elapsed()));
                answered.fetch_add(1, Relaxed);
            }
            Err(lost) => {
                *tally.lost.entry(lost).or_default() += 1;
                // Where nobody listens, asking as fast as possible would only count the same fact.
                thread::sleep(Duration::from_millis(1));
            }
        }
        if plan.pause > Duration::ZERO {
            thread::sleep(plan.pause);
        }
    }
    tally
}
