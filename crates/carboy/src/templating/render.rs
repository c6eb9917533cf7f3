//! What views call to render templates.

use std::io;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;

use super::context::TemplateContext;
use super::error::TemplateError;
use super::value::{Raised, TemplateValue};
use crate::signals::TemplateEvent;
use crate::state::State;
use crate::{Error, Html, Response, Result, ctx};

/// One template's name, or several of which the first that exists is taken.
pub trait TemplateNames {
    /// The names, in order.
    fn names(&self) -> Vec<&str>;
}

impl TemplateNames for str {
    fn names(&self) -> Vec<&str> {
        vec![self]
    }
}

impl TemplateNames for String {
    fn names(&self) -> Vec<&str> {
        vec![self]
    }
}

impl<T: TemplateNames + ?Sized> TemplateNames for &T {
    fn names(&self) -> Vec<&str> {
        (**self).names()
    }
}

impl<T: AsRef<str>, const N: usize> TemplateNames for [T; N] {
    fn names(&self) -> Vec<&str> {
        self.iter().map(AsRef::as_ref).collect()
    }
}

impl<T: AsRef<str>> TemplateNames for [T] {
    fn names(&self) -> Vec<&str> {
        self.iter().map(AsRef::as_ref).collect()
    }
}

impl<T: AsRef<str>> TemplateNames for Vec<T> {
    fn names(&self) -> Vec<&str> {
        self.as_slice().names()
    }
}

/// An error of a function that the template called is raised as it was; everything else is a template's own.
#[track_caller]
fn raised(error: TemplateError) -> Error {
    match error.cause::<Raised>() {
        Some(raised) => raised.0.clone(),
        None => Error::from(error),
    }
}

#[track_caller]
fn state() -> Result<std::sync::Arc<State>> {
    match crate::try_current_app() {
        Some(state) => Ok(state),
        None => Err(Error::msg(
            "Working outside of application context: a template is rendered in a request or an app context.",
        )),
    }
}

/// The result, with an error that names the place of the caller.
#[track_caller]
fn at_caller<T>(result: Result<T, TemplateError>) -> Result<T> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(raised(error)),
    }
}

/// Tells the signals before and after `render`.
#[track_caller]
fn announced<T>(
    state: &State,
    template: Option<&str>,
    context: TemplateContext,
    render: impl FnOnce(TemplateContext) -> Result<T, TemplateError>,
) -> Result<T> {
    let context = state.templates().processed(context);
    let signals = state.signals();
    let event = (signals.before_render_template.has_receivers() || signals.template_rendered.has_receivers())
        .then(|| TemplateEvent {
            template: template.map(str::to_owned),
            context: context.iter().map(|(name, _)| name.to_owned()).collect(),
        });
    if let Some(event) = &event {
        signals.before_render_template.send(|| event.clone());
    }
    let rendered = at_caller(render(context))?;
    if let Some(event) = event {
        signals.template_rendered.send(|| event);
    }
    Ok(rendered)
}

/// Renders a template of the app's or a blueprint's folder; of several names the first that exists.
///
/// ```no_run
/// use carboy::{context, render_template};
/// # fn view() -> carboy::Result<carboy::Html> {
/// let posts = ["one", "two"];
/// render_template("index.html", context! { posts, title => "Blog" })
/// # }
/// ```
///
/// # Errors
/// A [`TemplateError`]: no such template, a mistake in it, something undefined that is used. Errors of functions that the
/// template calls come through as they are, so `abort(404)` in one answers 404. Outside a context an error, too.
#[track_caller]
pub fn render_template(name: impl TemplateNames, context: impl Into<TemplateContext>) -> Result<Html> {
    let state = state()?;
    let names = name.names();
    let templates = &state.templates().templates;
    let signals = state.signals();
    let announced_name =
        if signals.before_render_template.has_receivers() || signals.template_rendered.has_receivers() {
            at_caller(templates.select(&names))?
        } else {
            ""
        };
    announced(&state, Some(announced_name), context.into(), |context| templates.render(&names, context))
        .map(Html)
}

/// The first of these templates that exists: Jinja's `select_template`. What an extension extends when an app brings a layout, and when not.
///
/// # Errors
/// A [`TemplateError`] when none of them exists. Outside a context an error, too.
#[track_caller]
pub fn select_template(names: impl TemplateNames) -> Result<String> {
    at_caller(state()?.templates().templates.select(&names.names()).map(str::to_owned))
}

/// Renders a template given as text. It is escaped like HTML, and may extend and include the app's templates.
///
/// Never build the text from what a client sent: pass that as context.
///
/// # Errors
/// Those of [`render_template`].
#[track_caller]
pub fn render_template_string(source: &str, context: impl Into<TemplateContext>) -> Result<Html> {
    let state = state()?;
    let templates = &state.templates().templates;
    announced(&state, None, context.into(), |context| templates.render_str(source, context)).map(Html)
}

/// Answers with a template that is sent while it is being rendered, in the context of the request.
///
/// The first piece is sent when 8 KiB are ready. A mistake after that cuts the response off, as the status is sent by
/// then. Must be called in a request.
///
/// # Errors
/// If the template does not exist or does not parse.
#[track_caller]
pub fn stream_template(name: impl TemplateNames, context: impl Into<TemplateContext>) -> Result {
    let state = state()?;
    let name = at_caller(state.templates().templates.select(&name.names()))?.to_owned();
    stream(Some(name), String::new(), context.into())
}

/// [`stream_template`] for a template given as text.
///
/// # Errors
/// If there is no context.
#[track_caller]
pub fn stream_template_string(source: &str, context: impl Into<TemplateContext>) -> Result {
    stream(None, source.to_owned(), context.into())
}

/// How much is collected before it is sent on.
const CHUNK: usize = 8 * 1024;

fn stream(name: Option<String>, source: String, context: TemplateContext) -> Result {
    let state = state()?;
    let (sender, receiver) = mpsc::channel(4);
    // Rendering is synchronous, so it runs beside the workers; it waits there when the client reads slowly.
    let work = crate::blocking(move || {
        let mut writer = Chunks { sender, buffer: Vec::with_capacity(CHUNK) };
        let templates = &state.templates().templates;
        let rendered = announced(&state, name.as_deref(), context, |context| match &name {
            Some(name) => templates.render_to(&[name], context, &mut writer),
            None => templates.render_str_to(&source, context, &mut writer),
        });
        match rendered {
            Ok(()) => {
                let _ = io::Write::flush(&mut writer);
            }
            // The client went away: nobody is left to tell.
            Err(_) if writer.sender.is_closed() => {}
            Err(error) => {
                tracing::error!(target: "carboy::app", "a streamed template failed: {error}");
                let _ = writer.sender.blocking_send(Err(io::Error::other(error.to_string())));
            }
        }
    });
    let pieces = Pieces { receiver, work: Some(Box::pin(work)) };
    let mut response = match ctx::try_current() {
        Some(context) if context.has_request() => Response::stream(crate::stream_with_context(pieces)),
        _ => Response::stream(pieces),
    };
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/html; charset=utf-8"));
    Ok(response)
}

/// Collects what a template writes and sends it in pieces.
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl io::Write for Chunks {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(data);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        self.sender
            .blocking_send(Ok(full.into()))
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the client went away"))
    }
}

/// The pieces of a streamed template.
struct Pieces {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        if let Some(work) = &mut self.work
            && work.as_mut().poll(cx).is_ready()
        {
            self.work = None;
        }
        self.receiver.poll_recv(cx)
    }
}

/// A macro or a variable that a template exports: what [`get_template_attribute`] returns.
#[derive(Clone, Debug)]
pub struct TemplateAttribute {
    template: String,
    name: String,
}

/// A macro or a variable that a template exports, to be used from Rust.
///
/// ```
/// # use carboy::prelude::*;
/// # use carboy::{Html, Result, get_template_attribute};
/// # fn view() -> Result<Html> {
/// // templates/_cider.html: {% macro hello(name) %}Hello {{ name }}!{% endmacro %}
/// let hello = get_template_attribute("_cider.html", "hello");
/// hello.call(["World".into()])
/// # }
/// ```
pub fn get_template_attribute(template: &str, name: &str) -> TemplateAttribute {
    TemplateAttribute { template: template.to_owned(), name: name.to_owned() }
}

impl TemplateAttribute {
    /// Calls the macro.
    ///
    /// # Errors
    /// Those of [`render_template`], and if the template exports nothing of that name.
    pub fn call(&self, arguments: impl IntoIterator<Item = TemplateValue>) -> Result<Html> {
        self.call_with(arguments, std::iter::empty::<(String, _)>())
    }

    /// Calls the macro with positional and named arguments.
    ///
    /// # Errors
    /// Those of [`call`](Self::call).
    pub fn call_with<N: Into<String>>(
        &self,
        positional: impl IntoIterator<Item = TemplateValue>,
        named: impl IntoIterator<Item = (N, TemplateValue)>,
    ) -> Result<Html> {
        let state = state()?;
        let named = named.into_iter().map(|(name, value)| (name.into(), value)).collect();
        state
            .templates()
            .templates
            .call_macro(&self.template, &self.name, positional.into_iter().collect(), named)
            .map(|value| Html(value.to_string()))
            .map_err(raised)
    }

    /// The variable's value.
    ///
    /// # Errors
    /// Those of [`call`](Self::call).
    pub fn value(&self) -> Result<TemplateValue> {
        state()?.templates().templates.exported(&self.template, &self.name).map_err(raised)
    }
}

/// Renders a template: its name, then the variables, each standing for itself or as `name = value`.
///
/// ```no_run
/// # #[derive(serde::Serialize)] struct User { name: String }
/// # fn view(user: User) -> carboy::Result<carboy::Html> {
/// carboy::render!("user.html", user, title = format!("About {}", user.name))
/// # }
/// ```
#[macro_export]
macro_rules! render {
    ($name:expr $(,)?) => {
        $crate::render_template($name, $crate::TemplateContext::new())
    };
    ($name:expr, $($variables:tt)+) => {
        $crate::render_template($name, $crate::context! { $($variables)+ })
    };
}
