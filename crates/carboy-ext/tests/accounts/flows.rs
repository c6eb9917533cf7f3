//! Sign-up, confirmation, logging in, reset, and changes.

use std::sync::{Arc, Mutex};

use carboy::prelude::*;
use carboy::{Translate, Translator};
use carboy_ext::accounts::{AccountEvent, AccountEventKind, Accounts, MemoryStore, PasswordRules, accounts};
use carboy_ext::mail::Mail;

use crate::common::{EMAIL, PASSWORD, World, quick, world, world_with};

#[test]
fn from_sign_up_to_logging_out() {
    let world = world();
    let page = world.register(" Ada@Example.com ", PASSWORD);
    assert!(page.text().contains("We have sent you a mail"), "{}", page.text());
    let early = world.login(EMAIL, PASSWORD);
    assert_eq!(early.status(), 400);
    assert!(early.text().contains("Confirm your e-mail address first"));

    let link = world.link(EMAIL, "Confirm");
    let button = world.client.get(&link).send();
    assert_eq!(button.header("cache-control"), Some("no-store"));
    assert_eq!(button.header("referrer-policy"), Some("same-origin"));
    // A program that follows the link confirms nothing.
    assert_eq!(world.login(EMAIL, PASSWORD).status(), 400);
    assert!(world.post(&link, &[]).text().contains("Your address is confirmed"));

    assert_eq!(world.who(), "nobody");
    assert_eq!(world.login("ADA@example.com", PASSWORD).text(), EMAIL);
    assert_eq!(world.who(), EMAIL);
    assert!(world.client.get("/account").send().text().contains(EMAIL));
    assert_eq!(world.post("/logout", &[]).text(), "nobody");
    assert_eq!(world.who(), "nobody");
}

#[test]
fn a_link_is_good_once_and_for_its_time() {
    let world = world();
    world.register(EMAIL, PASSWORD);
    let link = world.link(EMAIL, "Confirm");
    assert!(world.post(&link, &[]).text().contains("is confirmed"));
    assert!(world.post(&link, &[]).text().contains("not valid, or not any more"));

    world.post("/reset", &[("email", EMAIL)]);
    let reset = world.link(EMAIL, "Choose");
    world.later(24 * 3600 + 1);
    assert!(world.client.get(&reset).follow_redirects().send().text().contains("not valid, or not any more"));
    let forged = reset.replace("/reset/", "/reset/x");
    assert!(
        world.client.get(&forged).follow_redirects().send().text().contains("not valid, or not any more")
    );
    // A link for one purpose is none for another.
    assert!(world.post(&reset.replace("/reset/", "/confirm/"), &[]).text().contains("not valid"));
}

#[test]
fn a_reset_ends_sessions_and_other_links() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    world.login(EMAIL, PASSWORD);
    let other = World { client: world.client.app().test_client(), ..world };
    other.post("/reset", &[("email", EMAIL)]);
    let first = other.link(EMAIL, "Choose");
    other.mail.clear_outbox();
    other.later(2);
    other.post("/reset", &[("email", EMAIL)]);
    let second = other.link(EMAIL, "Choose");
    assert_ne!(first, second);

    let short = other.post(&second, &[("password", "kurz")]);
    assert_eq!(short.status(), 400);
    assert!(short.text().contains("Password must be at least 8 characters."));
    let done = other.post(&second, &[("password", "green bicycle")]);
    assert!(done.text().contains("Your password is changed"), "{}", done.text());
    assert!(other.post(&second, &[("password", "blue bicycle")]).text().contains("not valid"));
    assert!(other.post(&first, &[("password", "blue bicycle")]).text().contains("not valid"));
    assert_eq!(other.who(), "nobody");
    assert_eq!(other.login(EMAIL, PASSWORD).status(), 400);
    assert_eq!(other.login(EMAIL, "green bicycle").text(), EMAIL);
    other.link(EMAIL, "was changed");
}

#[test]
fn a_changed_password_keeps_this_session_and_ends_the_others() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    world.login(EMAIL, PASSWORD);
    let cookie = world.client.get_cookie("session").unwrap().value().to_owned();
    let wrong = world.post("/change", &[("old_password", "wrong"), ("password", "green bicycle")]);
    assert_eq!(wrong.status(), 400);
    let page = world.post("/change", &[("old_password", PASSWORD), ("password", "green bicycle")]);
    assert!(page.text().contains("everybody else is logged out"), "{}", page.text());
    assert_eq!(world.who(), EMAIL);
    let stolen = world.client.app().test_client();
    stolen.set_cookie("session", &cookie);
    assert_eq!(stolen.get("/").send().text(), "nobody");
}

#[test]
fn a_new_address_is_confirmed_before_it_counts() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    world.login(EMAIL, PASSWORD);
    assert_eq!(
        world.post("/change-email", &[("email", "countess@example.com"), ("password", "wrong")]).status(),
        400
    );
    world.post("/change-email", &[("email", "countess@example.com"), ("password", PASSWORD)]);
    let link = world.link("countess@example.com", "new e-mail");
    assert_eq!(world.who(), EMAIL);
    assert!(world.post(&link, &[]).text().contains("Your address is changed"));
    assert_eq!(world.who(), "countess@example.com");
    world.link(EMAIL, "was changed");
    assert!(world.post(&link, &[]).text().contains("not valid"));
    world.post("/logout", &[]);
    assert_eq!(world.login(EMAIL, PASSWORD).status(), 400);
    assert_eq!(world.login("countess@example.com", PASSWORD).text(), "countess@example.com");
}

#[test]
fn nobody_learns_who_has_an_account() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    let ask = |path: &str, email: &str| {
        let client = world.client.app().test_client();
        let fields = [("email", email), ("password", "green bicycle")];
        let answer = client.post(path).form(fields).send();
        let body = answer.text().replace(email, "EMAIL");
        let flashed = client.get("/login").send().text();
        (answer.status(), answer.location().map(str::to_owned), body, flashed)
    };
    for path in ["/login", "/register", "/reset", "/confirm"] {
        assert_eq!(ask(path, EMAIL), ask(path, "eve@example.com"), "{path}");
    }
    // What the owner of the address learns comes by mail.
    world.link(EMAIL, "already");
    world.link("eve@example.com", "Confirm");
}

#[test]
fn no_mail_links_to_a_host_that_the_client_chose() {
    let ask = |trusted: Option<&str>, host: &str| {
        let mail = Mail::new();
        let mut app = App::new("shop");
        quick(&mut app);
        app.config().set("MAIL_SUPPRESS_SEND", true);
        if let Some(trusted) = trusted {
            app.config().set("TRUSTED_HOSTS", [trusted]);
        }
        app.ext(mail.clone()).ext(Accounts::new(MemoryStore::new()));
        let client = app.build().unwrap().test_client();
        let form = [("email", EMAIL), ("password", PASSWORD)];
        let status = client.post("/register").base_url(&format!("http://{host}")).form(form).send().status();
        std::thread::sleep(std::time::Duration::from_millis(50));
        (status.as_u16(), mail.outbox().len())
    };
    assert_eq!(ask(None, "evil.example").0, 500);
    assert_eq!(ask(None, "evil.example").1, 0);
    assert_eq!(ask(Some("shop.example"), "evil.example"), (400, 0));
    assert_eq!(ask(Some("shop.example"), "shop.example").0, 303);
}

#[test]
fn two_spellings_of_an_address_are_one_account() {
    let world = world();
    world.confirmed("josé@example.com", PASSWORD);
    for spelling in ["JOSÉ@EXAMPLE.COM", " jose\u{301}@example.com"] {
        assert_eq!(world.login(spelling, PASSWORD).text(), "josé@example.com", "{spelling}");
        world.post("/logout", &[]);
    }
    // What only looks like it is another one, and the mail would go to where it was not asked for.
    assert_eq!(world.login("jose@example.com", PASSWORD).status(), 400);
    let bad = world.register("ada@localhost", PASSWORD);
    assert!(bad.text().contains("This is not an e-mail address."));
}

#[test]
fn an_address_that_is_taken_is_said_where_no_mail_can_say_it() {
    let world = world_with(
        |app| {
            app.config().set("SECURITY_CONFIRMABLE", false);
        },
        |accounts| accounts,
    );
    assert!(world.register(EMAIL, PASSWORD).text().contains("You can log in now"));
    assert_eq!(world.login(EMAIL, PASSWORD).text(), EMAIL);
    let taken = world.register(EMAIL, PASSWORD);
    assert_eq!(taken.status(), 400);
    assert!(taken.text().contains("There is an account with this e-mail address already."));
    assert!(taken.text().contains("aria-invalid=\"true\""));
}

#[test]
fn what_is_switched_off_is_not_there() {
    let world = world_with(
        |app| {
            for key in
                ["REGISTERABLE", "CONFIRMABLE", "RECOVERABLE", "CHANGEABLE", "CHANGE_EMAIL", "TWO_FACTOR"]
            {
                app.config().set(format!("SECURITY_{key}"), false);
            }
        },
        |accounts| accounts,
    );
    for path in [
        "/register",
        "/confirm",
        "/confirm/x",
        "/reset",
        "/reset/x",
        "/change",
        "/change-email",
        "/two-factor",
    ] {
        assert_eq!(world.client.get(path).send().status(), 404, "{path}");
        assert_eq!(world.client.post(path).form([("email", EMAIL)]).send().status(), 404, "{path}");
    }
    assert_eq!(world.client.get("/login").send().status(), 200);
}

#[test]
fn who_is_sent_to_log_in_comes_back_and_nowhere_else() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    let sent = world.client.get("/change").send();
    assert_eq!(sent.location(), Some("/login?next=%2Fchange"));
    for (next, lands) in [
        ("/account?tab=2", "/account?tab=2"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
        let answer = world.client.app().test_client().post("/login").form(fields).send();
        assert_eq!(answer.location(), Some(lands), "{next}");
    }
}

#[test]
fn who_is_sent_to_log_in_comes_back_also_where_the_session_remembers_to_what() {
    let configure = |app: &mut App| {
        app.config().set("USE_SESSION_FOR_NEXT", true);
    };
    let world = world_with(configure, |accounts| accounts);
    world.confirmed(EMAIL, PASSWORD);
    assert_eq!(world.client.get("/change").send().location(), Some("/login"));
    let page = world.client.get("/login").send().text();
    assert!(page.contains("name=\"next\" value=\"/change\""), "{page}");
    let fields = [("email", EMAIL), ("password", PASSWORD), ("next", "/change")];
    assert_eq!(world.client.post("/login").form(fields).send().location(), Some("/change"));
}

#[test]
fn guessing_is_slowed_down_for_known_and_unknown_users_alike() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    for email in [EMAIL, "eve@example.com"] {
        for _ in 0..10 {
            assert_eq!(world.login(email, "wrong").status(), 400);
        }
        let refused = world.login(email, PASSWORD);
        assert_eq!(refused.status(), 429);
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=300).contains(&wait), "{wait}");
    }
    assert_eq!(world.login("bob@example.com", "wrong").status(), 400);
}

#[test]
fn a_captcha_is_asked_before_anything_happens() {
    let world = world_with(
        |_| {},
        |accounts| accounts.with_captcha(|_| async { Ok(request().form().get_str("captcha") == Some("7")) }),
    );
    for path in ["/register", "/login", "/reset", "/confirm"] {
        let answer = world.post(path, &[("email", EMAIL), ("password", PASSWORD)]);
        assert_eq!(answer.status(), 400, "{path}");
        assert!(answer.text().contains("Please show that you are no program."), "{path}");
    }
    assert!(world.mail.outbox().is_empty());
    let answer = world.post("/register", &[("email", EMAIL), ("password", PASSWORD), ("captcha", "7")]);
    assert!(answer.text().contains("We have sent you a mail"));
}

#[test]
fn what_happens_is_told() {
    let heard: Arc<Mutex<Vec<AccountEventKind>>> = Arc::default();
    let list = heard.clone();
    let world = world_with(
        |_| {},
        |accounts| {
            let _ =
                accounts.events().connect(move |event: &AccountEvent| list.lock().unwrap().push(event.kind));
            accounts
        },
    );
    world.confirmed(EMAIL, PASSWORD);
    world.login(EMAIL, "wrong");
    world.login(EMAIL, PASSWORD);
    world.post("/logout", &[]);
    use AccountEventKind::{Confirmed, LoggedIn, LoggedOut, LoginFailed, Registered};
    assert_eq!(*heard.lock().unwrap(), [Registered, Confirmed, LoginFailed, LoggedIn, LoggedOut]);
}

struct German;

impl Translate for German {
    fn locale(&self) -> Option<String> {
        Some("de".to_owned())
    }
    fn gettext(&self, message: &str) -> Option<String> {
        let german = match message {
            "Log in" => "Anmelden",
            "The e-mail address or the password is not right." => "Adresse oder Passwort stimmen nicht.",
            "Confirm your e-mail address" => "Adresse bestätigen",
            _ => return None,
        };
        Some(german.to_owned())
    }
    fn ngettext(&self, _: &str, _: &str, _: u64) -> Option<String> {
        None
    }
}

#[test]
fn pages_and_mails_speak_the_language_of_the_app() {
    let world = world_with(
        |app| {
            app.ext(Translator::new(German));
        },
        |accounts| accounts.with_password_rules(PasswordRules::default().with_min_length(12)),
    );
    let page = world.login(EMAIL, "wrong").text();
    assert!(
        page.contains("<h1>Anmelden</h1>") && page.contains("Adresse oder Passwort stimmen nicht."),
        "{page}"
    );
    assert!(world.client.get("/register").send().text().contains("At least 12 characters"));
    world.register(EMAIL, PASSWORD);
    world.link(EMAIL, "Adresse bestätigen");
}

#[test]
fn an_account_that_is_disabled_is_nobody_at_once() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    world.login(EMAIL, PASSWORD);
    world.change(EMAIL, |update| update.active = Some(false));
    assert_eq!(world.who(), "nobody");
    let disabled = world.login(EMAIL, PASSWORD);
    assert!(disabled.text().contains("This account is disabled."));
}

#[post("/api/login")]
async fn api_login(form: Form<std::collections::HashMap<String, String>>) -> carboy::Result<&'static str> {
    accounts().login(&form["email"], &form["password"], false).await?;
    Ok("welcome")
}

#[test]
fn views_of_ones_own_call_the_same_functions() {
    let world = world_with(
        |app| {
            app.routes(routes![api_login]);
        },
        |accounts| accounts,
    );
    world.confirmed(EMAIL, PASSWORD);
    let wrong = world.post("/api/login", &[("email", EMAIL), ("password", "wrong")]);
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().contains("is not right"));
    assert_eq!(world.post("/api/login", &[("email", EMAIL), ("password", PASSWORD)]).text(), "welcome");
    assert_eq!(world.who(), EMAIL);
}
