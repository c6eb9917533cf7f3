//! What is agreed on, and what is refused.

use crate::{
    authority::{Authority, write},
    client::{ask, connect, trusting},
    common::{Running, config, start},
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

fn extension(number: u16, data: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat()
}

/// A ClientHello (RFC 5246 section 7.4.1.2).
fn hello(version: [u8; 2], ciphers: &[u8], compressions: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = extensions.concat();
    let body = [
        &version[..],
        &[7; 32],
        &[0],
        &(ciphers.len() as u16).to_be_bytes(),
        ciphers,
        &[compressions.len() as u8],
        compressions,
        &(extensions.len() as u16).to_be_bytes(),
        &extensions,
    ]
    .concat();
    let message = [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
    [&[22, 3, 1][..], &(message.len() as u16).to_be_bytes(), &message].concat()
}

const SIGNATURES: u16 = 13;
const GROUPS: u16 = 10;

/// A hello of TLS 1.3 that knows one group of keys and sends none: the server has to name the one that it wants (RFC 8446 section 4.1.4).
fn hello_with_group(group: u16) -> Vec<u8> {
    let group = group.to_be_bytes();
    let extensions = [
        extension(43, &[2, 3, 4]),
        extension(SIGNATURES, &[0, 4, 4, 3, 8, 4]),
        extension(GROUPS, &[0, 2, group[0], group[1]]),
        extension(51, &[0, 0]),
    ];
    hello([3, 3], &[0x13, 1], &[0], &extensions)
}

/// A hello of this version, as it was before TLS 1.3.
fn old_hello(version: [u8; 2], compressions: &[u8]) -> Vec<u8> {
    let extensions = [extension(SIGNATURES, &[0, 2, 4, 3]), extension(GROUPS, &[0, 4, 0, 29, 0, 23])];
    // ECDHE-ECDSA with AES-128-GCM, and what TLS 1.0 had: AES-128-CBC.
    hello(version, &[0xc0, 0x2b, 0xc0, 9], compressions, &extensions)
}

/// The begin of what the server says to a hello.
fn said_to(running: &Running, hello: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut client = running.connect();
    client.send(hello);
    let mut answer = [0; 512];
    let n = client.stream.read(&mut answer).unwrap();
    answer[..n].to_vec()
}

/// A fatal alert of this kind in one record.
fn is_alert(said: &[u8], description: u8) -> bool {
    said.len() >= 7 && said[0] == 21 && said[5..7] == [2, description]
}

#[test]
fn what_is_older_than_tls_1_2_is_told_so_and_nothing_is_compressed() {
    const PROTOCOL_VERSION: u8 = 70;
    let running = start(config().tls(TlsConfig::self_signed(["localhost"]).unwrap()));
    for (name, version) in [("SSL 3.0", [3, 0]), ("TLS 1.0", [3, 1]), ("TLS 1.1", [3, 2])] {
        let said = said_to(&running, &old_hello(version, &[0]));
        assert!(is_alert(&said, PROTOCOL_VERSION), "{name}: {said:?}");
    }
    const DEFLATE: u8 = 1;
    let said = said_to(&running, &old_hello([3, 3], &[DEFLATE, 0]));
    // A ServerHello: version and random, the id of the session, the cipher suite, and then how it is compressed.
    assert_eq!((said[0], said[5]), (22, 2), "{said:?}");
    let id = usize::from(said[43]);
    assert_eq!(said[44 + id..47 + id], [0xc0, 0x2b, 0], "{said:?}");
    let said = said_to(&running, &old_hello([3, 3], &[DEFLATE]));
    assert_eq!(said[0], 21, "{said:?}");
}

#[test]
fn the_hybrid_key_exchange_is_offered() {
    const X25519MLKEM768: u16 = 0x11ec;
    const FFDHE2048: u16 = 0x0100;
    /// The random of a HelloRetryRequest begins so.
    const RETRY: [u8; 4] = [0xcf, 0x21, 0xad, 0x74];
    let running = start(config().tls(TlsConfig::self_signed(["localhost"]).unwrap()));
    let said = said_to(&running, &hello_with_group(X25519MLKEM768));
    assert_eq!((said[0], said[5], &said[11..15]), (22, 2, &RETRY[..]), "{said:?}");
    assert!(said.windows(6).any(|bytes| bytes == [0, 51, 0, 2, 0x11, 0xec]), "{said:?}");
    const HANDSHAKE_FAILURE: u8 = 40;
    assert!(is_alert(&said_to(&running, &hello_with_group(FFDHE2048)), HANDSHAKE_FAILURE));
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
