//! Where templates come from: folders on disk, or texts built into the program.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use minijinja::TemplateSource;

use super::error::{TemplateError, TemplateErrorKind};
use super::macros;

/// Templates built into the program: names and texts.
pub(crate) type Embedded = &'static [(&'static str, &'static str)];

#[derive(Clone, Debug)]
enum Place {
    Folder(PathBuf),
    Embedded(Embedded),
}

/// One place to look for templates, and whose it is.
#[derive(Clone, Debug)]
struct Origin {
    owner: String,
    place: Place,
}

/// The places in which templates are looked for, in order: the app's first, then the blueprints'.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loader {
    origins: Vec<Origin>,
    reload: bool,
    explain: bool,
}

/// A template's file, as far as it tells that it changed.
fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// Whether a template may have this name: no way out of the folder, no other separators.
pub(crate) fn is_confined(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('/')
        && !name.contains(['\\', '\0'])
        && name.split('/').all(|segment| segment != "..")
        // A Windows drive would make the path absolute.
        && !name.split('/').next().is_some_and(|first| first.contains(':'))
}

impl Loader {
    pub(crate) fn add_folder(&mut self, owner: &str, folder: impl Into<PathBuf>) {
        self.origins.push(Origin { owner: owner.to_owned(), place: Place::Folder(folder.into()) });
    }

    pub(crate) fn add_embedded(&mut self, owner: &str, templates: Embedded) {
        self.origins.push(Origin { owner: owner.to_owned(), place: Place::Embedded(templates) });
    }

    pub(crate) fn set_reload(&mut self, reload: bool) {
        self.reload = reload;
    }

    pub(crate) fn set_explain(&mut self, explain: bool) {
        self.explain = explain;
    }

    /// The source of a template, prepared for the engine, with a check whether it is still current.
    pub(crate) fn load(&self, name: &str) -> Result<Option<TemplateSource>, minijinja::Error> {
        let found = self.find(name)?;
        if self.explain {
            self.explain(name, found.as_ref().map(|(index, ..)| *index));
        }
        Ok(found.map(|(_, source, path)| {
            let template = TemplateSource::new(macros::prepare(&source));
            match path.filter(|_| self.reload) {
                Some(path) => {
                    let read = modified(&path);
                    template.with_uptodate_check(move || read.is_some() && modified(&path) == read)
                }
                None => template,
            }
        }))
    }

    /// The place, the text and, on disk, the file of a template.
    fn find(&self, name: &str) -> Result<Option<(usize, String, Option<PathBuf>)>, minijinja::Error> {
        if !is_confined(name) {
            return Ok(None);
        }
        for (index, origin) in self.origins.iter().enumerate() {
            match &origin.place {
                Place::Embedded(templates) => {
                    let wanted = name.split('/').filter(|segment| !segment.is_empty() && *segment != ".");
                    if let Some((_, text)) =
                        templates.iter().find(|(known, _)| wanted.clone().eq(known.split('/')))
                    {
                        return Ok(Some((index, (*text).to_owned(), None)));
                    }
                }
                Place::Folder(folder) => {
                    let mut path = folder.clone();
                    path.extend(name.split('/').filter(|segment| !segment.is_empty() && *segment != "."));
                    if !path.is_file() {
                        continue;
                    }
                    let text = fs::read_to_string(&path).map_err(|error| {
                        TemplateError::new(
                            TemplateErrorKind::Runtime,
                            format!("the template {} cannot be read: {error}", path.display()),
                        )
                        .with_source(error)
                    })?;
                    return Ok(Some((index, text, Some(path))));
                }
            }
        }
        Ok(None)
    }

    /// The places, for messages.
    pub(crate) fn looked_in(&self) -> Vec<String> {
        self.origins
            .iter()
            .map(|origin| match &origin.place {
                Place::Folder(folder) => folder.display().to_string(),
                Place::Embedded(_) => format!("the templates built into {}", origin.owner),
            })
            .collect()
    }

    /// Logs which places were tried, as Flask's `EXPLAIN_TEMPLATE_LOADING` does.
    fn explain(&self, name: &str, found: Option<usize>) {
        let mut text = format!("Locating template {name:?}:");
        for (index, (origin, place)) in self.origins.iter().zip(self.looked_in()).enumerate() {
            let result = if found == Some(index) { "found" } else { "no match" };
            text.push_str(&format!(
                "\n{:5}: trying loader of {}\n       {place}\n       -> {result}",
                index + 1,
                origin.owner
            ));
            if found == Some(index) {
                break;
            }
        }
        if found.is_none() {
            text.push_str("\nError: the template could not be found.");
        }
        tracing::info!(target: "carboy::templating", "{text}");
    }

    /// The names of all templates with their texts, each name once, in the order of the places.
    pub(crate) fn all(&self) -> io::Result<Vec<(String, String)>> {
        let mut all: Vec<(String, String)> = Vec::new();
        for origin in &self.origins {
            let mut found: Vec<(String, String)> = Vec::new();
            match &origin.place {
                Place::Embedded(templates) => {
                    found.extend(
                        templates.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
                    );
                }
                Place::Folder(folder) => collect(folder, String::new(), &mut found)?,
            }
            found.sort();
            for (name, text) in found {
                if !all.iter().any(|(known, _)| *known == name) {
                    all.push((name, text));
                }
            }
        }
        Ok(all)
    }
}

/// Reads the text files of a folder and those below it; a missing folder has none, files that are no text are left out.
fn collect(folder: &Path, prefix: String, found: &mut Vec<(String, String)>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let path = entry.path();
        if path.is_dir() {
            collect(&path, name, found)?;
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.push((name, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_the_folder() {
        for name in ["../x", "a/../../x", "/etc/passwd", "a\\..\\x", "x\0.html", "", "c:/x", ".."] {
            assert!(!is_confined(name), "{name:?}");
        }
        for name in ["x.html", "a/b.html", "./x.html", "a//b.html", "..x/y"] {
            assert!(is_confined(name), "{name:?}");
        }
    }
}
