//! One browser, and two applications behind one address: the real Flask-Login, and this one.

use carboy::prelude::*;
use carboy::testing::TestClient;
use carboy_ext::login::{self, Login, LoginOptions, SessionProtection, User, login_user_with, logout_user};
use carboy_testkit::{Flask, Folder, ask};
use std::collections::BTreeMap;

#[derive(serde::Serialize)]
struct Member {
    id: String,
}

impl User for Member {
    fn get_id(&self) -> String {
        self.id.clone()
    }
}

#[route("/login/<path:id>")]
fn log_in(id: String) -> String {
    let options = LoginOptions { remember: request().args().contains("remember"), ..LoginOptions::default() };
    login_user_with(Member { id }, options).to_string()
}

#[route("/logout")]
fn log_out() -> &'static str {
    logout_user();
    "out"
}

#[route("/who")]
fn who() -> String {
    match login::current_user::<Member>() {
        Some(member) => format!("{} {}", member.id, if login::login_fresh() { "fresh" } else { "stale" }),
        None => "nobody".to_owned(),
    }
}

#[route("/cellar", guard = login::login_required)]
fn cellar() -> &'static str {
    "wine"
}

fn here(protection: SessionProtection) -> TestClient {
    let mut app = App::new("club");
    app.config().set("SECRET_KEY", "dev");
    let loader = |id: String| async move { carboy::Result::<_>::Ok(Some(Member { id })) };
    app.ext(Login::new(loader).session_protection(protection));
    app.routes(routes![log_in, log_out, who, cellar]).test_client().without_cookies()
}

fn there(protection: &str) -> (Flask, Folder) {
    let folder = Folder::new();
    std::fs::write(folder.path().join("club.py"), include_str!("club.py")).unwrap();
    (Flask::start("club", folder.path(), &[("PROTECTION", protection)]), folder)
}

/// A browser that keeps cookies as they come, byte for byte.
struct Browser<'a> {
    here: &'a TestClient,
    there: &'a Flask,
    agent: &'a str,
    cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    fn keep<'c>(&mut self, lines: impl Iterator<Item = &'c str>) {
        for line in lines {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn here(&mut self, path: &str) -> String {
        let answer =
            self.here.get(path).header("User-Agent", self.agent).header("Cookie", &self.cookie()).send();
        let lines: Vec<String> = answer.header_all("set-cookie").into_iter().map(str::to_owned).collect();
        self.keep(lines.iter().map(String::as_str));
        if answer.status() == 200 { answer.text() } else { answer.status().as_str().to_owned() }
    }

    fn there(&mut self, path: &str) -> String {
        let cookie = self.cookie();
        let answer =
            ask(self.there.port, "GET", path, &[("User-Agent", self.agent), ("Cookie", &cookie)], "")
                .unwrap();
        self.keep(
            answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, line)| line.as_str()),
        );
        if answer.status == 200 { answer.text } else { answer.status.to_string() }
    }

    fn both(&mut self, path: &str) -> [String; 2] {
        [self.there(path), self.here(path)]
    }
}

const AGENTS: [&str; 6] =
    ["UA/1.0", "it's \"me\" \\", "O'Brien's", "tab\there", "Mozilla/5.0 (X11; Linux x86_64)", "\"quoted\""];
const IDS: [(&str, &str); 4] =
    [("1", "1"), ("%C3%A9%7Cx", "é|x"), ("a%22b%3B%20c", "a\"b; c"), ("0d9f-1/2", "0d9f-1/2")];

#[test]
#[ignore = "needs the pinned Python packages"]
fn who_is_logged_in_on_one_side_is_logged_in_on_the_other() {
    let here = here(SessionProtection::Basic);
    let (there, _folder) = there("basic");
    for agent in AGENTS {
        for (path, id) in IDS {
            let new = || Browser { here: &here, there: &there, agent, cookies: BTreeMap::new() };
            let (fresh, stale) = (format!("{id} fresh"), format!("{id} stale"));

            let mut browser = new();
            assert_eq!(browser.there(&format!("/login/{path}?remember")), "true");
            assert_eq!(browser.both("/who"), [&*fresh, &*fresh], "logged in there: {agent}");
            assert_eq!(browser.both("/cellar"), ["wine", "wine"]);
            browser.cookies.remove("session");
            assert_eq!(browser.here("/who"), stale, "remembered here, from there");
            assert_eq!(browser.there("/who"), stale, "and there again, by our session");
            assert_eq!(browser.here("/logout"), "out");
            assert_eq!(browser.cookies, BTreeMap::new());
            assert_eq!(browser.both("/who"), ["nobody", "nobody"]);
            assert_eq!(browser.both("/cellar"), ["401", "401"]);

            let mut browser = new();
            assert_eq!(browser.here(&format!("/login/{path}?remember")), "true");
            assert_eq!(browser.both("/who"), [&*fresh, &*fresh], "logged in here: {agent}");
            browser.cookies.remove("session");
            assert_eq!(browser.there("/who"), stale, "remembered there, from here");
            assert_eq!(browser.here("/who"), stale);
            assert_eq!(browser.there("/logout"), "out");
            assert_eq!(browser.cookies, BTreeMap::new());
            assert_eq!(browser.both("/who"), ["nobody", "nobody"]);
        }
    }
}

#[test]
#[ignore = "needs the pinned Python packages"]
fn a_session_that_changes_its_browser_is_ended_by_whichever_side_sees_it() {
    let (here, (there, _folder)) = (&here(SessionProtection::Strong), &there("strong"));
    for agent in AGENTS {
        let login = |there_first: bool| {
            let mut browser = Browser { here, there, agent, cookies: BTreeMap::new() };
            let path = "/login/1?remember";
            assert_eq!(if there_first { browser.there(path) } else { browser.here(path) }, "true");
            assert_eq!(browser.both("/who"), ["1 fresh", "1 fresh"], "{agent}");
            browser.agent = "another";
            browser
        };
        let mut browser = login(true);
        assert_eq!(browser.here("/who"), "nobody");
        assert_eq!(browser.cookies, BTreeMap::new());
        let mut browser = login(false);
        assert_eq!(browser.there("/who"), "nobody");
        assert_eq!(browser.cookies, BTreeMap::new());
    }
}
