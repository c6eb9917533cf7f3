//! A cache that visitors share, nginx, before an app: nobody gets what was made for somebody else.

use carboy::prelude::*;
use carboy_server::{RunningServer, Server, ServerConfig};
use carboy_testkit::{Answer, Folder, ask};
use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::{Duration, Instant},
};

#[route("/login/<name>")]
fn login(name: String) -> String {
    session().set("name", &name);
    name
}

#[route("/mine")]
fn mine() -> String {
    format!("for {}", session().get::<String>("name").unwrap_or_else(|| "nobody".to_owned()))
}

/// How often a page was made.
static MADE: AtomicU32 = AtomicU32::new(0);

#[route("/for-all")]
fn for_all() -> String {
    format!("made {} times", MADE.fetch_add(1, Relaxed) + 1)
}

fn start(cache_control: Option<&str>) -> (RunningServer, u16) {
    let mut app = App::new("cached");
    app.config().set("SECRET_KEY", "dev").set("SESSION_CACHE_CONTROL", cache_control);
    app.routes(routes![login, mine, for_all]);
    let config = ServerConfig::new().bind("127.0.0.1:0").workers(1);
    let server = Server::new(config).start(app.build().unwrap()).unwrap();
    let port = server.addresses()[0].as_tcp().unwrap().port();
    (server, port)
}

struct Nginx {
    child: Child,
    port: u16,
    _folder: Folder,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// nginx that keeps every page that it may, by its path alone.
fn nginx(upstream: u16) -> Nginx {
    let folder = Folder::new();
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let path = folder.path().display();
    let conf = format!(
        "daemon off; master_process off; pid {path}/pid; error_log {path}/error.log crit;\n\
         events {{ worker_connections 64; }}\n\
         http {{ access_log off; client_body_temp_path {path}/b; proxy_temp_path {path}/p; fastcgi_temp_path {path}/f;\n\
         uwsgi_temp_path {path}/u; scgi_temp_path {path}/s; proxy_cache_path {path}/cache keys_zone=pages:1m;\n\
         server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{upstream};\n\
         proxy_cache pages; proxy_cache_key $uri; proxy_cache_valid 200 10m;\n\
         add_header X-Cache $upstream_cache_status; }} }} }}\n"
    );
    let file = folder.path().join("nginx.conf");
    std::fs::write(&file, conf).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&file).arg("-p").arg(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().expect("nginx starts");
    let begin = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(begin.elapsed() < Duration::from_secs(20), "nginx does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    Nginx { child, port, _folder: folder }
}

#[test]
#[ignore = "needs nginx"]
fn a_cache_that_visitors_share_gives_nobody_the_page_of_another() {
    for cache_control in [None, Some("no-store")] {
        let (_server, carboy) = start(cache_control);
        let nginx = nginx(carboy);
        let get = |path: &str, cookie: Option<&str>| -> Answer {
            let cookie: Vec<(&str, &str)> = cookie.map(|cookie| ("Cookie", cookie)).into_iter().collect();
            ask(nginx.port, "GET", path, &cookie, "").unwrap()
        };
        let login = |name: &str| {
            let answer = get(&format!("/login/{name}"), None);
            assert_ne!(answer.header("x-cache"), Some("HIT"));
            answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
        };
        // It is a cache: what is for all is made once.
        let made = get("/for-all", None).text;
        let again = get("/for-all", Some("a=b"));
        assert_eq!((&again.text, again.header("x-cache")), (&made, Some("HIT")));
        let (ann, bob) = (login("ann"), login("bob"));
        // Another visitor of the same page that sets a cookie gets one of its own.
        assert_ne!(login("ann"), "");
        for _ in 0..3 {
            for (cookie, text) in [(Some(&*ann), "for ann"), (Some(&*bob), "for bob"), (None, "for nobody")] {
                let answer = get("/mine", cookie);
                assert_eq!(answer.text, text, "{cache_control:?}");
                if cache_control.is_some() {
                    assert_ne!(answer.header("x-cache"), Some("HIT"));
                }
            }
        }
    }
}
