//! The file that says which process serves.

use crate::{ServerError, ServerErrorKind};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A file with the number of this process; removed with this, unless another process has taken it over.
#[derive(Debug)]
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    pub(crate) fn write(path: &Path) -> Result<Self, ServerError> {
        let own = std::process::id();
        // Whoever reads it sees the old number or the new one, never half of it.
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{own}"));
        let beside = PathBuf::from(beside);
        let written = fs::write(&beside, format!("{own}\n")).and_then(|()| fs::rename(&beside, path));
        written.map_err(|error| {
            let _ = fs::remove_file(&beside);
            let kind = match error.kind() {
                io::ErrorKind::PermissionDenied => ServerErrorKind::PermissionDenied,
                _ => ServerErrorKind::System,
            };
            ServerError::new(kind, format!("Cannot write the pid file {}: {error}", path.display()))
        })?;
        Ok(PidFile(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let ours =
            fs::read_to_string(&self.0).is_ok_and(|text| text.trim() == std::process::id().to_string());
        if ours {
            let _ = fs::remove_file(&self.0);
        }
    }
}
