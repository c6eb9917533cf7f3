//! Where catalogues lie, and those that were read.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use super::catalog::{Catalog, LARGEST, mo, po};
use super::cldr::locale::Locale;

/// The catalogues of an app.
pub(super) struct Store {
    places: Vec<Place>,
    /// Whether files are looked at again: in debug mode.
    reload: bool,
    loaded: RwLock<HashMap<String, Arc<Loaded>>>,
}

/// A folder with a folder for each language, and the name of its catalogues.
pub(super) struct Place {
    pub(super) folder: Folder,
    pub(super) domain: String,
}

pub(super) enum Folder {
    Disk(PathBuf),
    Embedded(&'static [(&'static str, &'static [u8])]),
}

/// What is known of a language: the catalogues in which a message is looked for, the nearest first.
#[derive(Default)]
pub(super) struct Loaded {
    catalogs: Vec<Catalog>,
    /// The files that were looked for, and when those that are there changed.
    files: Vec<(PathBuf, Option<SystemTime>)>,
}

impl Loaded {
    pub(super) fn get(&self, context: Option<&str>, message: &str) -> Option<&str> {
        self.catalogs.iter().find_map(|catalog| catalog.get(context, message))
    }

    pub(super) fn get_plural(&self, context: Option<&str>, message: &str, number: u64) -> Option<&str> {
        self.catalogs.iter().find_map(|catalog| catalog.get_plural(context, message, number))
    }

    fn is_current(&self) -> bool {
        self.files.iter().all(|(file, read)| modified(file) == *read)
    }

    pub(super) fn len(&self) -> usize {
        self.catalogs.iter().map(Catalog::len).sum()
    }
}

fn modified(file: &PathBuf) -> Option<SystemTime> {
    fs::metadata(file).and_then(|data| data.modified()).ok()
}

impl Store {
    pub(super) fn new(places: Vec<Place>, reload: bool) -> Self {
        Self { places, reload, loaded: RwLock::default() }
    }

    /// The catalogues of a locale. One that cannot be read again is logged, and the last one stays.
    pub(super) fn of(&self, locale: &Locale) -> Arc<Loaded> {
        let name = locale.to_string();
        let known = self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        match known {
            Some(loaded) if !self.reload || loaded.is_current() => loaded,
            known => {
                let loaded = self.load(locale).map(Arc::new).unwrap_or_else(|error| {
                    tracing::error!(target: "carboy::translations", "{error}");
                    known.unwrap_or_default()
                });
                let mut all = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
                all.insert(name, loaded.clone());
                loaded
            }
        }
    }

    /// Reads the catalogues of a locale: `de_AT`, then `de`; of places that have the same message the last one wins.
    pub(super) fn load(&self, locale: &Locale) -> Result<Loaded, String> {
        let mut loaded = Loaded::default();
        for name in locale.candidates() {
            for place in self.places.iter().rev() {
                let stem = format!("{name}/LC_MESSAGES/{}", place.domain);
                // What is compiled is what was tested.
                for ending in ["mo", "po"] {
                    let file = format!("{stem}.{ending}");
                    let bytes = match &place.folder {
                        Folder::Embedded(files) => {
                            files.iter().find(|(name, _)| *name == file).map(|(_, bytes)| bytes.to_vec())
                        }
                        Folder::Disk(folder) => {
                            let path = folder.join(&file);
                            loaded.files.push((path.clone(), modified(&path)));
                            read(&path)?
                        }
                    };
                    let Some(bytes) = bytes else { continue };
                    let catalog = match ending {
                        "mo" => mo::read(&bytes),
                        _ => po::File::read(&bytes).and_then(|file| file.catalog()),
                    };
                    let catalog =
                        catalog.map_err(|what| format!("the catalogue {file} cannot be read: {what}"))?;
                    loaded.catalogs.push(catalog);
                    break;
                }
            }
        }
        Ok(loaded)
    }

    /// The names of the languages that there are catalogues of, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for place in &self.places {
            let mut add = |name: &str| {
                if Locale::parse(name).is_ok() && !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            };
            let wanted = ["mo", "po"].map(|ending| format!("LC_MESSAGES/{}.{ending}", place.domain));
            match &place.folder {
                Folder::Embedded(files) => {
                    for (file, _) in files.iter() {
                        if let Some((name, rest)) = file.split_once('/')
                            && wanted.iter().any(|wanted| wanted == rest)
                        {
                            add(name);
                        }
                    }
                }
                Folder::Disk(folder) => {
                    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                        let name = entry.file_name();
                        if let Some(name) = name.to_str()
                            && wanted.iter().any(|wanted| entry.path().join(wanted).is_file())
                        {
                            add(name);
                        }
                    }
                }
            }
        }
        names.sort();
        names
    }
}

/// The bytes of a file; nothing if it is not there.
fn read(path: &PathBuf) -> Result<Option<Vec<u8>>, String> {
    let wrong =
        |what: &dyn std::fmt::Display| format!("the catalogue {} cannot be read: {what}", path.display());
    match fs::metadata(path) {
        Ok(data) if data.len() > LARGEST as u64 => Err(wrong(&format!("it is larger than {LARGEST} bytes"))),
        Ok(_) => fs::read(path).map(Some).map_err(|error| wrong(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(wrong(&error)),
    }
}
