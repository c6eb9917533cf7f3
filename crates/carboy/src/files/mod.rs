//! Files: sending them, and the static files of apps and blueprints.
//!
//! `send` makes a response of a file or of bytes, `folder` finds files below a folder and nowhere else, `body` reads them while
//! they are sent, `statics` is the view behind the endpoint `static`.

mod body;
mod folder;
mod send;
mod statics;

pub use carboy_http::paths::secure_filename;
pub use folder::send_from_directory;
pub use send::{FileSource, SendFile, send_file};
pub use statics::Embedded;
pub(crate) use statics::{StaticSources, static_view, url_path_of};
