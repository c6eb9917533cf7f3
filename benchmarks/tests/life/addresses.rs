//! Where it listens, and where it refuses to.

use super::program::{Server, ask, command, get, outcome};
use carboy_testkit::Folder;
use std::{
    net::{Ipv6Addr, SocketAddr, TcpStream},
    os::unix::{fs::PermissionsExt, net::UnixStream},
};

const HELLO: &str = "Hello, World!";

#[test]
fn it_listens_on_all_addresses_that_it_is_given() {
    let folder = Folder::new();
    let socket = folder.path().join("app.sock");
    let options = format!("--bind 127.0.0.1:0 --bind [::1]:0 --bind unix:{}?mode=660", socket.display());
    let server = Server::start(&mut command(&options));
    assert_eq!(server.urls.len(), 3);
    for url in &server.urls[..2] {
        let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
        assert_eq!(get(address, "/"), HELLO);
    }
    assert_eq!(server.urls[2], format!("unix:{}", socket.display()));
    assert!(ask(&mut UnixStream::connect(&socket).unwrap(), "/").ends_with(HELLO));
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o660);
}

#[test]
fn the_ipv6_wildcard_takes_ipv4_too() {
    let server = Server::start(&mut command("--bind [::]:0"));
    let port = server.address().port();
    assert_eq!(get(([127, 0, 0, 1], port).into(), "/"), HELLO);
    assert_eq!(get((Ipv6Addr::LOCALHOST, port).into(), "/"), HELLO);
}

#[test]
fn an_ipv4_wildcard_and_an_ipv6_wildcard_share_a_port() {
    let port = free_port();
    let server = Server::start(&mut command(&format!("--bind 0.0.0.0:{port} --bind [::]:{port}")));
    assert_eq!(get(([127, 0, 0, 1], port).into(), "/"), HELLO);
    assert_eq!(get((Ipv6Addr::LOCALHOST, port).into(), "/"), HELLO);
    drop(server);
}

#[test]
fn environment_and_configuration_say_where_it_listens_and_options_win() {
    let with = |options: &str| {
        let mut command = command(options);
        command
            .env("FAULTS_SERVER_BIND", r#"["127.0.0.1:0", "127.0.0.1:0"]"#)
            .env("FAULTS_SERVER_WORKERS", "1");
        Server::start(&mut command).urls.len()
    };
    assert_eq!(with(""), 2);
    assert_eq!(with("--bind 127.0.0.1:0"), 1);
    assert_eq!(with("--port 0"), 1);
}

#[test]
fn bind_beside_host_or_port_is_a_wrong_use() {
    for options in ["--bind 127.0.0.1:0 --port 0", "--host 127.0.0.1 --bind 127.0.0.1:0"] {
        let refused = outcome(&mut command(options));
        assert_eq!(refused.status.code(), Some(2), "{options}");
    }
}

#[test]
fn debug_mode_is_never_served_on_a_public_address() {
    let folder = Folder::new();
    let socket = folder.path().join("app.sock");
    let on_unix = format!("--bind unix:{}", socket.display());
    let name = hostname();
    let public = [
        "--host 0.0.0.0 --port 0".to_owned(),
        "--host :: --port 0".to_owned(),
        "--bind 0.0.0.0:0".to_owned(),
        "--bind [::]:0".to_owned(),
        "--bind 127.0.0.1:0 --bind 0.0.0.0:0".to_owned(),
        format!("{on_unix} --bind [::]:0"),
        format!("--bind {name}:0"),
    ];
    for options in &public {
        let refused = outcome(&mut command(&format!("--debug {options}")));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{options}: {said}");
        assert!(said.contains("debug mode shows sources and settings"), "{options}: {said}");
    }
    for options in ["--port 0", "--host localhost --port 0", "--bind [::1]:0", &on_unix] {
        let server = Server::start(&mut command(&format!("--debug {options}")));
        assert_eq!(server.urls.len(), 1, "{options}");
    }
    // The environment is no way around it.
    let refused = outcome(command("--port 0").env("FLASK_DEBUG", "1").env("FLASK_RUN_HOST", "0.0.0.0"));
    assert_eq!(refused.status.code(), Some(2));
}

/// A name of this machine that is not loopback; where it has none, its address on a network does as well.
fn hostname() -> String {
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    // Sends nothing: the system only looks up from where it would.
    match probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr()) {
        Ok(address) if !address.ip().is_loopback() => address.ip().to_string(),
        _ => "0.0.0.0".to_owned(),
    }
}

fn free_port() -> u16 {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    port
}
