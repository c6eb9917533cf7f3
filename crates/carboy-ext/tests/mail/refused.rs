//! Servers that are down, slow or unwilling, played by a script.

use carboy_ext::mail::{MailErrorKind, Message};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

/// A server for one connection after the other: what it answers to a line that begins with a word, `250 ok` to the rest, nothing to
/// `silent`. Its port.
fn server(answers: &'static [(&'static str, &'static str)]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let answer = |line: &str| {
                answers.iter().find(|(word, _)| line.starts_with(word)).map(|(_, answer)| *answer)
            };
            let greeting = answer("connect").unwrap_or("220 here");
            if greeting == "silent" {
                thread::spawn(move || lines.next());
                continue;
            }
            let _ = write!(stream, "{greeting}\r\n");
            let mut in_data = false;
            while let Some(Ok(line)) = lines.next() {
                if in_data && line != "." {
                    continue;
                }
                in_data = line == "DATA" && answer("DATA").is_none();
                let reply = match answer(&line) {
                    Some("silent") => continue,
                    Some("hang up") => break,
                    Some(reply) => reply,
                    None if in_data => "354 go on",
                    None => "250 ok",
                };
                if write!(stream, "{reply}\r\n").is_err() {
                    break;
                }
            }
        }
    });
    port
}

async fn send_to(
    port: u16,
    more: serde_json::Value,
) -> Result<carboy_ext::mail::Sent, carboy_ext::mail::MailError> {
    let mut settings =
        json!({"MAIL_PORT": port, "MAIL_DEFAULT_SENDER": "shop@example.com", "MAIL_TIMEOUT": 1});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (service, mail) = super::app(settings);
    let message = Message::new("s", ["a@example.com", "b@example.com"]).body("b");
    service.in_app_context(mail.send(message)).await
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failed_connection_that_may_work_later() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = send_to(port, json!({})).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (MailErrorKind::Connection, true), "{error}");
    let error =
        send_to(25, json!({"MAIL_SERVER": "no.such.host.invalid", "MAIL_TIMEOUT": 20})).await.unwrap_err();
    assert_eq!(error.kind(), MailErrorKind::Connection, "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_after_mail_timeout() {
    for word in ["connect", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let answers: &'static [(&str, &str)] = Box::leak(Box::new([(word, "silent")]));
        let error = send_to(server(answers), json!({})).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (MailErrorKind::Timeout, true), "{word}: {error}");
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_told_apart() {
    for (word, answer, kind) in [
        ("connect", "554 go away", MailErrorKind::Connection),
        ("MAIL", "550 not you", MailErrorKind::SenderRefused),
        ("RCPT", "550 who is that", MailErrorKind::RecipientsRefused),
        ("DATA", "554 no", MailErrorKind::MessageRefused),
        (".", "552 too large", MailErrorKind::MessageRefused),
        ("MAIL", "hang up", MailErrorKind::Connection),
        (".", "hang up", MailErrorKind::Connection),
    ] {
        let answers: &'static [(&str, &str)] = Box::leak(Box::new([(word, answer)]));
        let error = send_to(server(answers), json!({"MAIL_TIMEOUT": 20})).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{word} {answer}: {error}");
        let code = answer.split(' ').next().unwrap().parse().ok();
        assert_eq!(error.code(), code, "{word} {answer}: {error}");
        assert_eq!(error.is_transient(), answer == "hang up", "{word} {answer}: {error}");
    }
    let later = server(&[("RCPT", "451 come back later")]);
    assert!(send_to(later, json!({"MAIL_TIMEOUT": 20})).await.unwrap_err().is_transient());
}

#[tokio::test]
async fn a_message_reaches_the_others_when_one_recipient_is_refused() {
    let port = server(&[("RCPT TO:<b@", "550 no b here")]);
    let sent = send_to(port, json!({"MAIL_TIMEOUT": 20})).await.unwrap();
    assert_eq!(sent.refused().len(), 1);
    assert_eq!((sent.refused()[0].address.as_str(), sent.refused()[0].code), ("b@example.com", 550));
    let error =
        send_to(server(&[("RCPT", "550 nobody here")]), json!({"MAIL_TIMEOUT": 20})).await.unwrap_err();
    assert_eq!(error.refused().len(), 2);
    assert!(error.to_string().contains("a@example.com: 550 nobody here (and 1 more)"), "{error}");
}

#[tokio::test]
async fn no_failure_tells_the_password() {
    let login = json!({"MAIL_USERNAME": "shop", "MAIL_PASSWORD": "hunter2", "MAIL_TIMEOUT": 20});
    // "\0shop\0hunter2" in base64.
    const ECHO: &str = "535 5.7.8 bad credentials AHNob3AAaHVudGVyMg== hunter2";
    for answers in [
        &[("EHLO", "250 AUTH PLAIN"), ("AUTH", ECHO)] as &'static [(&str, &str)],
        &[("EHLO", "250 AUTH PLAIN"), ("AUTH", "hang up")],
        &[("EHLO", "250 AUTH CRAM-MD5")],
        &[],
    ] {
        let error = send_to(server(answers), login.clone()).await.unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(!told.contains("hunter2") && !told.contains("AHNob3AAaHVudGVyMg"), "{told}");
        let expected = if answers.iter().any(|(_, answer)| *answer == "hang up") {
            MailErrorKind::Connection
        } else {
            MailErrorKind::Authentication
        };
        assert_eq!(error.kind(), expected, "{told}");
    }
    let (_service, mail) = super::app(login);
    assert!(!format!("{mail:?}").contains("hunter2"));
}

#[tokio::test]
async fn nothing_goes_in_the_clear_when_encryption_was_asked_for() {
    let plain = server(&[("EHLO", "250 AUTH PLAIN")]);
    let error = send_to(plain, json!({"MAIL_USE_TLS": true, "MAIL_TIMEOUT": 20})).await.unwrap_err();
    assert_eq!(error.kind(), MailErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("offers no STARTTLS"), "{error}");
    let error = send_to(plain, json!({"MAIL_USE_SSL": true, "MAIL_TIMEOUT": 20})).await.unwrap_err();
    assert_eq!(error.kind(), MailErrorKind::Tls, "{error}");
}
