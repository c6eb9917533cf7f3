//! A message before it is sent.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::time::SystemTime;

use carboy::{TemplateContext, render_template};

use super::mailbox::Mailbox;

/// A message: who it is from and for, what it says, what comes with it. Flask-Mail's `Message`.
///
/// Fields can be set one by one, as in Flask-Mail, or by the methods of the same names. Nothing is checked before the message is sent.
///
/// ```
/// use carboy_ext::mail::{Attachment, Message};
///
/// let mut message = Message::new("Your invoice", ["ada@example.com"])
///     .sender(("The shop", "shop@example.com"))
///     .html("<p>It is attached.</p>")
///     .attach(Attachment::new("invoice.pdf", b"%PDF-1.7".to_vec()));
/// message.body = Some("It is attached.".into());
/// ```
#[derive(Clone, Default)]
pub struct Message {
    /// The subject.
    pub subject: String,
    /// The recipients in the header `To`.
    pub recipients: Vec<Mailbox>,
    /// Those in `Cc`.
    pub cc: Vec<Mailbox>,
    /// Those that the others do not see.
    pub bcc: Vec<Mailbox>,
    /// Who it is from; `MAIL_DEFAULT_SENDER` if nobody.
    pub sender: Option<Mailbox>,
    /// Who an answer goes to, if not to the sender.
    pub reply_to: Option<Mailbox>,
    /// The text.
    pub body: Option<String>,
    /// The same as HTML.
    pub html: Option<String>,
    /// Files, and images of the HTML.
    pub attachments: Vec<Attachment>,
    /// When it was written; now, if nothing is said.
    pub date: Option<SystemTime>,
    /// More headers.
    pub extra_headers: Vec<(String, String)>,
    /// The id with its angle brackets; made when the message is sent, if nothing is said.
    pub message_id: Option<String>,
}

impl Message {
    /// A message with this subject to these recipients.
    pub fn new<R>(subject: impl Into<String>, recipients: R) -> Self
    where
        R: IntoIterator,
        R::Item: Into<Mailbox>,
    {
        let recipients = recipients.into_iter().map(Into::into).collect();
        Self { subject: subject.into(), recipients, ..Self::default() }
    }

    /// Sets the sender.
    pub fn sender(mut self, sender: impl Into<Mailbox>) -> Self {
        self.sender = Some(sender.into());
        self
    }

    /// Adds a recipient: Flask-Mail's `add_recipient`.
    pub fn recipient(mut self, recipient: impl Into<Mailbox>) -> Self {
        self.recipients.push(recipient.into());
        self
    }

    /// Adds a recipient of a copy.
    pub fn cc(mut self, recipient: impl Into<Mailbox>) -> Self {
        self.cc.push(recipient.into());
        self
    }

    /// Adds a recipient that the others do not see.
    pub fn bcc(mut self, recipient: impl Into<Mailbox>) -> Self {
        self.bcc.push(recipient.into());
        self
    }

    /// Sets who an answer goes to.
    pub fn reply_to(mut self, mailbox: impl Into<Mailbox>) -> Self {
        self.reply_to = Some(mailbox.into());
        self
    }

    /// Sets the text.
    pub fn body(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }

    /// Sets the HTML.
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// Renders the text. A template whose name ends in `.txt` is not escaped.
    ///
    /// # Errors
    /// Those of [`render_template`].
    pub fn body_template(self, name: &str, context: impl Into<TemplateContext>) -> carboy::Result<Self> {
        Ok(self.body(render_template(name, context)?.0))
    }

    /// Renders the HTML.
    ///
    /// # Errors
    /// Those of [`render_template`].
    pub fn html_template(self, name: &str, context: impl Into<TemplateContext>) -> carboy::Result<Self> {
        Ok(self.html(render_template(name, context)?.0))
    }

    /// Adds a file.
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Adds a header. Those that a message has by itself (`Subject`, `To`, `Content-Type`, …) are refused when it is sent.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra_headers.push((name.into(), value.into()));
        self
    }

    /// Sets when it was written.
    pub fn date(mut self, date: SystemTime) -> Self {
        self.date = Some(date);
        self
    }

    /// All that it goes to, each once: Flask-Mail's `send_to`.
    pub fn send_to(&self) -> Vec<&Mailbox> {
        let mut all: Vec<&Mailbox> = Vec::new();
        for mailbox in self.recipients.iter().chain(&self.cc).chain(&self.bcc) {
            if !all.contains(&mailbox) {
                all.push(mailbox);
            }
        }
        all
    }
}

/// The head only: bodies hold tokens and what is private.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("subject", &self.subject)
            .field("sender", &self.sender)
            .field("recipients", &self.recipients)
            .field("cc", &self.cc)
            .field("bcc", &self.bcc)
            .field("attachments", &self.attachments)
            .finish_non_exhaustive()
    }
}

/// A file that comes with a message, or an image that its HTML shows. Flask-Mail's `Attachment`.
#[derive(Clone)]
pub struct Attachment {
    /// The name that the recipient sees, if any.
    pub filename: Option<String>,
    /// The media type.
    pub content_type: String,
    /// The bytes.
    pub data: Vec<u8>,
    /// `attachment` or `inline`.
    pub disposition: String,
    /// The id that HTML names with `cid:`, without angle brackets.
    pub content_id: Option<String>,
    /// More headers of this part.
    pub headers: Vec<(String, String)>,
}

impl Attachment {
    /// A file of this name. Its type follows from the name, and is `application/octet-stream` where the name says nothing.
    pub fn new(filename: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        let filename = filename.into();
        let content_type = carboy::guess_type(&filename).0.unwrap_or("application/octet-stream");
        Self {
            content_type: content_type.to_owned(),
            filename: Some(filename),
            data: data.into(),
            disposition: "attachment".to_owned(),
            content_id: None,
            headers: Vec::new(),
        }
    }

    /// An image, or what else HTML shows in place: `<img src="cid:logo">` for the id `logo`.
    pub fn inline(
        content_id: impl Into<String>,
        filename: impl Into<String>,
        data: impl Into<Vec<u8>>,
    ) -> Self {
        let mut attachment = Self::new(filename, data);
        attachment.disposition = "inline".to_owned();
        attachment.content_id = Some(content_id.into());
        attachment
    }

    /// A file of this machine, under its own name. It is read at once: in a view give it to [`carboy::blocking`] when it is large.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> std::io::Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().map_or(Cow::Borrowed("file"), |name| name.to_string_lossy());
        Ok(Self::new(name, std::fs::read(path)?))
    }

    /// Sets the media type.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// Adds a header to this part.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("filename", &self.filename)
            .field("content_type", &self.content_type)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}
