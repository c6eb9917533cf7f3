//! The folder where an account and its certificate lie.

use super::AcmeConfig;
use crate::tls::files::{Sentence, read_pair};
use rustls::{crypto::CryptoProvider, sign::CertifiedKey};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

impl AcmeConfig {
    /// The certificate, its chain and its key: one file, so that they are replaced together.
    pub(in crate::tls) fn certificate_file(&self) -> PathBuf {
        self.cache.join("certificate.pem")
    }

    /// Each authority knows its own account.
    pub(super) fn account_file(&self) -> PathBuf {
        let authority = self.directory.trim_start_matches("https://");
        let name: String =
            authority.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
        self.cache.join(format!("account-{name}.json"))
    }

    pub(in crate::tls) fn check(&self) -> Result<(), Sentence> {
        match self.names.iter().find(|name| name.contains('*')) {
            Some(name) => Err(format!(
                "A certificate for {name} cannot be fetched: an authority proves wildcards by DNS alone (dns-01); list the names"
            )),
            None if self.names.is_empty() => Err("There is no name to fetch a certificate for".to_owned()),
            None => Ok(()),
        }
    }
}

/// What was fetched, else one that nobody has signed.
pub(in crate::tls) fn read_or_make(
    acme: &AcmeConfig,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Sentence> {
    let path = acme.certificate_file();
    match fs::read(&path) {
        Ok(pem) => match read_pair(&pem, &path, &pem, &path, provider) {
            Ok(certificate) => return Ok(certificate),
            Err(why) => tracing::warn!(target: "carboy::server", "{why}; a new one will be fetched"),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(format!("Cannot read {}: {error}", path.display())),
    }
    let made = rcgen::generate_simple_self_signed(acme.names.clone())
        .map_err(|error| format!("A certificate for these names cannot be made: {error}"))?;
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    read_pair(chain.as_bytes(), &path, key.as_bytes(), &path, provider)
}

/// Writes a file that only this user may read, at once or not at all.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)?;
    }
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create(true).truncate(true).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)
}
