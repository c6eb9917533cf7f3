//! A command of an app.

/// What `commands![]` asks a function under `#[command]` for.
pub trait Command: 'static {
    /// The command as data.
    fn def() -> CommandDef;
}

/// A command as data.
#[derive(Clone)]
pub struct CommandDef {}
