//! Arguments by type: what a view may ask for beside the parameters of its URL.

use super::fields;
use crate::{
    Error, Result,
    config::Config,
    ctx::{Context, CurrentRequest, G},
    extension::{Ext, Extension, Requirement},
    guard::Guard,
    session::Session,
    state::State,
};
use carboy_http::{Body, HttpError, StatusCode};
use serde::de::DeserializeOwned;
use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// A type that a view may have as an argument: it is made from the request.
///
/// Everything an argument gives can also be had from the accessors (`request()`, `session()`, …); an argument fails
/// before the view runs, and its errors go to the error handlers as those of the view do. `Option<T>` is `None` where `T`
/// fails; `Result<T>` leaves the failure to the view.
///
/// ```
/// use carboy::{Context, FromContext, Result, OrAbort};
/// use std::sync::Arc;
///
/// struct ApiKey(String);
///
/// impl FromContext for ApiKey {
///     fn from_context(context: &Arc<Context>) -> Result<Self> {
///         let key = context.request().and_then(|request| request.headers().get("x-api-key"));
///         let key = key.and_then(|key| key.to_str().ok()).or_abort(401)?;
///         Ok(ApiKey(key.to_owned()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a view",
    label = "not a URL parameter, and not a type made from the request",
    note = "an argument is a URL parameter if its name stands in the rule, as in `<int:id>`; is it misspelt there?",
    note = "every other argument is made by its type: `CurrentRequest`, `Session`, `Json<T>`, `Form<T>`, `Query<T>`, `Ext<T>`, …, \
            or a type that implements `FromContext`"
)]
pub trait FromContext: Sized {
    /// Whether the value takes the body as a stream, so that nothing reads it before the view runs.
    const STREAMS_BODY: bool = false;

    /// Adds the extensions that the value needs: an app without them does not start.
    fn requires(requirements: &mut Vec<Requirement>) {
        let _ = requirements;
    }

    /// What has to hold before a view with this argument runs, before the body is read: a [`Guard`] may answer with more than an error. For what
    /// makes the value without a view ([`Args::extract`](super::Args::extract)) it has to be checked in [`from_context`](Self::from_context) all the same.
    fn guards(guards: &mut Vec<Guard>) {
        let _ = guards;
    }

    /// What a view with this argument answers when the body could not be read: 413 when it is too large, 400 when the client broke off. It is
    /// the error as it is, unless the type tells of bodies in a form of its own.
    fn body_refused(context: &Arc<Context>, error: HttpError) -> HttpError {
        let _ = context;
        error
    }

    /// Makes the value.
    ///
    /// # Errors
    /// Whatever keeps it from being made; the view does not run then.
    fn from_context(context: &Arc<Context>) -> Result<Self>;
}

fn request(context: &Arc<Context>) -> Result<CurrentRequest> {
    CurrentRequest::of(context).ok_or_else(|| Error::msg("a view needs the context of a request"))
}

impl FromContext for Arc<Context> {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        Ok(context.clone())
    }
}

impl FromContext for CurrentRequest {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        request(context)
    }
}

impl FromContext for Session {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        request(context)?;
        Ok(context.open_session().clone())
    }
}

impl FromContext for G {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        Ok(G::of(context))
    }
}

impl FromContext for Arc<State> {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        Ok(context.state().clone())
    }
}

impl FromContext for Config {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        Ok(context.state().config().clone())
    }
}

impl<T: Extension> FromContext for Ext<T> {
    fn requires(requirements: &mut Vec<Requirement>) {
        requirements.push(Requirement::of::<T>());
    }

    fn from_context(context: &Arc<Context>) -> Result<Self> {
        Ext::of(context.state())
            .ok_or_else(|| Error::msg(crate::extension::missing(std::any::type_name::<T>())))
    }
}

impl<T: FromContext> FromContext for Option<T> {
    const STREAMS_BODY: bool = T::STREAMS_BODY;

    fn body_refused(context: &Arc<Context>, error: HttpError) -> HttpError {
        T::body_refused(context, error)
    }

    fn from_context(context: &Arc<Context>) -> Result<Self> {
        Ok(T::from_context(context).ok())
    }
}

impl<T: FromContext> FromContext for Result<T, Error> {
    const STREAMS_BODY: bool = T::STREAMS_BODY;

    fn requires(requirements: &mut Vec<Requirement>) {
        T::requires(requirements);
    }

    fn body_refused(context: &Arc<Context>, error: HttpError) -> HttpError {
        T::body_refused(context, error)
    }

    fn from_context(context: &Arc<Context>) -> Result<Self> {
        Ok(T::from_context(context))
    }
}

macro_rules! wrapper {
    ($name:ident) => {
        impl<T> Deref for $name<T> {
            type Target = T;
            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T> DerefMut for $name<T> {
            fn deref_mut(&mut self) -> &mut T {
                &mut self.0
            }
        }
    };
}

/// JSON: as an argument the body of the request, as a return value the body of the response.
///
/// # Errors
/// As an argument 415 when the request's content type is not JSON, 400 when the body does not parse as a `T`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);
wrapper!(Json);

impl<T: DeserializeOwned> FromContext for Json<T> {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        Ok(Json(request(context)?.json()?))
    }
}

/// The fields of the submitted form as a `T`, whose fields have the names of the form's.
///
/// A field that is sent several times fills a `Vec`. A checkbox fills a `bool`: `on`, `true` and `1` are true; one that is
/// not sent needs `#[serde(default)]`. A text that was left empty is `None` for an `Option`.
///
/// # Errors
/// 400 when a field is missing or does not parse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);
wrapper!(Form);

impl<T: DeserializeOwned> FromContext for Form<T> {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        let form = request(context)?.form();
        fields::read_fields(form.lists()).map(Form).map_err(|why| refused("form", why))
    }
}

/// The values of the query string as a `T`; as [`Form`] reads the form.
///
/// # Errors
/// 400 when a value is missing or does not parse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);
wrapper!(Query);

impl<T: DeserializeOwned> FromContext for Query<T> {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        let args = request(context)?.args();
        fields::read_fields(args.lists()).map(Query).map_err(|why| refused("query string", why))
    }
}

fn refused(what: &str, why: fields::FieldError) -> Error {
    HttpError::new(StatusCode::BAD_REQUEST)
        .with_description(format!("The {what} was not understood: {why}."))
        .with_source(why)
        .into()
}

/// The body of the request as it arrives. A view with this argument runs before the body is read, so `form()`, `json()`
/// and `data()` are empty in it; the limit of the body's length holds.
#[derive(Debug, Default)]
pub struct BodyStream(Body);

impl BodyStream {
    /// The body, which is a [`http_body::Body`].
    pub fn into_inner(self) -> Body {
        self.0
    }

    /// The next bytes, `None` at the end.
    ///
    /// # Errors
    /// 413 when the body is longer than the limit, 400 when the client went away or sends nonsense.
    pub async fn chunk(&mut self) -> Result<Option<bytes::Bytes>> {
        loop {
            let frame =
                std::future::poll_fn(|cx| http_body::Body::poll_frame(std::pin::Pin::new(&mut self.0), cx));
            match frame.await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => {
                    return Err(match error.downcast::<HttpError>() {
                        Ok(error) => (*error).into(),
                        Err(error) => HttpError::new(StatusCode::BAD_REQUEST).with_source(error).into(),
                    });
                }
            }
        }
    }
}

impl FromContext for BodyStream {
    const STREAMS_BODY: bool = true;

    fn from_context(context: &Arc<Context>) -> Result<Self> {
        Ok(BodyStream(request(context)?.take_stream().unwrap_or_default()))
    }
}

/// The body of the request as bytes.
impl FromContext for bytes::Bytes {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        Ok(request(context)?.data())
    }
}
