//! The authenticator app and the recovery codes.

use std::process::Output;

use carboy::prelude::*;
use carboy_ext::accounts::{NewAccount, UserStore, accounts};
use carboy_testkit::python;

use crate::common::{EMAIL, PASSWORD, World, world, world_with};

/// RFC 6238 with SHA-1, as an app does it.
pub(crate) fn code(secret: &str, at: u64) -> String {
    use totp_rs::{Builder, Secret};
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
    totp.generate(at).to_string()
}

/// The secret that the page shows.
fn secret_of(page: &str) -> String {
    page.split("<code>").nth(1).unwrap().split("</code>").next().unwrap().to_owned()
}

/// Switches the authenticator app on; its secret and the recovery codes.
pub(crate) fn with_totp(world: &World) -> (String, Vec<String>) {
    world.confirmed(EMAIL, PASSWORD);
    world.login(EMAIL, PASSWORD);
    let page = world.client.get("/two-factor/setup").send().text();
    let secret = secret_of(&page);
    let codes = world.post("/two-factor/setup", &[("code", &code(&secret, world.now()))]).text();
    let codes =
        codes.split("<code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect();
    world.post("/logout", &[]);
    (secret, codes)
}

#[test]
fn the_second_factor_is_asked_after_the_password() {
    let world = world();
    let (secret, _) = with_totp(&world);
    let page = world.post("/login", &[("email", EMAIL), ("password", PASSWORD), ("next", "/account")]);
    assert!(page.text().contains("<h1>Second factor</h1>"), "{}", page.text());
    assert_eq!(world.who(), "nobody");
    // The code that switched it on is used up, a wrong one is wrong, and so is none.
    for wrong in
        [code(&secret, world.now()), "000000".to_owned(), "12345".to_owned(), "１２３４５６".to_owned()]
    {
        let again = world.post("/two-factor", &[("code", &wrong)]);
        assert_eq!(again.status(), 400, "{wrong}");
        assert!(again.text().contains("This code is not right."));
    }
    world.later(30);
    let good = code(&secret, world.now());
    let spaced = format!("{} {}", &good[..3], &good[3..]);
    assert!(
        world.post("/two-factor", &[("code", &spaced), ("next", "/account")]).text().contains("Your account")
    );
    assert_eq!(world.who(), EMAIL);
}

/// Where a provider that has told whose account it is would lead back to.
#[get("/callback")]
async fn callback() -> carboy::Result<Redirect> {
    let account = accounts().store().find_by_identifier(EMAIL).await?.or_404()?;
    let step = accounts().first_factor(&account, false)?;
    Ok(redirect(accounts().url_after(&step, request().args().get_str("next"))?))
}

fn with_provider(two_factor: bool) -> World {
    let configure = |app: &mut App| {
        app.config().set("SECURITY_TWO_FACTOR", two_factor);
        app.routes(routes![callback]);
    };
    world_with(configure, |accounts| accounts)
}

#[test]
fn a_login_by_a_provider_asks_for_the_second_factor_and_leads_on() {
    let world = with_provider(true);
    let (secret, _) = with_totp(&world);
    world.later(30);
    let sent = world.client.get("/callback?next=/account").send();
    assert_eq!(sent.location(), Some("/two-factor?next=/account"));
    assert_eq!(world.who(), "nobody");
    let waiting = world.client.get_cookie("session").unwrap().value().to_owned();
    let page = world.client.get("/two-factor?next=/account").send().text();
    assert!(page.contains("<h1>Second factor</h1>") && page.contains("value=\"/account\""), "{page}");
    assert_eq!(world.post("/two-factor", &[("code", "000000")]).status(), 400);
    let form = [("code", code(&secret, world.now())), ("next", "/account".to_owned())];
    assert_eq!(world.client.post("/two-factor").form(form).send().location(), Some("/account"));
    assert_eq!(world.who(), EMAIL);
    // The cookie from before the second factor is nobody's.
    let stolen = world.client.app().test_client();
    stolen.set_cookie("session", &waiting);
    assert_eq!(stolen.get("/").send().text(), "nobody");
    // Nobody is led elsewhere.
    world.post("/logout", &[]);
    let sent = world.client.get("/callback?next=//evil.example/").send();
    assert_eq!(sent.location(), Some("/two-factor"));
}

#[test]
fn a_login_by_a_provider_is_done_at_once_where_no_second_factor_is() {
    let world = with_provider(true);
    world.confirmed(EMAIL, PASSWORD);
    for (next, lands) in [("/account", "/account"), ("//evil.example/", "/"), ("", "/")] {
        assert_eq!(world.client.get("/callback").query([("next", next)]).send().location(), Some(lands));
        assert_eq!(world.who(), EMAIL);
        world.post("/logout", &[]);
    }
    world.change(EMAIL, |update| update.active = Some(false));
    assert_eq!(world.client.get("/callback").send().status(), 400);
    assert_eq!(world.who(), "nobody");
    let off = with_provider(false);
    off.confirmed(EMAIL, PASSWORD);
    off.change(EMAIL, |update| update.totp_secret = Some(Some("JBSWY3DPEHPK3PXP".to_owned().into())));
    assert_eq!(off.client.get("/callback").send().location(), Some("/"));
    assert_eq!(off.who(), EMAIL);
}

#[test]
fn codes_are_counted_together_whatever_the_first_factor_was() {
    let world = with_provider(true);
    let (secret, _) = with_totp(&world);
    world.later(300);
    for wrong in 0..5 {
        match wrong % 2 {
            0 => world.client.get("/callback").send(),
            _ => world.login(EMAIL, PASSWORD),
        };
        assert_eq!(world.post("/two-factor", &[("code", "000000")]).status(), 400);
    }
    world.client.get("/callback").send();
    assert_eq!(world.post("/two-factor", &[("code", &code(&secret, world.now()))]).status(), 429);
}

#[test]
fn a_login_that_waits_is_given_up_by_another_login() {
    let world = with_provider(true);
    let (secret, _) = with_totp(&world);
    world.confirmed("bob@example.com", PASSWORD);
    world.client.get("/callback").send();
    world.login("bob@example.com", PASSWORD);
    world.later(30);
    world.post("/two-factor", &[("code", &code(&secret, world.now()))]);
    assert_eq!(world.who(), "bob@example.com");
}

#[test]
fn a_code_is_good_one_step_early_or_late_and_once() {
    let world = world();
    let (secret, _) = with_totp(&world);
    world.later(300);
    for (drift, good) in
        [(-60_i64, false), (-30, true), (60, false), (0, true), (0, false), (-30, false), (30, true)]
    {
        world.login(EMAIL, PASSWORD);
        let at = world.now().checked_add_signed(drift).unwrap();
        world.post("/two-factor", &[("code", &code(&secret, at))]);
        assert_eq!(world.who() == EMAIL, good, "{drift}");
        world.post("/logout", &[]);
    }
}

#[test]
fn codes_cannot_be_guessed_on() {
    let world = world();
    let (secret, _) = with_totp(&world);
    world.later(300);
    world.login(EMAIL, PASSWORD);
    for _ in 0..5 {
        assert_eq!(world.post("/two-factor", &[("code", "000000")]).status(), 400);
    }
    let refused = world.post("/two-factor", &[("code", &code(&secret, world.now()))]);
    assert_eq!(refused.status(), 429);
    assert_eq!(world.who(), "nobody");
}

#[test]
fn a_recovery_code_is_good_once() {
    let world = world();
    let (_, codes) = with_totp(&world);
    assert_eq!(codes.len(), 10);
    world.login(EMAIL, PASSWORD);
    let typed = codes[3].to_lowercase().replace('-', " ");
    world.post("/two-factor", &[("code", &typed)]);
    assert_eq!(world.who(), EMAIL);
    assert!(world.client.get("/account").send().text().contains("9 left"));
    world.post("/logout", &[]);
    world.login(EMAIL, PASSWORD);
    assert_eq!(world.post("/two-factor", &[("code", &codes[3])]).status(), 400);

    world.post("/two-factor", &[("code", &codes[4])]);
    assert_eq!(world.post("/recovery-codes", &[("password", "wrong")]).status(), 400);
    let fresh = world.post("/recovery-codes", &[("password", PASSWORD)]).text();
    assert!(!fresh.contains(&codes[5]));
    world.post("/logout", &[]);
    world.login(EMAIL, PASSWORD);
    assert_eq!(world.post("/two-factor", &[("code", &codes[5])]).status(), 400);
}

#[test]
fn who_waits_for_more_than_ten_minutes_starts_again() {
    let world = world();
    let (secret, _) = with_totp(&world);
    world.login(EMAIL, PASSWORD);
    world.later(601);
    let page = world.post("/two-factor", &[("code", &code(&secret, world.now()))]);
    assert!(page.text().contains("That took too long. Please log in again."));
    assert_eq!(world.who(), "nobody");
}

#[test]
fn switching_it_off_takes_the_password() {
    let world = world();
    let (secret, _) = with_totp(&world);
    world.later(30);
    world.login(EMAIL, PASSWORD);
    world.post("/two-factor", &[("code", &code(&secret, world.now()))]);
    assert_eq!(world.post("/two-factor/disable", &[("password", "wrong")]).status(), 400);
    world.post("/two-factor/disable", &[("password", PASSWORD)]);
    world.post("/logout", &[]);
    world.login(EMAIL, PASSWORD);
    assert_eq!(world.who(), EMAIL);
}

#[test]
fn a_reset_does_not_go_around_the_second_factor() {
    let world = world();
    with_totp(&world);
    world.post("/reset", &[("email", EMAIL)]);
    world.post(&world.link(EMAIL, "Choose"), &[("password", "green bicycle")]);
    assert_eq!(world.who(), "nobody");
    assert!(world.login(EMAIL, "green bicycle").text().contains("<h1>Second factor</h1>"));
    assert_eq!(world.who(), "nobody");
}

#[test]
fn the_page_shows_a_qr_code_without_scripts_and_styles() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    world.login(EMAIL, PASSWORD);
    let page = world.client.get("/two-factor/setup").send().text();
    assert!(page.contains("<svg") && page.contains("aria-label=\"QR code\""));
    assert!(!page.contains("style=") && !page.contains("<script"), "{page}");
    assert!(page.contains("otpauth://totp/"));
    // The same until it is confirmed: a reload does not make the app that scanned it wrong.
    let again = world.client.get("/two-factor/setup").send().text();
    assert_eq!(secret_of(&page), secret_of(&again));
}

fn ask_pyotp(script: &str, arguments: &[&str]) -> Output {
    std::process::Command::new(python()).arg("-c").arg(script).args(arguments).output().unwrap()
}

#[test]
#[ignore = "needs the pinned Python packages"]
fn codes_and_addresses_are_exchanged_with_pyotp() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    world.login(EMAIL, PASSWORD);
    let page = world.client.get("/two-factor/setup").send().text();
    let secret = secret_of(&page);
    let uri = page.split("href=\"otpauth").nth(1).unwrap().split('"').next().unwrap();
    let uri = format!("otpauth{}", uri.replace("&amp;", "&"));
    // pyotp reads our address, writes the same one, and verifies a hundred of our codes.
    let times: Vec<u64> = (0..100).map(|n| world.now() + n * 7919).collect();
    let ours: Vec<String> = times.iter().map(|time| format!("{time}:{}", code(&secret, *time))).collect();
    let mut arguments = vec![uri.as_str(), secret.as_str()];
    arguments.extend(ours.iter().map(String::as_str));
    let output = ask_pyotp(
        "import sys, pyotp\n\
         totp = pyotp.parse_uri(sys.argv[1])\n\
         assert totp.secret == sys.argv[2] and totp.interval == 30 and totp.digits == 6\n\
         assert totp.issuer == 'shop' and totp.name == 'ada@example.com', (totp.issuer, totp.name)\n\
         for pair in sys.argv[3:]:\n\
         \x20   time, code = pair.split(':')\n\
         \x20   assert totp.verify(code, for_time=int(time)), pair\n\
         \x20   print(totp.at(int(time) + 11))\n",
        &arguments,
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs = String::from_utf8(output.stdout).unwrap();
    assert_eq!(theirs.lines().count(), 100);
    for (time, theirs) in times.iter().zip(theirs.lines()) {
        assert_eq!(code(&secret, time + 11), theirs);
    }
    // A code of pyotp's switches it on here.
    let output = ask_pyotp(
        "import sys, pyotp; print(pyotp.TOTP(sys.argv[1]).at(int(sys.argv[2])))",
        &[&secret, &world.now().to_string()],
    );
    let code = String::from_utf8(output.stdout).unwrap();
    assert!(world.post("/two-factor/setup", &[("code", code.trim())]).text().contains("Recovery codes"));
}

/// Switches the authenticator app on and logs in with it; its secret.
fn logged_in_with_totp(world: &World) -> String {
    let (secret, _) = with_totp(world);
    world.login(EMAIL, PASSWORD);
    world.later(30);
    world.post("/two-factor", &[("code", &code(&secret, world.now()))]);
    assert_eq!(world.who(), EMAIL);
    secret
}

#[post("/api/totp")]
async fn enable() -> carboy::Result<String> {
    Ok(accounts().enable_totp(request().form().get_str("code").unwrap_or_default()).await?.join(" "))
}

#[test]
fn another_authenticator_app_takes_the_password() {
    let configure = |app: &mut App| {
        app.routes(routes![enable]);
    };
    let world = world_with(configure, |accounts| accounts);
    let former = logged_in_with_totp(&world);
    let kept = world.stored(EMAIL).totp_secret.unwrap();
    let page = world.client.get("/two-factor/setup").send().text();
    let secret = secret_of(&page);
    assert_ne!(secret, former);
    let good = code(&secret, world.now());
    let refused = world.post("/api/totp", &[("code", &good)]);
    assert_eq!(refused.status(), 400);
    assert!(refused.text().contains("You have an authenticator app already."), "{}", refused.text());
    for password in ["", "wrong"] {
        let refused = world.post("/two-factor/setup", &[("code", &good), ("password", password)]);
        assert_eq!(refused.status(), 400, "{password}");
    }
    assert_eq!(world.post("/two-factor/setup", &[("code", "000000"), ("password", PASSWORD)]).status(), 400);
    assert_eq!(world.stored(EMAIL).totp_secret.unwrap().expose(), kept.expose());
    let codes = world.post("/two-factor/setup", &[("code", &good), ("password", PASSWORD)]).text();
    assert!(codes.contains("<h1>Recovery codes</h1>"), "{codes}");
    world.link(EMAIL, "was replaced");

    world.post("/logout", &[]);
    world.later(30);
    world.login(EMAIL, PASSWORD);
    assert_eq!(world.post("/two-factor", &[("code", &code(&former, world.now()))]).status(), 400);
    world.post("/two-factor", &[("code", &code(&secret, world.now()))]);
    assert_eq!(world.who(), EMAIL);
}

#[test]
fn an_account_without_a_password_changes_its_factors_by_a_code() {
    let world = with_provider(true);
    let mut new = NewAccount::new(EMAIL).unwrap();
    new.confirmed_at = Some(1);
    crate::common::run(world.store.create(new));
    let set_up = |proof: Option<&str>| {
        let secret = secret_of(&world.client.get("/two-factor/setup").send().text());
        let code = code(&secret, world.now());
        let page =
            world.post("/two-factor/setup", &[("code", &code), ("old_code", proof.unwrap_or_default())]);
        let codes = page.text();
        let codes: Vec<String> =
            codes.split("<code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect();
        (page.status().as_u16(), secret, codes)
    };
    world.client.get("/callback").send();
    assert_eq!(world.who(), EMAIL);
    let (_, secret, codes) = set_up(None);
    assert_eq!(codes.len(), 10);

    // Another one takes a code of the one before.
    assert_eq!(set_up(Some("000000")).0, 400);
    world.later(30);
    let (status, secret, former) = (set_up(Some(&code(&secret, world.now()))), secret, codes);
    assert_eq!(status.0, 200);
    let (_, newer, codes) = status;
    assert_ne!(newer, secret);
    assert_eq!(world.post("/recovery-codes", &[("code", &former[0])]).status(), 400);
    let page = world.post("/recovery-codes", &[("code", &codes[0])]).text();
    let newest = page.split("<code>").nth(1).unwrap().split('<').next().unwrap().to_owned();

    let page = world.client.get("/two-factor/disable").send().text();
    assert!(page.contains("name=\"code\"") && !page.contains("type=\"password\""), "{page}");
    let refused = world.post("/two-factor/disable", &[("code", &codes[1])]);
    assert_eq!(refused.status(), 400);
    assert!(refused.text().contains("This code is not right."));
    assert!(world.post("/two-factor/disable", &[("code", &newest)]).text().contains("is not asked any more"));
    assert!(world.stored(EMAIL).totp_secret.is_none());
}

#[post("/identity/<change>")]
async fn identity(change: String) -> carboy::Result<&'static str> {
    let account = accounts().required()?;
    match change.as_str() {
        "linked" => accounts().identity_linked(&account, "Lock & Key")?,
        _ => accounts().identity_unlinked(&account, "Lock & Key")?,
    }
    Ok("told")
}

#[test]
fn the_owner_is_told_of_every_change_of_a_factor() {
    let configure = |app: &mut App| {
        app.routes(routes![identity]);
    };
    let world = world_with(configure, |accounts| accounts);
    logged_in_with_totp(&world);
    let told = |subject: &str| {
        assert_eq!(world.link(EMAIL, subject), "/login");
        let outbox = world.mail.outbox();
        assert_eq!(outbox.len(), 1, "{outbox:?}");
        world.mail.clear_outbox();
        let body = outbox[0].body.clone().unwrap();
        assert!(body.contains("If it was not you, log in and change your password at once:"), "{body}");
        (body, outbox[0].html.clone().unwrap())
    };
    told("An authenticator app was set up");
    assert_eq!(world.post("/recovery-codes", &[("password", "wrong")]).status(), 400);
    world.post("/recovery-codes", &[("password", PASSWORD)]);
    told("You have new recovery codes");
    world.post("/two-factor/disable", &[("password", PASSWORD)]);
    told("Your authenticator app was switched off");
    world.post("/identity/linked", &[]);
    let (text, html) = told("Your account was linked with another login");
    assert!(text.contains("Whoever logs in to Lock & Key as you"), "{text}");
    assert!(html.contains("Whoever logs in to Lock &amp; Key as you"), "{html}");
    world.post("/identity/unlinked", &[]);
    told("A login was taken off your account");
}
