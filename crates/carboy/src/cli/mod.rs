//! The commands that an application's own binary answers.
//!
//! `run` serves, `routes` lists the rules, `check` looks for what is wrong before a user finds it; the app adds its own with
//! [`#[command]`](macro@crate::command). Without a command the app is served. A failure is one sentence and exit code 1; a
//! wrong use of the command line is exit code 2.

mod check;
mod command;
mod early;
mod echo;
mod routes;
mod run;
mod runner;
mod tls;

pub use command::{Arity, Command, CommandArg, CommandDef, ParsedArgs, finish_command};
pub(crate) use early::Early;
pub use echo::echo;
pub use runner::{CliResult, CliRunner};

use crate::{
    App, AppService, Error, Result, runtime,
    server::{Inherited, ServerError},
};
use clap::{Arg, ArgAction, ArgMatches, builder::ValueParser};
use std::fmt;

/// Answers the command line of this process.
pub(crate) fn main(mut app: App) -> Result<()> {
    // Before there are other threads.
    let inherited = Inherited::take();
    let grammar = grammar(&app);
    let matches = grammar.get_matches();
    let level_is_debug = matches!(app.config.get::<bool>("DEBUG"), Ok(Some(true)));
    crate::logging::init(level_is_debug);
    if let Some(("check", asked)) = matches.subcommand() {
        return check::check(app, asked);
    }
    let service = app.build()?;
    let done = execute(&service, &matches, inherited);
    crate::logging::flush();
    if let Err(error) = &done
        && error.is::<WrongUse>()
    {
        eprintln!("Error: {error}");
        std::process::exit(WRONG_USE);
    }
    done
}

/// The exit code for a wrong use of the command line, which is clap's too.
const WRONG_USE: i32 = 2;

/// A command that cannot be meant as it was given, in a sentence.
#[derive(Debug)]
struct WrongUse(String);

impl WrongUse {
    fn error(sentence: String) -> Error {
        WrongUse(sentence).into()
    }
}

impl fmt::Display for WrongUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUse {}

/// The grammar of an app's command line.
fn grammar(app: &App) -> clap::Command {
    let name = app.name.clone();
    let mut grammar = clap::Command::new(name)
        .about("Serves the app unless a command is given.")
        .arg(
            Arg::new("instance")
                .long("instance")
                .global(true)
                .value_name("FOLDER")
                .help("Folder of this instance: database, secret key"),
        )
        .arg(
            Arg::new("env-file")
                .long("env-file")
                .short('e')
                .global(true)
                .value_name("FILE")
                .help("File with environment variables"),
        )
        .arg(Arg::new("debug").long("debug").global(true).action(ArgAction::SetTrue).help("Debug mode"))
        .arg(
            Arg::new("no-debug")
                .long("no-debug")
                .global(true)
                .action(ArgAction::SetTrue)
                .conflicts_with("debug")
                .help("No debug mode, whatever the environment says"),
        )
        .subcommand(run::grammar(app))
        .subcommand(routes::grammar())
        .subcommand(check::grammar())
        .args(run::args(app).map(|arg| arg.hide(true)));
    for (group, command) in all_commands(app) {
        let command = command_grammar(command);
        grammar = match group {
            None => grammar.subcommand(command),
            Some(group) if grammar.find_subcommand(&group).is_some() => {
                grammar.mut_subcommand(group, |known| known.subcommand(command))
            }
            Some(group) => grammar.subcommand(
                clap::Command::new(group.clone())
                    .about(format!("Commands of {group}"))
                    .subcommand_required(true)
                    .arg_required_else_help(true)
                    .subcommand(command),
            ),
        };
    }
    grammar
}

/// The app's own commands with their groups, those of blueprints first.
fn all_commands(app: &App) -> impl Iterator<Item = (Option<String>, &CommandDef)> {
    let of_blueprints = app.commands.iter().map(|(group, command)| (group.clone(), command));
    of_blueprints.chain(app.data.commands.iter().map(|command| (None, command)))
}

fn command_grammar(command: &CommandDef) -> clap::Command {
    let mut grammar =
        clap::Command::new(command.name().to_owned()).about(command.about()).long_about(command.doc());
    for arg in command.args() {
        let mut spec = Arg::new(arg.name()).help(arg.help_text()).required(arg.is_required());
        spec = match arg.arity() {
            Arity::Flag => spec.action(ArgAction::SetTrue),
            Arity::One => spec.action(ArgAction::Set).value_parser(ValueParser::string()),
            Arity::Many => spec.action(ArgAction::Append).value_parser(ValueParser::string()).num_args(0..),
        };
        if arg.is_long() {
            spec = spec.long(arg.name().replace('_', "-"));
        }
        if let Some(short) = arg.short_name() {
            spec = spec.short(short);
        }
        if let Some(default) = arg.default_value() {
            spec = spec.default_value(default);
        }
        grammar = grammar.arg(spec);
    }
    grammar
}

/// Runs what the command line asks for.
fn execute(
    service: &AppService,
    matches: &ArgMatches,
    inherited: std::result::Result<Inherited, ServerError>,
) -> Result<()> {
    match matches.subcommand() {
        None => run::run(service, matches, inherited?),
        Some(("run", matches)) => run::run(service, matches, inherited?),
        Some(("routes", matches)) => {
            routes::routes(service, matches);
            Ok(())
        }
        Some((name, matches)) => own(service, name, matches),
    }
}

/// Runs a command of the app itself, in a context of the app.
fn own(service: &AppService, name: &str, matches: &ArgMatches) -> Result<()> {
    let commands = &service.0.commands;
    let found = match matches.subcommand() {
        Some((inner, inner_matches)) => commands
            .iter()
            .find(|(group, command)| group.as_deref() == Some(name) && command.name() == inner)
            .map(|(_, command)| (command, inner_matches)),
        None => commands
            .iter()
            .find(|(group, command)| group.is_none() && command.name() == name)
            .map(|(_, command)| (command, matches)),
    };
    let Some((command, matches)) = found else {
        return Err(Error::msg(format!("there is no command '{name}'")));
    };
    let mut args = ParsedArgs::new();
    for arg in command.args() {
        match arg.arity() {
            Arity::Flag => {
                if matches.get_flag(arg.name()) {
                    args.push(arg.name(), "true");
                }
            }
            Arity::One | Arity::Many => {
                for value in matches.get_many::<String>(arg.name()).into_iter().flatten() {
                    args.push(arg.name(), value);
                }
            }
        }
    }
    let outcome = runtime::block_on(service.in_app_context(command.run(args)));
    service.shutdown();
    outcome
}
