//! An app with accounts, and somebody who uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use carboy::prelude::*;
use carboy::security::signing::Clock;
use carboy::testing::{TestClient, TestResponse};
use carboy_ext::accounts::{Account, AccountUpdate, Accounts, MemoryStore, Updated, UserStore};
use carboy_ext::mail::Mail;

pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "violet umbrella";

/// Everything that a test looks into.
pub(crate) struct World {
    pub(crate) client: TestClient,
    pub(crate) mail: Mail,
    pub(crate) store: MemoryStore,
    pub(crate) seconds: Arc<AtomicU64>,
}

/// Hashes that take no time: what is tested is not argon2.
pub(crate) fn quick(app: &mut App) {
    app.config()
        .set("SECRET_KEY", "dev")
        .set("SECURITY_PASSWORD_ARGON2_MEMORY", 64)
        .set("SECURITY_PASSWORD_ARGON2_TIME", 1)
        .set("MAIL_DEFAULT_SENDER", "shop@example.com");
}

pub(crate) fn world() -> World {
    world_with(|_| {}, |accounts| accounts)
}

pub(crate) fn world_with(
    configure: impl FnOnce(&mut App),
    choose: impl FnOnce(Accounts) -> Accounts,
) -> World {
    let seconds = Arc::new(AtomicU64::new(1_700_000_000));
    world_of(MemoryStore::new(), seconds, configure, choose)
}

fn world_of(
    store: MemoryStore,
    seconds: Arc<AtomicU64>,
    configure: impl FnOnce(&mut App),
    choose: impl FnOnce(Accounts) -> Accounts,
) -> World {
    let now = seconds.clone();
    let clock =
        Clock::from_fn(move || SystemTime::UNIX_EPOCH + Duration::from_secs(now.load(Ordering::Relaxed)));
    let mail = Mail::new();
    let mut app = App::new("shop");
    quick(&mut app);
    configure(&mut app);
    app.ext(mail.clone());
    app.ext(choose(Accounts::new(store.clone()).with_clock(clock)));
    app.routes(routes![home]);
    World { client: app.test_client(), mail, store, seconds }
}

pub(crate) fn run<T>(future: impl Future<Output = carboy::Result<T>>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future).unwrap()
}

#[route("/")]
fn home() -> String {
    let account = carboy_ext::accounts::accounts().current();
    account.map_or_else(|| "nobody".to_owned(), |account| account.email.clone())
}

impl World {
    /// The same accounts in an app that is configured otherwise.
    pub(crate) fn restarted(&self, configure: impl FnOnce(&mut App)) -> World {
        world_of(self.store.clone(), self.seconds.clone(), configure, |accounts| accounts)
    }

    /// An account as the store has it.
    pub(crate) fn stored(&self, email: &str) -> Account {
        run(self.store.find_by_identifier(email)).expect("an account")
    }

    /// Changes an account in its store.
    pub(crate) fn change(&self, email: &str, change: impl FnOnce(&mut AccountUpdate)) {
        let account = self.stored(email);
        let mut update = AccountUpdate::default();
        change(&mut update);
        assert_eq!(run(self.store.update(&account.id, account.stamp.expose(), update)), Updated::Done);
    }

    /// Sends a form as a browser would; the answer after its redirects.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> TestResponse {
        self.client
            .post(path)
            .form(fields.iter().map(|(name, value)| (*name, *value)))
            .follow_redirects()
            .send()
    }

    /// Who the home page greets.
    pub(crate) fn who(&self) -> String {
        self.client.get("/").send().text()
    }

    /// The path of the link in the latest mail to somebody with this in its subject.
    pub(crate) fn link(&self, to: &str, subject: &str) -> String {
        for _ in 0..500 {
            let outbox = self.mail.outbox();
            let found = outbox
                .iter()
                .rev()
                .find(|m| m.recipients[0].to_string() == to && m.subject.contains(subject));
            if let Some(message) = found {
                let text = message.body.as_deref().unwrap();
                let link = text.split_whitespace().find(|word| word.starts_with("http://localhost/"));
                return link.unwrap().trim_start_matches("http://localhost").to_owned();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no mail to {to} about {subject}: {:?}", self.mail.outbox());
    }

    pub(crate) fn register(&self, email: &str, password: &str) -> TestResponse {
        self.post("/register", &[("email", email), ("password", password)])
    }

    pub(crate) fn login(&self, email: &str, password: &str) -> TestResponse {
        self.post("/login", &[("email", email), ("password", password)])
    }

    /// Signs up, confirms, and forgets the mails.
    pub(crate) fn confirmed(&self, email: &str, password: &str) {
        self.register(email, password);
        self.post(&self.link(email, "Confirm"), &[]);
        self.mail.clear_outbox();
    }

    pub(crate) fn later(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> u64 {
        self.seconds.load(Ordering::Relaxed)
    }
}
