//! The secret key that an instance makes for itself.

use std::{fs, io, io::Write, path::Path};

/// The key in `secret_key` in the instance folder; made, with the folder, when it is not there.
///
/// The error is a sentence that names the path.
pub(crate) fn secret_key(instance: &Path) -> Result<String, String> {
    let path = instance.join("secret_key");
    let say = |what: &str, e: io::Error| {
        format!(
            "the secret key cannot be {what} {}: {e}. Make the folder writable, or set SECRET_KEY.",
            path.display()
        )
    };
    match read(&path) {
        Ok(Some(key)) => return Ok(key),
        Ok(None) => {}
        Err(e) => return Err(say("read from", e)),
    }
    fs::create_dir_all(instance).map_err(|e| say("written to", e))?;
    match create(&path) {
        Ok(key) => Ok(key),
        // Another process of the same instance was faster: its key is the key.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => match read(&path) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => Err(format!("the secret key in {} is empty: delete the file", path.display())),
            Err(e) => Err(say("read from", e)),
        },
        Err(e) => Err(say("written to", e)),
    }
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
        Ok(_) => Ok(None),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Writes a new key beside its place and links it there, so that nobody ever reads half a key.
fn create(path: &Path) -> io::Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let key: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| file.write_all(key.as_bytes()));
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    linked.map(|()| key)
}
