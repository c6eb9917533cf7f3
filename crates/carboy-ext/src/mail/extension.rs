//! The extension: where messages go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use carboy::cli::echo;
use carboy::signals::Signal;
use carboy::{App, Extension, ExtensionFuture, State};
use tokio::sync::{Notify, SemaphorePermit};

use super::build::{Built, build};
use super::console::readable;
use super::error::{MailError, MailErrorKind, Refusal};
use super::message::Message;
use super::outbox::{Outbox, Recording};
use super::page;
use super::settings::{Backend, Settings};
use super::smtp::{Connection, Smtp};

/// The extension that sends mail. Cheap to clone; all clones are one.
///
/// Its settings are those of the app, by Flask-Mail's keys; [the module](super) lists them.
#[derive(Clone, Default)]
pub struct Mail {
    inner: Arc<Inner>,
    page: Option<String>,
}

#[derive(Default)]
struct Inner {
    settings: OnceLock<Settings>,
    smtp: Smtp,
    outbox: Outbox,
    dispatched: Arc<Signal<Message>>,
    waiting: AtomicUsize,
    sent: Notify,
}

/// A message that waits to be sent in the background.
struct Waiting(Arc<Inner>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
        self.0.sent.notify_waiters();
    }
}

/// What became of a message that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    message_id: String,
    refused: Vec<Refusal>,
}

impl Sent {
    /// The id in the message's header.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The recipients that the server refused while it took the message for the others.
    pub fn refused(&self) -> &[Refusal] {
        &self.refused
    }
}

impl Mail {
    /// Sends messages as the app's configuration says.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows the messages that are kept on a page of the app, for who develops: only in debug mode, and only to this machine. To everybody
    /// else there is no such page.
    pub fn with_page(mut self, path: &str) -> Self {
        self.page = Some(path.to_owned());
        self
    }

    /// Sends a message: to the server, or to where `MAIL_BACKEND` says.
    ///
    /// It takes as long as the server does; a view that need not know the outcome uses [`send_in_background`](Self::send_in_background).
    /// Dropped before its end, it sends nothing or leaves the server with the whole message.
    ///
    /// # Errors
    /// A [`MailError`]: what is wrong with the message, or what the server said.
    pub async fn send(&self, message: Message) -> Result<Sent, MailError> {
        let settings = self.settings()?;
        let built = build(message, settings)?;
        if settings.suppress || settings.backend != Backend::Smtp {
            return self.keep(built, settings).await;
        }
        let _permit = self.inner.smtp.permit(settings).await?;
        let mut connection = self.inner.smtp.take(settings).await?;
        let outcome = connection.send(&built.envelope, &built.bytes, settings).await;
        if outcome.as_ref().map_or_else(|error| error.code().is_some(), |_| true) {
            self.inner.smtp.give_back(connection, settings).await;
        }
        Ok(self.dispatched(built, outcome?, settings))
    }

    /// Checks a message and sends it in a task that outlives the request, with its context. The answer then takes as long for an address that
    /// is known as for one that is not; [`compose_in_background`](Self::compose_in_background) makes the message there, too.
    ///
    /// A failure is logged, and is what the task returns. The app waits for such messages when it shuts down, no longer than `MAIL_TIMEOUT`.
    ///
    /// # Errors
    /// What is wrong with the message itself; [`Full`](MailErrorKind::Full), which is logged, when `MAIL_MAX_WAITING` messages wait already.
    pub fn send_in_background(
        &self,
        message: Message,
    ) -> Result<tokio::task::JoinHandle<Result<Sent, MailError>>, MailError> {
        // With id and date, so that what is sent is what was checked.
        let message = build(message, self.settings()?)?.message;
        let waiting = self.wait()?;
        let mail = self.clone();
        Ok(carboy::spawn(async move {
            let _waiting = waiting;
            let outcome = mail.send(message).await;
            if let Err(error) = &outcome {
                tracing::error!(target: "carboy::mail", "a message was not sent: {error}");
            }
            outcome
        }))
    }

    /// Makes a message, if there is one to send, and sends it, all in a task as that of [`send_in_background`](Self::send_in_background). Nothing of
    /// what it takes to find out who gets which message shows in the time of the answer.
    ///
    /// ```
    /// # use carboy::prelude::*;
    /// # use carboy_ext::mail::{Mail, Message};
    /// # async fn find(_: &str) -> carboy::Result<Option<String>> { Ok(None) }
    /// #[post("/remind/<address>")]
    /// fn remind(address: String, mail: Ext<Mail>) -> carboy::Result<&'static str> {
    ///     mail.compose_in_background(async move {
    ///         let Some(text) = find(&address).await? else { return Ok(None) };
    ///         Ok(Some(Message::new("You asked for it", [address.as_str()]).body(text)))
    ///     })?;
    ///     Ok("If we know you, there is a mail on its way.")
    /// }
    /// ```
    ///
    /// What fails is logged.
    ///
    /// # Errors
    /// [`Full`](MailErrorKind::Full), which is logged, when `MAIL_MAX_WAITING` messages wait already.
    pub fn compose_in_background(
        &self,
        message: impl Future<Output = carboy::Result<Option<Message>>> + Send + 'static,
    ) -> Result<tokio::task::JoinHandle<()>, MailError> {
        let waiting = self.wait()?;
        let mail = self.clone();
        Ok(carboy::spawn(async move {
            let _waiting = waiting;
            let failure = match message.await {
                Ok(None) => return,
                Ok(Some(message)) => mail.send(message).await.err().map(|error| error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(error) = failure {
                tracing::error!(target: "carboy::mail", "a message was not sent: {error}");
            }
        }))
    }

    /// A place among the messages that wait to be sent in the background.
    fn wait(&self) -> Result<Waiting, MailError> {
        let most = self.settings()?.max_waiting;
        let one_more = |waiting: usize| (waiting < most).then(|| waiting + 1);
        match self.inner.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more) {
            Ok(_) => Ok(Waiting(self.inner.clone())),
            Err(_) => {
                let text = format!(
                    "a message is refused: {most} wait to be sent already, which is MAIL_MAX_WAITING"
                );
                tracing::error!(target: "carboy::mail", "{text}");
                Err(MailError::new(MailErrorKind::Full, text))
            }
        }
    }

    /// A connection for many messages: Flask-Mail's `with mail.connect() as connection`.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the login.
    pub async fn connect(&self) -> Result<MailConnection<'_>, MailError> {
        let settings = self.settings()?;
        if settings.suppress || settings.backend != Backend::Smtp {
            return Ok(MailConnection { mail: self, settings, open: None, _permit: None });
        }
        let permit = self.inner.smtp.permit(settings).await?;
        let open = Some(self.inner.smtp.take(settings).await?);
        Ok(MailConnection { mail: self, settings, open, _permit: Some(permit) })
    }

    /// The bytes of a message as it would be sent.
    ///
    /// # Errors
    /// What is wrong with the message.
    pub fn format(&self, message: &Message) -> Result<Vec<u8>, MailError> {
        Ok(build(message.clone(), self.settings()?)?.bytes)
    }

    /// The messages that were kept instead of sent: in tests, and wherever messages do not go to a server. The latest thousand.
    pub fn outbox(&self) -> Vec<Message> {
        self.inner.outbox.messages()
    }

    /// Forgets the messages that were kept.
    pub fn clear_outbox(&self) {
        self.inner.outbox.clear();
    }

    /// Records what is dispatched from now on: Flask-Mail's `record_messages`.
    pub fn record_messages(&self) -> Recording {
        Recording::of(&self.inner.dispatched)
    }

    /// The signal that a message was dispatched, be it kept or sent: Flask-Mail's `email_dispatched`.
    pub fn email_dispatched(&self) -> &Signal<Message> {
        &self.inner.dispatched
    }

    fn settings(&self) -> Result<&Settings, MailError> {
        if let Some(settings) = self.inner.settings.get() {
            return Ok(settings);
        }
        let Some(app) = carboy::try_current_app() else {
            let text = "mail has no settings: register the extension with `app.ext(Mail::new())`, and send in a context of the app";
            return Err(MailError::new(MailErrorKind::Settings, text));
        };
        self.configure(&app).map_err(|error| MailError::new(MailErrorKind::Settings, error.to_string()))
    }

    fn configure(&self, app: &State) -> carboy::Result<&Settings> {
        let settings = Settings::of(app)?;
        Ok(self.inner.settings.get_or_init(|| settings))
    }

    fn dispatched(&self, built: Built, refused: Vec<Refusal>, settings: &Settings) -> Sent {
        for refusal in &refused {
            tracing::warn!(
                target: "carboy::mail",
                "the mail server refuses a recipient: {} {} ({})", refusal.code, refusal.reason, refusal.address
            );
        }
        if settings.debug {
            tracing::info!(
                target: "carboy::mail",
                "dispatched a message of {} bytes for {} recipients", built.bytes.len(), built.envelope.to().len()
            );
        }
        let message_id = built.message.message_id.clone().unwrap_or_default();
        self.inner.dispatched.send(|| built.message);
        Sent { message_id, refused }
    }

    /// Keeps a message, and shows it where the backend says.
    async fn keep(&self, built: Built, settings: &Settings) -> Result<Sent, MailError> {
        match settings.backend {
            Backend::Console if !settings.suppress => {
                echo(readable(&built.message));
            }
            Backend::File if !settings.suppress => write(settings, built.bytes.clone()).await?,
            _ => {}
        }
        self.inner.outbox.keep(&built.message);
        Ok(self.dispatched(built, Vec::new(), settings))
    }
}

/// Writes a message into a file of its own, readable by the owner of the process only.
async fn write(settings: &Settings, bytes: Vec<u8>) -> Result<(), MailError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = settings.folder.clone();
    let file = folder.join(format!("{now}-{}-{count}.eml", std::process::id()));
    let written = carboy::blocking(move || {
        std::fs::create_dir_all(&folder)?;
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        file.write_all(&bytes)
    });
    written.await.map_err(|error| {
        let text = format!("the message cannot be written to {}: {error}", settings.folder.display());
        MailError::new(MailErrorKind::Storage, text)
    })
}

/// A connection for many messages. `MAIL_MAX_EMAILS` messages go over one, then a new one is opened.
pub struct MailConnection<'m> {
    mail: &'m Mail,
    settings: &'m Settings,
    open: Option<Connection>,
    _permit: Option<SemaphorePermit<'m>>,
}

impl MailConnection<'_> {
    /// Sends a message. After a failure of the connection the next message opens a new one.
    ///
    /// # Errors
    /// As [`Mail::send`].
    pub async fn send(&mut self, message: Message) -> Result<Sent, MailError> {
        let built = build(message, self.settings)?;
        if self._permit.is_none() {
            return self.mail.keep(built, self.settings).await;
        }
        let mut connection = match self.open.take() {
            Some(full) if full.is_used_up(self.settings) => {
                full.close(self.settings).await;
                Connection::open(self.settings).await?
            }
            Some(open) => open,
            None => Connection::open(self.settings).await?,
        };
        let outcome = connection.send(&built.envelope, &built.bytes, self.settings).await;
        if outcome.as_ref().map_or_else(|error| error.code().is_some(), |_| true) {
            self.open = Some(connection);
        }
        Ok(self.mail.dispatched(built, outcome?, self.settings))
    }

    /// Gives the connection back to the others.
    pub async fn close(mut self) {
        if let Some(connection) = self.open.take() {
            self.mail.inner.smtp.give_back(connection, self.settings).await;
        }
    }
}

impl Extension for Mail {
    fn name(&self) -> &'static str {
        "Mail"
    }

    fn init(&self, app: &mut App) -> carboy::Result<()> {
        if let Some(path) = &self.page {
            page::register(app, path);
        }
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, carboy::Result<()>> {
        Box::pin(async move { self.configure(app).map(|_| ()) })
    }

    fn shutdown<'a>(&'a self, _app: &'a Arc<State>) -> ExtensionFuture<'a, ()> {
        Box::pin(async move {
            let Some(settings) = self.inner.settings.get() else { return };
            let all = async {
                loop {
                    let one = self.inner.sent.notified();
                    if self.inner.waiting.load(Ordering::Acquire) == 0 {
                        return;
                    }
                    one.await;
                }
            };
            if tokio::time::timeout(settings.timeout, all).await.is_err() {
                let count = self.inner.waiting.load(Ordering::Acquire);
                tracing::error!(target: "carboy::mail", "{count} messages were not sent before the end");
            }
            self.inner.smtp.close(settings).await;
        })
    }

    fn check<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async move {
            match Settings::of(app) {
                Ok(settings) => settings.problems(),
                Err(error) => vec![error.to_string()],
            }
        })
    }

    fn check_deploy<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(
            async move { Settings::of(app).map(|settings| settings.deploy_problems()).unwrap_or_default() },
        )
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").finish_non_exhaustive()
    }
}
