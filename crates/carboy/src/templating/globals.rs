//! What every template sees: `request`, `session`, `g`, `config` and Flask's functions.
//!
//! They read the context of the moment when a template names them, so they cost nothing when it does not.

use carboy_http::MultiDict;
use carboy_routing::Value as UrlValue;

use super::engine::TemplatesBuilder;
use super::error::{TemplateError, TemplateErrorKind};
use super::markup::Markup;
use super::value::{TemplateArgs, TemplateObject, TemplateValue};
use crate::session::Value as SessionValue;
use crate::{CurrentRequest, ctx};

pub(super) fn install(builder: &mut TemplatesBuilder) {
    builder
        .global("request", TemplateValue::from_object(Request))
        .global("session", TemplateValue::from_object(Session))
        .global("g", TemplateValue::from_object(G))
        .global("config", TemplateValue::from_object(Config))
        .function("url_for", url_for)
        .function("get_flashed_messages", get_flashed_messages);
}

fn outside(what: &str) -> TemplateError {
    TemplateError::new(
        TemplateErrorKind::Runtime,
        format!("Working outside of {what} context: the template uses what only that has"),
    )
}

/// The values of a URL in a template, as the URL map takes them.
fn url_value(value: &TemplateValue) -> UrlValue {
    let engine = &value.0;
    if value.is_none() || value.is_undefined() {
        return UrlValue::None;
    }
    if let Some(text) = value.as_str() {
        return UrlValue::Str(text.to_owned());
    }
    match engine.kind() {
        minijinja::value::ValueKind::Bool => UrlValue::Bool(value.is_true()),
        minijinja::value::ValueKind::Number => match super::python::as_int(engine) {
            Some(number) => UrlValue::Int(number),
            None => UrlValue::Float(super::python::as_f64(engine).unwrap_or_default()),
        },
        minijinja::value::ValueKind::Seq | minijinja::value::ValueKind::Iterable => {
            UrlValue::List(value.items().unwrap_or_default().iter().map(url_value).collect())
        }
        minijinja::value::ValueKind::Map if super::python::is_plain_map(engine) => UrlValue::Dict(
            super::python::pairs(engine, false)
                .into_iter()
                .map(|(key, value)| (key.to_string(), url_value(&TemplateValue(value))))
                .collect(),
        ),
        _ => UrlValue::Str(value.to_string()),
    }
}

fn template_value(value: &UrlValue) -> TemplateValue {
    match value {
        UrlValue::Str(text) => TemplateValue::from(text.as_str()),
        UrlValue::Int(number) => TemplateValue(super::python::int(*number)),
        UrlValue::Float(number) => TemplateValue::from(*number),
        UrlValue::Bool(yes) => TemplateValue::from(*yes),
        UrlValue::None => TemplateValue::none(),
        UrlValue::List(items) => TemplateValue::list(items.iter().map(template_value).collect()),
        UrlValue::Dict(entries) => {
            TemplateValue::map(entries.iter().map(|(name, value)| (name.as_str(), template_value(value))))
        }
        other => TemplateValue::from(other.to_string()),
    }
}

/// `url_for(endpoint, _anchor=…, _method=…, _scheme=…, _external=…, **values)`
fn url_for(arguments: &TemplateArgs<'_>) -> Result<String, TemplateError> {
    if ctx::try_current().is_none() {
        return Err(outside("application"));
    }
    let endpoint: String = arguments.argument(0, "endpoint")?;
    let values: Vec<(String, UrlValue)> = arguments
        .all_named()
        .iter()
        .filter(|(name, _)| name != "endpoint")
        .map(|(name, value)| (name.clone(), url_value(value)))
        .collect();
    Ok(crate::try_url_for(&endpoint, values)?)
}

/// `get_flashed_messages(with_categories=False, category_filter=())`
fn get_flashed_messages(arguments: &TemplateArgs<'_>) -> Result<TemplateValue, TemplateError> {
    if ctx::try_current().is_none_or(|context| !context.has_request()) {
        return Err(outside("request"));
    }
    let with_categories =
        arguments.get(0).or_else(|| arguments.named("with_categories")).is_some_and(|value| value.is_true());
    let wanted: Vec<TemplateValue> = match arguments.get(1).or_else(|| arguments.named("category_filter")) {
        Some(filter) => filter.items()?,
        None => Vec::new(),
    };
    let messages = crate::flash::flashed()
        .into_iter()
        .filter(|(category, _)| wanted.is_empty() || wanted.iter().any(|one| one.as_str() == Some(category)))
        .map(|(category, message)| {
            let message = session_value(&message);
            if with_categories {
                TemplateValue::tuple(vec![TemplateValue::from(category), message])
            } else {
                message
            }
        })
        .collect();
    Ok(TemplateValue::list(messages))
}

/// `config`: the configuration of the current app.
struct Config;

impl TemplateObject for Config {
    fn get(&self, name: &str) -> Result<Option<TemplateValue>, TemplateError> {
        let app = crate::try_current_app().ok_or_else(|| outside("application"))?;
        Ok(app.config().value(name).map(TemplateValue::new))
    }

    fn keys(&self) -> Option<Vec<String>> {
        Some(
            crate::try_current_app()
                .map(|app| app.config().iter().map(|(name, _)| name.to_owned()).collect())
                .unwrap_or_default(),
        )
    }

    fn text(&self) -> String {
        // Printing the configuration would print its secrets.
        "<Config>".to_owned()
    }
}

/// `g`: the named values of the current context.
struct G;

impl TemplateObject for G {
    fn get(&self, name: &str) -> Result<Option<TemplateValue>, TemplateError> {
        let context = ctx::try_current().ok_or_else(|| outside("application"))?;
        Ok(context.g().template_value(name).map(TemplateValue))
    }

    fn call_method(
        &self,
        name: &str,
        arguments: &TemplateArgs<'_>,
    ) -> Option<Result<TemplateValue, TemplateError>> {
        (name == "get").then(|| {
            let name: String = arguments.argument(0, "name")?;
            Ok(self.get(&name)?.unwrap_or_else(|| {
                arguments.get(1).or_else(|| arguments.named("default")).unwrap_or_else(TemplateValue::none)
            }))
        })
    }

    fn keys(&self) -> Option<Vec<String>> {
        Some(ctx::try_current().map(|context| context.g().names()).unwrap_or_default())
    }

    fn is_true(&self) -> bool {
        ctx::has_app_context()
    }

    fn text(&self) -> String {
        match crate::try_current_app() {
            Some(app) => format!("<flask.g of '{}'>", app.name()),
            None => "<flask.g>".to_owned(),
        }
    }
}

/// A value of the session as templates see it: markup stays safe, tuples stay tuples.
fn session_value(value: &SessionValue) -> TemplateValue {
    match value {
        SessionValue::Null => TemplateValue::none(),
        SessionValue::Bool(yes) => TemplateValue::from(*yes),
        SessionValue::Int(number) => TemplateValue::from(*number),
        SessionValue::Float(number) => TemplateValue::from(*number),
        SessionValue::Str(text) => TemplateValue::from(text.as_str()),
        SessionValue::Markup(html) => TemplateValue::from(Markup::new(html.as_str())),
        SessionValue::Bytes(bytes) => TemplateValue(minijinja::Value::from_bytes(bytes.clone())),
        SessionValue::List(items) => TemplateValue::list(items.iter().map(session_value).collect()),
        SessionValue::Tuple(items) => TemplateValue::tuple(items.iter().map(session_value).collect()),
        SessionValue::Dict(entries) => {
            TemplateValue::map(entries.iter().map(|(name, value)| (name.as_str(), session_value(value))))
        }
        SessionValue::BigInt(number) => match number.as_str().parse::<i128>() {
            Ok(number) => TemplateValue(super::python::int(number)),
            Err(_) => TemplateValue::from(number.as_str()),
        },
        other => TemplateValue::new(other),
    }
}

/// `session`: the session of the current request.
struct Session;

impl TemplateObject for Session {
    fn get(&self, name: &str) -> Result<Option<TemplateValue>, TemplateError> {
        let session = crate::try_session().ok_or_else(|| outside("request"))?;
        match session.try_get::<SessionValue>(name) {
            Ok(Some(value)) => Ok(Some(session_value(&value))),
            Ok(None) | Err(_) => Ok(match name {
                "new" => Some(session.is_new().into()),
                "permanent" => Some(session.permanent().into()),
                "modified" => Some(session.modified().into()),
                "accessed" => Some(session.accessed().into()),
                _ => None,
            }),
        }
    }

    fn keys(&self) -> Option<Vec<String>> {
        Some(crate::try_session().map(|session| session.keys()).unwrap_or_default())
    }

    fn text(&self) -> String {
        // Printing the session would print what belongs to its visitor only.
        "<Session>".to_owned()
    }
}

/// `request`: the current request, or nothing.
struct Request;

impl TemplateObject for Request {
    fn get(&self, name: &str) -> Result<Option<TemplateValue>, TemplateError> {
        let request = crate::try_request().ok_or_else(|| outside("request"))?;
        Ok(request_attribute(&request, name))
    }

    fn is_true(&self) -> bool {
        crate::has_request_context()
    }

    fn text(&self) -> String {
        crate::try_request().map_or_else(
            || "<Request>".to_owned(),
            |request| format!("<Request '{}' [{}]>", request.url(), request.method()),
        )
    }
}

/// A mapping with several values a key, as `request.args`.
struct Multi(MultiDict<String>);

impl TemplateObject for Multi {
    fn get(&self, name: &str) -> Result<Option<TemplateValue>, TemplateError> {
        Ok(self.0.first(name).map(|value| TemplateValue::from(value.as_str())))
    }

    fn call_method(
        &self,
        name: &str,
        arguments: &TemplateArgs<'_>,
    ) -> Option<Result<TemplateValue, TemplateError>> {
        let key = || arguments.argument::<String>(0, "key");
        match name {
            "getlist" => Some(key().map(|key| {
                TemplateValue::list(self.0.getlist(&key).iter().map(|value| value.as_str().into()).collect())
            })),
            "to_dict" => Some(Ok(TemplateValue::map(
                self.0.items().map(|(key, value)| (key, TemplateValue::from(value.as_str()))),
            ))),
            "lists" => Some(Ok(TemplateValue::list(
                self.0
                    .lists()
                    .map(|(key, values)| {
                        TemplateValue::tuple(vec![
                            key.into(),
                            TemplateValue::list(values.iter().map(|value| value.as_str().into()).collect()),
                        ])
                    })
                    .collect(),
            ))),
            _ => None,
        }
    }

    fn keys(&self) -> Option<Vec<String>> {
        Some(self.0.keys().map(str::to_owned).collect())
    }
}

/// `request.headers`: names in any case.
struct Headers(CurrentRequest);

impl TemplateObject for Headers {
    fn get(&self, name: &str) -> Result<Option<TemplateValue>, TemplateError> {
        Ok(self.0.header(name).map(|value| TemplateValue::from(value.as_ref())))
    }

    fn call_method(
        &self,
        name: &str,
        arguments: &TemplateArgs<'_>,
    ) -> Option<Result<TemplateValue, TemplateError>> {
        (name == "get").then(|| {
            let name: String = arguments.argument(0, "key")?;
            Ok(self.get(&name)?.unwrap_or_else(|| {
                arguments.get(1).or_else(|| arguments.named("default")).unwrap_or_else(TemplateValue::none)
            }))
        })
    }

    fn keys(&self) -> Option<Vec<String>> {
        Some(self.0.headers().keys().map(|name| title_case(name.as_str())).collect())
    }
}

/// `content-type` as `Content-Type`.
fn title_case(name: &str) -> String {
    let mut begins = true;
    name.chars()
        .map(|c| {
            let c = if begins { c.to_ascii_uppercase() } else { c };
            begins = c == '-';
            c
        })
        .collect()
}

fn request_attribute(request: &CurrentRequest, name: &str) -> Option<TemplateValue> {
    let multi = |values: MultiDict<String>| TemplateValue::from_object(Multi(values));
    let optional = |text: Option<&str>| text.map_or_else(TemplateValue::none, TemplateValue::from);
    Some(match name {
        "method" => request.method().as_str().into(),
        "path" => request.path().into(),
        "full_path" => request.full_path().into(),
        "url" => request.url().into(),
        "base_url" => request.base_url().into(),
        "url_root" | "root_url" => request.url_root().into(),
        "host_url" => request.host_url().into(),
        "host" => request.host().into(),
        "scheme" => request.scheme().into(),
        "is_secure" => request.is_secure().into(),
        "script_root" | "root_path" => request.script_root().into(),
        "query_string" => request.query_string().into(),
        "remote_addr" => match request.remote_addr() {
            Some(address) => address.to_string().into(),
            None => TemplateValue::none(),
        },
        "endpoint" => optional(request.endpoint()),
        "blueprint" => optional(request.blueprint()),
        "blueprints" => TemplateValue::list(request.blueprints().into_iter().map(Into::into).collect()),
        "url_rule" => optional(request.url_rule()),
        "view_args" => TemplateValue::map(
            request.view_args().into_iter().map(|(name, value)| (name, template_value(&value))),
        ),
        "args" => multi(request.args()),
        "form" => multi(request.form()),
        "values" => multi(request.values()),
        "cookies" => multi(request.cookies()),
        "headers" => TemplateValue::from_object(Headers(request.clone())),
        "user_agent" => request.user_agent().as_ref().into(),
        "referrer" => optional(request.referrer().as_deref()),
        "origin" => optional(request.origin().as_deref()),
        "content_type" => optional(request.content_type().as_deref()),
        "content_length" => request.content_length().map_or_else(TemplateValue::none, Into::into),
        "mimetype" => request.mimetype().into(),
        "is_json" => request.is_json().into(),
        _ => return None,
    })
}
