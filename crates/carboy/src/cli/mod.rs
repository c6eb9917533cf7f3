//! The commands that an application's own binary answers.

mod command;
mod early;

pub use command::{Command, CommandDef};
pub(crate) use early::Early;

use crate::{App, Result};

/// Answers the command line of an app.
pub(crate) fn main(app: App) -> Result<()> {
    let _ = app.build()?;
    Ok(())
}
