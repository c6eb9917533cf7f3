//! `carboy-faults run …`: the app that `cargo xtask faults` starts and harms. One view for each thing that can go wrong.

use carboy::prelude::*;
use carboy_http::Upgrade;
use futures_util::stream;
use std::{convert::Infallible, fs::File, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

/// Which worker answers.
#[route("/worker")]
fn worker() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
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

/// A connection that becomes another protocol, whose other side says everything back.
#[route("/tunnel")]
fn tunnel() -> carboy::Result<(Response, u16)> {
    let upgrade = request().extensions().get::<Upgrade>().cloned().or_404()?;
    tokio::spawn(async move {
        if let Ok(mut client) = upgrade.await {
            let mut room = [0; 1024];
            while let Ok(n @ 1..) = client.read(&mut room).await {
                if client.write_all(&room[..n]).await.and(client.flush().await).is_err() {
                    break;
                }
            }
        }
    });
    let mut response = Response::text("");
    response.set_header("connection", "upgrade")?;
    response.set_header("upgrade", "echo")?;
    Ok((response, 101))
}

/// Leaves something to do that outlives the request.
#[route("/spawn/<int:ms>")]
fn spawn(ms: u64) -> &'static str {
    carboy::spawn(async move { tokio::time::sleep(Duration::from_millis(ms)).await });
    "spawned"
}

#[route("/panic")]
fn panic() -> &'static str {
    panic!("this view falls over")
}

fn main() -> carboy::Result<()> {
    let wanted = |name: &str| std::env::var(name).ok();
    // A release that does not come to serve.
    if let Some(why) = wanted("FAULTS_FAIL").filter(|file| std::path::Path::new(file).exists()) {
        return Err(Error::msg(format!("{why} is there")));
    }
    // Files that the application holds, out of those that the process may open.
    let hold = wanted("FAULTS_HOLD_FILES").and_then(|n| n.parse().ok()).unwrap_or(0);
    let held = (0..hold).map(|_| File::open("/dev/null")).collect::<Result<Vec<_>, _>>()?;
    let mut app = App::new("faults");
    // Clients that are slow on purpose are to be counted before they are closed.
    if let Some(seconds) = std::env::var("FAULTS_HEADER_SECONDS").ok().and_then(|n| n.parse().ok()) {
        app.server(|server| server.header_timeout(Duration::from_secs(seconds)));
    }
    app.config().from_prefixed_env("FAULTS");
    app.readiness_check("switch", || async {
        match std::env::var_os("FAULTS_SWITCH") {
            Some(file) if !std::path::Path::new(&file).exists() => Err(Error::msg("the switch is off")),
            _ => Ok(()),
        }
    });
    let done = app.routes(routes![index, process, worker, slow, events, upload, tunnel, spawn, panic]).run();
    drop(held);
    done
}
