//! Sign-up, confirmation, logging in, reset, and changes.

use std::sync::{Arc, Mutex};

use carboy::prelude::*;
use carboy::{Translate, Translator};
use carboy_ext::accounts::{
    AccountEvent, AccountEventKind, Accounts, MemoryStore, NewAccount, PasswordRules, UserStore, accounts,
};
use carboy_ext::mail::Mail;
use carboy_testkit::{Folder, logged};

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

/// The status of a login from an address.
fn login_from(world: &World, address: &str, email: &str, password: &str) -> u16 {
    let form = [("email", email), ("password", password)];
    let address = std::net::SocketAddr::new(address.parse().unwrap(), 50_000);
    let client = world.client.without_cookies();
    client.post("/login").remote_addr(address).form(form).send().status().as_u16()
}

#[test]
fn a_client_that_has_to_wait_makes_nobody_else_wait() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    for n in 0..300 {
        assert_eq!(login_from(&world, "192.0.2.1", &format!("nobody{n}@example.com"), "wrong"), 400, "{n}");
    }
    for _ in 0..20 {
        assert_eq!(login_from(&world, "192.0.2.1", EMAIL, "wrong"), 429);
    }
    assert_eq!(login_from(&world, "192.0.2.2", EMAIL, PASSWORD), 303);
    // Who has one address of IPv6 has all of its network.
    for n in 0..300 {
        let status =
            login_from(&world, &format!("2001:db8::{n:x}"), &format!("nobody{n}@example.com"), "wrong");
        assert_eq!(status, 400, "{n}");
    }
    assert_eq!(login_from(&world, "2001:db8::ffff:1", EMAIL, "wrong"), 429);
    assert_eq!(login_from(&world, "2001:db8:0:1::1", EMAIL, PASSWORD), 303);
}

#[test]
fn where_the_client_could_choose_the_host_all_are_refused_alike_and_nothing_is_done() {
    let store = MemoryStore::new();
    let mut app = App::new("shop");
    quick(&mut app);
    app.config().set("MAIL_SUPPRESS_SEND", true).set("PROPAGATE_EXCEPTIONS", false);
    app.ext(Mail::new()).ext(Accounts::new(store.clone()));
    let client = app.build().unwrap().test_client();
    crate::common::run(async {
        for email in [EMAIL, "eve@example.com"] {
            let mut new = NewAccount::new(email)?;
            new.confirmed_at = (email == EMAIL).then_some(1);
            store.create(new).await?;
        }
        Ok(())
    });
    for path in ["/register", "/reset", "/confirm"] {
        for email in [EMAIL, "eve@example.com", "nobody@example.com"] {
            let form = [("email", email), ("password", PASSWORD)];
            let answer = client.post(path).base_url("http://evil.example").form(form).send();
            assert_eq!(answer.status(), 500, "{path} {email}");
        }
    }
    assert!(crate::common::run(store.find_by_identifier("nobody@example.com")).is_none());
}

#[post("/forgot", host = "<host>")]
async fn forgot_here(host: String) -> carboy::Result<&'static str> {
    let _ = host;
    accounts().forgot(EMAIL).await?;
    Ok("sent")
}

#[test]
fn a_server_name_says_nothing_of_hosts_that_are_matched() {
    let status = |matching: bool| {
        let mut app = App::new("shop");
        quick(&mut app);
        app.config().set("MAIL_SUPPRESS_SEND", true).set("PROPAGATE_EXCEPTIONS", false);
        app.config().set("SERVER_NAME", "shop.example");
        if matching {
            app.host_matching(Some("shop.example")).routes(routes![forgot_here]);
        }
        let accounts = Accounts::new(MemoryStore::new());
        app.ext(accounts.login_extension().login_view("/login").refresh_view("/login"));
        app.ext(Mail::new()).ext(if matching { accounts.without_views() } else { accounts });
        let client = app.build().unwrap().test_client();
        let path = if matching { "/forgot" } else { "/reset" };
        let request = client.post(path).base_url("http://evil.example").form([("email", EMAIL)]);
        request.send().status().as_u16()
    };
    // Its links are of the SERVER_NAME.
    assert_eq!(status(false), 303);
    assert_eq!(status(true), 500);
}

#[test]
fn the_newest_sign_up_is_the_one_that_a_link_confirms() {
    let world = world();
    world.register(EMAIL, "what an attacker chose");
    let first = world.link(EMAIL, "Confirm");
    world.mail.clear_outbox();
    world.register(EMAIL, PASSWORD);
    let second = world.link(EMAIL, "Confirm");
    assert!(world.post(&first, &[]).text().contains("not valid"));
    let waiting = world.stored(EMAIL);
    assert!(world.post(&second, &[]).text().contains("is confirmed"));
    // A sign-up that found it waiting a moment ago is too late.
    assert_ne!(world.stored(EMAIL).stamp.expose(), waiting.stamp.expose());
    assert_eq!(world.login(EMAIL, "what an attacker chose").status(), 400);
    assert_eq!(world.login(EMAIL, PASSWORD).text(), EMAIL);
    world.post("/logout", &[]);

    world.register(EMAIL, "what an attacker chose");
    world.link(EMAIL, "already");
    assert_eq!(world.login(EMAIL, "what an attacker chose").status(), 400);
    assert_eq!(world.login(EMAIL, PASSWORD).text(), EMAIL);
}

#[test]
fn a_sign_up_takes_nothing_from_who_logs_in_by_another_provider() {
    let world = world();
    crate::common::run(world.store.create(NewAccount::new(EMAIL).unwrap()));
    let before = world.stored(EMAIL);
    world.register(EMAIL, PASSWORD);
    world.link(EMAIL, "already");
    let after = world.stored(EMAIL);
    assert_eq!((after.stamp.expose(), after.password_hash()), (before.stamp.expose(), None));
}

#[test]
fn a_remembered_login_does_not_become_fresh_by_a_new_address() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    world.post("/login", &[("email", EMAIL), ("password", PASSWORD), ("remember", "y")]);
    world.post("/change-email", &[("email", "countess@example.com"), ("password", PASSWORD)]);
    let link = world.link("countess@example.com", "new e-mail");
    world.client.delete_cookie("session");
    assert_eq!(world.who(), EMAIL);
    let sent = |path: &str| world.client.get(path).send().location().map(str::to_owned);
    assert_eq!(sent("/two-factor/setup").as_deref(), Some("/login?next=%2Ftwo-factor%2Fsetup"));
    world.post(&link, &[]);
    assert_eq!(world.who(), "countess@example.com");
    assert_eq!(sent("/two-factor/setup").as_deref(), Some("/login?next=%2Ftwo-factor%2Fsetup"));
    // The password that was asked for makes it fresh.
    world.post("/change", &[("old_password", PASSWORD), ("password", "green bicycle")]);
    assert_eq!(sent("/two-factor/setup"), None);
}

#[test]
fn letters_are_text_and_html_and_an_apps_own_take_their_place() {
    let world = world();
    world.register(EMAIL, PASSWORD);
    let link = world.link(EMAIL, "Confirm");
    let html = world.mail.outbox()[0].html.clone().expect("HTML");
    assert!(html.contains(&format!("<a href=\"http://localhost{link}\">")), "{html}");
    assert!(html.contains("<p>If you have not asked for an account, you need do nothing.</p>"), "{html}");

    let folder = Folder::new();
    let letters = folder.path().join("templates/accounts/mail");
    std::fs::create_dir_all(&letters).unwrap();
    std::fs::write(letters.join("confirm.txt"), "Welcome to {{ service }}, {{ email }}: {{ link }}").unwrap();
    let world = world_with(
        |app| {
            app.root_path(folder.path());
        },
        |accounts| accounts,
    );
    world.register(EMAIL, PASSWORD);
    world.link(EMAIL, "Confirm");
    let letter = &world.mail.outbox()[0];
    assert!(letter.body.as_deref().unwrap().starts_with("Welcome to shop, ada@example.com: http"));
    // No HTML contradicts it.
    assert_eq!(letter.html, None);
}

#[test]
fn when_too_many_mails_wait_everybody_is_told_to_come_back() {
    let world = world_with(
        |app| {
            app.config().set("MAIL_MAX_WAITING", 0).set("PROPAGATE_EXCEPTIONS", false);
        },
        |accounts| accounts,
    );
    let mut new = NewAccount::new(EMAIL).unwrap();
    new.confirmed_at = Some(1);
    crate::common::run(world.store.create(new));
    for path in ["/register", "/reset", "/confirm"] {
        for email in [EMAIL, "nobody@example.com"] {
            let refused = world.post(path, &[("email", email), ("password", PASSWORD)]);
            assert_eq!(
                (refused.status().as_u16(), refused.header("retry-after")),
                (503, Some("60")),
                "{path}"
            );
        }
    }
}

#[test]
fn a_hash_that_nobody_here_can_read_is_a_wrong_password_for_its_user_and_an_error_in_the_log() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    world.change(EMAIL, |update| update.password = Some("$2b$12$of.another.kind".to_owned().into()));
    let (known, log) = logged(|| world.login(EMAIL, PASSWORD));
    let nobody = world.login("eve@example.com", PASSWORD);
    assert_eq!(known.status(), 400);
    assert_eq!(known.text(), nobody.text().replace("eve@example.com", EMAIL));
    assert!(log.contains("no password is taken"), "{log}");
    assert!(!log.contains("another.kind"), "{log}");
}
