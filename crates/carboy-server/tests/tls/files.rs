//! Certificates and keys in files: what is wrong with them, and what happens when they change.

use crate::{
    authority::{Authority, write},
    common::{Pages, config},
};
use carboy_server::{Server, ServerErrorKind, TlsConfig};
use carboy_testkit::Folder;
use std::path::Path;

fn complaint(chain: &Path, key: &Path) -> String {
    let error = Server::new(config().tls(TlsConfig::new(chain, key))).start(Pages).unwrap_err();
    assert_eq!(error.kind(), ServerErrorKind::Certificate);
    error.to_string()
}

#[test]
fn files_that_are_no_use_are_a_sentence_each() {
    let (folder, authority) = (Folder::new(), Authority::new());
    let (chain, key) = write(&folder, "server", &authority.issue(&["localhost"]));
    let (_, other) = write(&folder, "other", &authority.issue(&["localhost"]));
    let text = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let missing = folder.path().join("missing.pem");
    assert_eq!(complaint(&missing, &key), format!("There is no certificate file {}", missing.display()));
    assert_eq!(complaint(&chain, &missing), format!("There is no private key file {}", missing.display()));
    assert_eq!(
        complaint(&key, &key),
        format!(
            "There is no certificate in {}: it has to be PEM, with a line -----BEGIN CERTIFICATE-----",
            key.display()
        )
    );
    assert_eq!(
        complaint(&chain, &chain),
        format!(
            "There is no private key in {}: it has to be PEM, with a line such as -----BEGIN PRIVATE KEY-----",
            chain.display()
        )
    );
    assert_eq!(
        complaint(&chain, &other),
        format!(
            "{} and {} do not belong together: the key is another certificate's",
            chain.display(),
            other.display()
        )
    );
    let encrypted = text(
        "encrypted.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    assert!(complaint(&chain, &encrypted).contains("is encrypted: take its password off with `openssl pkey"));
    let damaged = text("damaged.pem", "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n");
    assert!(complaint(&damaged, &key).starts_with(&format!("{} is damaged: ", damaged.display())));
    let nonsense = text("nonsense.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert!(complaint(&nonsense, &key).contains("cannot be used"), "{}", complaint(&nonsense, &key));
    let folder_as_file = folder.path();
    assert!(complaint(folder_as_file, &key).starts_with("Cannot read the certificate file "));
}
