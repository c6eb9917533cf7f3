//! What OpenSSL and curl say.

use crate::{
    authority::{Authority, replace, write},
    common::{Running, config, start},
};
use carboy_server::{ClientCertificates, TlsConfig};
use carboy_testkit::Folder;
use std::{
    io::Write,
    process::{Command, Stdio},
};

struct Site {
    folder: Folder,
    running: Running,
}

fn site(change: impl Fn(TlsConfig, &Folder, &Authority) -> TlsConfig) -> Site {
    let (folder, authority) = (Folder::new(), Authority::new());
    let (chain, key) = write(&folder, "server", &authority.issue(&["localhost", "*.other.example"]));
    write(&folder, "alice", &authority.issue(&["alice"]));
    write(&folder, "mallory", &Authority::new().issue(&["mallory"]));
    replace(&folder.path().join("ca.pem"), &authority.pem());
    let tls = change(TlsConfig::new(chain, key), &folder, &authority);
    Site { running: start(config().tls(tls)), folder }
}

impl Site {
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Whether `openssl s_client` succeeds, and what it says.
    fn s_client(&self, options: &str, typed: &str) -> (bool, String) {
        let mut child = Command::new("openssl")
            .args(["s_client", "-connect", &self.running.addr.to_string(), "-CAfile", &self.path("ca.pem")])
            .args(["-verify_return_error", "-servername", "localhost"])
            .args(options.replace("FOLDER", &self.folder.path().display().to_string()).split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    fn curl(&self, options: &str) -> String {
        let port = self.running.addr.port();
        let output = Command::new("curl")
            .args(["-sS", "--max-time", "20", "--cacert", &self.path("ca.pem")])
            .args(["-w", " %{http_version}"])
            .args(options.replace("FOLDER", &self.folder.path().display().to_string()).split_whitespace())
            .arg(format!("https://localhost:{port}/peer"))
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&said).into_owned()
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[test]
#[ignore = "needs openssl"]
fn openssl_gets_tls_1_3_and_1_2_and_nothing_older() {
    let site = site(|tls, _, _| tls);
    for (options, agreed) in [
        ("-tls1_3 -quiet", "Hello, World!"),
        ("-tls1_2 -quiet", "Hello, World!"),
        ("-tls1_3", "New, TLSv1.3, Cipher is TLS_"),
        ("-tls1_2", "New, TLSv1.2, Cipher is ECDHE-"),
        ("-alpn h2,http/1.1", "ALPN protocol: h2"),
        ("-alpn http/1.1", "ALPN protocol: http/1.1"),
        ("-tls1_3", "Verify return code: 0 (ok)"),
    ] {
        // Where HTTP/2 is agreed on, nothing is said: a request of HTTP/1 would be refused, sometimes before openssl is done.
        let request = if options.contains("h2") { "" } else { GET };
        let (done, said) = site.s_client(options, request);
        assert!(done && said.contains(agreed), "{options}: {said}");
    }
    for options in ["-tls1_1 -cipher ALL:@SECLEVEL=0", "-tls1 -cipher ALL:@SECLEVEL=0"] {
        assert!(!site.s_client(options, GET).0, "{options}");
    }
    // RSA key exchange and CBC are not there.
    for options in ["-tls1_2 -cipher AES128-GCM-SHA256", "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA"] {
        let (done, said) = site.s_client(options, GET);
        assert!(!done && said.contains("handshake failure"), "{options}: {said}");
    }
}

#[test]
#[ignore = "needs openssl"]
fn hardened_tls_is_1_3_alone() {
    let site = site(|tls, _, _| tls.only_tls13(true));
    assert!(site.s_client("-tls1_3", GET).0);
    let (done, said) = site.s_client("-tls1_2", GET);
    assert!(!done && said.contains("protocol version"), "{said}");
}

#[test]
#[ignore = "needs openssl"]
fn openssl_resumes_sessions_and_gets_no_early_data_and_no_renegotiation() {
    let site = site(|tls, _, _| tls);
    for version in ["-tls1_3", "-tls1_2"] {
        let (_, said) = site.s_client(&format!("{version} -ign_eof -sess_out FOLDER/session"), GET);
        assert!(said.contains("New, TLSv1."), "{said}");
        if version == "-tls1_3" {
            assert!(said.contains("Max Early Data: 0"), "{said}");
        }
        let (_, said) = site.s_client(&format!("{version} -ign_eof -sess_in FOLDER/session"), GET);
        assert!(said.contains("Reused, TLSv1."), "{said}");
    }
    // A line of one R makes OpenSSL ask for it.
    let (done, said) = site.s_client("-tls1_2", "R\n");
    assert!(said.contains("RENEGOTIATING") && (!done || said.contains("no renegotiation")), "{said}");
}

#[test]
#[ignore = "needs openssl"]
fn a_ticket_opens_for_twelve_hours_at_the_most_and_only_where_it_was_issued() {
    let (first, other) = (site(|tls, _, _| tls), site(|tls, _, _| tls));
    let (_, said) = first.s_client("-tls1_2 -ign_eof -sess_out FOLDER/session", GET);
    let hint = said.lines().find_map(|line| line.trim().strip_prefix("TLS session ticket lifetime hint: "));
    let seconds: u32 = hint.and_then(|hint| hint.split(' ').next()?.parse().ok()).expect("a ticket");
    assert!((1..=12 * 3600).contains(&seconds), "{seconds}");
    let session = first.path("session");
    let resume = |site: &Site| site.s_client(&format!("-tls1_2 -ign_eof -sess_in {session}"), GET).1;
    // OpenSSL knows the authority that it was told of; here it is about tickets.
    let said = resume(&other);
    assert!(!said.contains("Reused, TLSv1."), "{said}");
    let said = resume(&first);
    assert!(said.contains("Reused, TLSv1."), "{said}");
}

#[test]
#[ignore = "needs openssl"]
fn openssl_is_let_in_with_a_certificate_of_the_right_authority_alone() {
    let site = site(|tls, folder, _| {
        tls.client_certificates(ClientCertificates::required(folder.path().join("ca.pem")))
    });
    let show = |name: &str| {
        let options = format!("-quiet -cert FOLDER/{name}.pem -key FOLDER/{name}.key");
        site.s_client(&options, GET).1
    };
    assert!(show("alice").contains("Hello, World!"));
    let said = show("mallory");
    assert!(!said.contains("Hello") && said.contains("alert"), "{said}");
    let (_, said) = site.s_client("-quiet", GET);
    assert!(!said.contains("Hello") && said.contains("certificate required"), "{said}");
    assert!(site.curl("--cert FOLDER/alice.pem --key FOLDER/alice.key").contains("Some(PeerCertificate("));
}

#[test]
#[ignore = "needs curl"]
fn curl_gets_both_versions_of_http() {
    let site = site(|tls, _, _| tls);
    for (options, version) in [("--http1.1", " 1.1"), ("--http2", " 2"), ("", " 2")] {
        let said = site.curl(options);
        assert!(said.contains("is_secure: true") && said.ends_with(version), "{options}: {said}");
    }
    let port = site.running.addr.port();
    let plain = Command::new("curl").args(["-sS", &format!("http://localhost:{port}/")]).output().unwrap();
    assert!(String::from_utf8_lossy(&plain.stdout).starts_with("This port speaks HTTPS"));
}

#[test]
#[ignore = "needs openssl"]
fn keys_in_each_of_their_forms_are_read() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let make = |command: &str| {
        let words = command.replace("FOLDER", &folder.path().display().to_string());
        let made = Command::new("openssl").args(words.split_whitespace()).output().unwrap();
        assert!(made.status.success(), "{command}: {}", String::from_utf8_lossy(&made.stderr));
    };
    for (form, begin, commands) in [
        ("pkcs1", "BEGIN RSA PRIVATE KEY", &["genrsa -traditional -out FOLDER/pkcs1.key 2048"][..]),
        (
            "sec1",
            "BEGIN EC PRIVATE KEY",
            &["ecparam -name prime256v1 -genkey -noout -out FOLDER/sec1.key"][..],
        ),
        (
            "pkcs8",
            "BEGIN PRIVATE KEY",
            &["genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out FOLDER/pkcs8.key"][..],
        ),
        ("ed25519", "BEGIN PRIVATE KEY", &["genpkey -algorithm ED25519 -out FOLDER/ed25519.key"][..]),
    ] {
        commands.iter().for_each(|command| make(command));
        make(&format!(
            "req -x509 -new -key FOLDER/{form}.key -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost -out FOLDER/{form}.pem"
        ));
        let key = path(&format!("{form}.key"));
        assert!(std::fs::read_to_string(&key).unwrap().contains(begin), "{form}");
        let running = start(config().tls(TlsConfig::new(path(&format!("{form}.pem")), key)));
        let answer = Command::new("curl")
            .args(["-sS", "--cacert", &path(&format!("{form}.pem"))])
            .arg(format!("https://localhost:{}/", running.addr.port()))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&answer.stdout), "Hello, World!", "{form}: {answer:?}");
    }
}
