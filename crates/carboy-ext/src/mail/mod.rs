//! Mail by SMTP: Flask-Mail's surface.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_ext::mail::{Mail, Message};
//!
//! #[post("/invite")]
//! async fn invite(mail: Ext<Mail>) -> carboy::Result<&'static str> {
//!     let message = Message::new("You are invited", ["ada@example.com"]).body("Come and see.");
//!     mail.send(message).await?;
//!     Ok("sent")
//! }
//!
//! let mail = Mail::new();
//! let mut app = App::new("shop");
//! app.config().set("MAIL_DEFAULT_SENDER", "The shop <shop@example.com>");
//! app.ext(mail.clone());
//! app.routes(routes![invite]);
//! // A test sends nothing: it looks into the outbox.
//! app.test_client().post("/invite").send();
//! assert_eq!(mail.outbox()[0].subject, "You are invited");
//! ```
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `MAIL_SERVER`, `MAIL_PORT` | where the server is | `127.0.0.1`, 25 |
//! | `MAIL_USE_TLS` | the connection begins in the clear and is encrypted by STARTTLS, or not used | off |
//! | `MAIL_USE_SSL` | the connection is encrypted from the start | off |
//! | `MAIL_CA_FILE` | a PEM file with an authority to trust beside those of the system | |
//! | `MAIL_USERNAME`, `MAIL_PASSWORD` | the login, if both are set | |
//! | `MAIL_DEFAULT_SENDER` | the sender of messages without one: a text, or a list of name and address | |
//! | `MAIL_MAX_EMAILS` | so many messages go over one connection | all |
//! | `MAIL_SUPPRESS_SEND` | messages are kept in the [outbox](Mail::outbox) and not sent | in tests |
//! | `MAIL_BACKEND` | `smtp`; `console` prints messages; `file` writes each to `MAIL_FILE_PATH`; `memory` keeps them. All but `smtp` fill the outbox | `smtp`; in debug mode without `MAIL_SERVER` `console` |
//! | `MAIL_FILE_PATH` | the folder of the backend `file`, below the instance folder | `mail` |
//! | `MAIL_ASCII_ATTACHMENTS` | the names of attachments lose what is not ASCII | off |
//! | `MAIL_TIMEOUT` | seconds that each step of the server may take | 30 |
//! | `MAIL_MAX_WAITING` | how many messages may wait to be sent in the background: the next is refused, and that is logged | 1000 |
//! | `MAIL_DEBUG` | connections and messages are logged, without what they say | in debug mode |
//!
//! A line break or another control character in a subject, an address, a header, or the name of an attachment is an error, so that nobody adds
//! a recipient or a header (CWE-93). Connections are kept for half a minute and shared by all workers; at most eight are open at once.

mod build;
mod console;
mod error;
mod extension;

mod mailbox;
mod message;
mod outbox;
mod page;
mod settings;
mod smtp;

pub use error::{MailError, MailErrorKind, Refusal};
pub use extension::{Mail, MailConnection, Sent};
pub use mailbox::Mailbox;
pub use message::{Attachment, Message};
pub use outbox::Recording;
