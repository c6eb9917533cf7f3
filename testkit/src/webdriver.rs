//! Chromium behind chromedriver, spoken to as WebDriver (W3C) says.

use crate::certificates::Certificates;
use crate::folder::Folder;
use crate::http::ask;
use crate::process::Process;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long a page may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

const ARGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--window-size=1100,1000",
];

/// A browser with one window; it ends when it is dropped.
pub struct Browser {
    session: String,
    port: u16,
    _driver: Process,
    _profile: Folder,
}

/// An element of the page that the browser shows.
pub struct Element<'a> {
    browser: &'a Browser,
    id: String,
}

impl Browser {
    /// Starts chromedriver and a Chromium with a fresh profile.
    ///
    /// Panics with the sentence that says how to install them when one of them is not there.
    pub fn start() -> Browser {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), with a Chromium that believes this machine's certificate, also where it asks for a good one, as for passkeys.
    pub fn start_trusting(certificates: &Certificates) -> Browser {
        let hash = certificates.public_key_hash();
        Self::start_with(&[format!("--ignore-certificate-errors-spki-list={hash}")])
    }

    fn start_with(more: &[String]) -> Browser {
        let chromium = program(&["chromium", "chromium-browser", "google-chrome"]);
        let driver = program(&["chromedriver"]);
        let profile = Folder::new();
        let mut driver = Process::start(Command::new(driver).arg("--port=0"));
        let port = driver.wait_for("the line with chromedriver's port", |line| {
            line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        let mut args: Vec<String> = ARGS.iter().map(|arg| (*arg).to_owned()).collect();
        args.push(format!("--user-data-dir={}", profile.path().display()));
        args.extend_from_slice(more);
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": chromium, "args": args},
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": 10_000, "pageLoad": 30_000, "implicit": 0},
            // A dialogue stays until the test answers it.
            "unhandledPromptBehavior": "ignore",
        }}});
        let value = command(port, "POST", "/session", Some(capabilities)).unwrap_or_else(|e| panic!("{e}"));
        let session = value["sessionId"].as_str().expect("a new session has an id").to_owned();
        Browser { session, port, _driver: driver, _profile: profile }
    }

    /// What the browser has written to its console since it was asked last: errors of scripts, and what a page's policy forbade.
    pub fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({"type": "browser"}));
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.into_iter().map(|entry| string(entry["message"].clone())).collect()
    }

    /// Goes to an address and waits until its page has loaded.
    pub fn open(&self, url: &str) {
        self.post("/url", json!({"url": url}));
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        string(self.get("/url"))
    }

    /// The title of the page.
    pub fn title(&self) -> String {
        string(self.get("/title"))
    }

    /// Every element that a CSS selector finds, in the order of the document.
    pub fn all(&self, selector: &str) -> Vec<Element<'_>> {
        let found = self.post("/elements", json!({"using": "css selector", "value": selector}));
        let found = found.as_array().cloned().unwrap_or_default();
        found
            .into_iter()
            .map(|element| Element { browser: self, id: string(element[ELEMENT].clone()) })
            .collect()
    }

    /// The only element that a CSS selector finds.
    pub fn one(&self, selector: &str) -> Element<'_> {
        let mut found = self.all(selector);
        assert_eq!(found.len(), 1, "{selector} on {}:\n{}", self.url(), self.text());
        found.remove(0)
    }

    /// The texts of the elements that a CSS selector finds.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.all(selector).iter().map(Element::text).collect()
    }

    /// What a user reads on the page.
    pub fn text(&self) -> String {
        self.texts("body").join("\n")
    }

    /// Runs the body of a JavaScript function and answers what it returns.
    pub fn script(&self, body: &str) -> Value {
        self.post("/execute/sync", json!({"script": body, "args": []}))
    }

    /// Types into a field, in place of what stood there.
    pub fn fill(&self, selector: &str, text: &str) {
        let field = self.one(selector);
        field.post("/clear", json!({}));
        field.post("/value", json!({"text": text}));
    }

    /// Clicks on what leads to another document, and waits until that has loaded.
    pub fn follow(&self, selector: &str) {
        self.leave(|| self.one(selector).click());
    }

    /// Does what leads to another document, and waits until that has loaded.
    pub fn leave(&self, act: impl FnOnce()) {
        // The mark goes with the document, so its absence tells a new one, also at the same address.
        self.script("window.left = false");
        act();
        self.wait("another document", || {
            self.try_script("return window.left === undefined && document.readyState === 'complete'")
                == Some(Value::Bool(true))
        });
    }

    /// The question of the dialogue that is open.
    pub fn dialogue(&self) -> String {
        string(self.get("/alert/text"))
    }

    /// Answers the dialogue that is open with "OK" or "Cancel".
    pub fn answer(&self, ok: bool) {
        self.post(if ok { "/alert/accept" } else { "/alert/dismiss" }, json!({}));
    }

    /// Makes the window as large as this.
    pub fn resize(&self, width: u32, height: u32) {
        self.post("/window/rect", json!({"width": width, "height": height}));
    }

    /// The value of a cookie that the page's server gets, also of one that scripts do not see.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookie = self.command("GET", &format!("/cookie/{name}"), None).ok()?;
        cookie["value"].as_str().map(str::to_owned)
    }

    /// Gives the browser a device that keeps passkeys: one in it, which has verified its user and says yes to everything (WebAuthn,
    /// section 11).
    pub fn authenticator(&self) -> Authenticator<'_> {
        let options = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        Authenticator { browser: self, id: string(self.post("/webauthn/authenticator", options)) }
    }

    /// Waits until a condition holds, which may ask the browser.
    pub fn wait_until(&self, what: &str, done: impl Fn() -> bool) {
        self.wait(what, done);
    }

    /// Writes what the window shows as a PNG file.
    pub fn screenshot(&self, path: &Path) {
        let png = STANDARD.decode(string(self.get("/screenshot"))).expect("a screenshot is base64");
        std::fs::write(path, png).unwrap_or_else(|e| panic!("{} cannot be written: {e}", path.display()));
    }

    fn wait(&self, what: &str, done: impl Fn() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < end, "{what} did not come; still at {}:\n{}", self.url(), self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// As [`Browser::script`], for moments in which there may be no document to run it in.
    fn try_script(&self, body: &str) -> Option<Value> {
        self.command("POST", "/execute/sync", Some(json!({"script": body, "args": []}))).ok()
    }

    fn get(&self, path: &str) -> Value {
        self.command("GET", path, None).unwrap_or_else(|e| panic!("{e}"))
    }

    fn post(&self, path: &str, body: Value) -> Value {
        self.command("POST", path, Some(body)).unwrap_or_else(|e| panic!("{e}"))
    }

    fn command(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
        command(self.port, method, &format!("/session/{}{path}", self.session), body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends Chromium; without it the end of chromedriver would leave it running.
        let _ = self.command("DELETE", "", None);
    }
}

impl Element<'_> {
    /// What a user reads in it.
    pub fn text(&self) -> String {
        string(self.get("/text"))
    }

    /// One of its properties, as text; empty when it has none of this name.
    pub fn property(&self, name: &str) -> String {
        self.get(&format!("/property/{name}")).as_str().unwrap_or_default().to_owned()
    }

    /// The computed value of a CSS property.
    pub fn css(&self, name: &str) -> String {
        string(self.get(&format!("/css/{name}")))
    }

    /// Clicks on its middle, as a user would.
    pub fn click(&self) {
        self.post("/click", json!({}));
    }

    fn get(&self, path: &str) -> Value {
        self.browser.get(&format!("/element/{}{path}", self.id))
    }

    fn post(&self, path: &str, body: Value) -> Value {
        self.browser.post(&format!("/element/{}{path}", self.id), body)
    }
}

/// A device with passkeys, in a browser.
pub struct Authenticator<'a> {
    browser: &'a Browser,
    id: String,
}

impl Authenticator<'_> {
    /// The passkeys that it keeps, as WebAuthn's Credential Parameters.
    pub fn credentials(&self) -> Vec<Value> {
        let found = self.browser.get(&format!("/webauthn/authenticator/{}/credentials", self.id));
        found.as_array().cloned().unwrap_or_default()
    }

    /// Puts a passkey into it, as [`credentials`](Self::credentials) told it.
    pub fn add_credential(&self, credential: &Value) {
        self.browser.post(&format!("/webauthn/authenticator/{}/credential", self.id), credential.clone());
    }

    /// Forgets all passkeys.
    pub fn clear(&self) {
        let path = format!("/webauthn/authenticator/{}/credentials", self.id);
        self.browser.command("DELETE", &path, None).unwrap_or_else(|e| panic!("{e}"));
    }

    /// Whether it verifies its user from now on, as by a fingerprint.
    pub fn verify_user(&self, verified: bool) {
        let path = format!("/webauthn/authenticator/{}/uv", self.id);
        self.browser.post(&path, json!({"isUserVerified": verified}));
    }
}

/// One command to chromedriver: the `value` of its answer, or its error as a sentence.
fn command(port: u16, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let answer = ask(port, method, path, &[("Content-Type", "application/json; charset=utf-8")], &body)
        .map_err(|e| format!("{method} {path}: {e}"))?;
    let value: Value = serde_json::from_str(&answer.text).map_err(|e| format!("{method} {path}: {e}"))?;
    match answer.status {
        200 => Ok(value["value"].clone()),
        _ => {
            Err(format!("{method} {path} {body}: {}: {}", value["value"]["error"], value["value"]["message"]))
        }
    }
}

fn string(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => panic!("{other} is not text"),
    }
}

/// The first of these programs that is in PATH.
fn program(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .find_map(|folder| names.iter().map(|name| folder.join(name)).find(|program| program.is_file()));
    found.unwrap_or_else(|| {
        panic!(
            "{} is not in PATH: `cargo xtask setup` installs it, or on Debian `apt-get install chromium chromium-driver`",
            names[0]
        )
    })
}
