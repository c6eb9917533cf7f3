//! F14: 64 views block for five seconds each, and one blocks its worker.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    Figures, Size,
    client::Client,
    load::{Habit, Load, Plan},
    server::Setup,
};
use crate::process::Done;

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let sleep = size.pick(5_000, 1_500_u64);
    let server = Setup::default().start()?;
    let address = server.address;
    let pages = Plan::new(address, "/").pause(Duration::from_millis(2));

    let alone = Load::start(&pages, Habit::KeepAlive, 4);
    thread::sleep(Duration::from_millis(sleep));
    let alone = alone.stop();

    let begin = Instant::now();
    let blocked: Vec<_> = (0..64)
        .map(|_| {
            thread::spawn(move || {
                let client = Client::connect(address, Duration::from_secs(30));
                client
                    .and_then(|mut client| client.get(&format!("/sleep/{sleep}"), ""))
                    .map(|answer| answer.status)
            })
        })
        .collect();
    let beside = Load::start(&pages, Habit::KeepAlive, 4);
    let answers: Vec<_> = blocked.into_iter().map(|thread| thread.join()).collect();
    let took = begin.elapsed();
    let beside = beside.stop();
    let slept = answers.iter().filter(|answer| matches!(answer, Ok(Ok(200)))).count();
    figures.exactly("blocking views answered", slept as f64, 64.0, "");
    figures.at_most("all of them after", took.as_secs_f64() * 1e3, 1.5 * sleep as f64, "ms");
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    figures.told(
        "another page, p99 without them",
        format!("{:.1}", milliseconds(alone.percentile(0.99))),
        "ms",
    );
    figures.at_most("another page, p99 beside them", milliseconds(beside.percentile(0.99)), 50.0, "ms");
    figures.exactly("another page, without an answer", beside.lost() as f64, 0.0, "");

    let begin = Instant::now();
    let client = Client::connect(address, Duration::from_secs(10));
    client
        .and_then(|mut client| client.get("/stall/400", ""))
        .map_err(|lost| format!("the page was {lost}"))?;
    let told = server.wait_for(|line| line.contains("`stall` blocked its worker").then(|| line.to_owned()));
    figures.holds("a view that blocks its worker for 400 ms is told in the log, by its name", told.is_some());
    figures.told("after", begin.elapsed().as_millis(), "ms");
    Ok(())
}
