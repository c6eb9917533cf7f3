//! Why a message was not sent.

use std::fmt;

/// What kind of failure a [`MailError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MailErrorKind {
    /// A header, an address or the name of an attachment has a line break or another control character, or a header cannot be set so.
    BadHeader,
    /// An address that is none.
    BadAddress,
    /// The message has no sender, and there is no `MAIL_DEFAULT_SENDER`.
    NoSender,
    /// The message has no recipient.
    NoRecipients,
    /// No server answers at the address, or the connection broke.
    Connection,
    /// The encryption that was asked for cannot be had.
    Tls,
    /// The server refuses the name or the password, or offers no way to give them.
    Authentication,
    /// The server refuses the sender.
    SenderRefused,
    /// The server refuses every recipient: [`MailError::refused`] says why.
    RecipientsRefused,
    /// The server refuses the message itself.
    MessageRefused,
    /// The server did not answer in `MAIL_TIMEOUT`.
    Timeout,
    /// The file of the message cannot be written.
    Storage,
    /// So many messages wait to be sent in the background that no more are taken: `MAIL_MAX_WAITING`.
    Full,
    /// A setting is wrong, or there is no app to take settings from.
    Settings,
}

/// A recipient that the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The address.
    pub address: String,
    /// The server's reply code.
    pub code: u16,
    /// What the server said.
    pub reason: String,
}

/// A message that was not sent, and why. It never tells a password.
#[derive(Clone, Debug)]
pub struct MailError {
    kind: MailErrorKind,
    message: String,
    code: Option<u16>,
    refused: Vec<Refusal>,
}

impl MailError {
    pub(super) fn new(kind: MailErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, refused: Vec::new() }
    }

    pub(super) fn with_code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }

    pub(super) fn all_refused(refused: Vec<Refusal>) -> Self {
        let first = refused.first();
        let said = first.map(|refusal| format!("{}: {} {}", refusal.address, refusal.code, refusal.reason));
        let more = match refused.len() {
            0 | 1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let message = format!("the mail server refuses the recipients: {}{more}", said.unwrap_or_default());
        let code = first.map(|refusal| refusal.code);
        Self { kind: MailErrorKind::RecipientsRefused, message, code, refused }
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> MailErrorKind {
        self.kind
    }

    /// The server's reply code, when it is the server that refused.
    pub fn code(&self) -> Option<u16> {
        self.code
    }

    /// The recipients that were refused, when all of them were.
    pub fn refused(&self) -> &[Refusal] {
        &self.refused
    }

    /// Whether it may work later: the server is not there, too slow, or says so with a code of 4xx, or too many messages wait.
    pub fn is_transient(&self) -> bool {
        match self.code {
            Some(code) => (400..500).contains(&code),
            None => {
                matches!(self.kind, MailErrorKind::Connection | MailErrorKind::Timeout | MailErrorKind::Full)
            }
        }
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MailError {}
