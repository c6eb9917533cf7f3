//! What the configuration says about mail.

use std::path::PathBuf;
use std::time::Duration;

use carboy::config::Config;
use carboy::{Secret, State};
use serde::Deserialize;

use super::mailbox::Mailbox;

const PATIENCE: Duration = Duration::from_secs(30);

/// Where messages go: `MAIL_BACKEND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Backend {
    Smtp,
    Console,
    File,
    Memory,
}

/// What protects a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    Nothing,
    StartTls,
    Tls,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) backend: Backend,
    pub(super) server: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret<String>>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) default_sender: Option<Mailbox>,
    pub(super) max_emails: Option<u32>,
    pub(super) suppress: bool,
    pub(super) debug: bool,
    pub(super) ascii_attachments: bool,
    pub(super) timeout: Duration,
    /// How many messages may wait to be sent in the background.
    pub(super) max_waiting: usize,
    pub(super) folder: PathBuf,
    /// The host of SERVER_NAME, for the ids of messages.
    pub(super) host: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Sender {
    Text(String),
    Pair(String, String),
}

impl Settings {
    pub(super) fn of(app: &State) -> carboy::Result<Self> {
        Self::read(app.config(), app.debug(), app.testing())
    }

    pub(super) fn read(config: &Config, debug: bool, testing: bool) -> carboy::Result<Self> {
        let wrong = |message: &str| carboy::Error::msg(message.to_owned());
        let switch = |key: &str, default: bool| match config.value(key) {
            None | Some(serde_json::Value::Null) => Ok(default),
            Some(_) => config.get_bool(key),
        };
        let server = config.get::<String>("MAIL_SERVER")?.filter(|server| !server.is_empty());
        let security = match (config.get_bool("MAIL_USE_TLS")?, config.get_bool("MAIL_USE_SSL")?) {
            (true, true) => {
                return Err(wrong(
                    "MAIL_USE_TLS and MAIL_USE_SSL are both on: the first begins in the clear (STARTTLS, port 587), the second does not \
                     (port 465); keep one",
                ));
            }
            (true, false) => Security::StartTls,
            (false, true) => Security::Tls,
            (false, false) => Security::Nothing,
        };
        let default_sender = config.get::<Sender>("MAIL_DEFAULT_SENDER")?.map(|sender| match sender {
            Sender::Text(text) => Mailbox::from(text),
            Sender::Pair(name, address) => Mailbox::from((name, address)),
        });
        if let Some(sender) = &default_sender {
            sender.checked("MAIL_DEFAULT_SENDER")?;
        }
        let max_emails = config.get::<u32>("MAIL_MAX_EMAILS")?.filter(|max| *max > 0);
        let backend = match config.get::<Backend>("MAIL_BACKEND")? {
            Some(backend) => backend,
            // Who develops without a mail server wants to read the message.
            None if debug && server.is_none() => Backend::Console,
            None => Backend::Smtp,
        };
        let host = config
            .get::<String>("SERVER_NAME")?
            .map(|name| name.rsplit_once(':').map_or(name.clone(), |(host, _)| host.to_owned()));
        let folder = config.get::<PathBuf>("MAIL_FILE_PATH")?.unwrap_or_else(|| "mail".into());
        Ok(Self {
            backend,
            server: server.unwrap_or_else(|| "127.0.0.1".to_owned()),
            port: config.get("MAIL_PORT")?.unwrap_or(25),
            security,
            username: config.get::<String>("MAIL_USERNAME")?.filter(|name| !name.is_empty()),
            password: config.get("MAIL_PASSWORD")?,
            ca_file: config.get::<PathBuf>("MAIL_CA_FILE")?.map(|file| config.instance_path().join(file)),
            default_sender,
            max_emails,
            suppress: switch("MAIL_SUPPRESS_SEND", testing)?,
            debug: switch("MAIL_DEBUG", debug)?,
            ascii_attachments: config.get_bool("MAIL_ASCII_ATTACHMENTS")?,
            timeout: config.get_duration("MAIL_TIMEOUT")?.unwrap_or(PATIENCE).max(Duration::from_millis(1)),
            max_waiting: config.get("MAIL_MAX_WAITING")?.unwrap_or(1000),
            folder: config.instance_path().join(folder),
            host,
        })
    }

    /// What is wrong.
    pub(super) fn problems(&self) -> Vec<String> {
        if self.username.is_some() == self.password.is_some() {
            return Vec::new();
        }
        vec!["MAIL_USERNAME and MAIL_PASSWORD go together: one of them is missing".to_owned()]
    }

    /// What is wrong for an app that faces the internet.
    pub(super) fn deploy_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let local = matches!(self.server.as_str(), "localhost" | "127.0.0.1" | "::1");
        if self.backend == Backend::Smtp
            && self.username.is_some()
            && self.security == Security::Nothing
            && !local
        {
            problems.push(
                "the password of the mail server is sent in the clear: set MAIL_USE_TLS (port 587) or MAIL_USE_SSL (port 465)".to_owned(),
            );
        }
        if self.backend != Backend::Smtp {
            problems.push("messages are not sent: MAIL_BACKEND says that they are kept".to_owned());
        }
        if self.suppress {
            problems.push("messages are not sent: MAIL_SUPPRESS_SEND is on".to_owned());
        }
        problems
    }
}
