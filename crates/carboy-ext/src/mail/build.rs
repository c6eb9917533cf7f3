//! A message as it goes over the wire: RFC 5322 and MIME.

use std::time::SystemTime;

use lettre::message::header::{
    ContentDisposition, ContentId, ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue,
    MessageId,
};
use lettre::message::{Body, Mailboxes, MessageBuilder, MultiPart, SinglePart, header};
use lettre::{Address, address::Envelope};
use unicode_normalization::UnicodeNormalization;

use super::error::{MailError, MailErrorKind};
use super::mailbox::{Mailbox, has_control, one_line};
use super::message::{Attachment, Message};
use super::settings::Settings;

/// A message that can be sent.
pub(super) struct Built {
    /// The message with what was missing: sender, date, id.
    pub(super) message: Message,
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

/// The headers that a message has by itself.
const OWN: [&str; 8] = ["from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to"];

pub(super) fn build(mut message: Message, settings: &Settings) -> Result<Built, MailError> {
    let Some(sender) = message.sender.clone().or_else(|| settings.default_sender.clone()) else {
        let text = "the message has no sender: set its `sender`, or MAIL_DEFAULT_SENDER for all messages";
        return Err(MailError::new(MailErrorKind::NoSender, text));
    };
    let from = sender.checked("From")?;
    message.sender = Some(sender);
    let (to, cc, bcc) =
        (checked("To", &message.recipients)?, checked("Cc", &message.cc)?, checked("Bcc", &message.bcc)?);
    let mut recipients: Vec<Address> = Vec::new();
    for mailbox in to.iter().chain(&cc).chain(&bcc) {
        if !recipients.contains(&mailbox.email) {
            recipients.push(mailbox.email.clone());
        }
    }
    let envelope = Envelope::new(Some(from.email.clone()), recipients)
        .map_err(|_| MailError::new(MailErrorKind::NoRecipients, "the message has no recipients"))?;
    let date = *message.date.get_or_insert_with(SystemTime::now);
    let host = settings.host.as_deref().filter(|host| host.is_ascii() && !has_control(host));
    let id = message.message_id.get_or_insert_with(|| new_id(host.unwrap_or(from.email.domain())));
    let id = one_line("Message-ID", id)?.to_owned();

    let mut builder = lettre::Message::builder();
    if !message.subject.is_empty() {
        builder = builder.subject(one_line("Subject", &message.subject)?);
    }
    builder = builder.header(header::From::from(Mailboxes::from(from)));
    if !to.is_empty() {
        builder = builder.header(header::To::from(Mailboxes::from(to)));
    }
    builder = builder.date(date).header(MessageId::from(id));
    if !cc.is_empty() {
        builder = builder.header(header::Cc::from(Mailboxes::from(cc)));
    }
    if let Some(mailbox) = &message.reply_to {
        builder = builder.reply_to(mailbox.checked("Reply-To")?);
    }
    for (name, value) in &message.extra_headers {
        let lower = name.to_ascii_lowercase();
        if OWN.contains(&lower.as_str()) || lower == "mime-version" || lower.starts_with("content-") {
            let text = format!("the header {name} is the message's own: set its field instead");
            return Err(MailError::new(MailErrorKind::BadHeader, text));
        }
        builder = builder.raw_header(raw(name, value)?);
    }
    builder = builder.envelope(envelope.clone());
    let built = finish(builder, &message, settings)?;
    Ok(Built { bytes: built.formatted(), message, envelope })
}

fn checked(what: &str, mailboxes: &[Mailbox]) -> Result<Vec<lettre::message::Mailbox>, MailError> {
    let mut all: Vec<lettre::message::Mailbox> = Vec::with_capacity(mailboxes.len());
    for mailbox in mailboxes {
        let mailbox = mailbox.checked(what)?;
        if !all.contains(&mailbox) {
            all.push(mailbox);
        }
    }
    Ok(all)
}

/// Puts the parts together: the texts as alternatives, what the HTML shows beside it, files around all.
fn finish(
    builder: MessageBuilder,
    message: &Message,
    settings: &Settings,
) -> Result<lettre::Message, MailError> {
    let invalid = |error: lettre::error::Error| MailError::new(MailErrorKind::BadHeader, error.to_string());
    let (shown, files): (Vec<_>, Vec<_>) = message
        .attachments
        .iter()
        .partition(|attachment| attachment.content_id.is_some() && message.html.is_some());
    let html = message.html.as_ref().map(|html| text_part(html, ContentType::TEXT_HTML));
    let text = message.body.as_ref().map(|text| text_part(text, ContentType::TEXT_PLAIN));
    let related = match html {
        Some(html) if !shown.is_empty() => {
            let mut related = MultiPart::related().singlepart(html);
            for attachment in shown {
                related = related.singlepart(file_part(attachment, settings)?);
            }
            Some(Content::Multi(related))
        }
        html => html.map(Content::Single),
    };
    let content = match (text, related) {
        (Some(text), None) => Content::Single(text),
        (None, Some(related)) => related,
        (Some(text), Some(related)) => {
            let alternative = MultiPart::alternative().singlepart(text);
            Content::Multi(related.add_to(alternative))
        }
        (None, None) => Content::Single(text_part("", ContentType::TEXT_PLAIN)),
    };
    let content = if files.is_empty() {
        content
    } else {
        let mut mixed = content.add_to_builder(MultiPart::mixed());
        for attachment in files {
            mixed = mixed.singlepart(file_part(attachment, settings)?);
        }
        Content::Multi(mixed)
    };
    match content {
        Content::Single(part) => builder.singlepart(part),
        Content::Multi(part) => builder.multipart(part),
    }
    .map_err(invalid)
}

enum Content {
    Single(SinglePart),
    Multi(MultiPart),
}

impl Content {
    fn add_to(self, parts: MultiPart) -> MultiPart {
        match self {
            Content::Single(part) => parts.singlepart(part),
            Content::Multi(part) => parts.multipart(part),
        }
    }

    fn add_to_builder(self, parts: lettre::message::MultiPartBuilder) -> MultiPart {
        match self {
            Content::Single(part) => parts.singlepart(part),
            Content::Multi(part) => parts.multipart(part),
        }
    }
}

fn text_part(text: &str, content_type: ContentType) -> SinglePart {
    SinglePart::builder().header(content_type).body(text.to_owned())
}

fn file_part(attachment: &Attachment, settings: &Settings) -> Result<SinglePart, MailError> {
    let content_type = one_line("the type of an attachment", &attachment.content_type)?;
    let content_type = ContentType::parse(content_type).map_err(|_| {
        let text = format!("the type of an attachment is none: {content_type:?}");
        MailError::new(MailErrorKind::BadHeader, text)
    })?;
    let inline = match attachment.disposition.as_str() {
        "inline" => true,
        "attachment" => false,
        other => {
            let text = format!("the disposition of an attachment is 'attachment' or 'inline', not {other:?}");
            return Err(MailError::new(MailErrorKind::BadHeader, text));
        }
    };
    let disposition = match &attachment.filename {
        Some(name) => {
            let name = one_line("the name of an attachment", name)?;
            let name = if settings.ascii_attachments { ascii_name(name) } else { name.to_owned() };
            if inline {
                ContentDisposition::inline_with_name(&name)
            } else {
                ContentDisposition::attachment(&name)
            }
            .display()
        }
        None if inline => ContentDisposition::inline().display(),
        None => raw("Content-Disposition", "attachment")?,
    };
    let body = Body::new_with_encoding(attachment.data.clone(), ContentTransferEncoding::Base64)
        .map_err(|_| MailError::new(MailErrorKind::BadHeader, "an attachment cannot be encoded"))?;
    let mut part = SinglePart::builder().header(content_type).header(Raw(disposition));
    if let Some(id) = &attachment.content_id {
        let id = one_line("the id of an attachment", id)?;
        if id.is_empty() || !id.is_ascii() || id.contains(['<', '>', ' ', '\t']) {
            let text = format!("the id of an attachment is one word of ASCII: {id:?}");
            return Err(MailError::new(MailErrorKind::BadHeader, text));
        }
        part = part.header(ContentId::from(format!("<{id}>")));
    }
    for (name, value) in &attachment.headers {
        part = part.header(Raw(raw(name, value)?));
    }
    Ok(part.body(body))
}

/// A header of any name, where only headers that are types can be set.
#[derive(Clone)]
struct Raw(HeaderValue);

impl Header for Raw {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("X-Raw")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(HeaderValue::new(Self::name(), text.to_owned())))
    }

    fn display(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// The name without what is not ASCII, as MAIL_ASCII_ATTACHMENTS wants it: accents go, blanks become one.
fn ascii_name(name: &str) -> String {
    let ascii: String = name.nfkd().filter(char::is_ascii).collect();
    ascii.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn raw(name: &str, value: &str) -> Result<HeaderValue, MailError> {
    // RFC 5322, section 3.6.8: printable ASCII without a colon.
    let good = name.bytes().all(|b| (33..=126).contains(&b) && b != b':');
    let parsed = HeaderName::new_from_ascii(name.to_owned()).ok().filter(|_| good);
    let Some(parsed) = parsed else {
        return Err(MailError::new(MailErrorKind::BadHeader, format!("{name:?} is no name of a header")));
    };
    Ok(HeaderValue::new(parsed, one_line(name, value)?.to_owned()))
}

/// A new id: nobody can guess it, and it belongs to a domain of the sender's.
fn new_id(domain: &str) -> String {
    let mut random = [0u8; 16];
    // Without randomness ids would only be less unique.
    let _ = getrandom::fill(&mut random);
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    format!("<{now}.{random}@{domain}>")
}
