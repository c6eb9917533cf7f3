//! Messages that a real server took: aiosmtpd, in the clear, with STARTTLS and with TLS, with a login; read by Python's `email`.

use carboy_ext::mail::{Attachment, MailErrorKind, Message};
use carboy_testkit::{Folder, Process, python};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Prints each message as a line of JSON: envelope, session, and what the parser of Python's standard library finds in it.
const SERVER: &str = r#"
import asyncio, email, email.policy, json, ssl, sys
from email.header import decode_header, make_header
from email.utils import getaddresses
from aiosmtpd.smtp import SMTP, AuthResult

mode, cert, key = sys.argv[1:4]

def part(p):
    return {"type": p.get_content_type(), "name": p.get_filename(), "disposition": p.get_content_disposition(), "id": p["Content-ID"],
            "extra": p["X-Part"], "content": p.get_content() if p.get_content_maintype() == "text" and not p.get_filename() else p.get_content().hex() if isinstance(p.get_content(), bytes) else p.get_content().encode().hex()}

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"
    async def handle_DATA(self, server, session, envelope):
        m = email.message_from_bytes(envelope.content, policy=email.policy.default)
        # The newer parser of addresses puts blanks between encoded words.
        raw = email.message_from_bytes(envelope.content, policy=email.policy.compat32)
        def people(name):
            found = getaddresses([str(value) for value in raw.get_all(name, [])])
            return [[str(make_header(decode_header(person))), address.encode("utf-8", "surrogateescape").decode()] for person, address in found]
        print("MESSAGE " + json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "peer": session.peer[1], "tls": server.transport.get_extra_info("sslcontext") is not None, "user": session.auth_data and session.auth_data.login.decode(),
            "options": envelope.mail_options, "headers": {k: v for k, v in m.items()}, "people": {n: people(n) for n in ["From", "To", "Cc", "Reply-To"]}, "names": [k for k, v in m.items()],
            "defects": [str(d) for d in m.defects], "longest": max(len(l) for l in envelope.content.split(b"\r\n")), "bare": envelope.content.replace(b"\r\n", b"").count(b"\n"), "date": m["Date"].datetime.timestamp(), "structure": [p.get_content_type() for p in m.walk()],
            "parts": [part(p) for p in m.walk() if not p.is_multipart()]}), flush=True)
        return "250 OK"

def login(server, session, envelope, mechanism, data):
    good = data.login == b"shop" and data.password == b"hunter2"
    return AuthResult(success=good, handled=False, auth_data=data if good else None)

context = None
if mode != "plain":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

async def main():
    loop = asyncio.get_running_loop()
    def factory():
        starttls = mode == "starttls"
        return SMTP(Handler(), enable_SMTPUTF8=True, hostname="test", tls_context=context if starttls else None, require_starttls=starttls,
                    authenticator=login if mode != "plain" else None, auth_required=mode != "plain", auth_require_tls=starttls)
    server = await loop.create_server(factory, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

struct Server {
    process: Process,
    port: u16,
}

impl Server {
    fn start(mode: &str, cert: &Path, key: &Path) -> Self {
        let mut command = Command::new(python());
        command.args(["-W", "ignore", "-c", SERVER, mode]).arg(cert).arg(key);
        let mut process = Process::start(&mut command);
        let port = process.wait_for("the port", |line| line.strip_prefix("PORT ")?.trim().parse().ok());
        Server { process, port }
    }

    fn message(&mut self) -> Value {
        self.process.wait_for("a message", |line| serde_json::from_str(line.strip_prefix("MESSAGE ")?).ok())
    }
}

/// The certificates of an authority and of a server called localhost that it signed, and the server's key: all made by openssl.
struct Certificates {
    authority: std::path::PathBuf,
    server: std::path::PathBuf,
    key: std::path::PathBuf,
}

fn certificates(folder: &Path) -> Certificates {
    let openssl = |line: &str| {
        let made = Command::new("openssl")
            .args(line.split(' '))
            .current_dir(folder)
            .output()
            .expect("openssl is installed");
        assert!(made.status.success(), "{line}: {}", String::from_utf8_lossy(&made.stderr));
    };
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {new} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"));
    openssl(&format!("req {new} -subj /CN=localhost -keyout key.pem -out request.pem"));
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n")
        .unwrap();
    openssl(
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem",
    );
    let file = |name: &str| folder.join(name);
    Certificates { authority: file("ca.pem"), server: file("cert.pem"), key: file("key.pem") }
}

#[tokio::test]
#[ignore = "needs aiosmtpd: CARBOY_PYTHON"]
async fn what_arrives_is_what_was_meant() {
    let mut server = Server::start("plain", Path::new(""), Path::new(""));
    let (service, mail) = super::app(
        json!({"MAIL_PORT": server.port, "MAIL_DEFAULT_SENDER": ["Der Käse & Co., \"Shop\"", "shop@example.com"]}),
    );
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_435_000);
    let long = format!(
        "Zeile mit Umlauten ä ö ü {}\n.\n..\nFrom me\n{}\n\ttab \n",
        "wörter ".repeat(60),
        "x".repeat(2000)
    );
    let binary: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let png = b"\x89PNG\r\n\x1a\n".to_vec();
    let message = Message::new("Grüße – 你好 🎉 and a subject so long that it has to be folded over several lines of the header field", ["Ada Lovelace <ada@example.com>"])
        .recipient(("Bücher, \"Größe\"; <x>", "info@bücher.example"))
        .cc(("李雷", "li@example.com"))
        .bcc("secret@example.com")
        .bcc("ada@example.com")
        .reply_to("Antwort <re@example.com>")
        .date(date)
        .header("X-Campaign", "Frühling 2026")
        .header("List-Unsubscribe", "<https://example.com/u?a=1&b=2>")
        .body(long.clone())
        .html("<p>Grüße <img src=\"cid:logo\"></p>")
        .attach(Attachment::inline("logo", "logo.png", png.clone()))
        .attach(Attachment::new("Übersicht 2026 \"final\".pdf", binary.clone()).header("X-Part", "ä"))
        .attach(Attachment::new("notes.txt", "a\nb\n"))
        .attach(Attachment::new("data", "x").content_type("application/x-own; version=2"));
    let sent = service.in_app_context(mail.send(message)).await.unwrap();
    let got = server.message();
    assert_eq!(got["from"], "shop@example.com");
    assert_eq!(
        got["to"],
        json!(["ada@example.com", "info@xn--bcher-kva.example", "li@example.com", "secret@example.com"])
    );
    let headers = &got["headers"];
    assert_eq!(
        headers["Subject"],
        "Grüße – 你好 🎉 and a subject so long that it has to be folded over several lines of the header field"
    );
    assert_eq!(headers["X-Campaign"], "Frühling 2026");
    assert_eq!(headers["List-Unsubscribe"], "<https://example.com/u?a=1&b=2>");
    assert_eq!(headers["Message-ID"], sent.message_id());
    assert!(sent.message_id().ends_with("@example.com>"));
    let people = &got["people"];
    assert_eq!(people["From"], json!([["Der Käse & Co., \"Shop\"", "shop@example.com"]]));
    assert_eq!(
        people["To"],
        json!([
            ["Ada Lovelace", "ada@example.com"],
            ["Bücher, \"Größe\"; <x>", "info@xn--bcher-kva.example"]
        ])
    );
    assert_eq!(people["Cc"], json!([["李雷", "li@example.com"]]));
    assert_eq!(people["Reply-To"], json!([["Antwort", "re@example.com"]]));
    assert_eq!(got["date"], 1_764_435_000.0);
    assert!(!got["names"].to_string().contains("Bcc"));
    assert_eq!((&got["defects"], &got["bare"]), (&json!([]), &json!(0)));
    assert!(got["longest"].as_u64().unwrap() <= 998, "{}", got["longest"]);
    assert_eq!(
        got["structure"],
        json!([
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "application/pdf",
            "text/plain",
            "application/x-own"
        ])
    );
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let parts = got["parts"].as_array().unwrap();
    assert_eq!(
        parts[0]["content"].as_str().unwrap().replace("\r\n", "\n").trim_end_matches('\n'),
        long.trim_end_matches('\n')
    );
    assert_eq!(parts[1]["content"].as_str().unwrap().trim_end(), "<p>Grüße <img src=\"cid:logo\"></p>");
    assert_eq!(
        (&parts[2]["id"], &parts[2]["disposition"], &parts[2]["name"]),
        (&json!("<logo>"), &json!("inline"), &json!("logo.png"))
    );
    assert_eq!(parts[2]["content"], hex(&png));
    assert_eq!(parts[3]["name"], "Übersicht 2026 \"final\".pdf");
    assert_eq!((&parts[3]["disposition"], &parts[3]["extra"]), (&json!("attachment"), &json!("ä")));
    assert_eq!(parts[3]["content"], hex(&binary));
    assert_eq!((&parts[4]["name"], &parts[4]["content"]), (&json!("notes.txt"), &json!(hex(b"a\nb\n"))));
    assert_eq!(parts[5]["type"], "application/x-own");
}

#[tokio::test]
#[ignore = "needs aiosmtpd: CARBOY_PYTHON"]
async fn connections_are_kept_refusals_are_told_and_addresses_may_be_in_any_script() {
    let mut server = Server::start("plain", Path::new(""), Path::new(""));
    let (service, mail) = super::app(
        json!({"MAIL_PORT": server.port, "MAIL_DEFAULT_SENDER": "shop@example.com", "MAIL_MAX_EMAILS": 2, "MAIL_ASCII_ATTACHMENTS": true}),
    );
    service
        .in_app_context(async {
            let mut peers = Vec::new();
            let mut connection = mail.connect().await.unwrap();
            for number in 0..5 {
                connection
                    .send(Message::new(format!("n {number}"), ["a@example.com"]).body("x"))
                    .await
                    .unwrap();
                let got = server.message();
                assert_eq!(got["headers"]["Subject"], format!("n {number}"));
                peers.push(got["peer"].as_u64().unwrap());
            }
            assert!(
                peers[0] == peers[1] && peers[1] != peers[2] && peers[2] == peers[3] && peers[3] != peers[4],
                "{peers:?}"
            );
            connection.close().await;
            // The last connection had room for one more.
            mail.send(Message::new("one more", ["a@example.com"]).body("x")).await.unwrap();
            assert_eq!(server.message()["peer"].as_u64(), Some(peers[4]));

            let error = mail.send(Message::new("s", ["nobody@example.com"]).body("x")).await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (MailErrorKind::RecipientsRefused, Some(550)));
            let sent = mail
                .send(Message::new("s", ["nobody@example.com", "a@example.com"]).body("x"))
                .await
                .unwrap();
            assert_eq!(sent.refused()[0].reason, "no such user");
            assert_eq!(server.message()["to"], json!(["a@example.com"]));

            let utf8 = Message::new("s", ["用户@例子.example"])
                .body("x")
                .attach(Attachment::new("Über  sicht.txt", "x"));
            mail.send(utf8).await.unwrap();
            let got = server.message();
            assert_eq!(got["to"], json!(["用户@xn--fsqu00a.example"]));
            assert!(got["options"].to_string().contains("SMTPUTF8"));
            assert_eq!(got["parts"][1]["name"], "Uber sicht.txt");
        })
        .await;
}

#[tokio::test]
#[ignore = "needs aiosmtpd: CARBOY_PYTHON"]
async fn messages_are_encrypted_and_the_login_is_checked() {
    let folder = Folder::new();
    let Certificates { authority, server: cert, key } = certificates(folder.path());
    for (mode, switch) in [("starttls", "MAIL_USE_TLS"), ("tls", "MAIL_USE_SSL")] {
        let mut server = Server::start(mode, &cert, &key);
        let settings = |password: &str, ca: Option<&Path>, host: &str| {
            let mut settings = json!({"MAIL_SERVER": host, "MAIL_PORT": server.port, "MAIL_USERNAME": "shop", "MAIL_PASSWORD": password, "MAIL_DEFAULT_SENDER": "shop@example.com"});
            settings[switch] = json!(true);
            if let Some(ca) = ca {
                settings["MAIL_CA_FILE"] = json!(ca);
            }
            super::app(settings)
        };
        let message = || Message::new("s", ["a@example.com"]).body("x");
        let (service, mail) = settings("wrong", Some(&authority), "localhost");
        let error = service.in_app_context(mail.send(message())).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (MailErrorKind::Authentication, Some(535)),
            "{mode}: {error}"
        );
        // A certificate of nobody that is trusted, and one for another name.
        for (ca, host) in [(None, "localhost"), (Some(authority.as_path()), "127.0.0.1")] {
            let (service, mail) = settings("hunter2", ca, host);
            let error = service.in_app_context(mail.send(message())).await.unwrap_err();
            assert_eq!(error.kind(), MailErrorKind::Tls, "{mode} {host}: {error}");
        }
        let (service, mail) = settings("hunter2", Some(&authority), "localhost");
        service.in_app_context(mail.send(message())).await.unwrap();
        let got = server.message();
        assert_eq!((&got["tls"], &got["user"]), (&json!(true), &json!("shop")), "{mode}");
    }
}
