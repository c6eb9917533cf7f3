//! The page with the messages that were kept, for who develops.

use carboy::prelude::*;
use carboy::view::{Args, view};
use carboy::{RuleOptions, escape, ext};

use super::extension::Mail;
use super::message::Message;

pub(super) fn register(app: &mut App, path: &str) {
    let mut blueprint = Blueprint::new("_mail");
    blueprint.before_request(only_here);
    // Without `routes!`, which would make this package's folder the app's.
    blueprint.add_url_rule("/", "list", view(|_: Args| list()), RuleOptions::default());
    let message = |args: Args| show(args.get("index")?);
    blueprint.add_url_rule("/<int:index>", "show", view(message), RuleOptions::default());
    app.register_at(path.trim_end_matches('/'), blueprint);
}

/// Messages hold what is private: nobody else learns that there is a page.
fn only_here() -> carboy::Result<()> {
    let local = request().remote_addr().is_some_and(|address| address.is_loopback());
    if current_app().debug() && local { Ok(()) } else { abort(404) }
}

fn list() -> Html {
    let mut rows = String::new();
    for (index, message) in ext::<Mail>().outbox().iter().enumerate().rev() {
        rows.push_str(&format!(
            "<tr><td><a href=\"{index}\">{}</a></td><td>{}</td><td>{}</td></tr>\n",
            escape(if message.subject.is_empty() { "(no subject)" } else { &message.subject }),
            escape(recipients(message)),
            escape(message.sender.as_ref().map(ToString::to_string).unwrap_or_default()),
        ));
    }
    let table = "<table>\n<tr><th scope=\"col\">Subject</th><th scope=\"col\">To</th><th scope=\"col\">From</th></tr>\n";
    match rows.is_empty() {
        true => page("Mail", "<p>No message was sent yet.</p>"),
        false => page("Mail", &format!("{table}{rows}</table>")),
    }
}

fn show(index: usize) -> carboy::Result<Html> {
    let message = ext::<Mail>().outbox().into_iter().nth(index).or_404()?;
    let mut text = String::from("<p><a href=\"./\">All messages</a></p>\n<dl>\n");
    let mut row = |name: &str, value: String| {
        text.push_str(&format!("<dt>{name}</dt><dd>{}</dd>\n", escape(value)));
    };
    row("From", message.sender.as_ref().map(ToString::to_string).unwrap_or_default());
    row("To", recipients(&message));
    for attachment in &message.attachments {
        let name = attachment.filename.as_deref().unwrap_or("(no name)");
        row("Attachment", format!("{name} ({}, {} bytes)", attachment.content_type, attachment.data.len()));
    }
    text.push_str("</dl>\n");
    if let Some(body) = &message.body {
        text.push_str(&format!("<h2>Text</h2>\n<pre>{}</pre>\n", escape(body)));
    }
    if let Some(html) = &message.html {
        // Without scripts, and a link opens outside of the frame.
        text.push_str(&format!(
            "<h2>HTML</h2>\n<iframe title=\"The message as HTML\" sandbox=\"allow-popups\" srcdoc=\"{}\"></iframe>\n",
            escape(format!("<base target=\"_blank\">{html}"))
        ));
    }
    Ok(page(&message.subject, &text))
}

fn recipients(message: &Message) -> String {
    message.send_to().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn page(title: &str, content: &str) -> Html {
    let title = escape(title);
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\
         body{{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}}\
         table{{border-collapse:collapse;width:100%}}th,td{{text-align:left;padding:.4rem;border-bottom:1px solid #bbb}}\
         pre{{white-space:pre-wrap;background:#f4f4f4;padding:1rem}}iframe{{width:100%;height:30rem;border:1px solid #bbb}}\
         dt{{font-weight:bold}}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{content}\n</main>\n</body>\n</html>\n"
    ))
}
