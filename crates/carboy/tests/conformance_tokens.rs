//! Replays what Flask-WTF and Flask-Login made of tokens and cookies (`conformance/generate/tokens.py`).

use carboy::{
    HeaderValue, Request, Session,
    security::{
        signing::Clock,
        tokens::{CsrfTokens, RememberTokens, login_identifier},
    },
};
use carboy_conformance::replay;
use serde_json::Value;
use std::time::Duration;

fn text<'v>(case: &'v Value, name: &str) -> &'v str {
    case[name].as_str().unwrap()
}

/// The tokens of a case, and a session with its random text.
fn csrf(case: &Value) -> (CsrfTokens, Session) {
    let tokens = CsrfTokens::new(text(case, "key")).with_clock(Clock::fixed(case["at"].as_u64().unwrap()));
    let session = Session::default();
    if let Some(raw) = case["raw"].as_str() {
        session.set("csrf_token", raw);
    }
    (tokens, session)
}

#[test]
fn csrf_tokens_are_made_as_flask_wtf_makes_them() {
    replay("tokens/csrf.json", "/generated", &["/token"], 120, |case| {
        let (tokens, session) = csrf(case);
        assert_eq!(tokens.generate(&session).unwrap(), text(case, "token"));
    });
}

#[test]
fn csrf_tokens_are_judged_with_flask_wtfs_sentences() {
    replay("tokens/csrf.json", "/checked", &["/error"], 250, |case| {
        let (tokens, session) = csrf(case);
        let tokens = tokens.with_time_limit(case["limit"].as_u64().map(Duration::from_secs));
        let error = tokens.validate(&session, text(case, "token")).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), case["error"].as_str());
    });
}

#[test]
fn remember_me_cookies_are_made_as_flask_login_makes_them() {
    replay("tokens/remember.json", "/made", &["/value"], 80, |case| {
        let tokens = RememberTokens::new(text(case, "key")).unwrap();
        assert_eq!(tokens.encode(text(case, "id")), text(case, "value"));
    });
}

#[test]
fn remember_me_cookies_are_read_as_flask_login_reads_them() {
    replay("tokens/remember.json", "/read", &["/id"], 400, |case| {
        let tokens = RememberTokens::new(text(case, "key")).unwrap();
        assert_eq!(tokens.decode(text(case, "value")), case["id"].as_str());
    });
}

#[test]
fn the_identifier_of_a_login_is_flask_logins() {
    replay("tokens/identifiers.json", "", &["/id"], 70, |case| {
        let mut request = Request::get("/");
        request.connection_mut().remote_addr = Some("192.0.2.7:1".parse().unwrap());
        for (name, field) in [("user-agent", "agent"), ("x-forwarded-for", "forwarded")] {
            if let Some(value) = case[field].as_str() {
                request.headers_mut().insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
        }
        assert_eq!(login_identifier(&request), text(case, "id"));
    });
}
