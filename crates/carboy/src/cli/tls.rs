//! The options of `run` that are about HTTPS, as Flask's.

use super::WrongUse;
use crate::{Result, server::ServerConfig};
use clap::{Arg, ArgMatches};

/// `--cert` and `--key`; `defaulted` says what the environment has to say.
pub(super) fn args(defaulted: impl Fn(Arg, &str) -> Arg) -> [Arg; 2] {
    let cert = Arg::new("cert").long("cert").value_name("FILE").help(
        "Serves HTTPS with the certificate in this PEM file, or with one made for this run if it says `adhoc`",
    );
    let key = Arg::new("key").long("key").value_name("FILE").help("The private key of the certificate, PEM");
    [defaulted(cert, "CERT"), defaulted(key, "KEY")]
}

/// The word for a certificate that is made for this run.
const ADHOC: &str = "adhoc";

/// A server that speaks TLS if the command line asks for it. The sentences about a wrong use are Flask's.
pub(super) fn configured(config: ServerConfig, matches: &ArgMatches) -> Result<ServerConfig> {
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    let wrong = |sentence: &str| Err(WrongUse::error(format!("Invalid value: {sentence}")));
    match (text("cert"), text("key")) {
        (None, None) => Ok(config),
        (None, Some(_)) => wrong("\"--cert\" must also be specified."),
        (Some(ADHOC), Some(_)) => wrong("When \"--cert\" is \"adhoc\", \"--key\" is not used."),
        (Some(ADHOC), None) => secured(config, None),
        (Some(_), None) => wrong("Required when using \"--cert\"."),
        (Some(cert), Some(key)) => secured(config, Some((cert, key))),
    }
}

/// With the certificate and key of these files, else with one for this machine's own names.
#[cfg(feature = "tls")]
pub(crate) fn secured(config: ServerConfig, files: Option<(&str, &str)>) -> Result<ServerConfig> {
    use crate::{Error, server::TlsConfig};
    let tls = match files {
        Some((cert, key)) => TlsConfig::new(cert, key),
        None => TlsConfig::self_signed(["localhost", "127.0.0.1", "::1"])
            .map_err(|error| Error::msg(error.to_string()))?,
    };
    Ok(config.tls(tls))
}

#[cfg(not(feature = "tls"))]
pub(crate) fn secured(_: ServerConfig, _: Option<(&str, &str)>) -> Result<ServerConfig> {
    Err(crate::Error::msg(
        "this program cannot serve HTTPS: build it with the feature \"tls\" of carboy, features = [\"tls\"] in its Cargo.toml",
    ))
}
