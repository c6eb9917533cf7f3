//! Reading certificates and keys; what is wrong with them is a sentence.

use super::config::Source;
use rustls::{
    RootCertStore,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::CertifiedKey,
};
use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// A sentence that says what is wrong with a file.
pub(super) type Sentence = String;

impl Source {
    /// Reads the certificate and its key, and checks that they belong together.
    pub(super) fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, Sentence> {
        match self {
            Source::Files { chain, key } => {
                read_pair(&file(chain, "certificate")?, chain, &file(key, "private key")?, key, provider)
            }
            Source::Pem { chain, key } => {
                let here = Path::new("the given PEM");
                read_pair(chain, here, key, here, provider)
            }
            #[cfg(feature = "acme")]
            Source::Acme(acme) => super::acme::read_or_make(acme, provider),
        }
    }

    /// The files to look at for changes.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match self {
            Source::Files { chain, key } if chain == key => vec![chain.clone()],
            Source::Files { chain, key } => vec![chain.clone(), key.clone()],
            Source::Pem { .. } => Vec::new(),
            #[cfg(feature = "acme")]
            Source::Acme(acme) => vec![acme.certificate_file()],
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Files { chain, key } => write!(f, "{} and {}", chain.display(), key.display()),
            Source::Pem { .. } => f.write_str("the given PEM texts"),
            #[cfg(feature = "acme")]
            Source::Acme(acme) => acme.certificate_file().display().fmt(f),
        }
    }
}

/// Reads a certificate and its key, each from the text of a file.
pub(super) fn read_pair(
    chain: &[u8],
    chain_path: &Path,
    key: &[u8],
    key_path: &Path,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Sentence> {
    let (chain, key) = (read_chain(chain, chain_path)?, read_key(key, key_path)?);
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => format!(
            "{} and {} do not belong together: the key is another certificate's",
            chain_path.display(),
            key_path.display()
        ),
        rustls::Error::InvalidCertificate(why) => {
            format!("The certificate in {} cannot be used: {why:?}", chain_path.display())
        }
        other => format!("The private key in {} cannot be used: {other}", key_path.display()),
    })
}

fn file(path: &Path, what: &str) -> Result<Vec<u8>, Sentence> {
    std::fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("There is no {what} file {}", path.display()),
        _ => format!("Cannot read the {what} file {}: {error}", path.display()),
    })
}

fn read_chain(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, Sentence> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(format!(
            "There is no certificate in {}: it has to be PEM, with a line -----BEGIN CERTIFICATE-----",
            path.display()
        )),
        Ok(chain) => Ok(chain),
        Err(error) => Err(broken(path, &error)),
    }
}

fn read_key(pem: &[u8], path: &Path) -> Result<PrivateKeyDer<'static>, Sentence> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound if contains(pem, b"-----BEGIN ENCRYPTED PRIVATE KEY-----") => {
            format!(
                "The private key in {0} is encrypted: take its password off with `openssl pkey -in {0} -out FILE`",
                path.display()
            )
        }
        pem::Error::NoItemsFound => format!(
            "There is no private key in {}: it has to be PEM, with a line such as -----BEGIN PRIVATE KEY-----",
            path.display()
        ),
        other => broken(path, &other),
    })
}

/// Who may have signed the certificates of clients.
pub(super) fn read_roots(path: &Path) -> Result<RootCertStore, Sentence> {
    let mut roots = RootCertStore::empty();
    for certificate in read_chain(&file(path, "certificate")?, path)? {
        roots.add(certificate).map_err(|error| {
            format!("A certificate in {} cannot be used as an authority: {error}", path.display())
        })?;
    }
    Ok(roots)
}

fn broken(path: &Path, error: &pem::Error) -> Sentence {
    format!("{} is damaged: {error}", path.display())
}

fn contains(text: &[u8], line: &[u8]) -> bool {
    text.windows(line.len()).any(|window| window == line)
}
