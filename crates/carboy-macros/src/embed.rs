//! What a release build holds of its package's folders `templates`, `static` and `translations`.
//!
//! The files are listed when the macro is expanded and included by rustc, so a changed file builds the package again; a new
//! one is seen when the file with the macro is compiled next.

use crate::paths::Path as Name;
use proc_macro2::TokenStream;
use quote::quote;
use std::{
    env, fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// An `Option<&'static Embedded>`: `None` in debug builds, which read the folders themselves.
pub(crate) fn embedded() -> TokenStream {
    let root = match env::var_os("CARGO_MANIFEST_DIR") {
        Some(root) => PathBuf::from(root),
        None => return quote!(::core::option::Option::None),
    };
    let embedded = Name::Embedded;
    let templates = files(&root.join("templates"))
        .into_iter()
        .map(|(name, path, _)| quote!((#name, ::core::include_str!(#path))));
    // Only catalogues: what translators keep beside them is not needed.
    let translations = files(&root.join("translations"))
        .into_iter()
        .filter(|(name, ..)| name.ends_with(".mo") || name.ends_with(".po"))
        .map(|(name, path, _)| quote!((#name, ::core::include_bytes!(#path))));
    let files = files(&root.join("static"))
        .into_iter()
        .map(|(name, path, modified)| quote!((#name, ::core::include_bytes!(#path), #modified)));
    quote! {{
        #[cfg(debug_assertions)]
        let embedded = ::core::option::Option::None;
        #[cfg(not(debug_assertions))]
        let embedded = {
            static EMBEDDED: #embedded = #embedded {
                templates: &[#(#templates),*],
                files: &[#(#files),*],
                translations: &[#(#translations),*],
            };
            ::core::option::Option::Some(&EMBEDDED)
        };
        embedded
    }}
}

/// The files below a folder in the order of their names: name with slashes, path, seconds since 1970 of the last change.
fn files(folder: &Path) -> Vec<(String, String, u64)> {
    let mut found = Vec::new();
    collect(folder, "", &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<(String, String, u64)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        // Names that are no Unicode cannot stand in a program.
        let (Some(name), Some(text)) = (entry.file_name().to_str().map(str::to_owned), path.to_str()) else {
            continue;
        };
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if metadata.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), found);
        } else if metadata.is_file() {
            let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let seconds = modified.map_or(0, |time| time.as_secs());
            found.push((format!("{prefix}{name}"), text.to_owned(), seconds));
        }
    }
}
