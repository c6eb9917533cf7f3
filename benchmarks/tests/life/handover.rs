//! Sockets from outside, and restarts: who listens next.

use super::program::{Server, ask, command, command_of, eventually, get, outcome, signal};
use carboy_testkit::{Folder, Process};
use command_fds::{CommandFdExt, FdMapping};
use std::{
    collections::HashMap,
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::{
            fs::symlink,
            net::{UnixDatagram, UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

const HELLO: &str = "Hello, World!";

/// Hands sockets over as systemd does.
fn with_sockets(mut command: Command, sockets: Vec<OwnedFd>) -> Command {
    command.env("LISTEN_FDS", sockets.len().to_string());
    let mappings = (3..).zip(sockets).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd });
    command.fd_mappings(mappings.collect()).unwrap();
    command
}

#[test]
fn sockets_that_it_was_started_with_win_over_what_it_was_told() {
    let folder = Folder::new();
    let path = folder.path().join("app.sock");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(&path).unwrap();
    let address = tcp.local_addr().unwrap();
    let sockets = vec![tcp.into(), unix.into()];
    let mut server = Server::start(&mut with_sockets(command("--bind 127.0.0.1:1"), sockets));
    assert_eq!(server.urls, [format!("http://{address}"), format!("unix:{}", path.display())]);
    assert_eq!(get(address, "/"), HELLO);
    assert!(ask(&mut UnixStream::connect(&path).unwrap(), "/").ends_with(HELLO));
    signal(server.process.id(), "TERM");
    assert!(server.process.wait().success());
    assert!(path.exists(), "the file of a socket belongs to whoever made it");
}

#[test]
fn debug_mode_is_refused_on_a_public_socket_that_it_was_started_with() {
    let public = TcpListener::bind("0.0.0.0:0").unwrap();
    let refused = outcome(&mut with_sockets(command("--debug"), vec![public.into()]));
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
    let local = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(Server::start(&mut with_sockets(command("--debug"), vec![local.into()])).urls.len(), 1);
}

#[test]
fn a_socket_that_does_not_listen_is_a_sentence() {
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let refused = outcome(&mut with_sockets(command(""), vec![datagrams.into()]));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("listening TCP and Unix stream sockets"), "{said}");
}

#[test]
#[ignore = "needs systemd-socket-activate"]
fn systemd_starts_it_when_the_first_client_comes() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut activate = Command::new("systemd-socket-activate");
    activate.args([format!("--listen=127.0.0.1:{port}"), "--fdname=http".to_owned()]);
    activate.arg(env!("CARGO_BIN_EXE_carboy-faults")).arg("run");
    let mut process = Process::start(&mut activate);
    process.wait_for("the socket", |line| line.contains("Listening on").then_some(()));
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(get(address, "/"), HELLO);
    // It execs: the process is the server now.
    assert_eq!(get(address, "/process"), process.id().to_string());
    signal(process.id(), "TERM");
    assert!(process.wait().success());
}

#[test]
fn a_service_manager_is_told_what_happens_and_that_workers_are_alive() {
    let folder = Folder::new();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut command = command("--port 0 --workers 2");
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000").env_remove("WATCHDOG_PID");
    let mut server = Server::start(&mut command);
    let next = || {
        let mut room = [0; 256];
        let n = manager.recv(&mut room).expect("a word in time");
        String::from_utf8(room[..n].to_vec()).unwrap()
    };
    let wait_for = |word: &str| {
        while next() != word {}
    };
    wait_for("READY=1");
    wait_for("WATCHDOG=1");
    wait_for("WATCHDOG=1");
    signal(server.process.id(), "HUP");
    wait_for("RELOADING=1");
    wait_for("READY=1");
    signal(server.process.id(), "TERM");
    wait_for("STOPPING=1");
    assert!(server.process.wait().success());
}

/// The restart of a server with a pid file.
struct Restarting {
    folder: Folder,
    server: Server,
}

impl Restarting {
    fn start(options: &str, environment: &[(&str, &Path)]) -> Restarting {
        let folder = Folder::new();
        // Releases lie elsewhere, a link says which one is current; a test may replace it.
        let program = folder.path().join("app");
        symlink(env!("CARGO_BIN_EXE_carboy-faults"), &program).unwrap();
        let options = format!("{options} --pid-file {}", folder.path().join("pid").display());
        let mut command =
            command_of(program, &options.replace("FOLDER", &folder.path().display().to_string()));
        command.envs(environment.iter().copied());
        Restarting { server: Server::start(&mut command), folder }
    }

    fn pid(&self) -> u32 {
        fs::read_to_string(self.folder.path().join("pid")).unwrap().trim().parse().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Restarts, and answers the number of the process that serves now.
    fn restart(&self) -> u32 {
        let former = self.pid();
        signal(former, "USR2");
        eventually("a new process serves", || self.pid() != former);
        self.pid()
    }
}

impl Drop for Restarting {
    fn drop(&mut self) {
        if let Ok(pid) = fs::read_to_string(self.path("pid")) {
            let _ = Command::new("sh").args(["-c", &format!("kill -KILL {pid}")]).status();
        }
    }
}

#[test]
fn two_restarts_under_load_lose_no_request() {
    let restarting = Restarting::start("--port 0 --workers 2", &[]);
    let address = restarting.server.address();
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = [true, true, false, false]
        .map(|keep| {
            let (stop, answered) = (stop.clone(), answered.clone());
            thread::spawn(move || {
                let mut kept: Option<TcpStream> = None;
                while !stop.load(SeqCst) {
                    let mut stream = kept.take().unwrap_or_else(|| TcpStream::connect(address).unwrap());
                    let text = one_answer(&mut stream, keep);
                    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with(HELLO), "{text:?}");
                    answered.fetch_add(1, SeqCst);
                    if keep && !text.contains("connection: close") {
                        kept = Some(stream);
                    }
                }
            })
        })
        .into();
    let some_more = || {
        let goal = answered.load(SeqCst) + 200;
        eventually("more answers", || {
            answered.load(SeqCst) >= goal || clients.iter().any(|c| c.is_finished())
        });
    };
    let mut pids = vec![restarting.pid()];
    for _ in 0..2 {
        some_more();
        pids.push(restarting.restart());
    }
    some_more();
    stop.store(true, SeqCst);
    for client in clients {
        client.join().expect("no request is lost");
    }
    assert_eq!(get(address, "/process"), pids[2].to_string());
    assert!(pids[0] != pids[1] && pids[1] != pids[2]);
}

/// Sends a request and reads its answer, whose length is known.
fn one_answer(stream: &mut TcpStream, keep: bool) -> String {
    use std::io::{Read, Write};
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let close = if keep { "" } else { "Connection: close\r\n" };
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{close}\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    let mut room = [0; 4096];
    while !text.ends_with(HELLO) {
        match stream.read(&mut room).unwrap() {
            0 => break,
            n => text.push_str(std::str::from_utf8(&room[..n]).unwrap()),
        }
    }
    text
}

#[test]
fn a_release_that_does_not_come_to_serve_leaves_the_old_one_serving() {
    let switch = Folder::new();
    let fail = switch.path().join("fail");
    let mut restarting = Restarting::start("--port 0", &[("FAULTS_FAIL", &fail)]);
    let (address, pid) = (restarting.server.address(), restarting.pid());
    fs::write(&fail, "").unwrap();
    signal(pid, "USR2");
    let said = restarting.server.process.wait_for("why there is no restart", |line| {
        line.contains("no restart, this process goes on serving").then(|| line.to_owned())
    });
    assert!(said.contains("the new process ended before it served (exit status: 1)"), "{said}");
    assert_eq!((get(address, "/process"), restarting.pid()), (pid.to_string(), pid));
    // A program that is not there is the same.
    fs::rename(restarting.path("app"), restarting.path("away")).unwrap();
    signal(pid, "USR2");
    let said = restarting.server.process.wait_for("why there is no restart", |line| {
        line.contains("cannot be started").then(|| line.to_owned())
    });
    assert!(said.contains("no restart, this process goes on serving"), "{said}");
    // And then it works after all.
    fs::rename(restarting.path("away"), restarting.path("app")).unwrap();
    fs::remove_file(&fail).unwrap();
    assert_ne!(restarting.restart(), pid);
}

#[test]
fn a_restart_takes_all_sockets_along_and_the_file_of_a_unix_socket_goes_with_the_last_process() {
    let restarting = Restarting::start("--bind 127.0.0.1:0 --bind unix:FOLDER/app.sock?mode=600", &[]);
    let socket = restarting.path("app.sock");
    for _ in 0..2 {
        let pid = restarting.restart();
        for _ in 0..3 {
            let text = ask(&mut UnixStream::connect(&socket).unwrap(), "/process");
            // The former process may still take what waits; it does not stay.
            if text.ends_with(&pid.to_string()) {
                break;
            }
        }
        eventually("the new process alone answers", || {
            ask(&mut UnixStream::connect(&socket).unwrap(), "/process").ends_with(&pid.to_string())
        });
    }
    let pid = restarting.pid();
    eventually("the former process has ended", || {
        get(restarting.server.address(), "/process") == pid.to_string()
    });
    thread::sleep(Duration::from_millis(1500));
    assert!(socket.exists(), "a process that ends leaves the file to its successor");
    signal(pid, "TERM");
    eventually("the file is gone", || !socket.exists());
    eventually("the pid file is gone", || !restarting.path("pid").exists());
}

#[test]
fn a_restart_takes_the_redirect_to_https_along() {
    let folder = Folder::new();
    let socket = folder.path().join("plain.sock");
    let address = format!("unix:{}", socket.display());
    let restarting = Restarting::start("--port 0 --cert adhoc", &[("FAULTS_REDIRECT", Path::new(&address))]);
    let sent_away = || ask(&mut UnixStream::connect(&socket).unwrap(), "/x").starts_with("HTTP/1.1 308");
    for _ in 0..2 {
        assert!(sent_away());
        let former = restarting.pid();
        restarting.restart();
        let command_line = format!("/proc/{former}/cmdline");
        eventually("the former process has ended", || {
            fs::read_to_string(&command_line).unwrap_or_default().is_empty()
        });
    }
    assert!(sent_away());
}

#[test]
fn workers_share_connections_evenly_after_a_restart_too() {
    let restarting = Restarting::start("--port 0 --workers 2", &[]);
    restarting.restart();
    let address = restarting.server.address();
    let pid = restarting.pid().to_string();
    eventually("the new process alone answers", || (0..8).all(|_| get(address, "/process") == pid));
    let mut streams: Vec<_> = (0..8).map(|_| TcpStream::connect(address).unwrap()).collect();
    let mut served = HashMap::new();
    for stream in &mut streams {
        *served.entry(body_of(stream, "/worker")).or_insert(0) += 1;
    }
    assert!(served.len() == 2 && served.values().all(|&n| n <= 5), "{served:?}");
}

/// The body of an answer on a connection that stays open.
fn body_of(stream: &mut TcpStream, path: &str) -> String {
    use std::io::{Read, Write};
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    let mut room = [0; 4096];
    loop {
        let n = stream.read(&mut room).unwrap();
        text.push_str(std::str::from_utf8(&room[..n]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return body.to_owned();
            }
        }
        assert!(n > 0, "closed: {text:?}");
    }
}
