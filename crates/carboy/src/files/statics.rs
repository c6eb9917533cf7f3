//! Static files: the view behind the endpoint `static` of an app or a blueprint.

use super::{
    folder::open_below,
    send::{FileSource, SendFile, unix},
};
use crate::{
    Result, abort, current_app,
    freeze::app_static_folder,
    scaffold::Folders,
    view::{Args, View, view},
};
use bytes::Bytes;
use carboy_http::{StatusCode, header, paths::safe_relative};
use std::path::{Path, PathBuf};

/// What a release build holds of a package's folders, so that it runs without its sources.
#[derive(Debug)]
pub struct Embedded {
    /// Names and texts of the files in `templates`, in the order of their names.
    pub templates: &'static [(&'static str, &'static str)],
    /// The files in `static`: name, content, seconds since 1970 of their last change.
    pub files: &'static [(&'static str, &'static [u8], u64)],
    /// The catalogues in `translations`: name, content.
    pub translations: &'static [(&'static str, &'static [u8])],
}

/// Where the static files of each scope are.
pub(crate) struct StaticSources(Vec<(String, Source)>);

struct Source {
    folder: PathBuf,
    embedded: Option<&'static Embedded>,
}

impl StaticSources {
    /// The sources of an app and its blueprints; the app's scope is `""`.
    pub(crate) fn new(root_path: &Path, app: &Folders, blueprints: &[(String, Folders)]) -> Self {
        let mut sources = Vec::new();
        if let Some(folder) = app_static_folder(app) {
            // Only the default folder is built in.
            let embedded = app.embedded.filter(|_| app.static_folder.is_none());
            sources.push((String::new(), Source { folder: root_path.join(folder), embedded }));
        }
        for (name, folders) in blueprints {
            if let Some(Some(folder)) = &folders.static_folder {
                let root = folders.root_path.as_deref().unwrap_or(root_path);
                sources.push((name.clone(), Source { folder: root.join(folder), embedded: None }));
            }
        }
        StaticSources(sources)
    }

    fn of(&self, scope: &str) -> Option<&Source> {
        self.0.iter().find(|(name, _)| name == scope).map(|(_, source)| source)
    }
}

impl StaticSources {
    /// Whether a scope has a file of this name.
    pub(crate) fn has(&self, scope: &str, filename: &str) -> bool {
        let Some(source) = self.of(scope) else { return false };
        match source.embedded {
            None => open_below(&source.folder, filename).is_some(),
            Some(embedded) => {
                let wanted = safe_relative(filename);
                embedded.files.iter().any(|(name, ..)| Some(*name) == wanted.as_deref())
            }
        }
    }
}

/// The view that serves the static files of a scope.
pub(crate) fn static_view(scope: String) -> View {
    view(move |args: Args| serve(&scope, &args))
}

/// The codings in which a file may lie beside itself, the smallest first, with what its name ends in then.
const CODINGS: &[(&str, &str)] = &[("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz")];

fn serve(scope: &str, args: &Args) -> Result {
    let filename: String = args.get("filename")?;
    let app = current_app();
    let Some(source) = app.static_sources.of(scope) else { return abort(404) };
    let Some(plain) = source.find(&filename) else { return abort(404) };
    if !app.settings().precompressed {
        return plain.send();
    }
    let accept = crate::request().accept_encodings();
    let mut left: Vec<_> = CODINGS.to_vec();
    let mut response = loop {
        let names: Vec<_> = left.iter().map(|(coding, _)| *coding).collect();
        let Some(best) = accept.best_coding(&names) else { break plain.send()? };
        let place = left.iter().position(|(coding, _)| *coding == best).unwrap_or_default();
        let (coding, ending) = left.remove(place);
        if let Some(coded) = source.find(&format!("{filename}{ending}")) {
            let name = filename.rsplit('/').next().unwrap_or(&filename);
            let mut response = coded.download_name(name).send()?;
            if response.status() != StatusCode::NOT_MODIFIED {
                response.set_header("content-encoding", coding)?;
            }
            break response;
        }
    };
    response.add_vary(&header::ACCEPT_ENCODING);
    Ok(response)
}

impl Source {
    /// A file of this name, ready to be sent.
    fn find(&self, filename: &str) -> Option<SendFile> {
        let Some(embedded) = self.embedded else {
            let (file, path) = open_below(&self.folder, filename)?;
            return Some(SendFile::new(FileSource::Opened(file, path)));
        };
        let wanted = safe_relative(filename);
        let (name, content, modified) =
            embedded.files.iter().find(|(name, ..)| Some(*name) == wanted.as_deref())?;
        let file = SendFile::new(Bytes::from_static(content))
            .download_name(name.rsplit('/').next().unwrap_or(name))
            .etag(format!("{modified}-{}", content.len()));
        Some(match unix(*modified) {
            Some(time) => file.last_modified(time),
            None => file,
        })
    }
}

/// The URL path of a static folder: a slash and its name.
pub(crate) fn url_path_of(folder: &Path) -> String {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("/{name}")
}
