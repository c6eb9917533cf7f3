//! Certificates from an authority that speaks ACME: `acme_authority.py` beside this file.

use crate::{
    authority::{Authority, write},
    client::{ask, connect, trusting},
    common::{config, eventually, start},
};
use carboy_server::{AcmeConfig, HttpsRedirect, ServerConfig, TlsConfig};
use carboy_testkit::{Folder, Process};
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::Command,
    time::Duration,
};

const NAMES: [&str; 2] = ["shop.example", "www.shop.example"];

struct Site {
    folder: Folder,
    authority: Authority,
    process: Process,
    acme: AcmeConfig,
    tls: SocketAddr,
    plain: SocketAddr,
}

/// A port that is free now; the authority has to know it before the server has it.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn site(challenges: &[&str]) -> Site {
    // A failure is told in the log.
    let _ = tracing_subscriber::fmt().with_test_writer().try_init();
    let (folder, authority) = (Folder::new(), Authority::new());
    write(&folder, "ca", &authority.pair());
    write(&folder, "server", &authority.issue(&["localhost"]));
    let (tls, plain) = (free(), free());
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tls/acme_authority.py");
    let mut process = Process::start(
        Command::new("python3")
            .arg(script)
            .arg(folder.path())
            .args([tls.port().to_string(), plain.port().to_string()])
            .args(challenges),
    );
    let port: u16 = process.wait_for("its port", |line| line.strip_prefix("port ")?.parse().ok());
    let acme = AcmeConfig::new(NAMES, folder.path().join("cache"))
        .contact("mailto:admin@shop.example")
        .directory(format!("https://localhost:{port}/directory"))
        .authority_roots(folder.path().join("ca.pem"))
        .retry_after(Duration::from_millis(200));
    Site { folder, authority, process, acme, tls, plain }
}

impl Site {
    fn config(&self) -> ServerConfig {
        config()
            .bind_only([self.tls])
            .tls(TlsConfig::acme(self.acme.clone()))
            .redirect_to_https(HttpsRedirect::on(self.plain))
    }

    fn is_trusted(&self) -> bool {
        NAMES.iter().all(|name| connect(self.tls, name, trusting(&self.authority)).is_ok())
    }
}

fn patiently(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..5 {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| eventually(what, &mut so))).is_ok() {
            return;
        }
    }
    panic!("never: {what}");
}

#[test]
#[ignore = "needs python3 and openssl"]
fn a_certificate_is_fetched_by_either_proof_and_kept() {
    for (offered, taken) in
        [(&["http-01", "tls-alpn-01", "dns-01"][..], "tls-alpn-01"), (&["dns-01", "http-01"][..], "http-01")]
    {
        let mut site = site(offered);
        {
            let _running = start(site.config());
            patiently("the authority's certificate is shown", || site.is_trusted());
            let mut client = connect(site.tls, NAMES[1], trusting(&site.authority)).unwrap();
            assert!(ask(&mut client, "/").ends_with("Hello, World!"));
            for name in NAMES {
                site.process
                    .wait_for("the proof", |line| (line == format!("proved {taken} {name}")).then_some(()));
            }
        }
        let file = site.folder.path().join("cache/certificate.pem");
        let kept = std::fs::read(&file).unwrap();
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions()) & 0o777,
            0o600
        );
        // A server that starts later finds it, and asks nobody.
        std::fs::write(site.folder.path().join("broken"), "500").unwrap();
        let again =
            ServerConfig::new().bind("127.0.0.1:0").workers(1).tls(TlsConfig::acme(site.acme.clone()));
        let running = start(again);
        assert!(connect(running.addr, NAMES[0], trusting(&site.authority)).is_ok());
        assert_eq!(std::fs::read(&file).unwrap(), kept);
    }
}

#[test]
#[ignore = "needs python3 and openssl"]
fn an_authority_that_is_down_changes_nothing_and_is_asked_again() {
    for status in ["500", "429"] {
        let site = site(&["tls-alpn-01"]);
        // One that has a day left: it is to be renewed, and still good.
        let old = site.authority.issue_for_days(&NAMES, -89, 1);
        std::fs::create_dir_all(site.folder.path().join("cache")).unwrap();
        let file = site.folder.path().join("cache/certificate.pem");
        std::fs::write(&file, format!("{}{}", old.0, old.1)).unwrap();
        let broken = site.folder.path().join("broken");
        std::fs::write(&broken, status).unwrap();
        let _running = start(site.config());
        std::thread::sleep(Duration::from_millis(1500));
        assert!(site.is_trusted());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{}{}", old.0, old.1));
        std::fs::remove_file(&broken).unwrap();
        patiently("it is renewed", || {
            std::fs::read_to_string(&file).unwrap().contains("END") && {
                !std::fs::read_to_string(&file).unwrap().starts_with(&old.0)
            }
        });
        patiently("the new one is shown", || site.is_trusted());
    }
}

#[test]
fn before_there_is_a_certificate_one_is_shown_that_nobody_has_signed() {
    let folder = Folder::new();
    let acme = AcmeConfig::new(["shop.example"], folder.path()).directory("https://127.0.0.1:9/directory");
    let running = start(config().tls(TlsConfig::acme(acme)));
    let error = connect(running.addr, "shop.example", trusting(&Authority::new())).unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
}

#[test]
fn a_wildcard_cannot_be_fetched() {
    let acme = AcmeConfig::new(["*.shop.example"], "unused");
    let error = carboy_server::Server::new(config().tls(TlsConfig::acme(acme)))
        .start(crate::common::Pages)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("A certificate for *.shop.example cannot be fetched"), "{error}");
}
