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

/// A ClientHello of TLS 1.3 that knows one group of keys and sends none: the server has to name the one that it wants (RFC 8446 section 4.1.4).
fn hello_with_group(group: u16) -> Vec<u8> {
    let extension = |number: u16, data: &[u8]| {
        [&number.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat()
    };
    let group = group.to_be_bytes();
    let extensions = [
        extension(43, &[2, 3, 4]),
        extension(13, &[0, 4, 4, 3, 8, 4]),
        extension(10, &[0, 2, group[0], group[1]]),
        extension(51, &[0, 0]),
    ]
    .concat();
    let body = [
        &[3, 3][..],
        &[7; 32],
        &[0],
        &[0, 2, 0x13, 1],
        &[1, 0],
        &(extensions.len() as u16).to_be_bytes(),
        &extensions,
    ]
    .concat();
    let message = [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
    [&[22, 3, 1][..], &(message.len() as u16).to_be_bytes(), &message].concat()
}

#[test]
fn the_hybrid_key_exchange_is_offered() {
    const X25519MLKEM768: u16 = 0x11ec;
    const FFDHE2048: u16 = 0x0100;
    /// The random of a HelloRetryRequest begins so.
    const RETRY: [u8; 4] = [0xcf, 0x21, 0xad, 0x74];
    let running = start(config().tls(TlsConfig::self_signed(["localhost"]).unwrap()));
    let answer = |group| {
        use std::io::Read;
        let mut client = running.connect();
        client.send(hello_with_group(group));
        let mut answer = [0; 512];
        let n = client.stream.read(&mut answer).unwrap();
        answer[..n].to_vec()
    };
    let said = answer(X25519MLKEM768);
    assert_eq!((said[0], said[5], &said[11..15]), (22, 2, &RETRY[..]), "{said:?}");
    assert!(said.windows(6).any(|bytes| bytes == [0, 51, 0, 2, 0x11, 0xec]), "{said:?}");
    // An alert: handshake_failure.
    assert_eq!(&answer(FFDHE2048)[..7], [21, 3, 3, 0, 2, 2, 40]);
}

#[test]
fn what_is_neither_tls_nor_http_gets_an_alert() {
    use std::io::Read;
    let running = start(config().tls(TlsConfig::self_signed(["localhost"]).unwrap()));
    let mut client = running.connect();
    client.send(b"\x00\x01\x02\x03\x04\x05\x06\x07 nonsense that is long enough for a record");
    let mut said = Vec::new();
    let _ = client.stream.read_to_end(&mut said);
    assert_eq!(said.first(), Some(&21), "{said:?}");
}
