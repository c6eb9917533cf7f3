//! Whether files have changed.

use super::config::TlsConfig;
use std::{path::Path, time::SystemTime};

/// How a file looks from outside; it has changed when this has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: u64,
}

/// `None` for a file that is not there.
pub(super) type Stamps = Vec<Option<Stamp>>;

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp {
        modified: metadata.modified().ok(),
        length: metadata.len(),
        #[cfg(unix)]
        inode: std::os::unix::fs::MetadataExt::ino(&metadata),
    })
}

pub(super) fn stamps(config: &TlsConfig) -> Stamps {
    let mut files: Vec<_> = config.certificates.iter().flat_map(|source| source.files()).collect();
    files.extend(config.client_certificates.iter().map(|clients| clients.roots.clone()));
    files.iter().map(|path| stamp(path)).collect()
}
