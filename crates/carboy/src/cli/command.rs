//! A command of an app's own command line, as data: what `#[command]` makes of a function.

use crate::{Error, Result, view::BoxFuture};
use std::{fmt, str::FromStr, sync::Arc};

/// The struct beside a function under `#[command]`: what `commands![]` lists.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no command",
    label = "not a function under `#[command]`",
    note = "`commands![]` lists functions under `#[command]`"
)]
pub trait Command: 'static {
    /// The command as data.
    fn def() -> CommandDef;
}

/// A command as data: its name, its arguments, and the function that runs it.
#[derive(Clone)]
pub struct CommandDef {
    name: String,
    about: &'static str,
    doc: &'static str,
    args: Vec<CommandArg>,
    run: Arc<dyn Fn(ParsedArgs) -> BoxFuture<Result<()>> + Send + Sync>,
}

impl CommandDef {
    /// A command made without the macro. `about` is one line, `doc` the whole explanation.
    pub fn new(
        name: impl Into<String>,
        about: &'static str,
        doc: &'static str,
        args: Vec<CommandArg>,
        run: impl Fn(ParsedArgs) -> BoxFuture<Result<()>> + Send + Sync + 'static,
    ) -> Self {
        CommandDef { name: name.into(), about, doc, args, run: Arc::new(run) }
    }

    /// The name as it is typed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One line for the list of commands.
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// The whole explanation.
    pub fn doc(&self) -> &'static str {
        self.doc
    }

    /// The arguments, in the order of the function.
    pub fn args(&self) -> &[CommandArg] {
        &self.args
    }

    /// Runs the command; call it in a context of the app.
    pub fn run(&self, args: ParsedArgs) -> BoxFuture<Result<()>> {
        (self.run)(args)
    }
}

impl fmt::Debug for CommandDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandDef")
            .field("name", &self.name)
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

/// How many values an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// None: it is given or not.
    Flag,
    /// One.
    One,
    /// Any number.
    Many,
}

/// An argument of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandArg {
    name: &'static str,
    arity: Arity,
    long: bool,
    short: Option<char>,
    required: bool,
    default: Option<&'static str>,
    help: &'static str,
}

impl CommandArg {
    fn new(name: &'static str, arity: Arity) -> Self {
        CommandArg { name, arity, long: false, short: None, required: false, default: None, help: "" }
    }

    /// A flag: given or not.
    pub fn flag(name: &'static str) -> Self {
        Self::new(name, Arity::Flag).long()
    }

    /// An argument with one value; positional unless it is [`long`](Self::long).
    pub fn one(name: &'static str) -> Self {
        Self::new(name, Arity::One)
    }

    /// An argument with any number of values.
    pub fn many(name: &'static str) -> Self {
        Self::new(name, Arity::Many)
    }

    /// Given as `--name`.
    pub fn long(mut self) -> Self {
        self.long = true;
        self
    }

    /// Given as `-n` too.
    pub fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    /// Has to be given.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Its value when it is not given.
    pub fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// What the help says.
    pub fn help(mut self, text: &'static str) -> Self {
        self.help = text;
        self
    }

    /// The name, without hyphens before it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How many values it takes.
    pub fn arity(&self) -> Arity {
        self.arity
    }

    /// Whether it is given as `--name`.
    pub fn is_long(&self) -> bool {
        self.long
    }

    /// The letter of `-n`.
    pub fn short_name(&self) -> Option<char> {
        self.short
    }

    /// Whether it has to be given.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Its value when it is not given.
    pub fn default_value(&self) -> Option<&'static str> {
        self.default
    }

    /// What the help says.
    pub fn help_text(&self) -> &'static str {
        self.help
    }
}

/// The values that were typed for the arguments of a command.
#[derive(Debug, Clone, Default)]
pub struct ParsedArgs(Vec<(String, Vec<String>)>);

impl ParsedArgs {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value of an argument; a flag that was given has the value `true`.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        match self.0.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => values.push(value.into()),
            None => self.0.push((name, vec![value.into()])),
        }
    }

    fn texts(&self, name: &str) -> &[String] {
        self.0.iter().find(|(other, _)| other == name).map_or(&[], |(_, values)| values)
    }

    /// Whether a flag was given.
    ///
    /// # Errors
    /// Never; it has the form of the others.
    pub fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.texts(name).last().is_some_and(|text| text != "false"))
    }

    /// The value of an argument that has one.
    ///
    /// # Errors
    /// When it is missing or does not parse.
    pub fn value<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<T> {
        self.optional(name)?.ok_or_else(|| Error::msg(format!("the argument '{name}' is missing")))
    }

    /// The value of an argument that may be left away.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn optional<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<Option<T>> {
        self.texts(name).last().map(|text| parse(name, text)).transpose()
    }

    /// All values of an argument.
    ///
    /// # Errors
    /// When one does not parse.
    pub fn values<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<Vec<T>> {
        self.texts(name).iter().map(|text| parse(name, text)).collect()
    }
}

fn parse<T: FromStr<Err: fmt::Display>>(name: &str, text: &str) -> Result<T> {
    text.parse().map_err(|why| Error::msg(format!("invalid value '{text}' for '{name}': {why}")))
}

/// What a command may return: nothing, or a `Result` of nothing.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a command cannot return `{Self}`",
    label = "expected `()` or `Result<()>`"
)]
pub trait CommandResult {
    /// The result.
    fn finish(self) -> Result<()>;
}

impl CommandResult for () {
    fn finish(self) -> Result<()> {
        Ok(())
    }
}

impl<E: Into<Error>> CommandResult for std::result::Result<(), E> {
    fn finish(self) -> Result<()> {
        self.map_err(Into::into)
    }
}

/// Turns what a command returned into a result.
#[doc(hidden)]
pub fn finish_command(returned: impl CommandResult) -> Result<()> {
    returned.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_parsed_by_their_types() {
        let mut args = ParsedArgs::new();
        args.push("count", "3");
        args.push("name", "a");
        args.push("name", "b");
        args.push("all", "true");
        assert_eq!(args.value::<u8>("count").unwrap(), 3);
        assert_eq!(args.values::<String>("name").unwrap(), ["a", "b"]);
        assert_eq!(args.optional::<u8>("none").unwrap(), None);
        assert!(args.flag("all").unwrap() && !args.flag("none").unwrap());
    }

    #[test]
    fn an_error_names_the_argument() {
        let mut args = ParsedArgs::new();
        args.push("count", "x");
        let text = args.value::<u8>("count").unwrap_err().to_string();
        assert_eq!(text, "invalid value 'x' for 'count': invalid digit found in string");
        assert_eq!(args.value::<u8>("rows").unwrap_err().to_string(), "the argument 'rows' is missing");
    }
}
