//! Starting, spreading, draining, running out.

mod common;

use carboy_http::{Request, Response, Service};
use carboy_server::{BoundAddress, Listener, Server, ServerConfig, ServerErrorKind};
use carboy_testkit::Folder;
use common::{Client, Pages, config, eventually, start};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::{Duration, Instant},
};

#[test]
fn a_port_in_use_is_one_helpful_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = Server::new(ServerConfig::new().bind(address)).start(Pages).unwrap_err();
    assert_eq!(error.kind(), ServerErrorKind::AddressInUse);
    assert_eq!(
        error.to_string(),
        format!(
            "Address already in use: another program listens on {address}; stop it, or choose another port with --port"
        )
    );
}

#[test]
fn an_address_that_means_nothing_says_how_to_write_one() {
    for text in ["nonsense", "no.such.host.invalid:80", "203.0.113.1:0"] {
        let error = Server::new(ServerConfig::new().bind(text)).start(Pages).unwrap_err();
        assert_eq!(error.kind(), ServerErrorKind::AddressNotAvailable, "{error}");
    }
}

#[test]
fn a_server_that_did_not_start_answers_nobody() {
    for workers in [1, 2] {
        let folder = Folder::new();
        let nowhere = folder.path().join("missing/pid");
        let server = Server::new(config().workers(workers).pid_file(nowhere)).bind().unwrap();
        let addr = server.addresses().next().unwrap().as_tcp().unwrap();
        let error = server.start(Pages).unwrap_err();
        assert!(error.to_string().starts_with("Cannot write the pid file"), "{error}");
        // The socket goes with the thread that had it.
        eventually("nobody listens", || TcpStream::connect(addr).is_err());
    }
}

#[test]
fn the_readiness_callback_gets_the_real_port() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let running = Server::new(config())
        .on_listen(move |addresses| sender.send(addresses.to_vec()).unwrap())
        .start(Pages)
        .unwrap();
    let addresses = receiver.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(addresses, running.addresses());
    let address = addresses[0].as_tcp().unwrap();
    assert_ne!(address.port(), 0);
    assert_eq!(addresses[0].url(), format!("http://{address}"));
    assert_eq!(Client::connect(address).get("/").status, 200);
}

#[test]
fn a_socket_that_was_there_before_is_taken_over() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let listener = Listener::from_tcp(socket).unwrap();
    let running = Server::new(ServerConfig::new().workers(2)).listeners(vec![listener]).start(Pages).unwrap();
    assert_eq!(running.addresses(), [BoundAddress::Tcp(address)]);
    assert_eq!(Client::connect(address).get("/").status, 200);
}

#[test]
fn connections_are_spread_evenly_over_the_workers() {
    let running = start(config().workers(2));
    for _ in 0..3 {
        let mut clients: Vec<_> = (0..8).map(|_| running.connect()).collect();
        let mut served = HashMap::new();
        for client in &mut clients {
            *served.entry(client.get("/thread").body).or_insert(0) += 1;
        }
        assert!(served.len() == 2 && served.values().all(|&n| n <= 5), "{served:?}");
        drop(clients);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn draining_closes_idle_connections_and_finishes_requests_under_way() {
    for workers in [1, 2] {
        let running = start(config().workers(workers));
        let address = running.addr;
        let mut idle = running.connect();
        idle.get("/");
        std::thread::sleep(Duration::from_millis(1100));
        let mut slow = running.connect();
        slow.send("GET /slow?700 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        std::thread::sleep(Duration::from_millis(100));

        let begin = Instant::now();
        running.server.shutdown();
        assert_eq!(idle.rest(), "");
        assert!(begin.elapsed() < Duration::from_millis(400), "idle: {:?}", begin.elapsed());
        let text = slow.rest();
        assert!(text.contains("connection: close\r\n") && text.ends_with("slow"), "{text}");
        running.server.join();
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
        assert!(TcpStream::connect(address).is_err());
    }
}

#[test]
fn a_client_that_connected_before_the_end_is_still_served() {
    let running = start(config());
    let mut early = running.connect();
    std::thread::sleep(Duration::from_millis(50));
    running.server.shutdown();
    std::thread::sleep(Duration::from_millis(100));
    early.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = early.answer();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
}

#[test]
fn a_client_that_was_just_answered_may_send_its_next_request_into_the_drain() {
    for workers in [1, 2] {
        let running = start(config().workers(workers));
        let mut client = running.connect();
        assert_eq!(client.get("/").header("connection"), None);
        let begin = Instant::now();
        running.server.shutdown();
        std::thread::sleep(Duration::from_millis(200));
        let answer = client.get("/");
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
        running.server.join();
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    }
}

#[test]
fn a_drain_delay_serves_as_before_and_says_that_the_server_is_not_ready() {
    let config =
        config().drain_delay(Duration::from_millis(700)).readiness_path("/readyz").liveness_path("/livez");
    let running = start(config);
    let mut kept = running.connect();
    assert_eq!(kept.get("/readyz").status, 200);
    running.server.shutdown();
    std::thread::sleep(Duration::from_millis(100));
    let mut fresh = running.connect();
    for client in [&mut kept, &mut fresh] {
        let not_ready = client.get("/readyz");
        assert_eq!((not_ready.status, not_ready.body.as_str()), (503, "stopping\n"));
        assert_eq!(client.get("/livez").status, 200);
        let answer = client.get("/");
        assert_eq!((answer.status, answer.header("connection")), (200, None));
    }
    std::thread::sleep(Duration::from_millis(1000));
    assert!(TcpStream::connect(running.addr).is_err());
    running.server.join();
}

#[test]
fn the_server_answers_for_its_health_before_the_application_and_does_not_log_it() {
    let config = config().readiness_path("/").liveness_path("/livez");
    let server = Server::new(config)
        .readiness_check("database", || async {
            match DATABASE_IS_THERE.load(SeqCst) {
                0 => Err("it listens on 10.0.0.7".to_owned()),
                _ => Ok(()),
            }
        })
        .readiness_check("cache", || async { Ok(()) })
        .start(Pages)
        .unwrap();
    let mut client = Client::connect(server.addresses()[0].as_tcp().unwrap());
    let answer = client.get("/");
    assert_eq!((answer.status, answer.body.as_str()), (503, "not ready: database\n"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    DATABASE_IS_THERE.store(1, SeqCst);
    assert_eq!(client.get("/").body, "ok\n");
    // As HAProxy asks: HTTP/1.0, no Host.
    client.send("HEAD /livez HTTP/1.0\r\n\r\n");
    assert_eq!(client.answer_to("HEAD").status, 200);
    let mut client = Client::connect(server.addresses()[0].as_tcp().unwrap());
    client.send("POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    let refused = client.answer();
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(client.get("/target").body, "/target");
}

static DATABASE_IS_THERE: AtomicUsize = AtomicUsize::new(0);

#[test]
fn however_many_ask_whether_it_is_ready_each_check_runs_once_at_a_time() {
    static ROUNDS: AtomicUsize = AtomicUsize::new(0);
    let server = Server::new(config().workers(2).readiness_path("/readyz"))
        .readiness_check("slow", || async {
            ROUNDS.fetch_add(1, SeqCst);
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(())
        })
        .start(Pages)
        .unwrap();
    let addr = server.addresses()[0].as_tcp().unwrap();
    let mut clients: Vec<_> = (0..20).map(|_| Client::connect(addr)).collect();
    for client in &mut clients {
        client.send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    assert!(clients.iter_mut().all(|client| client.answer().status == 200));
    // Those who came while the first one was asked share the next; the machine may be busy.
    assert!((1..=4).contains(&ROUNDS.load(SeqCst)), "{ROUNDS:?}");
}

#[test]
fn the_drain_ends_at_its_deadline_even_if_a_view_blocks_its_worker() {
    for path in ["/slow?60000", "/block"] {
        let running = start(config().drain_timeout(Duration::from_millis(300)));
        let mut client = running.connect();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        std::thread::sleep(Duration::from_millis(100));
        let begin = Instant::now();
        running.server.shutdown();
        running.server.join();
        assert!(begin.elapsed() < Duration::from_secs(2), "{path}: {:?}", begin.elapsed());
    }
}

#[test]
fn what_was_left_to_do_is_awaited_when_connections_have_ended() {
    static DONE: AtomicUsize = AtomicUsize::new(0);
    let running = Server::new(config().workers(2))
        .on_drained(|| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            DONE.fetch_add(1, SeqCst);
        })
        .start(Pages)
        .unwrap();
    running.shutdown();
    running.join();
    assert_eq!(DONE.load(SeqCst), 2);
}

#[test]
fn clients_beyond_the_cap_wait_until_others_leave() {
    let running = start(config().max_connections(2));
    let mut first = running.connect();
    first.get("/");
    let mut second = running.connect();
    second.get("/");
    let mut third = running.connect();
    third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let (text, closed) = third.until_silent(Duration::from_millis(200));
    assert_eq!((text.as_str(), closed), ("", false));
    drop(first);
    third.stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(third.answer().status, 200);
}

// A server in a process of its own: the test binary starts itself with the name of its role.

const ROLE: &str = "CARBOY_SERVER_TEST_ROLE";

/// Is run by the tests below in a process of their own; does nothing otherwise.
#[test]
fn server_process() {
    let Ok(role) = std::env::var(ROLE) else { return };
    // Takes away the files that the connection cap leaves to the application.
    let held = match role.as_str() {
        "short of files" => 60,
        "out of files" => 100,
        _ => 0,
    };
    let files: Vec<_> = (0..held).filter_map(|_| std::fs::File::open("/dev/null").ok()).collect();
    let result = Server::new(config())
        .on_listen(|addresses| {
            println!("\nlistening {}", addresses[0]);
        })
        .serve(Pages);
    drop(files);
    std::process::exit(if result.is_ok() { 0 } else { 1 });
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn start(role: &str, shell: &str) -> (Process, SocketAddr) {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{shell} exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "server_process", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.map_while(Result::ok).find(|line| line.starts_with("listening ")).unwrap();
        (Process(child), line["listening ".len()..].parse().unwrap())
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.0.id())]).status();
        assert!(sent.unwrap().success());
    }

    /// The exit code, and how long that took.
    fn exit(&mut self) -> (Option<i32>, Duration) {
        let begin = Instant::now();
        let mut status = None;
        eventually("exit", || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        });
        (status.unwrap().code(), begin.elapsed())
    }
}

#[test]
fn a_signal_drains_and_the_process_ends_with_0() {
    for signal in ["TERM", "INT"] {
        let (mut process, address) = Process::start("plain", "");
        let mut client = Client::connect(address);
        client.send("GET /slow?500 HTTP/1.1\r\nHost: a\r\n\r\n");
        std::thread::sleep(Duration::from_millis(100));
        process.signal(signal);
        assert_eq!(client.answer().body, "slow");
        assert_eq!(process.exit().0, Some(0), "{signal}");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let (mut process, address) = Process::start("plain", "");
    let mut client = Client::connect(address);
    client.send("GET /slow?60000 HTTP/1.1\r\nHost: a\r\n\r\n");
    std::thread::sleep(Duration::from_millis(100));
    process.signal("INT");
    std::thread::sleep(Duration::from_millis(100));
    process.signal("INT");
    let (code, took) = process.exit();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(client.rest(), "");
}

#[test]
fn running_out_of_files_does_not_end_the_listener() {
    let (_process, address) = Process::start("short of files", "ulimit -n 128;");
    let clients: Vec<_> = (0..150).filter_map(|_| TcpStream::connect(address).ok()).collect();
    std::thread::sleep(Duration::from_millis(300));
    drop(clients);
    let begin = Instant::now();
    let answer = Client::connect(address).get("/");
    assert_eq!(answer.status, 200);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[test]
fn when_no_file_is_left_for_long_clients_are_told_and_the_listener_lives() {
    // Of 128 files the application holds 100; a good dozen is left for connections.
    let (_process, address) = Process::start("out of files", "ulimit -n 128;");
    let mut clients: Vec<_> = (0..60).map(|_| Client::connect(address)).collect();
    let last = clients.last_mut().unwrap();
    last.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let told = last.answer();
    assert_eq!((told.status, told.header("retry-after")), (503, Some("1")));
    drop(clients);
    let mut status = 0;
    eventually("a client is served", || {
        status = Client::connect(address).get("/").status;
        status == 200
    });
}

/// A service that shows what only its developers should see.
struct Inside;

impl Service for Inside {
    async fn call(&self, _: Request) -> Response {
        Response::text("inside")
    }

    fn local_only(&self) -> Option<&str> {
        Some("debug mode shows sources and settings")
    }
}

#[test]
fn a_service_for_this_machine_only_is_refused_where_others_reach_it_however_it_is_started() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let error = Server::new(config().bind(address)).start(Inside).unwrap_err();
        assert_eq!(error.kind(), ServerErrorKind::Public, "{address}");
        assert!(error.to_string().starts_with("debug mode shows sources and settings, so"), "{error}");
        let error = Server::new(config().bind(address)).serve(Inside).unwrap_err();
        assert_eq!(error.kind(), ServerErrorKind::Public, "{address}");
    }
    let inherited = Listener::from_tcp(TcpListener::bind("0.0.0.0:0").unwrap()).unwrap();
    assert!(Server::new(config()).listeners(vec![inherited]).start(Inside).is_err());
    let running = common::start_service(config(), Inside);
    assert_eq!(running.connect().get("/").body, "inside");
}
