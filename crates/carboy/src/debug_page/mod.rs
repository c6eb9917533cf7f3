//! The page about an error in debug mode.
//!
//! It shows the error with its causes and place, source lines, the backtrace, the request, the matched rule, and the keys of
//! session and `g`. It never evaluates code, shows no value whose name sounds like a secret, and is only given to a client
//! on this machine that asked for this machine, by no proxy, and showed the [token](token()) of this process.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod token;

pub(crate) use token::{entered, token};

use carboy_http::{HttpError, Response, StatusCode, is_secret_name, without_secrets};

use crate::ctx::Context;
use crate::templating::{TemplateError, escaped};
use crate::{CurrentRequest, Error};

/// All that the page shows, as plain data.
#[derive(Debug, Default)]
pub(crate) struct DebugPage {
    pub(crate) app: String,
    /// The error and its causes, outermost first.
    pub(crate) chain: Vec<String>,
    /// File and line where the error was met.
    pub(crate) location: String,
    /// Lines of a template or a Rust file around the place.
    pub(crate) sources: Vec<SourceLines>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) request: RequestFacts,
    pub(crate) endpoint: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) view_args: Vec<(String, String)>,
    pub(crate) session_keys: Vec<String>,
    pub(crate) g_keys: Vec<String>,
}

/// Lines of a file, one of which is the culprit.
#[derive(Debug, Default)]
pub(crate) struct SourceLines {
    pub(crate) title: String,
    pub(crate) culprit: usize,
    pub(crate) lines: Vec<(usize, String)>,
}

/// A frame of the backtrace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) function: String,
    pub(crate) place: String,
    pub(crate) origin: Origin,
}

/// Whose code a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    App,
    Carboy,
    Library,
}

/// The request as far as it is shown.
#[derive(Debug, Default)]
pub(crate) struct RequestFacts {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) remote: String,
    pub(crate) args: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) form_keys: Vec<String>,
}

/// What stands in the place of a secret.
const REDACTED: &str = "‹redacted›";

fn redacted(pairs: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    pairs
        .into_iter()
        .map(|(name, value)| {
            let value = if is_secret_name(&name) { REDACTED.to_owned() } else { value };
            (name, value)
        })
        .collect()
}

/// Whether the client and the name it asked for are this machine: debug pages are for nobody else.
fn is_local(request: &CurrentRequest) -> bool {
    let host = request.host();
    let name = host
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']').map(|(address, _)| address))
        .unwrap_or_else(|| host.split(':').next().unwrap_or_default());
    let local_name = name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let proxied = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"];
    local_name
        && request.remote_addr().is_none_or(|address| address.is_loopback())
        && !proxied.iter().any(|field| request.headers().contains_key(*field))
}

/// The answer to a request that failed in debug mode.
pub(crate) fn response(context: &Arc<Context>, error: &Error) -> Response {
    let plain = || HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).to_response();
    let Some(request) = CurrentRequest::of(context).filter(is_local) else {
        return plain();
    };
    let page = match token::is_shown_by(&request) {
        true => DebugPage::new(context, &request, error).to_string(),
        false => token::question(&request),
    };
    let mut response = Response::html(page).with_status(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    // Nothing on the page may run or be loaded, and nothing of it stays in a cache.
    for (name, value) in [
        (
            http::header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
        ),
        (http::header::CACHE_CONTROL, "no-store"),
        (http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    response
}

impl DebugPage {
    fn new(context: &Arc<Context>, request: &CurrentRequest, error: &Error) -> Self {
        let state = context.state();
        let mut chain: Vec<String> = Vec::new();
        for cause in error.chain() {
            let text = cause.to_string();
            if chain.last() != Some(&text) {
                chain.push(text);
            }
        }
        let mut sources = Vec::new();
        if let Some(template) = error.chain().find_map(|cause| cause.downcast_ref::<TemplateError>())
            && let (Some(name), Some(line)) = (template.template(), template.line())
        {
            sources.push(SourceLines {
                title: format!("Template {name}, line {line}"),
                culprit: line,
                lines: template.excerpt().to_vec(),
            });
        }
        let location = error.location();
        let culprit = usize::try_from(location.line()).unwrap_or(0);
        if let Some(lines) = source_lines(Path::new(location.file()), state.root_path(), culprit) {
            let title = format!("{}, line {culprit}", location.file());
            sources.push(SourceLines { title, culprit, lines });
        }
        let pairs = |multi: carboy_http::MultiDict<String>| {
            redacted(
                multi.items_multi().map(|(name, value)| (name.to_owned(), value.clone())).collect::<Vec<_>>(),
            )
        };
        let shown_url = match request.uri().query() {
            // The query is shown below, with its secrets taken out.
            Some(_) => format!("{}?…", request.base_url()),
            None => request.base_url(),
        };
        DebugPage {
            app: state.name().to_owned(),
            chain,
            location: location.to_string(),
            sources,
            frames: error.backtrace().map(|backtrace| frames(&backtrace.to_string())).unwrap_or_default(),
            request: RequestFacts {
                method: request.method().to_string(),
                url: shown_url,
                remote: request.remote_addr().map_or_else(String::new, |address| address.to_string()),
                args: pairs(request.args()),
                headers: redacted(request.headers().iter().map(|(name, value)| {
                    (
                        name.to_string(),
                        String::from_utf8_lossy(&without_secrets(value.as_bytes())).into_owned(),
                    )
                })),
                form_keys: request.form().keys().map(str::to_owned).collect(),
            },
            endpoint: request.endpoint().map(str::to_owned),
            rule: request.url_rule().map(str::to_owned),
            view_args: redacted(
                request.view_args().into_iter().map(|(name, value)| (name, value.to_string())),
            ),
            session_keys: session_keys(context),
            g_keys: context.g().names(),
        }
    }
}

/// The names in the session, if anybody opened it.
fn session_keys(context: &Arc<Context>) -> Vec<String> {
    context
        .opened_session()
        .map(|session| session.peek(|dict, _| dict.keys().map(|key| key.to_string()).collect()))
        .unwrap_or_default()
}

/// How many lines before and after the culprit are shown.
const AROUND: usize = 6;

/// No source file is longer than this.
const LONGEST_SOURCE: u64 = 4 << 20;

/// The lines of a Rust file around `line`, if the file is at hand: the compiler names it from the workspace's root.
fn source_lines(file: &Path, root: &Path, line: usize) -> Option<Vec<(usize, String)>> {
    if file.extension()? != "rs"
        || file.components().any(|part| matches!(part, std::path::Component::ParentDir))
    {
        return None;
    }
    let mut places: Vec<PathBuf> = vec![file.to_owned()];
    if file.is_relative() {
        places.extend(root.ancestors().map(|folder| folder.join(file)));
    }
    let path = places.into_iter().find(|path| path.is_file())?;
    if path.metadata().ok()?.len() > LONGEST_SOURCE {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    let lines: Vec<(usize, String)> = text
        .lines()
        .enumerate()
        .map(|(index, text)| (index + 1, text))
        .filter(|(number, _)| number.abs_diff(line) <= AROUND)
        .map(|(number, text)| (number, text.to_owned()))
        .collect();
    (!lines.is_empty()).then_some(lines)
}

/// The frames of a backtrace, as the standard library prints it: those of the app first, then carboy's, then the rest.
fn frames(text: &str) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(frame) = frames.last_mut() {
                frame.place = place.to_owned();
            }
        } else if let Some((number, function)) = line.split_once(": ")
            && number.parse::<usize>().is_ok()
        {
            frames.push(Frame {
                function: function.to_owned(),
                place: String::new(),
                origin: Origin::Library,
            });
        }
    }
    for frame in &mut frames {
        frame.origin = origin(frame);
    }
    frames.sort_by_key(|frame| frame.origin);
    frames
}

/// Whose code a frame is, by its name and, where the build keeps only lines and no full names, by its file.
fn origin(frame: &Frame) -> Origin {
    let name = frame.function.trim_start_matches(['<', '&']);
    let of_crate = |krate: &str| name.strip_prefix(krate).is_some_and(|rest| rest.starts_with("::"));
    let ours = [
        "carboy",
        "carboy_http",
        "carboy_routing",
        "carboy_server",
        "carboy_signing",
        "carboy_ext",
        "carboy_db",
    ];
    let place = frame.place.replace('\\', "/");
    if ours.iter().any(|krate| of_crate(krate))
        || place.contains("/carboy-")
        || place.contains("crates/carboy")
    {
        return Origin::Carboy;
    }
    let foreign = place.is_empty()
        || place.starts_with("/rustc/")
        || place.contains("/registry/src/")
        || place.contains("/git/checkouts/");
    if foreign || ["std", "core", "alloc"].iter().any(|krate| of_crate(krate)) {
        Origin::Library
    } else {
        Origin::App
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#d7dbe0;--soft:#f4f6f8;--ink:#1c2127;--dim:#5d6874;--hot:#c2352b;--hotbg:#fdecea}\
@media(prefers-color-scheme:dark){:root{--line:#343b44;--soft:#20252b;--ink:#e4e8ec;--dim:#98a3af;--hot:#ff8a80;--hotbg:#3b2322}}\
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:Canvas}\
header{padding:28px 32px 22px;border-bottom:3px solid var(--hot);background:var(--soft)}\
h1{margin:0 0 6px;font-size:22px;overflow-wrap:anywhere;white-space:pre-wrap}header p{margin:2px 0;color:var(--dim);overflow-wrap:anywhere}\
main{padding:8px 32px 40px;max-width:1100px}h2{margin:28px 0 8px;font-size:16px}\
code,pre,td{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}\
pre{margin:0;padding:10px 0;overflow-x:auto;border:1px solid var(--line);border-radius:6px;background:var(--soft)}\
pre span{display:block;padding:0 14px;white-space:pre}pre .hot{background:var(--hotbg);color:var(--hot);font-weight:600}\
pre i{display:inline-block;width:4em;color:var(--dim);font-style:normal;user-select:none}\
table{border-collapse:collapse;width:100%}td{padding:4px 12px 4px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}\
td:first-child{width:14em;color:var(--dim)}ol{margin:0;padding:0;list-style:none}li{padding:4px 0;border-bottom:1px solid var(--line)}\
li small{display:block;color:var(--dim);overflow-wrap:anywhere}li.library{color:var(--dim)}details{margin-top:8px}summary{cursor:pointer;color:var(--dim)}\
.caused{color:var(--hot)}footer{padding:0 32px 28px;color:var(--dim);font-size:13px}";

/// The page itself. Every value goes through the same escapes as in templates.
impl fmt::Display for DebugPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self.chain.first().map_or("Internal Server Error", String::as_str);
        write!(
            f,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{} – {}</title><style>{STYLE}</style></head>\n\
             <body><header><h1>{}</h1>",
            escaped(title.lines().next().unwrap_or_default()),
            escaped(&self.app),
            escaped(title)
        )?;
        for cause in self.chain.iter().skip(1) {
            write!(f, "<p class=\"caused\">caused by: {}</p>", escaped(cause))?;
        }
        write!(
            f,
            "<p>{} {} – at <code>{}</code></p></header>\n<main>",
            escaped(&self.request.method),
            escaped(&self.request.url),
            escaped(&self.location)
        )?;
        for source in &self.sources {
            write!(f, "<h2>{}</h2><pre>", escaped(&source.title))?;
            for (number, line) in &source.lines {
                let hot = if *number == source.culprit { " class=\"hot\"" } else { "" };
                write!(f, "<span{hot}><i>{number}</i>{}</span>", escaped(line))?;
            }
            f.write_str("</pre>")?;
        }
        self.write_frames(f)?;
        table(
            f,
            "Request",
            &[
                ("Method".to_owned(), self.request.method.clone()),
                ("URL".to_owned(), self.request.url.clone()),
                ("Client".to_owned(), self.request.remote.clone()),
                ("Endpoint".to_owned(), self.endpoint.clone().unwrap_or_else(|| "none".to_owned())),
                ("Rule".to_owned(), self.rule.clone().unwrap_or_else(|| "none matched".to_owned())),
            ],
        )?;
        table(f, "Values from the path", &self.view_args)?;
        table(f, "Query", &self.request.args)?;
        table(f, "Headers", &self.request.headers)?;
        let names = |title: &str, names: &[String]| {
            names.iter().map(|name| (title.to_owned(), name.clone())).collect::<Vec<_>>()
        };
        table(f, "Form fields (values are not shown)", &names("field", &self.request.form_keys))?;
        table(f, "Session (values are not shown)", &names("key", &self.session_keys))?;
        table(f, "g (values are not shown)", &names("key", &self.g_keys))?;
        f.write_str(
            "</main>\n<footer>This page is shown because the app runs in debug mode, and only to this machine. Values whose \
             names sound like secrets are left out.</footer></body></html>\n",
        )
    }
}

impl DebugPage {
    fn write_frames(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<h2>Backtrace</h2>")?;
        if self.frames.is_empty() {
            return f.write_str("<p>No backtrace was taken of this error.</p>");
        }
        let (near, far): (Vec<_>, Vec<_>) =
            self.frames.iter().partition(|frame| frame.origin != Origin::Library);
        let list = |f: &mut fmt::Formatter<'_>, frames: &[&Frame]| -> fmt::Result {
            f.write_str("<ol>")?;
            for frame in frames {
                let class = match frame.origin {
                    Origin::App => "app",
                    Origin::Carboy => "carboy",
                    Origin::Library => "library",
                };
                write!(
                    f,
                    "<li class=\"{class}\"><code>{}</code><small>{}</small></li>",
                    escaped(&frame.function),
                    escaped(&frame.place)
                )?;
            }
            f.write_str("</ol>")
        };
        list(f, &near)?;
        if !far.is_empty() {
            write!(f, "<details><summary>{} frames of libraries</summary>", far.len())?;
            list(f, &far)?;
            f.write_str("</details>")?;
        }
        Ok(())
    }
}

/// A heading and a table; nothing if there are no rows.
fn table(f: &mut fmt::Formatter<'_>, title: &str, rows: &[(String, String)]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let mut out = String::new();
    for (name, value) in rows {
        // Writing into a string cannot fail.
        let _ = write!(out, "<tr><td>{}</td><td>{}</td></tr>", escaped(name), escaped(value));
    }
    write!(f, "<h2>{}</h2><table>{out}</table>", escaped(title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    const CANARY: &str = "canary-7f3a";

    fn failing(rule: &str) -> App {
        let mut app = App::new("shop");
        app.config().set("DEBUG", true).set("SECRET_KEY", CANARY);
        app.add_url_rule(
            rule,
            "boom",
            crate::view::view(|_| async {
                g().set("db_handle", CANARY);
                "<nope>".parse::<i32>()?;
                "unreachable".into_response()
            }),
            crate::RuleOptions { methods: Some(vec!["GET".into(), "POST".into()]), ..Default::default() },
        );
        app
    }

    /// The page itself: a test client raises the error instead, so the frozen app is asked.
    fn page(mut app: App, request: Request) -> Response {
        let service = app.build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { carboy_http::Service::call(&service, request).await })
    }

    fn text(response: Response) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = runtime
            .block_on(async {
                http_body_util::BodyExt::collect(
                    http::Response::<carboy_http::Body>::from(response).into_body(),
                )
                .await
            })
            .map(|collected| collected.to_bytes())
            .unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn request(target: &str, headers: &[(&'static str, &'static str)]) -> Request {
        let mut request = Request::get(target);
        request.headers_mut().insert("host", http::HeaderValue::from_static("localhost:5000"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, http::HeaderValue::from_static(value));
        }
        request
    }

    #[test]
    fn the_page_shows_the_error_the_place_the_request_and_the_rule() {
        let response = page(failing("/boom/<name>"), request("/boom/x?a=%3Cb%3E", &[("x-trace", "t1")]));
        assert_eq!(response.status(), 500);
        assert_eq!(
            response.headers()["content-security-policy"],
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
        );
        let page = text(response);
        for part in [
            "invalid digit found in string",
            "debug_page/mod.rs",
            "parse::&lt;i32&gt;()?;",
            "<td>Endpoint</td><td>boom</td>",
            "<td>Rule</td><td>/boom/&lt;name&gt;</td>",
            "<td>a</td><td>&lt;b&gt;</td>",
            "<td>x-trace</td><td>t1</td>",
            "<td>key</td><td>db_handle</td>",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert!(!page.contains("<b>") && !page.contains("<script"), "{page}");
    }

    #[test]
    fn no_secret_is_on_the_page() {
        let mut request = request(
            "/boom?password=canary-7f3a&Api-Key=canary-7f3a&csrf_token=canary-7f3a",
            &[
                ("authorization", "Bearer canary-7f3a"),
                ("cookie", "session=canary-7f3a"),
                ("x-auth-token", "canary-7f3a"),
                ("x-api-key", "canary-7f3a"),
            ],
        );
        request.set_method(carboy_http::Method::POST);
        request
            .headers_mut()
            .insert("content-type", http::HeaderValue::from_static("application/x-www-form-urlencoded"));
        request.set_body("card=canary-7f3a");
        let page = text(page(failing("/boom"), request));
        assert!(page.contains(REDACTED), "{page}");
        assert_eq!(page.matches(CANARY).count(), 0, "{page}");
    }

    #[test]
    fn nobody_but_this_machine_sees_the_page() {
        for host in ["shop.example", "localhost.evil.example", "10.0.0.1", "[::2]"] {
            let mut request = request("/boom", &[]);
            request.headers_mut().insert("host", http::HeaderValue::from_static(host));
            let page = text(page(failing("/boom"), request));
            assert!(!page.contains("invalid digit"), "{host}: {page}");
        }
        for host in ["localhost", "app.localhost:80", "127.0.0.1:5000", "[::1]:5000"] {
            let mut request = request("/boom", &[]);
            request.headers_mut().insert("host", http::HeaderValue::from_static(host));
            assert!(text(page(failing("/boom"), request)).contains("invalid digit"), "{host}");
        }
    }

    #[test]
    fn frames_of_the_app_come_first() {
        let text = "   0: core::result::unwrap_failed\n             at /rustc/abc/library/core/src/result.rs:1:5\n   \
                    1: carboy::dispatch::run\n             at ./crates/carboy/src/dispatch.rs:3:4\n   \
                    2: shop::views::buy\n             at ./src/views.rs:7:9\n   3: start\n   \
                    4: {async_fn#0}\n             at /home/x/.cargo/registry/src/i/carboy-0.1.0/src/end.rs:1:2\n";
        let frames = frames(text);
        let functions: Vec<&str> = frames.iter().map(|frame| frame.function.as_str()).collect();
        assert_eq!(
            functions,
            [
                "shop::views::buy",
                "carboy::dispatch::run",
                "{async_fn#0}",
                "core::result::unwrap_failed",
                "start"
            ]
        );
        assert_eq!(frames[0].place, "./src/views.rs:7:9");
    }

    #[test]
    fn a_failing_template_is_shown_with_its_lines() {
        let mut app = App::new("shop");
        app.config().set("DEBUG", true);
        app.add_url_rule(
            "/t",
            "t",
            crate::view::view(|_| async {
                crate::render_template_string("<p>\n{{ user.name }}\n</p>", ())?.into_response()
            }),
            Default::default(),
        );
        let page = text(page(app, request("/t", &[])));
        assert!(page.contains("&#39;user&#39; is undefined"), "{page}");
        assert!(page.contains("<span class=\"hot\"><i>2</i>{{ user.name }}</span>"), "{page}");
    }
}
