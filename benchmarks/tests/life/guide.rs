//! What the guide gives to copy: the units for systemd and the servers for nginx are taken from its pages and run.

use super::program::{Server, command, signal};
use carboy_testkit::{Answer, Folder, Process};
use std::{
    fs,
    io::ErrorKind,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixDatagram,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// The file of this name in a page, with each of `changes` made, which has to be there.
fn shown(page: &str, name: &str, changes: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src").join(page);
    let text = fs::read_to_string(&path).unwrap();
    let (_, rest) = text.split_once(&format!(",{name}\n")).unwrap_or_else(|| panic!("no {name} in {page}"));
    let (file, _) = rest.split_once("```").unwrap();
    changes.iter().fold(file.to_owned(), |file, (from, to)| {
        assert!(file.contains(from), "{name} in {page} has no '{from}'");
        file.replace(from, to)
    })
}

/// The value of a line of a unit.
fn value<'a>(unit: &'a str, key: &str) -> &'a str {
    let line = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    line.unwrap_or_else(|| panic!("no {key}= in:\n{unit}"))
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

const PROGRAM: (&str, &str) = ("/srv/shop/shop", env!("CARGO_BIN_EXE_carboy-faults"));

#[test]
#[ignore = "needs systemd-analyze"]
fn systemd_finds_nothing_wrong_with_the_units_of_the_guide() {
    let folder = Folder::new();
    for (name, changes) in [("shop.socket", &[][..]), ("shop.service", &[PROGRAM])] {
        fs::write(folder.path().join(name), shown("serving.md", name, changes)).unwrap();
    }
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "./shop.socket", "./shop.service"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    // What is only warned of does not make it fail.
    let said = [verified.stdout, verified.stderr].concat();
    assert!(verified.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

#[test]
#[ignore = "needs systemd-socket-activate"]
fn the_units_of_the_guide_start_reload_and_stop_the_program() {
    let folder = Folder::new();
    let instance = folder.path().join("instance").display().to_string();
    let socket = shown("serving.md", "shop.socket", &[]);
    let service = shown("serving.md", "shop.service", &[PROGRAM, ("/var/lib/shop", &instance)]);
    let address = free_address();
    assert_eq!(value(&socket, "ListenStream"), "80");
    let manager = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let told = |wanted: &str| {
        let mut room = [0; 256];
        let begin = Instant::now();
        loop {
            assert!(begin.elapsed() < Duration::from_secs(20), "never: {wanted}");
            let n = manager.recv(&mut room).unwrap_or_else(|error| panic!("{wanted}: {error}"));
            if room[..n].split(|byte| *byte == b'\n').any(|word| word == wanted.as_bytes()) {
                return;
            }
        }
    };
    let seconds: u64 = value(&service, "WatchdogSec").parse().unwrap();
    let mut activate = Command::new("systemd-socket-activate");
    activate.arg(format!("--listen={address}"));
    activate.arg(format!("--fdname={}", value(&socket, "FileDescriptorName")));
    activate.arg(format!("--setenv=NOTIFY_SOCKET={}", folder.path().join("notify").display()));
    activate.arg(format!("--setenv=WATCHDOG_USEC={}", seconds * 1_000_000));
    activate.args(value(&service, "ExecStart").split_whitespace());
    let mut process = Process::start(&mut activate);
    process.wait_for("the socket", |line| line.contains("Listening on").then_some(()));
    let answer = carboy_testkit::ask(address.port(), "GET", "/process", &[], "").unwrap();
    assert_eq!(answer.text, process.id().to_string());
    assert_eq!(value(&service, "Type"), "notify");
    told("READY=1");
    let reload = value(&service, "ExecReload").replace("$MAINPID", &process.id().to_string());
    assert!(Command::new("sh").args(["-c", &reload]).status().unwrap().success(), "{reload}");
    told("RELOADING=1");
    told("READY=1");
    signal(process.id(), "TERM");
    told("STOPPING=1");
    assert!(process.wait().success());
}

/// nginx with a server of the guide, before the program at the socket `shop.sock` of this folder.
struct Nginx {
    _process: Process,
    address: SocketAddr,
}

impl Nginx {
    fn start(folder: &Path, address: SocketAddr, http: &str) -> Nginx {
        let path = folder.display();
        let conf = format!(
            "daemon off; master_process off; pid {path}/pid; error_log stderr warn; events {{}}\n\
             http {{ access_log off; client_body_temp_path {path}/b; proxy_temp_path {path}/p;\n\
             fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n{http} }}\n"
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, conf).unwrap();
        let nginx = || {
            let mut nginx = Command::new("nginx");
            nginx.arg("-p").arg(folder).arg("-c").arg(&file);
            nginx
        };
        let tested = nginx().args(["-t", "-q"]).output().unwrap();
        assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
        let process = Process::start(&mut nginx());
        let begin = Instant::now();
        while TcpStream::connect(address).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            assert!(begin.elapsed() < Duration::from_secs(20), "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Nginx { _process: process, address }
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        carboy_testkit::ask(self.address.port(), "GET", path, headers, "").unwrap()
    }
}

/// The program behind nginx, told that there is one proxy, and where.
fn shop(folder: &Path) -> Server {
    let mut command = command(&format!("--bind unix:{}/shop.sock?mode=660", folder.display()));
    command.env("FAULTS_TRUSTED_PROXIES", r#"["unix"]"#).env("FAULTS_SERVER_REQUEST_IDS", "echo");
    Server::start(&mut command)
}

/// What a client writes to look like another one.
const FORGED: &[(&str, &str)] = &[
    ("Host", "shop.example"),
    ("X-Forwarded-For", "203.0.113.9"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Request-ID", "forged"),
];

#[test]
#[ignore = "needs nginx"]
fn behind_the_nginx_of_the_chapter_on_serving_the_app_sees_the_client() {
    let (folder, address) = (Folder::new(), free_address());
    let _shop = shop(folder.path());
    let socket = folder.path().join("shop.sock").display().to_string();
    let changes = [("/run/shop/shop.sock", &*socket), ("listen 80;", &*format!("listen {address};"))];
    let nginx = Nginx::start(folder.path(), address, &shown("serving.md", "shop.conf", &changes));
    // More than one, so that the kept connections to the program are used.
    for _ in 0..3 {
        let answer = nginx.get("/seen", FORGED);
        assert_eq!((answer.status, &*answer.text), (200, "127.0.0.1 http shop.example"));
    }
}

#[test]
#[ignore = "needs nginx"]
fn behind_the_nginx_of_the_chapter_on_proxies_the_app_sees_the_client() {
    let (folder, address) = (Folder::new(), free_address());
    let _shop = shop(folder.path());
    let socket = folder.path().join("shop.sock").display().to_string();
    let location = shown("behind-a-proxy.md", "nginx.conf", &[("/run/shop.sock", &*socket)]);
    let server = format!("server {{ listen {address}; add_header X-Given $request_id;\n{location} }}");
    let nginx = Nginx::start(folder.path(), address, &server);
    let answer = nginx.get("/seen", FORGED);
    assert_eq!((answer.status, &*answer.text), (200, "127.0.0.1 http shop.example"));
    let given = answer.header("x-given");
    assert!(given.is_some() && given == answer.header("x-request-id"), "{:?}", answer.headers);
}
