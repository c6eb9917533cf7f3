//! The blog under the hardened profile: what Mozilla's observatory gives it, and what `check --deploy` finds.

use carboy::{
    prelude::*,
    security::check_deploy,
    server::{HttpsRedirect, Server, ServerConfig, TlsConfig},
};
use carboy_db::Db;
use carboy_testkit::{Folder, node};
use serde_json::Value;
use std::{
    net::{Ipv4Addr, TcpListener},
    process::Command,
};

/// The one line, and what it needs.
fn hardened(host: &str, instance: &Folder) -> App {
    let mut app = flaskr::create_app_with(Db::memory(), |config| {
        config.set_instance_path(instance.path());
        config.set("HARDENED", true).set("TRUSTED_HOSTS", [host]);
    });
    // The blog sets its cookie at a login; the observatory is to see it.
    app.before_request(|| session().set("visited", true));
    app
}

#[test]
fn under_the_hardened_profile_nothing_is_left_to_do() {
    let instance = Folder::new();
    let service = hardened("blog.example", &instance).build().unwrap();
    assert_eq!(check_deploy(&service), [""; 0]);
    let plain = flaskr::create_app_with(Db::memory(), |config| {
        config.set("SECRET_KEY", "dev");
    });
    assert!(check_deploy(&{ plain }.build().unwrap()).len() > 5);
}

/// The scanner's own steps with its own tests, at ports of this machine (its command line knows only 80 and 443).
const SCAN: &str = r#"
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

// The package downloads the list of sites that browsers ship with as HTTPS alone when it is installed. This machine is not on it.
const read = fs.readFileSync;
fs.readFileSync = (file, ...rest) => (String(file).endsWith("hsts-preload.json") ? "{}" : read(file, ...rest));
syncBuiltinESMExports();

const observatory = "@mdn/mdn-http-observatory/src/";
const { retrieve } = await import(observatory + "retriever/retriever.js");
const { ALL_TESTS } = await import(observatory + "constants.js");
const { getGradeForScore, getScoreModifier } = await import(observatory + "grader/grader.js");
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await import(observatory + "grader/charts.js");

const { HTTP_PORT: httpPort, HTTPS_PORT: httpsPort, PAGE: path } = process.env;
const requests = await retrieve("localhost", { httpPort, httpsPort, path });
const results = ALL_TESTS.map((test) => test(requests));
let [full, plain] = [100, 100];
for (const result of results) {
  result.modifier = getScoreModifier(result.result);
  full += result.modifier;
  plain += Math.min(result.modifier, 0);
}
const { grade, score } = getGradeForScore(plain >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? full : plain);
const tests = results.map(({ constructor, result, pass, modifier }) => ({ name: constructor.name, result, pass, modifier }));
console.log(JSON.stringify({ status: requests.responses.auto?.status, verified: requests.responses.https?.verified, grade, score, tests }));
process.exit(0);
"#;

/// A certificate for this machine that signs itself.
fn certificate(folder: &Folder) -> (String, String) {
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            &key,
            "-out",
            &cert,
        ])
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (cert, key)
}

#[test]
#[ignore = "needs Node.js with Mozilla's observatory"]
fn mozillas_observatory_gives_the_blog_an_a_plus() {
    let (instance, folder) = (Folder::new(), Folder::new());
    let (cert, key) = certificate(&folder);
    let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let config = ServerConfig::new()
        .bind("127.0.0.1:0")
        .workers(2)
        .tls(TlsConfig::new(&cert, &key))
        .redirect_to_https(HttpsRedirect::on(format!("127.0.0.1:{plain}")).trusted_hosts(["localhost"]));
    let service = hardened("localhost", &instance).build().unwrap();
    let server = Server::new(config).start(service).unwrap();
    let secure = server.addresses()[0].url().trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    for page in ["/hello", "/auth/login"] {
        let ended = node(SCAN)
            .env("NODE_EXTRA_CA_CERTS", &cert)
            .env("NODE_OPTIONS", "--dns-result-order=ipv4first")
            .envs([("HTTP_PORT", &*plain.to_string()), ("HTTPS_PORT", &secure), ("PAGE", page)])
            .output()
            .expect("Node.js runs");
        let said = String::from_utf8_lossy(&ended.stdout);
        let report: Value =
            said.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| {
                panic!("no report of {page}: {said}{}", String::from_utf8_lossy(&ended.stderr));
            });
        assert_eq!((&report["status"], &report["verified"]), (&200.into(), &true.into()), "{report:#}");
        assert_eq!(report["grade"], "A+", "{report:#}");
        assert!(report["score"].as_u64() >= Some(120), "{report:#}");
        assert!(report["tests"].as_array().unwrap().iter().all(|test| test["pass"] == true), "{report:#}");
    }
}
