//! Messages that are not sent: in tests, and while somebody develops.

use carboy::prelude::*;
use carboy_ext::mail::{Attachment, Mail, MailErrorKind, Message};
use carboy_testkit::Folder;
use serde_json::json;
use std::sync::{Arc, Mutex};

#[post("/welcome/<name>")]
async fn welcome(name: String, mail: Ext<Mail>) -> carboy::Result<String> {
    let message = Message::new(format!("Welcome, {name}"), [(name.as_str(), "new@example.com")])
        .body_template("welcome.txt", context! { name })?
        .html_template("welcome.html", context! { name })?;
    Ok(mail.send(message).await?.message_id().to_owned())
}

#[post("/later")]
async fn later(mail: Ext<Mail>) -> carboy::Result<&'static str> {
    mail.send_in_background(Message::new("Later", ["a@example.com"]).body("x"))?;
    Ok("ok")
}

fn shop(folder: &Folder) -> (App, Mail) {
    let templates = folder.path().join("templates");
    std::fs::create_dir_all(&templates).unwrap();
    std::fs::write(templates.join("welcome.txt"), "Hello {{ name }} & all\n").unwrap();
    std::fs::write(templates.join("welcome.html"), "<p>Hello {{ name }}</p>").unwrap();
    let mail = Mail::new().with_page("/mail/");
    let mut app = App::new("shop");
    app.root_path(folder.path());
    app.config().set("MAIL_DEFAULT_SENDER", json!(["The shop", "shop@example.com"]));
    app.config().set("SERVER_NAME", "shop.example:8000");
    app.ext(mail.clone()).routes(routes![welcome, later]);
    (app, mail)
}

#[test]
fn a_test_finds_what_a_view_sent_in_the_outbox() {
    let folder = Folder::new();
    let (mut app, mail) = shop(&folder);
    let client = app.test_client();
    let id = client.post("/welcome/<Ada>").base_url("http://shop.example:8000").send().text();
    let outbox = Ext::<Mail>::of(client.app().state()).unwrap().outbox();
    assert_eq!(outbox.len(), 1);
    let message = &outbox[0];
    assert_eq!(message.subject, "Welcome, <Ada>");
    assert_eq!(message.sender.as_ref().unwrap().to_string(), "The shop <shop@example.com>");
    assert_eq!(message.body.as_deref(), Some("Hello <Ada> & all"));
    assert_eq!(message.html.as_deref(), Some("<p>Hello &lt;Ada&gt;</p>"));
    assert!(message.date.is_some());
    assert_eq!(message.message_id.as_deref(), Some(id.as_str()));
    assert!(id.starts_with('<') && id.ends_with("@shop.example>"), "{id}");
    mail.clear_outbox();
    assert!(mail.outbox().is_empty());
}

#[test]
fn messages_are_recorded_while_somebody_listens_and_receivers_of_the_signal_are_told() {
    let folder = Folder::new();
    let (mut app, mail) = shop(&folder);
    let client = app.test_client();
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = told.clone();
    let _ =
        mail.email_dispatched().connect(move |m: &Message| listener.lock().unwrap().push(m.subject.clone()));
    let send = |name: &str| {
        client.post(&format!("/welcome/{name}")).base_url("http://shop.example:8000").send();
    };
    send("one");
    let recording = mail.record_messages();
    send("two");
    let subjects: Vec<String> = recording.messages().into_iter().map(|message| message.subject).collect();
    drop(recording);
    send("three");
    assert_eq!(subjects, ["Welcome, two"]);
    assert_eq!(*told.lock().unwrap(), ["Welcome, one", "Welcome, two", "Welcome, three"]);
}

#[test]
fn an_app_that_stops_waits_for_messages_in_the_background() {
    let folder = Folder::new();
    let (mut app, mail) = shop(&folder);
    let client = app.test_client();
    assert_eq!(client.post("/later").base_url("http://shop.example:8000").send().text(), "ok");
    client.app().shutdown();
    assert_eq!(mail.outbox().len(), 1);
}

#[test]
fn who_develops_sees_the_messages_on_a_page_that_nobody_else_knows() {
    let folder = Folder::new();
    let (mut app, _) = shop(&folder);
    app.config().set("DEBUG", true);
    let client = app.test_client();
    let get = |path: &str| client.get(path).base_url("http://shop.example:8000");
    assert!(get("/mail/").send().text().contains("No message was sent yet."));
    client.post("/welcome/<Ada>").base_url("http://shop.example:8000").send();
    let list = get("/mail/").send().text();
    assert!(list.contains("<a href=\"0\">Welcome, &lt;Ada&gt;</a>"), "{list}");
    let message = get("/mail/0").send().text();
    assert!(message.contains("<pre>Hello &lt;Ada&gt; &amp; all</pre>"), "{message}");
    assert!(message.contains("sandbox=\"allow-popups\" srcdoc=\"&lt;base target="), "{message}");
    assert_eq!(get("/mail/1").send().status(), 404);
    assert_eq!(get("/mail/").remote_addr("192.0.2.1:4711".parse().unwrap()).send().status(), 404);

    let (mut app, _) = shop(&folder);
    app.config().set("DEBUG", false);
    let client = app.test_client();
    assert_eq!(client.get("/mail/").base_url("http://shop.example:8000").send().status(), 404);
}

#[test]
fn the_file_backend_writes_each_message_into_a_file_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let (service, mail) = super::app(json!({
        "MAIL_BACKEND": "file", "MAIL_FILE_PATH": folder.path(), "MAIL_DEFAULT_SENDER": "shop@example.com",
    }));
    let send = |subject: &str| {
        let message = Message::new(subject, ["a@example.com"]).body("text");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(service.in_app_context(mail.send(message))).unwrap();
    };
    send("one");
    send("two");
    let mut files: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 2);
    assert!(std::fs::read_to_string(&files[0]).unwrap().contains("Subject: one\r\n"));
    assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(mail.outbox().len(), 2);
}

#[test]
fn a_line_break_in_any_header_is_refused() {
    let (_service, mail) = super::app(json!({"MAIL_DEFAULT_SENDER": "shop@example.com"}));
    let good = || Message::new("s", ["a@example.com"]).body("b");
    let file = |name: &str| Attachment::new(name, "x");
    for payload in [
        "x\r\nBcc: evil@example.com",
        "x\nBcc: evil@example.com",
        "x\rBcc: evil@example.com",
        "x\r\n folded",
        "x\0y",
        "x\u{85}y",
    ] {
        let address = format!("a@example.com{payload}");
        let mut with_id = good();
        with_id.message_id = Some(payload.to_owned());
        let mut bare_subject = good();
        bare_subject.subject = payload.to_owned();
        let mut disposition = file("a.txt");
        disposition.disposition = payload.to_owned();
        for (place, message) in [
            ("the subject", bare_subject),
            ("a recipient", good().recipient(address.as_str())),
            ("a recipient's name", good().recipient((payload, "a@example.com"))),
            ("a copy", good().cc(address.as_str())),
            ("a blind copy", good().bcc(address.as_str())),
            ("the sender", good().sender(address.as_str())),
            ("the sender's name", good().sender((payload, "a@example.com"))),
            ("who an answer goes to", good().reply_to(address.as_str())),
            ("the value of a header", good().header("X-Mailer", payload)),
            ("the name of a header", good().header(format!("X-{payload}"), "x")),
            ("the id", with_id),
            ("the name of an attachment", good().attach(file(payload))),
            (
                "the type of an attachment",
                good().attach(file("a.txt").content_type(format!("text/plain; a={payload}"))),
            ),
            ("the header of an attachment", good().attach(file("a.txt").header("X-A", payload))),
            ("the disposition of an attachment", good().attach(disposition)),
            ("the id of an image", good().html("<p>").attach(Attachment::inline(payload, "a.png", "x"))),
        ] {
            let error = mail.format(&message).expect_err(place);
            assert_eq!(error.kind(), MailErrorKind::BadHeader, "{place} {payload:?}: {error}");
            assert!(!error.to_string().contains(['\r', '\n', '\0']), "{place}: {error:?}");
        }
    }
    // A body may have lines, and none of them ends the message.
    let bytes = mail.format(&good().body("a\r\n.\r\nb\n.\nMAIL FROM:<x@example.com>")).unwrap();
    assert!(String::from_utf8(bytes).unwrap().contains("\r\n\r\na\r\n.\r\nb\r\n.\r\nMAIL"));
}

#[test]
fn a_message_must_say_who_it_is_from_and_for() {
    let (_service, mail) = super::app(json!({}));
    let kind = |message: Message| mail.format(&message).unwrap_err().kind();
    assert_eq!(kind(Message::new("s", ["a@example.com"])), MailErrorKind::NoSender);
    assert_eq!(kind(Message::new("s", [""; 0]).sender("a@example.com")), MailErrorKind::NoRecipients);
    assert_eq!(kind(Message::new("s", ["nobody"]).sender("a@example.com")), MailErrorKind::BadAddress);
    assert_eq!(
        kind(Message::new("s", ["a@b.example"]).sender("a@b.example").header("bcc", "x@y.example")),
        MailErrorKind::BadHeader
    );
}

#[test]
fn wrong_settings_are_told_at_the_start() {
    let start = |settings: serde_json::Value| {
        let mut app = App::new("post");
        app.config().from_mapping(settings);
        app.ext(Mail::new()).build().err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(start(json!({})), "");
    let both = start(json!({"MAIL_USE_TLS": true, "MAIL_USE_SSL": true}));
    assert!(both.starts_with("Mail: MAIL_USE_TLS and MAIL_USE_SSL are both on"), "{both}");
    assert!(start(json!({"MAIL_BACKEND": "pigeon"})).contains("MAIL_BACKEND"));
    assert!(start(json!({"MAIL_PORT": 70000})).contains("MAIL_PORT"));
    assert!(start(json!({"MAIL_DEFAULT_SENDER": "nobody"})).contains("MAIL_DEFAULT_SENDER"));
}

#[test]
fn check_tells_what_is_missing_and_check_deploy_what_goes_in_the_clear() {
    use carboy::Extension;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let told = |settings: serde_json::Value| {
        let (service, mail) = super::app(settings);
        let state = service.state();
        (runtime.block_on(mail.check(state)).concat(), runtime.block_on(mail.check_deploy(state)).concat())
    };
    assert_eq!(told(json!({"MAIL_SERVER": "mx.example"})), (String::new(), String::new()));
    let (check, deploy) = told(json!({"MAIL_SERVER": "mx.example", "MAIL_USERNAME": "shop"}));
    assert!(check.contains("MAIL_USERNAME and MAIL_PASSWORD go together"), "{check}");
    assert!(deploy.contains("sent in the clear"), "{deploy}");
    let login = json!({"MAIL_SERVER": "mx.example", "MAIL_USERNAME": "shop", "MAIL_PASSWORD": "x", "MAIL_USE_TLS": true});
    assert_eq!(told(login), (String::new(), String::new()));
    assert!(told(json!({"MAIL_BACKEND": "file"})).1.contains("MAIL_BACKEND"));
}

#[post("/compose/<address>")]
fn compose(address: String, mail: Ext<Mail>) -> carboy::Result<&'static str> {
    mail.compose_in_background(async move {
        Ok(match address.as_str() {
            "nobody" => None,
            "broken" => return Err(Error::msg("who knows")),
            "never" => std::future::pending().await,
            address => Some(Message::new("Composed", [address]).body(request().path())),
        })
    })?;
    Ok("ok")
}

#[test]
fn a_message_is_composed_behind_the_answer_if_there_is_one_and_too_many_are_refused() {
    let folder = Folder::new();
    let (mut app, mail) = shop(&folder);
    app.config().set("MAIL_MAX_WAITING", 2).set("PROPAGATE_EXCEPTIONS", false);
    app.routes(routes![compose]);
    let client = app.test_client();
    let ask = |address: &str| {
        let path = format!("/compose/{address}");
        client.post(&path).base_url("http://shop.example:8000").send().status().as_u16()
    };
    for address in ["nobody", "broken", "ada@example.com"] {
        // Those before have to be done.
        for _ in 0..500 {
            if ask(address) == 200 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
    for _ in 0..500 {
        if !mail.outbox().is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(mail.outbox()[0].body.as_deref(), Some("/compose/ada@example.com"));
    while ask("never") == 200 {}
    let (refused, log) = carboy_testkit::logged(|| ask("bob@example.com"));
    assert_eq!(refused, 500);
    assert!(log.contains("2 wait to be sent already, which is MAIL_MAX_WAITING"), "{log}");
    let error = mail.send_in_background(Message::new("One more", ["bob@example.com"]).body("x")).unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (MailErrorKind::Full, true));
}
