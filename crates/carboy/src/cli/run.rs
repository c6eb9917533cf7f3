//! `run`: serves the app.

use super::{WrongUse, echo, tls};
use crate::{
    App, AppService, Error, Result,
    config::env_prefix,
    runtime,
    server::{self, AccessLog, Inherited, Server, ServerConfig, ServerError, ServerErrorKind},
};
use clap::{Arg, ArgAction, ArgMatches, builder::PossibleValuesParser, value_parser};
use std::time::Duration;

const HOST: &str = "127.0.0.1";
const PORT: u16 = 5000;

/// What extensions have at least to come to their end, also when the drain took all its time.
const LAST_WAIT: Duration = Duration::from_millis(300);

pub(super) fn grammar(app: &App) -> clap::Command {
    clap::Command::new("run")
        .about("Serves the app.")
        .disable_help_flag(true)
        .arg(Arg::new("help").long("help").action(ArgAction::Help).help("Prints help"))
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
    let bind = Arg::new("bind")
        .long("bind")
        .short('b')
        .value_name("ADDRESS")
        .action(ArgAction::Append)
        .conflicts_with_all(["host", "port"])
        .help("An address to listen on, host:port, [ipv6]:port or unix:/path; may be given several times");
    let pid_file = Arg::new("pid-file")
        .long("pid-file")
        .value_name("FILE")
        .help("A file for the number of the process that serves");
    let access_log = Arg::new("access-log")
        .long("access-log")
        .value_name("FORM")
        .value_parser(PossibleValuesParser::new(server::ACCESS_LOGS.map(|(word, _)| word)))
        .help("The form of the access log [default: common in debug mode, else off]");
    let access_log_file = Arg::new("access-log-file")
        .long("access-log-file")
        .value_name("FILE")
        .help("Where the access log goes: a file, stdout or stderr [default: with all other log lines]");
    let metrics = Arg::new("metrics")
        .long("metrics")
        .value_name("ADDRESS")
        .help("An address at which Prometheus finds /metrics, such as 127.0.0.1:9100 [default: none]");
    let tls = tls::args(defaulted);
    [
        defaulted(host, "HOST"),
        defaulted(port, "PORT"),
        bind,
        defaulted(pid_file, "PID_FILE"),
        defaulted(workers, "WORKERS"),
        defaulted(access_log, "ACCESS_LOG"),
        access_log_file,
        metrics,
    ]
    .into_iter()
    .chain(tls)
}

/// Serves until it is told to stop.
pub(super) fn run(service: &AppService, matches: &ArgMatches, inherited: Inherited) -> Result<()> {
    let state = service.state();
    let debug = state.debug();
    let config = configured(service, matches)?;
    let longest_drain = config.longest_drain();
    let mut server = Server::new(config).inherited(inherited).bind().map_err(sentence)?;
    for (name, check) in &service.0.readiness_checks {
        let (service, check) = (service.clone(), check.clone());
        server =
            server.readiness_check(name, move || {
                let (service, check) = (service.clone(), check.clone());
                async move {
                    service.in_app_context(async { check().await }).await.map_err(|error| error.to_string())
                }
            });
    }
    let name = state.name().to_owned();
    let shutdown = server.shutdown_handle();
    let served = server
        .on_listen(move |addresses| {
            echo(format!(" * Serving carboy app '{name}'"));
            echo(format!(" * Debug mode: {}", if debug { "on" } else { "off" }));
            if debug {
                echo(format!(" * Debug token: {}", crate::debug_page::token()));
            }
            for address in addresses {
                echo(format!(" * Running on {}", address.url()));
            }
            echo("Press CTRL+C to quit");
        })
        .on_drained(runtime::drain)
        .serve(service.clone());
    let spent = shutdown.stopping_for().unwrap_or_default();
    service.shutdown_within(longest_drain.saturating_sub(spent).max(LAST_WAIT));
    served.map_err(sentence)
}

fn sentence(error: ServerError) -> Error {
    match error.kind() {
        ServerErrorKind::Public => WrongUse::error(error.to_string()),
        _ => Error::msg(error.to_string()),
    }
}

/// What the server is to be: the app's choice, over it the configuration's, over both the command line's.
fn configured(service: &AppService, matches: &ArgMatches) -> Result<ServerConfig> {
    let state = service.state();
    let mut config = service.0.server.clone();
    if state.debug() {
        config = config.access_log(AccessLog::Common);
    }
    config = server::configured(config, state.config())?;
    config = addressed(config, state.settings().server_name.as_deref(), matches);
    if let Some(workers) = matches.get_one::<u16>("workers") {
        config = config.workers(usize::from(*workers));
    }
    if let Some(file) = matches.get_one::<String>("pid-file") {
        config = config.pid_file(file);
    }
    if let Some(form) = matches.get_one::<String>("access-log").and_then(|word| server::access_log(word)) {
        config = config.access_log(form);
    }
    if let Some(place) = matches.get_one::<String>("access-log-file") {
        config = config.access_log_to(server::log_sink(place)?);
    }
    if let Some(address) = matches.get_one::<String>("metrics") {
        config = config.metrics_on(address.as_str());
    }
    if let Some(metrics) = config.figures() {
        server::add_figures_of_apps(metrics);
    }
    if let Some(proxies) = &service.0.proxies {
        config = config.proxies(proxies.clone());
    }
    config = tls::configured(config, matches)?;
    #[cfg(feature = "tls")]
    if state.config().get::<bool>("HARDENED")?.unwrap_or(false) {
        config = config.only_tls13();
    }
    #[cfg(feature = "tls")]
    if let Some(hosts) = &state.settings().trusted_hosts {
        config = config.trusted_hosts(hosts);
    }
    Ok(config)
}

/// The addresses: those of `--bind`, else what `--host` and `--port` say, else those of app and configuration, else Flask's.
fn addressed(config: ServerConfig, server_name: Option<&str>, matches: &ArgMatches) -> ServerConfig {
    if let Some(addresses) = matches.get_many::<String>("bind") {
        return config.bind_only(addresses.map(String::as_str));
    }
    let host = matches.get_one::<String>("host").map(String::as_str);
    let port = matches.get_one::<u16>("port").copied();
    if host.is_none() && port.is_none() && !config.addresses().is_empty() {
        return config;
    }
    let (host, port) = place(server_name, host, port);
    config.bind_only([if host.starts_with("unix:") {
        host
    } else if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }])
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
