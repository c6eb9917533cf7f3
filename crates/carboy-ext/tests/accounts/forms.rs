//! The forms of the pages: what they say where, what they keep, and what fills them in.

use carboy::prelude::*;
use carboy::security::Csrf;

use crate::common::{EMAIL, PASSWORD, World, world, world_with};
use crate::factors::{code, with_totp};

/// The element that a page has for an id.
fn element(page: &str, id: &str) -> String {
    let at = page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id} in {page}"));
    let from = page[..at].rfind('<').unwrap();
    page[from..].split_inclusive('>').next().unwrap().to_owned()
}

/// What a page says is wrong with a field, and that the field refers to it.
fn error_at(page: &str, field: &str) -> String {
    let input = element(page, field);
    assert!(input.contains("aria-invalid=\"true\""), "{input}");
    assert!(input.contains(&format!("aria-describedby=\"{field}-error")), "{input}");
    let from = page.split_once(&format!("id=\"{field}-error\" role=\"alert\">")).expect("an error").1;
    from.split('<').next().unwrap().to_owned()
}

#[test]
fn what_is_missing_is_said_at_its_field() {
    let world = world();
    for (path, fields) in [
        ("/login", &["email", "password"][..]),
        ("/register", &["email", "password"]),
        ("/confirm", &["email"]),
        ("/reset", &["email"]),
    ] {
        let page = world.post(path, &[]);
        assert_eq!(page.status(), 400, "{path}");
        for field in fields {
            assert_eq!(error_at(&page.text(), field), "This field is required.", "{path}");
        }
    }
    world.confirmed(EMAIL, PASSWORD);
    world.post("/reset", &[("email", EMAIL)]);
    let reset = world.link(EMAIL, "Choose");
    world.login(EMAIL, PASSWORD);
    for (path, fields) in [
        (&*reset, &["password"][..]),
        ("/change", &["old_password", "password"]),
        ("/change-email", &["email", "password"]),
        ("/two-factor/setup", &["code"]),
    ] {
        let page = world.post(path, &[]);
        assert_eq!(page.status(), 400, "{path}");
        for field in fields {
            assert_eq!(error_at(&page.text(), field), "This field is required.", "{path}");
        }
    }
    let other = crate::common::world();
    let (secret, _) = with_totp(&other);
    other.login(EMAIL, PASSWORD);
    let page = other.post("/two-factor", &[("code", " ")]).text();
    assert_eq!(error_at(&page, "code"), "This field is required.");
    other.later(30);
    other.post("/two-factor", &[("code", &code(&secret, other.now()))]);
    for (path, fields) in [
        ("/two-factor/setup", &["password", "code"][..]),
        ("/two-factor/disable", &["password"]),
        ("/recovery-codes", &["password"]),
    ] {
        let page = other.post(path, &[]).text();
        for field in fields {
            assert_eq!(error_at(&page, field), "This field is required.", "{path}");
        }
    }
}

#[test]
fn what_was_typed_stays_but_for_passwords() {
    let world = world();
    let page = world.register("<ada>", "violet umbrella of mine").text();
    assert_eq!(error_at(&page, "email"), "This is not an e-mail address.");
    assert!(element(&page, "email").contains("value=\"&lt;ada&gt;\""), "{page}");
    assert!(!element(&page, "password").contains("aria-invalid"), "{page}");
    assert!(!page.contains("violet"), "{page}");
    let page = world.register(EMAIL, "password1").text();
    assert!(error_at(&page, "password").starts_with("This password is among the first"), "{page}");
    assert!(element(&page, "password").contains("aria-describedby=\"password-error password-hint\""));
    assert!(page.contains("id=\"password-hint\">At least 8 characters: several words are good.</small>"));
    let fields = [("email", EMAIL), ("password", "wrong"), ("remember", "y"), ("next", "/account")];
    let page = world.post("/login", &fields).text();
    assert!(element(&page, "email").contains(&format!("value=\"{EMAIL}\"")), "{page}");
    assert!(element(&page, "remember").contains(" checked "), "{page}");
    assert!(page.contains("name=\"next\" value=\"/account\"") && !page.contains("wrong"), "{page}");
    // Which of the two is wrong is not said.
    assert!(
        page.contains(
            "<p class=\"error\" role=\"alert\">The e-mail address or the password is not right.</p>"
        )
    );
    assert!(!page.contains("aria-invalid"), "{page}");
}

#[test]
fn the_box_is_ticked_as_the_app_wants_it_until_somebody_decides() {
    let configure = |app: &mut App| {
        app.config().set("SECURITY_DEFAULT_REMEMBER_ME", true);
    };
    let world = world_with(configure, |accounts| accounts);
    let checked = |page: String| element(&page, "remember").contains("checked");
    assert!(checked(world.client.get("/login").send().text()));
    assert!(!checked(world.login(EMAIL, "wrong").text()));
}

#[test]
fn a_wrong_password_of_ones_own_is_said_at_its_field() {
    let world = world();
    let (secret, _) = with_totp(&world);
    world.login(EMAIL, PASSWORD);
    world.later(30);
    world.post("/two-factor", &[("code", &code(&secret, world.now()))]);
    for (path, field) in [
        ("/change", "old_password"),
        ("/change-email", "password"),
        ("/two-factor/disable", "password"),
        ("/recovery-codes", "password"),
    ] {
        let sent = [("email", "new@example.com"), ("password", "wrong"), ("old_password", "wrong")];
        let page = world.post(path, &sent).text();
        assert_eq!(error_at(&page, field), "This password is not right.", "{path}");
    }
}

#[test]
fn every_field_has_a_label_and_says_what_fills_it_in() {
    let world = world();
    let (secret, _) = with_totp(&world);
    world.post("/reset", &[("email", EMAIL)]);
    let reset = world.link(EMAIL, "Choose");
    let says = |world: &World, path: &str, fields: &[(&str, &str)]| {
        let page = world.client.get(path).send().text();
        for (field, fill) in fields {
            let (input, label) = (element(&page, field), format!("<label for=\"{field}\">"));
            assert!(input.contains(&format!("autocomplete=\"{fill}\"")), "{path}: {input}");
            assert!(input.contains(" required ") && page.contains(&label), "{path}: {page}");
        }
    };
    let login = [("email", "username"), ("password", "current-password")];
    says(&world, "/login", &login);
    says(&world, "/register", &[("email", "username"), ("password", "new-password")]);
    says(&world, "/reset", &login[..1]);
    says(&world, "/confirm", &login[..1]);
    says(&world, &reset, &[("password", "new-password")]);
    world.login(EMAIL, PASSWORD);
    says(&world, "/two-factor", &[("code", "one-time-code")]);
    world.later(30);
    world.post("/two-factor", &[("code", &code(&secret, world.now()))]);
    says(&world, "/change", &[("old_password", "current-password"), ("password", "new-password")]);
    says(&world, "/change-email", &[("email", "email"), ("password", "current-password")]);
    says(&world, "/two-factor/setup", &[("code", "one-time-code")]);
    says(&world, "/two-factor/disable", &[("password", "current-password")]);
    says(&world, "/recovery-codes", &[("password", "current-password")]);
}

#[test]
fn each_form_has_one_token_and_checks_it_where_the_app_leaves_that_to_forms() {
    let configure = |app: &mut App| {
        app.config().set("WTF_CSRF_CHECK_DEFAULT", false);
        app.ext(Csrf::new());
    };
    let world = world_with(configure, |accounts| accounts);
    let page = world.client.get("/register").send().text();
    assert_eq!(page.matches("name=\"csrf_token\"").count(), 1, "{page}");
    let token = element(&page, "csrf_token");
    let token = token.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    let sent = [("email", EMAIL), ("password", PASSWORD)];
    let refused = world.post("/register", &sent);
    assert_eq!(refused.status(), 400);
    assert!(refused.text().contains("role=\"alert\">The CSRF token is missing.</p>"), "{}", refused.text());
    let taken = world.post("/register", &[sent[0], sent[1], ("csrf_token", token)]);
    assert!(taken.text().contains("We have sent you a mail"), "{}", taken.text());
}
