//! Messages on a terminal.

use super::{Mailbox, Message};

/// A message for the terminal of who develops: its text as it was meant, so that a link in it can be followed.
pub(super) fn readable(message: &Message) -> String {
    let list = |boxes: &[Mailbox]| boxes.iter().map(Mailbox::to_string).collect::<Vec<_>>().join(", ");
    let from = message.sender.as_ref().map(Mailbox::to_string).unwrap_or_default();
    let mut text =
        format!("{RULE}\nSubject: {}\nFrom: {from}\nTo: {}\n", message.subject, list(&message.recipients));
    for (name, boxes) in [("Cc", &message.cc), ("Bcc", &message.bcc)] {
        if !boxes.is_empty() {
            text.push_str(&format!("{name}: {}\n", list(boxes)));
        }
    }
    for part in [&message.body, &message.html].into_iter().flatten() {
        text.push_str(&format!("\n{}\n", part.trim_end()));
    }
    for attachment in &message.attachments {
        let name = attachment.filename.as_deref().unwrap_or("no name");
        text.push_str(&format!("\n[{name}: {}, {} bytes]\n", attachment.content_type, attachment.data.len()));
    }
    text + RULE
}

const RULE: &str = "-------------------------------------------------------------------------------";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_link_stays_in_one_piece() {
        let link = format!("http://localhost:5000/confirm/{}", "x=".repeat(100));
        let message =
            Message::new("Grüße", ["ada@example.com"]).cc("ben@example.com").body(format!("Follow {link}\n"));
        let text = readable(&message);
        assert!(text.contains(&link) && text.contains("Subject: Grüße\n"), "{text}");
        assert!(text.contains("To: ada@example.com\nCc: ben@example.com\n"), "{text}");
    }
}
