//! `check`: looks for what is wrong before a user finds it.

use super::echo;
use crate::{App, Error, Result, runtime, security::check_deploy};
use clap::{Arg, ArgAction, ArgMatches};

pub(super) fn grammar() -> clap::Command {
    clap::Command::new("check")
        .about(
            "Checks configuration, extensions, templates and upstreams: values that do not fit, extensions that are missing, templates \
             that do not parse, url_for names that do not exist, an upstream that is away.",
        )
        .arg(
            Arg::new("deploy")
                .long("deploy")
                .action(ArgAction::SetTrue)
                .help("Checks as well what the app lacks before it faces the internet, compared with the hardened profile"),
        )
}

/// Prints a line for each problem; an error when there are any.
pub(super) fn check(mut app: App, matches: &ArgMatches) -> Result<()> {
    let name = app.name.clone();
    let mut problems: Vec<String> = app.config.validate().iter().map(ToString::to_string).collect();
    let service = match app.build() {
        Ok(service) => service,
        Err(error) => {
            problems.push(error.to_string());
            return report(&name, &problems);
        }
    };
    let state = service.state();
    if state.session_config().secret_key.is_none() {
        problems.push("SECRET_KEY is not set: sessions and flash messages cannot be written".to_owned());
    }
    let endpoints: Vec<&str> = state.url_map().iter().map(|rule| rule.get_endpoint()).collect();
    problems.extend(state.templates().check(&|endpoint| {
        // A leading dot stands for the blueprint that renders the template: any may.
        match endpoint.strip_prefix('.') {
            Some(local) => endpoints.iter().any(|e| e.rsplit('.').next() == Some(local)),
            None => endpoints.contains(&endpoint),
        }
    }));
    let (extensions, upstreams) = (service.0.extensions.clone(), service.0.upstreams.clone());
    let checked = state.clone();
    problems.extend(runtime::wait(async move {
        let mut problems = Vec::new();
        for extension in &extensions {
            let found = extension.check(&checked).await;
            problems.extend(found.into_iter().map(|problem| format!("{}: {problem}", extension.name())));
        }
        for upstream in &upstreams {
            problems.extend(upstream.health().await);
        }
        problems
    }));
    if matches.get_flag("deploy") {
        problems.extend(check_deploy(&service));
    }
    service.shutdown();
    report(&name, &problems)
}

fn report(name: &str, problems: &[String]) -> Result<()> {
    if problems.is_empty() {
        echo(format!("{name}: no problem found"));
        return Ok(());
    }
    for problem in problems {
        echo(format!("- {problem}"));
    }
    Err(Error::msg(match problems.len() {
        1 => "1 problem found".to_owned(),
        n => format!("{n} problems found"),
    }))
}
