//! Who a message is from, and for.

use std::fmt;

use super::error::{MailError, MailErrorKind};

/// A name and an address: `"ada@example.com"`, `"Ada Lovelace <ada@example.com>"` or `("Ada Lovelace", "ada@example.com")`.
///
/// It is checked when a message is sent. Names and addresses may be in any script: a domain such as `bücher.example` is sent as IDNA writes
/// it (`xn--bcher-kva.example`), a local part beyond ASCII needs a server with SMTPUTF8 (RFC 6531).
///
/// ```
/// use carboy_ext::mail::Mailbox;
/// let ada = Mailbox::from("\"Lovelace, Ada\" <ada@example.com>");
/// assert_eq!((ada.name.as_str(), ada.address.as_str()), ("Lovelace, Ada", "ada@example.com"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox {
    /// The name, empty if there is none.
    pub name: String,
    /// The address.
    pub address: String,
}

impl From<&str> for Mailbox {
    fn from(text: &str) -> Self {
        let whole = text.trim_matches(' ');
        match whole.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => {
                Self { name: unquoted(name.trim_matches(' ')), address: address.to_owned() }
            }
            None => Self { name: String::new(), address: whole.to_owned() },
        }
    }
}

impl From<String> for Mailbox {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Mailbox {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&Mailbox> for Mailbox {
    fn from(mailbox: &Mailbox) -> Self {
        mailbox.clone()
    }
}

impl<N: Into<String>, A: Into<String>> From<(N, A)> for Mailbox {
    fn from((name, address): (N, A)) -> Self {
        Self { name: name.into(), address: address.into() }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => f.write_str(&self.address),
            name => write!(f, "{name} <{}>", self.address),
        }
    }
}

/// A phrase without the quotes around it.
fn unquoted(phrase: &str) -> String {
    let Some(inside) = phrase.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return phrase.to_owned();
    };
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

/// What may not stand in a header: it would begin another one, or hide.
pub(super) fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\t')
}

/// Refuses text that could end a header.
pub(super) fn one_line<'t>(what: &str, text: &'t str) -> Result<&'t str, MailError> {
    if has_control(text) {
        let message = format!("{what} has a line break or another control character: {text:?}");
        return Err(MailError::new(MailErrorKind::BadHeader, message));
    }
    Ok(text)
}

impl Mailbox {
    /// The mailbox as it is sent, checked. `what` is the name of the header.
    pub(super) fn checked(&self, what: &str) -> Result<lettre::message::Mailbox, MailError> {
        let name = one_line(what, &self.name)?;
        let address = one_line(what, &self.address)?;
        let bad = |why: &str| {
            let message = format!("{what} has no address that mail can be sent to: {address:?} {why}");
            MailError::new(MailErrorKind::BadAddress, message)
        };
        let (local, domain) = address.rsplit_once('@').ok_or_else(|| bad("has no @"))?;
        let domain = if domain.is_ascii() {
            domain.to_owned()
        } else {
            idna::domain_to_ascii(domain).map_err(|_| bad("has a domain that is no name"))?
        };
        if local.len() + domain.len() > 253 {
            return Err(bad("is too long"));
        }
        let address = lettre::Address::new(local, domain).map_err(|error| bad(&format!("({error})")))?;
        let name = Some(name.trim()).filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(lettre::message::Mailbox::new(name, address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_read_in_the_forms_that_people_write() {
        for (text, name, address) in [
            ("a@b.example", "", "a@b.example"),
            ("  A B <a@b.example> ", "A B", "a@b.example"),
            ("<a@b.example>", "", "a@b.example"),
            ("\"A, \\\"B\\\"\" <a@b.example>", "A, \"B\"", "a@b.example"),
        ] {
            assert_eq!(Mailbox::from(text), Mailbox::from((name, address)), "{text}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        for address in [
            "",
            "a",
            "a@",
            "@b.example",
            "a@b.example, c@d.example",
            "a@b.example> SIZE=1",
            "a b@c.example",
            "a@b c",
        ] {
            let error = Mailbox::from(("", address)).checked("To").unwrap_err();
            assert_eq!(error.kind(), MailErrorKind::BadAddress, "{address}");
        }
        let long = format!("a@{}.example", "b".repeat(300));
        assert_eq!(Mailbox::from(long).checked("To").unwrap_err().kind(), MailErrorKind::BadAddress);
    }

    #[test]
    fn an_international_domain_is_sent_as_idna_writes_it() {
        let sent = Mailbox::from("Käthe <k@bücher.example>").checked("To").unwrap();
        assert_eq!(sent.email.to_string(), "k@xn--bcher-kva.example");
    }
}
