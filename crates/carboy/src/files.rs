//! Static files and sending files.
#![allow(missing_docs, dead_code, unused)]
use crate::{Response, Result, scaffold::Folders, view::View};
use std::path::Path;
pub struct SendFile;
#[derive(Debug)]
pub struct Embedded {
    pub templates: &'static [(&'static str, &'static str)],
    pub files: &'static [(&'static str, &'static [u8])],
}
impl Embedded {
    pub(crate) fn templates_of(&self, _f: &Path) -> Option<&'static [(&'static str, &'static str)]> {
        None
    }
}
pub fn secure_filename(name: &str) -> String {
    name.to_owned()
}
pub fn send_file(_p: &str) -> Result {
    crate::abort(404)
}
pub fn send_from_directory(_d: &str, _p: &str) -> Result {
    crate::abort(404)
}
pub(crate) fn url_path_of(folder: &Path) -> String {
    format!("/{}", folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default())
}
pub(crate) fn static_view(scope: String) -> View {
    crate::view::view(|_| async { crate::abort::<Response>(404) })
}
pub(crate) struct StaticSources;
impl StaticSources {
    pub(crate) fn new(_r: &Path, _a: &Folders, _f: &[(String, Folders)]) -> Self {
        StaticSources
    }
}
