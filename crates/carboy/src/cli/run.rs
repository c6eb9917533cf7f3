//! `run`: serves the app.

use super::echo;
use crate::{App, AppService, Error, Result, config::env_prefix, runtime};
use carboy_server::{AccessLog, Server, ServerConfig};
use clap::{Arg, ArgMatches, builder::PossibleValuesParser, value_parser};
use std::net::{IpAddr, ToSocketAddrs};

const HOST: &str = "127.0.0.1";
const PORT: u16 = 5000;

pub(super) fn grammar(app: &App) -> clap::Command {
    clap::Command::new("run")
        .about("Serves the app.")
        .disable_help_flag(true)
        .arg(Arg::new("help").long("help").action(clap::ArgAction::Help).help("Prints help"))
        .args(args(app))
}

/// The options of `run`, with what the environment says as their defaults: `<NAME>_RUN_PORT`, else `FLASK_RUN_PORT`.
pub(super) fn args(app: &App) -> impl Iterator<Item = Arg> {
    let prefix = env_prefix(app.name());
    let env = |name: &str| {
        let environment = app.config.environment();
        environment
            .get(&format!("{prefix}_RUN_{name}"))
            .or_else(|| environment.get(&format!("FLASK_RUN_{name}")))
    };
    let defaulted = |arg: Arg, name: &str| match env(name) {
        Some(value) => arg.default_value(value),
        None => arg,
    };
    let port = Arg::new("port")
        .long("port")
        .short('p')
        .value_name("PORT")
        .value_parser(value_parser!(u16))
        .help(format!("The port to listen on; 0 for any that is free [default: {PORT}]"));
    let workers = Arg::new("workers")
        .long("workers")
        .short('w')
        .value_name("N")
        .value_parser(value_parser!(u16).range(1..=1024))
        .help("Worker threads [default: one a core]");
    let host = Arg::new("host")
        .long("host")
        .value_name("HOST")
        .help(format!("The address to listen on [default: {HOST}]"));
    let access_log = Arg::new("access-log")
        .long("access-log")
        .value_name("FORM")
        .value_parser(PossibleValuesParser::new(["off", "common", "combined"]))
        .help("The form of the access log [default: common in debug mode, else off]");
    [
        defaulted(host, "HOST"),
        defaulted(port, "PORT"),
        defaulted(workers, "WORKERS"),
        defaulted(access_log, "ACCESS_LOG"),
    ]
    .into_iter()
}

/// Serves until it is told to stop.
pub(super) fn run(service: &AppService, matches: &ArgMatches) -> Result<()> {
    let state = service.state();
    let (host, port) = place(
        state.settings().server_name.as_deref(),
        matches.get_one::<String>("host").map(String::as_str),
        matches.get_one::<u16>("port").copied(),
    );
    let debug = state.debug();
    if debug && !is_loopback(&host) {
        return Err(Error::msg(format!(
            "debug mode shows sources and settings, so it is served on this machine only: use --host {HOST} instead of \
             {host}, or switch debug mode off"
        )));
    }
    let address = if host.contains(':') && !host.starts_with('[') && !host.starts_with("unix:") {
        format!("[{host}]:{port}")
    } else if host.starts_with("unix:") {
        host
    } else {
        format!("{host}:{port}")
    };
    let mut config = ServerConfig::new().bind(address.as_str());
    if let Some(workers) = matches.get_one::<u16>("workers") {
        config = config.workers(usize::from(*workers));
    }
    config = config.access_log(match matches.get_one::<String>("access-log").map(String::as_str) {
        Some("common") => AccessLog::Common,
        Some("combined") => AccessLog::Combined,
        None if debug => AccessLog::Common,
        _ => AccessLog::Off,
    });
    let name = state.name().to_owned();
    let served = Server::new(config)
        .on_listen(move |addresses| {
            echo(format!(" * Serving carboy app '{name}'"));
            echo(format!(" * Debug mode: {}", if debug { "on" } else { "off" }));
            for address in addresses {
                echo(format!(" * Running on {}", url_of(&address.to_string())));
            }
            echo("Press CTRL+C to quit");
        })
        .on_drained(runtime::drain)
        .serve(service.clone());
    service.shutdown();
    served.map_err(|error| Error::msg(error.to_string()))
}

/// Where to listen: what is asked for, else what SERVER_NAME says, else Flask's host and port.
fn place(server_name: Option<&str>, host: Option<&str>, port: Option<u16>) -> (String, u16) {
    let server_name = server_name.unwrap_or_default();
    let (server_host, server_port) = match server_name.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (server_name, None),
    };
    let host = match host {
        Some(host) => host,
        None if server_host.is_empty() => HOST,
        None => server_host,
    };
    (host.to_owned(), port.or(server_port).unwrap_or(PORT))
}

fn url_of(address: &str) -> String {
    if address.starts_with("unix:") { address.to_owned() } else { format!("http://{address}") }
}

fn is_loopback(host: &str) -> bool {
    if host.starts_with("unix:") {
        return true;
    }
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback(),
        Err(_) => (host, 0).to_socket_addrs().is_ok_and(|mut ips| ips.all(|ip| ip.ip().is_loopback())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carboy_conformance::replay;
    use serde_json::json;

    // rows: A11
    #[test]
    fn an_app_listens_where_flasks_would() {
        replay("flask-tools/runs.json", "", &["/listens/0", "/listens/1"], 45, |case| {
            let port = case["port"].as_u64().map(|port| u16::try_from(port).unwrap());
            let (host, port) = place(case["server_name"].as_str(), case["host"].as_str(), port);
            assert_eq!(json!([host, port]), case["listens"]);
        });
    }

    // rows: R7
    #[test]
    fn options_of_run_come_from_the_environment_of_flask() {
        replay("flask-tools/options.json", "", &["host", "port"], 4, |case| {
            let mut app = App::new("shop");
            let environment = case["environment"].as_object().unwrap();
            let environment =
                environment.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
            app.config = crate::Config::for_app_in("shop", "", crate::config::Environment::of(environment));
            let words = case["arguments"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
            let grammar = grammar(&app);
            let matches = grammar.try_get_matches_from(std::iter::once("run").chain(words)).unwrap();
            let host = matches.get_one::<String>("host").map(String::as_str);
            let (host, port) = place(None, host, matches.get_one::<u16>("port").copied());
            assert_eq!(
                json!({"host": host, "port": port}),
                json!({"host": case["host"], "port": case["port"]})
            );
        });
    }
}
