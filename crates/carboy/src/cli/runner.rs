//! Runs commands in tests.

use super::echo;
use crate::{App, Result, server::Inherited};

/// Runs an app's commands in a test: Flask's `test_cli_runner`.
///
/// ```
/// use carboy::{cli::echo, prelude::*};
///
/// /// Says hello.
/// #[command]
/// fn hello(name: String) {
///     echo(format!("Hello, {name}!"));
/// }
///
/// let mut app = App::new("doc");
/// app.commands(commands![hello]);
/// let result = app.test_cli_runner().invoke(["hello", "Ann"]);
/// assert_eq!((result.exit_code, result.output.as_str()), (0, "Hello, Ann!\n"));
/// ```
pub struct CliRunner {
    make: Box<dyn FnOnce() -> App>,
}

/// What a command did.
#[derive(Debug, Clone)]
pub struct CliResult {
    /// 0 when all went well, 1 for a failure, 2 for a wrong use.
    pub exit_code: i32,
    /// What it printed, and the sentence about its failure.
    pub output: String,
}

impl CliRunner {
    pub(crate) fn new(app: App) -> Self {
        CliRunner { make: Box::new(move || app) }
    }

    /// Runs a command line, without the program's name.
    pub fn invoke<S: Into<String>>(self, args: impl IntoIterator<Item = S>) -> CliResult {
        let mut app = (self.make)();
        let args: Vec<String> =
            std::iter::once(app.name.clone()).chain(args.into_iter().map(Into::into)).collect();
        let matches = match super::grammar(&app).try_get_matches_from(args) {
            Ok(matches) => matches,
            Err(error) => return CliResult { exit_code: error.exit_code(), output: error.to_string() },
        };
        let (outcome, mut output) = echo::capture(|| -> Result<()> {
            if let Some(("check", asked)) = matches.subcommand() {
                return super::check::check(app, asked);
            }
            super::execute(&app.build()?, &matches, Ok(Inherited::default()))
        });
        match outcome {
            Ok(()) => CliResult { exit_code: 0, output },
            Err(error) => {
                output.push_str(&format!("Error: {error}\n"));
                let exit_code = if error.is::<super::WrongUse>() { super::WRONG_USE } else { 1 };
                CliResult { exit_code, output }
            }
        }
    }
}
