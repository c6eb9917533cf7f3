//! Which certificate a client gets, and which a client has to show.

use crate::{
    authority::{Authority, replace, write},
    client::{Connection, ask, connect, shown, trusting},
    common::{Running, config, eventually, start},
};
use carboy_server::{ClientCertificates, TlsConfig};
use carboy_testkit::Folder;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::time::Duration;

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn connect_as(running: &Running, authority: &Authority, name: &str) -> Connection {
    connect(running.addr, name, trusting(authority)).unwrap()
}

#[test]
fn the_certificate_is_chosen_by_the_name_that_the_client_asks_for() {
    let (folder, authority) = (Folder::new(), Authority::new());
    let first = authority.issue(&["localhost", "*.wild.example", "127.0.0.1"]);
    let exact = authority.issue(&["a.wild.example"]);
    let other = authority.issue(&["*.other.example", "other.example"]);
    let paths = [&first, &exact, &other].map(|pair| write(&folder, &format!("{:p}", pair), pair));
    let tls = TlsConfig::new(&paths[0].0, &paths[0].1)
        .certificate(&paths[1].0, &paths[1].1)
        .certificate(&paths[2].0, &paths[2].1);
    let running = start(config().tls(tls));
    for (name, expected) in [
        ("localhost", &first),
        ("b.wild.example", &first),
        ("a.wild.example", &exact),
        ("A.Wild.Example", &exact),
        ("other.example", &other),
        ("www.other.example", &other),
        // An address is no name: SNI cannot carry it.
        ("127.0.0.1", &first),
    ] {
        assert!(shown(&connect_as(&running, &authority, name)) == der(&expected.0), "{name}");
    }
    // The default is shown for names that none has, wildcards stand for one label: the client refuses.
    for name in ["unknown.example", "a.b.other.example"] {
        let error = connect(running.addr, name, trusting(&authority)).unwrap_err().to_string();
        assert!(error.contains("not valid for name"), "{name}: {error}");
    }
}

#[test]
fn files_that_have_changed_are_read_again_and_bad_ones_are_not_used() {
    let (folder, authority) = (Folder::new(), Authority::new());
    let old = authority.issue(&["localhost"]);
    let (chain, key) = write(&folder, "server", &old);
    let tls = TlsConfig::new(&chain, &key).reload_interval(Duration::from_millis(20));
    let running = start(config().workers(2).tls(tls));
    let now = || shown(&connect_as(&running, &authority, "localhost"));
    let mut kept = connect_as(&running, &authority, "localhost");
    assert!(now() == der(&old.0));
    // A key without its certificate, then nonsense, then nothing, then one that has expired.
    replace(&key, &authority.issue(&["localhost"]).1);
    std::thread::sleep(Duration::from_millis(200));
    assert!(now() == der(&old.0));
    replace(&chain, "nonsense");
    std::thread::sleep(Duration::from_millis(200));
    assert!(now() == der(&old.0));
    std::fs::remove_file(&chain).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert!(now() == der(&old.0));
    write(&folder, "server", &authority.issue_until(&["localhost"], 2001));
    std::thread::sleep(Duration::from_millis(200));
    assert!(now() == der(&old.0));
    let new = authority.issue(&["localhost"]);
    write(&folder, "server", &new);
    eventually("the new certificate is shown", || now() == der(&new.0));
    // A connection that is open stays.
    assert!(ask(&mut kept, "/").ends_with("Hello, World!"));
}

#[test]
fn an_expired_certificate_is_served_if_there_is_no_other_and_replaced_by_any_that_is_not() {
    let (folder, authority) = (Folder::new(), Authority::new());
    let (chain, key) = write(&folder, "server", &authority.issue_until(&["localhost"], 2001));
    let tls = TlsConfig::new(&chain, &key).reload_interval(Duration::from_millis(20));
    let running = start(config().tls(tls));
    let error = connect(running.addr, "localhost", trusting(&authority)).unwrap_err().to_string();
    assert!(error.contains("certificate expired"), "{error}");
    write(&folder, "server", &authority.issue(&["localhost"]));
    eventually("the new certificate is shown", || {
        connect(running.addr, "localhost", trusting(&authority)).is_ok()
    });
}

/// A client that shows a certificate.
fn showing(authority: &Authority, (chain, key): &(String, String)) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![der(chain)], PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
        .unwrap()
}

/// What a client gets from `/peer`, the handshake's refusal included: in TLS 1.3 it comes after the client's last message.
fn peer(running: &Running, config: rustls::ClientConfig) -> std::io::Result<String> {
    use std::io::{Read, Write};
    let mut client = connect(running.addr, "localhost", config)?;
    client.write_all(b"GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    client.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn a_client_certificate_is_verified_and_reaches_the_application() {
    let (folder, authority, stranger) = (Folder::new(), Authority::new(), Authority::new());
    let (chain, key) = write(&folder, "server", &authority.issue(&["localhost"]));
    let roots = folder.path().join("clients.pem");
    replace(&roots, &authority.pem());
    let alice = authority.issue(&["alice"]);
    let shown = format!("peer_certificate: Some(PeerCertificate({} bytes))", der(&alice.0).len());
    for required in [true, false] {
        let clients = if required {
            ClientCertificates::required(&roots)
        } else {
            ClientCertificates::optional(&roots)
        };
        let running = start(config().tls(TlsConfig::new(&chain, &key).client_certificates(clients)));
        assert!(peer(&running, showing(&authority, &alice)).unwrap().contains(&shown));
        let nobody = peer(&running, trusting(&authority));
        match required {
            true => assert!(nobody.unwrap_err().to_string().contains("CertificateRequired")),
            false => assert!(nobody.unwrap().contains("peer_certificate: None")),
        }
        let mut unknown = showing(&authority, &stranger.issue(&["mallory"]));
        unknown.resumption = rustls::client::Resumption::disabled();
        let error = peer(&running, unknown).unwrap_err().to_string();
        assert!(error.contains("alert"), "{error}");
    }
}

#[test]
fn a_session_does_not_outlive_the_authority_of_its_client() {
    let (folder, authority, other) = (Folder::new(), Authority::new(), Authority::new());
    let (chain, key) = write(&folder, "server", &authority.issue(&["localhost"]));
    let roots = folder.path().join("clients.pem");
    replace(&roots, &authority.pem());
    let tls = TlsConfig::new(&chain, &key)
        .client_certificates(ClientCertificates::required(&roots))
        .reload_interval(Duration::from_millis(20));
    let running = start(config().tls(tls));
    let alice = showing(&authority, &authority.issue(&["alice"]));
    peer(&running, alice.clone()).unwrap();
    let again = connect(running.addr, "localhost", alice.clone()).unwrap();
    assert_eq!(again.conn.handshake_kind(), Some(rustls::HandshakeKind::Resumed));
    replace(&roots, &other.pem());
    eventually("the old authority counts no more", || peer(&running, alice.clone()).is_err());
}
