//! Messages for the next page (`flask.helpers.flash`).
//!
//! They wait in the session under `_flashes`, as a list of tuples of category and message, until a page shows them; a
//! page of Flask may show what was flashed here, and the other way round.

use crate::{
    ctx,
    session::{Session, Value},
    signals::FlashEvent,
    templating::Markup,
};

const KEY: &str = "_flashes";

/// Flashes a message for the next page that shows messages. Flask's category, if there is nothing to say, is `message`.
///
/// The message is text, or [`Markup`] that is shown as it is.
///
/// # Panics
///
/// Outside a request, and without secret key.
#[track_caller]
pub fn flash(message: impl Into<Value>, category: &str) {
    let message = message.into();
    flash_into(&ctx::session(), message.clone(), category);
    let event = || FlashEvent { message: text(&message), category: category.to_owned() };
    ctx::current_app().signals().message_flashed.send(event);
}

/// Takes all messages that were flashed up to the first call in a request, as pairs of category and message.
///
/// Later calls in the same request give the same messages again. What is flashed after the first call waits for the
/// next request. The messages of some categories only are the caller's to filter; the others do not come again.
///
/// # Panics
///
/// Outside a request.
#[track_caller]
pub fn get_flashed_messages() -> Vec<(String, String)> {
    flashed().into_iter().map(|(category, message)| (category, text(&message))).collect()
}

/// [`get_flashed_messages`] with the messages as they were flashed.
#[track_caller]
pub(crate) fn flashed() -> Vec<(String, Value)> {
    let session = ctx::session();
    ctx::current().flashes(|| take_flashes(&session))
}

impl From<Markup> for Value {
    fn from(html: Markup) -> Self {
        Self::Markup(html.into_string())
    }
}

fn text(message: &Value) -> String {
    message.as_str().map_or_else(|| crate::json::dumps(message).unwrap_or_default(), str::to_owned)
}

/// Puts a message behind those that wait in a session.
///
/// # Panics
///
/// Without secret key.
#[track_caller]
pub(crate) fn flash_into(session: &Session, message: impl Into<Value>, category: &str) {
    session.update(KEY, |waiting: &mut Value| {
        let message = Value::Tuple(vec![category.into(), message.into()]);
        match waiting {
            Value::List(messages) => messages.push(message),
            other => *other = Value::List(vec![message]),
        }
    });
}

/// Takes the messages that wait out of a session, oldest first. What is no pair of category and message is dropped.
pub(crate) fn take_flashes(session: &Session) -> Vec<(String, Value)> {
    if !session.contains(KEY) {
        return Vec::new();
    }
    let Some(Value::List(messages)) = session.pop(KEY) else { return Vec::new() };
    let pair = |message: Value| match message {
        // A store that knows no tuples makes lists of them.
        Value::Tuple(pair) | Value::List(pair) => match <[Value; 2]>::try_from(pair) {
            Ok([Value::Str(category), message]) => Some((category, message)),
            _ => None,
        },
        _ => None,
    };
    messages.into_iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Dict, TaggedJson};

    fn session(json: &str) -> Session {
        Session::from_dict(TaggedJson.loads(json.as_bytes()).unwrap())
    }

    fn json(session: &Session) -> String {
        String::from_utf8(TaggedJson.dumps(&session.to_dict()).unwrap()).unwrap()
    }

    #[test]
    fn messages_wait_in_flasks_form() {
        let session = Session::default();
        flash_into(&session, "Hello", "message");
        flash_into(&session, Value::Markup("<b>Bad</b>".to_owned()), "error");
        assert_eq!(
            json(&session),
            r#"{"_flashes":[{" t":["message","Hello"]},{" t":["error",{" m":"<b>Bad</b>"}]}]}"#
        );
        let bad = Value::Markup("<b>Bad</b>".to_owned());
        assert_eq!(take_flashes(&session), [("message".into(), "Hello".into()), ("error".into(), bad)]);
        assert_eq!(json(&session), "{}");
    }

    #[test]
    fn tuples_and_lists_are_messages_and_nothing_else_is() {
        let waiting = session(
            r#"{"_flashes":[["a","list"],{" t":["b","tuple"]},["one"],"text",null,["c","d","e"],[1,"no category"]]}"#,
        );
        assert_eq!(take_flashes(&waiting), [("a".into(), "list".into()), ("b".into(), "tuple".into())]);
        assert!(take_flashes(&session(r#"{"_flashes":"what?"}"#)).is_empty());
    }

    #[test]
    fn looking_for_messages_modifies_a_session_only_if_there_are_some() {
        let none = Session::from_dict(Dict::new());
        assert!(take_flashes(&none).is_empty());
        assert!(!none.modified() && none.accessed());
        let some = session(r#"{"_flashes":[]}"#);
        assert!(take_flashes(&some).is_empty());
        assert!(some.modified());
    }

    #[test]
    fn without_secret_key_there_are_no_messages_and_none_can_be_flashed() {
        let session = Session::null();
        assert!(take_flashes(&session).is_empty());
        let panic = std::panic::catch_unwind(|| flash_into(&session, "x", "message")).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), crate::session::NO_SECRET_KEY);
    }
}
