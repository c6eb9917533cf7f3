//! What is agreed on, and what is refused.

use crate::{
    authority::{Authority, write},
    client::{ask, connect, trusting},
    common::{config, start},
};
use carboy_server::{BoundAddress, TlsConfig};
use carboy_testkit::Folder;

#[test]
fn a_page_over_tls_comes_by_a_secure_connection() {
    let (folder, authority) = (Folder::new(), Authority::new());
    let (chain, key) = write(&folder, "server", &authority.issue(&["localhost"]));
    for workers in [1, 2] {
        let running = start(config().workers(workers).tls(TlsConfig::new(&chain, &key)));
        assert_eq!(running.server.addresses(), [BoundAddress::Tls(running.addr)]);
        assert_eq!(running.server.addresses()[0].url(), format!("https://{}", running.addr));
        let mut client = connect(running.addr, "localhost", trusting(&authority)).unwrap();
        let answer = ask(&mut client, "/peer");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("is_secure: true"), "{answer}");
    }
}

#[test]
fn plain_http_on_a_tls_port_is_told_so() {
    let running = start(config().tls(TlsConfig::self_signed(["localhost"]).unwrap()));
    let answer = running.talk("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nxxx");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"), "{answer}");
    assert_eq!(
        body,
        "This port speaks HTTPS, and the request came in plain HTTP: begin the URL with https\n"
    );
    assert!(head.ends_with(&format!("content-length: {}", body.len())), "{answer}");
}
