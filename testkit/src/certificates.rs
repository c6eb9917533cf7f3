//! Certificates for one test, made by openssl.

use crate::Folder;
use std::{fs, path::PathBuf, process::Command};

/// An authority, a certificate of this machine that it signed, and the key of that, in a folder of their own.
pub struct Certificates(Folder);

impl Certificates {
    /// Makes them: an authority like no other, and a certificate for `localhost` and 127.0.0.1 that is good for servers and for clients.
    pub fn make() -> Self {
        let folder = Folder::new();
        let openssl = |line: &str| {
            let output = Command::new("openssl").args(line.split(' ')).current_dir(folder.path()).output();
            let output = output.expect("openssl is there: `cargo xtask setup` looks for it");
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        let name = folder
            .path()
            .file_name()
            .and_then(|name| name.to_str())
            .expect("folders of tests have plain names");
        openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority-{name}"));
        openssl(&format!("req {key} -keyout key.pem -out request.pem -subj /CN=localhost"));
        fs::write(folder.path().join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
        openssl(
            "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile names",
        );
        Certificates(folder)
    }

    /// The authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    /// This machine's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.0.path().join("cert.pem")
    }

    /// The SHA-256 of its public key, in base64.
    pub fn public_key_hash(&self) -> String {
        let pipe = "openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64";
        let output = Command::new("sh").args(["-c", pipe]).current_dir(self.0.path()).output();
        let output = output.expect("a shell is there");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Its key.
    pub fn key(&self) -> PathBuf {
        self.0.path().join("key.pem")
    }
}
