//! `carboy-faults run …`: the app that `cargo xtask faults` starts and harms. One view for each thing that can go wrong.

use carboy::prelude::*;
use futures_util::stream;
use std::{convert::Infallible, fs::File, time::Duration};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[route("/")]
fn index() -> &'static str {
    "Hello, World!"
}

/// Which process answers: a restart is seen by it.
#[route("/process")]
fn process() -> String {
    std::process::id().to_string()
}

/// Awaits so long.
#[route("/slow/<int:ms>")]
async fn slow(ms: u64) -> &'static str {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    "slow"
}

/// Server-sent events, one every 100 ms, without an end.
#[route("/events")]
fn events() -> carboy::Result<Response> {
    let ticks = stream::unfold(0_u64, |n| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok::<_, Infallible>(format!("data: {n}\n\n")), n + 1))
    });
    let mut response = Response::stream(ticks);
    response.set_header("content-type", "text/event-stream")?;
    Ok(response)
}

/// The length of what was sent.
#[route("/upload", methods = ["POST"])]
fn upload() -> String {
    request().get_data().len().to_string()
}

#[route("/panic")]
fn panic() -> &'static str {
    panic!("this view falls over")
}

fn main() -> carboy::Result<()> {
    // Files that the application holds, out of those that the process may open.
    let hold = std::env::var("FAULTS_HOLD_FILES").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let held = (0..hold).map(|_| File::open("/dev/null")).collect::<Result<Vec<_>, _>>()?;
    let mut app = App::new("faults");
    // Clients that are slow on purpose are to be counted before they are closed.
    if let Some(seconds) = std::env::var("FAULTS_HEADER_SECONDS").ok().and_then(|n| n.parse().ok()) {
        app.server(|server| server.header_timeout(Duration::from_secs(seconds)));
    }
    app.config().from_prefixed_env("FAULTS");
    let done = app.routes(routes![index, process, slow, events, upload, panic]).run();
    drop(held);
    done
}
