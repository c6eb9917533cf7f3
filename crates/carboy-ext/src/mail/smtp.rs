//! Connections to the mail server: opened when they are needed, kept for a while, shared by all workers.

use std::fmt::Display;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{Error as SmtpError, response::Response};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::{MailError, MailErrorKind, Refusal};
use super::settings::{Security, Settings};

/// As many connections are open at once; further messages wait for one.
const CONNECTIONS: usize = 8;
/// A connection that nobody used for so long is not used again: servers close them.
const IDLE: Duration = Duration::from_secs(30);

pub(super) struct Smtp {
    idle: Mutex<Vec<(Connection, Instant)>>,
    permits: Semaphore,
}

/// An open connection.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    sent: u32,
}

impl Default for Smtp {
    fn default() -> Self {
        Self { idle: Mutex::default(), permits: Semaphore::new(CONNECTIONS) }
    }
}

impl Smtp {
    /// Leave to have a connection.
    pub(super) async fn permit(&self, settings: &Settings) -> Result<SemaphorePermit<'_>, MailError> {
        let late = || {
            let text = format!("no connection to the mail server became free in {:?}", settings.timeout);
            MailError::new(MailErrorKind::Timeout, text)
        };
        let permit =
            tokio::time::timeout(settings.timeout, self.permits.acquire()).await.map_err(|_| late())?;
        permit.map_err(|_| MailError::new(MailErrorKind::Connection, "mail was shut down"))
    }

    /// A connection that is kept and still answers, or a new one.
    pub(super) async fn take(&self, settings: &Settings) -> Result<Connection, MailError> {
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match kept {
                Some((mut connection, since)) if since.elapsed() < IDLE => {
                    if matches!(connection.step(settings, Noop).await, Ok(Ok(_))) {
                        return Ok(connection);
                    }
                }
                Some(_) => {}
                None => return Connection::open(settings).await,
            }
        }
    }

    /// Keeps a connection for the next message, unless it has carried as many as it may.
    pub(super) async fn give_back(&self, connection: Connection, settings: &Settings) {
        if connection.is_used_up(settings) {
            connection.close(settings).await;
        } else if !connection.smtp.has_broken() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((connection, Instant::now()));
        }
    }

    /// Takes leave of the server on all connections that are kept.
    pub(super) async fn close(&self, settings: &Settings) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for (connection, _) in idle {
            connection.close(settings).await;
        }
    }
}

impl Connection {
    pub(super) async fn open(settings: &Settings) -> Result<Self, MailError> {
        let server = format!("{}:{}", settings.server, settings.port);
        let tls = match settings.security {
            Security::Nothing => None,
            _ => Some(tls(settings)?),
        };
        let hello = ClientId::default();
        let wrapped = tls.clone().filter(|_| settings.security == Security::Tls);
        let opened = AsyncSmtpConnection::connect_tokio1(
            (settings.server.as_str(), settings.port),
            Some(settings.timeout),
            &hello,
            wrapped,
            None,
        );
        let failed = |error: SmtpError| {
            let kind = if error.is_tls() || is_tls_failure(&error) {
                MailErrorKind::Tls
            } else {
                MailErrorKind::Connection
            };
            refused(kind, &format!("the mail server {server} cannot be used"), &error)
        };
        let mut smtp = in_time(settings, opened).await?.map_err(failed)?;
        if settings.security == Security::StartTls
            && let Some(tls) = tls
        {
            if !smtp.can_starttls() {
                let text =
                    format!("the mail server {server} offers no STARTTLS, which MAIL_USE_TLS asks for");
                return Err(MailError::new(MailErrorKind::Tls, text));
            }
            in_time(settings, smtp.starttls(tls, &hello)).await?.map_err(|error| {
                refused(MailErrorKind::Tls, &format!("the mail server {server} does not encrypt"), &error)
            })?;
        }
        if let (Some(name), Some(password)) = (&settings.username, &settings.password) {
            let credentials = Credentials::new(name.clone(), password.expose().clone());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let answer = in_time(settings, smtp.auth(&mechanisms, &credentials)).await?;
            // What the server says may repeat what it was told.
            answer.map_err(|error| match error.status() {
                Some(code) => {
                    let text = format!("the mail server {server} refuses the user {name:?} ({code})");
                    MailError::new(MailErrorKind::Authentication, text).with_code(code.into())
                }
                None if error.is_client() => {
                    let text = format!("the mail server {server} offers no way to log in that is known here");
                    MailError::new(MailErrorKind::Authentication, text)
                }
                None => MailError::new(
                    MailErrorKind::Connection,
                    format!("the mail server {server} broke off at the login"),
                ),
            })?;
        }
        if settings.debug {
            tracing::info!(target: "carboy::mail", "connected to the mail server {server}");
        }
        Ok(Self { smtp, sent: 0 })
    }

    /// Whether MAIL_MAX_EMAILS messages went over it.
    pub(super) fn is_used_up(&self, settings: &Settings) -> bool {
        settings.max_emails.is_some_and(|max| self.sent >= max)
    }

    /// Sends a message; the recipients that were refused, when others were not.
    pub(super) async fn send(
        &mut self,
        envelope: &Envelope,
        bytes: &[u8],
        settings: &Settings,
    ) -> Result<Vec<Refusal>, MailError> {
        let outcome = self.transact(envelope, bytes, settings).await;
        if let Err(error) = &outcome
            && error.code().is_some()
        {
            // The connection is good for the next message once this one is forgotten.
            let _ = self.step(settings, Rset).await;
        }
        outcome
    }

    async fn transact(
        &mut self,
        envelope: &Envelope,
        bytes: &[u8],
        settings: &Settings,
    ) -> Result<Vec<Refusal>, MailError> {
        let offers = |extension| self.smtp.server_info().supports_feature(extension);
        let mut parameters = Vec::new();
        let is_ascii = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
        if !envelope.from().is_none_or(is_ascii) || !envelope.to().iter().all(is_ascii) {
            if !offers(Extension::SmtpUtfEight) {
                let text = "an address has characters beyond ASCII before its @, and the mail server has no SMTPUTF8";
                return Err(MailError::new(MailErrorKind::BadAddress, text));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !bytes.is_ascii() && offers(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = Mail::new(envelope.from().cloned(), parameters);
        self.step(settings, from).await?.map_err(|error| {
            refused(MailErrorKind::SenderRefused, "the mail server refuses the sender", &error)
        })?;
        let mut refusals = Vec::new();
        for address in envelope.to() {
            if let Err(error) = self.step(settings, Rcpt::new(address.clone(), Vec::new())).await? {
                let Some(code) = error.status() else {
                    return Err(refused(
                        MailErrorKind::RecipientsRefused,
                        "the mail server broke off",
                        &error,
                    ));
                };
                let (address, reason) = (address.to_string(), said(&error));
                refusals.push(Refusal { address, code: code.into(), reason });
            }
        }
        if refusals.len() == envelope.to().len() {
            return Err(MailError::all_refused(refusals));
        }
        let not_taken = |error: SmtpError| {
            refused(MailErrorKind::MessageRefused, "the mail server refuses the message", &error)
        };
        self.step(settings, Data).await?.map_err(not_taken)?;
        in_time(settings, self.smtp.message(bytes)).await?.map_err(not_taken)?;
        self.sent += 1;
        Ok(refusals)
    }

    async fn step<C: Display>(
        &mut self,
        settings: &Settings,
        command: C,
    ) -> Result<Result<Response, SmtpError>, MailError> {
        in_time(settings, self.smtp.command(command)).await
    }

    /// Takes leave of the server.
    pub(super) async fn close(mut self, settings: &Settings) {
        let _ = self.step(settings, Quit).await;
    }
}

async fn in_time<T>(settings: &Settings, step: impl Future<Output = T>) -> Result<T, MailError> {
    tokio::time::timeout(settings.timeout, step).await.map_err(|_| {
        let text = format!(
            "the mail server {}:{} did not answer in {:?} (MAIL_TIMEOUT)",
            settings.server, settings.port, settings.timeout
        );
        MailError::new(MailErrorKind::Timeout, text)
    })
}

/// What the server said, or what happened to the connection.
fn said(error: &SmtpError) -> String {
    let mut text = error.to_string();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    if let Some(first) = cause {
        text = first.to_string();
    }
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        text = deeper.to_string();
        cause = Some(deeper);
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}

/// An error of this kind when the server refused, of the connection when it broke, of time when it took too long.
fn refused(kind: MailErrorKind, what: &str, error: &SmtpError) -> MailError {
    if error.is_timeout() {
        return MailError::new(MailErrorKind::Timeout, format!("{what}: it did not answer in time"));
    }
    let text = format!("{what}: {}", said(error));
    match error.status() {
        Some(code) => MailError::new(kind, format!("{what}: {code} {}", said(error))).with_code(code.into()),
        None if matches!(kind, MailErrorKind::Tls) => MailError::new(kind, text),
        None => MailError::new(MailErrorKind::Connection, text),
    }
}

/// Whether a connection failed because of its encryption: a certificate that is not trusted, a server that does not encrypt.
fn is_tls_failure(error: &SmtpError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(one) = cause {
        let io = one.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData) {
            return true;
        }
        cause = one.source();
    }
    false
}

fn tls(settings: &Settings) -> Result<TlsParameters, MailError> {
    let wrong = |text: String| MailError::new(MailErrorKind::Tls, text);
    let mut builder = TlsParameters::builder(settings.server.clone());
    if let Some(file) = &settings.ca_file {
        let pem = std::fs::read(file)
            .map_err(|error| wrong(format!("MAIL_CA_FILE {}: {error}", file.display())))?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|_| wrong(format!("MAIL_CA_FILE {} holds no certificate", file.display())))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| wrong(format!("encryption cannot be set up: {}", said(&error))))
}
