//! `carboy-faults run …`: the app that `cargo xtask faults` starts and harms. One view for each thing that can go wrong.

use carboy::{prelude::*, view::BodyStream};
use carboy_ext::{
    cache::{Cache, memoize},
    limiter::Limiter,
};
use carboy_http::{SpoolFolder, Upgrade};
use carboy_server::HttpsRedirect;
use futures_util::stream;
use std::{
    convert::Infallible,
    fs::File,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
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

/// What the app takes a request to be: who sent it, how, to whom.
#[route("/seen")]
fn seen() -> String {
    let request = request();
    let address = request.remote_addr().map(|address| address.to_string()).unwrap_or_default();
    format!("{address} {} {}", request.scheme(), request.host())
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

/// Falls over with the request's session and `g` in hand, after other code of the app has taken a lock.
#[route("/panic")]
fn panic() -> &'static str {
    let _guard = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    session().set("n", 1);
    g().set("n", 1);
    panic!("this view falls over")
}

static NOTES: Mutex<()> = Mutex::new(());

/// Requests that are in a view at the moment, and the ends of requests.
static HELD: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);

/// Counts a request for as long as its view is there.
struct Held;

impl Held {
    fn new() -> Held {
        HELD.fetch_add(1, Relaxed);
        Held
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(1, Relaxed);
    }
}

/// Awaits so long, and is counted meanwhile.
#[route("/held/<int:ms>")]
async fn held(ms: u64) -> &'static str {
    let _held = Held::new();
    tokio::time::sleep(Duration::from_millis(ms)).await;
    "held"
}

/// Views that are counted, requests that have ended, bytes of uploads on disk.
#[route("/gauge")]
fn gauge() -> String {
    let folder = request().limits().spool_folder.unwrap_or_else(SpoolFolder::system);
    format!("{} {} {}", HELD.load(Relaxed), ENDED.load(Relaxed), folder.used())
}

/// Blocks a thread of its own.
#[route("/sleep/<int:ms>", blocking)]
fn sleep(ms: u64) -> &'static str {
    std::thread::sleep(Duration::from_millis(ms));
    "slept"
}

/// Blocks its worker.
#[route("/stall/<int:ms>")]
fn stall(ms: u64) -> &'static str {
    std::thread::sleep(Duration::from_millis(ms));
    "stalled"
}

/// Keeps an uploaded file so long; answers its length.
#[route("/file/<int:ms>", methods = ["POST"])]
async fn file(ms: u64) -> carboy::Result<String> {
    let file = request().files().get_required("f")?;
    tokio::time::sleep(Duration::from_millis(ms)).await;
    Ok(file.len().to_string())
}

/// Reads a body as it comes; answers its length.
#[route("/stream", methods = ["POST"])]
async fn read_stream(mut body: BodyStream) -> carboy::Result<String> {
    let mut length = 0;
    while let Some(chunk) = body.chunk().await? {
        length += chunk.len();
    }
    Ok(length.to_string())
}

/// Counted, but not refused.
#[route("/limited")]
fn limited() -> &'static str {
    "passed"
}

/// A result that is good for a moment, and takes another to make.
#[memoize(timeout = 0.2)]
async fn result() -> carboy::Result<u64> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    Ok(1)
}

#[route("/kept")]
async fn kept() -> carboy::Result<String> {
    Ok(result().await?.to_string())
}

/// Limits and a cache in this Redis: while it is away limits are counted in memory.
fn with_redis(app: &mut App, url: &str) {
    app.config().set("CACHE_TYPE", "RedisCache").set("CACHE_REDIS_URL", url);
    app.config().set("RATELIMIT_STORAGE_URI", url).set("RATELIMIT_IN_MEMORY_FALLBACK_ENABLED", true);
    app.ext(Cache::new()).ext(Limiter::new().limit("limited", "1000000000 per hour"));
    app.routes(routes![limited, kept]);
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
    if let Some(address) = wanted("FAULTS_REDIRECT") {
        app.server(|server| server.redirect_to_https(HttpsRedirect::on(address.as_str())));
    }
    app.config().set("SECRET_KEY", "faults");
    app.config().from_prefixed_env("FAULTS");
    app.readiness_check("switch", || async {
        match std::env::var_os("FAULTS_SWITCH") {
            Some(file) if !std::path::Path::new(&file).exists() => Err(Error::msg("the switch is off")),
            _ => Ok(()),
        }
    });
    if let Ok(folder) = std::env::var("FILES") {
        app.static_folder(folder).static_url_path("/files");
    }
    if let Some(url) = wanted("FAULTS_REDIS") {
        with_redis(&mut app, &url);
    }
    app.teardown_request(|_| {
        ENDED.fetch_add(1, Relaxed);
    });
    app.routes(routes![index, process, seen, worker, slow, events, upload, tunnel, spawn, panic]);
    app.routes(routes![held, gauge, sleep, stall, file, read_stream]);
    let done = app.run();
    drop(held);
    done
}
