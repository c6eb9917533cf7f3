//! A provider behind TLS, whose certificate somebody has to vouch for.

use super::shop::{app, begin, error};
use carboy_ext::oauth::{OAuth, Provider};
use carboy_testkit::{Folder, Process, node};
use std::{path::Path, process::Command};

const NODE: &str = "
import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';
const file = (name) => readFileSync(`${process.env.FOLDER}/${name}`);
const server = createServer({ key: file('key.pem'), cert: file('cert.pem') }, (request, response) => {
  const issuer = `https://localhost:${server.address().port}`;
  response.end(JSON.stringify({ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` }));
});
server.listen(0, '127.0.0.1', () => console.log(`listening on port ${server.address().port}`));
";

fn openssl(folder: &Path, args: &str) {
    let output = Command::new("openssl").args(args.split(' ')).current_dir(folder).output();
    let output = output.expect("openssl is there: `cargo xtask setup` looks for it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// An authority, and its certificate for this machine.
fn certify(folder: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(folder, &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
    openssl(folder, &format!("req {key} -keyout key.pem -out request.pem -subj /CN=localhost"));
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        folder,
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile names",
    );
}

fn shop(issuer: &str) -> carboy::testing::TestClient {
    app(OAuth::new().register("fake", Provider::discover(issuer).client("shop", "secret"))).test_client()
}

/// The other half of the next test runs in a process that trusts the authority, which a variable says.
const ISSUER: &str = "CARBOY_TEST_ISSUER";

#[test]
#[ignore = "needs openssl and Node.js with the pinned packages"]
fn a_provider_is_believed_when_somebody_vouches_for_its_certificate() {
    if let Ok(issuer) = std::env::var(ISSUER) {
        let params = begin(&shop(&issuer), "/login/fake");
        assert_eq!(params["client_id"], "shop");
        return;
    }
    let folder = Folder::new();
    certify(folder.path());
    let mut provider = Process::start(node(NODE).env("FOLDER", folder.path()));
    let port: u16 = provider.wait_for("the line with the provider's port", |line| {
        line.split_once("listening on port ")?.1.trim().parse().ok()
    });
    let issuer = format!("https://localhost:{port}");
    let (status, text) = error(&shop(&issuer).get("/login/fake").send());
    assert_eq!((status, text.contains("certificate")), (502, true), "{text}");

    let name = "tls::a_provider_is_believed_when_somebody_vouches_for_its_certificate";
    let trusting = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--include-ignored"])
        .env("SSL_CERT_FILE", folder.path().join("ca.pem"))
        .env(ISSUER, &issuer)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&trusting.stdout);
    assert!(trusting.status.success() && said.contains("1 passed"), "{said}");
}
