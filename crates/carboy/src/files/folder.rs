//! Files below a folder, and nowhere else: `flask.send_from_directory`.

use super::send::{FileSource, SendFile};
use crate::{Result, abort};
use carboy_http::paths::safe_relative;
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// Sends a file below a folder; whatever lies outside, is no file, or is not there is 404.
///
/// The folder is trusted, the path is what a visitor sent. A relative folder starts at the app's root path. The path may not
/// lead out by `..`, by being absolute, by names that are special on any operating system, or through a symbolic link: what
/// was opened is compared with where it really lies. Names with a leading dot are names like any other, as in Flask: keep
/// nothing below a served folder that is not to be seen.
///
/// # Errors
/// 404, and 416 for a range that cannot be served.
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn send_from_directory(folder: impl AsRef<Path>, path: &str) -> Result {
    let folder = crate::current_app().root_path().join(folder);
    match open_below(&folder, path) {
        Some((file, path)) => SendFile::new(FileSource::Opened(file, path)).send(),
        None => abort(404),
    }
}

/// Opens a regular file below a folder; `None` when there is none, or it lies elsewhere.
pub(super) fn open_below(folder: &Path, path: &str) -> Option<(File, PathBuf)> {
    let relative = safe_relative(path)?;
    let joined = folder.join(&relative);
    let (file, opened) = open_regular(&joined).ok()?;
    // Where the path really leads, links resolved, must be below the folder, and must be what was opened.
    let (root, real) = (fs::canonicalize(folder).ok()?, fs::canonicalize(&joined).ok()?);
    (real.starts_with(&root) && same_file(&opened, &fs::symlink_metadata(&real).ok()?))
        .then_some((file, joined))
}

/// Opens a regular file, with what is known of it.
///
/// # Errors
/// Besides those of opening: what is there is a folder, a pipe or a device. They are asked about before they are opened,
/// because opening a pipe waits for somebody to write into it.
pub(super) fn open_regular(path: &Path) -> io::Result<(File, fs::Metadata)> {
    let no_file = || io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
    if !fs::metadata(path)?.is_file() {
        return Err(no_file());
    }
    let file = File::open(path)?;
    let opened = file.metadata()?;
    if opened.is_file() { Ok((file, opened)) } else { Err(no_file()) }
}

#[cfg(unix)]
fn same_file(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same_file(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    b.is_file() && a.len() == b.len() && a.modified().ok() == b.modified().ok()
}
