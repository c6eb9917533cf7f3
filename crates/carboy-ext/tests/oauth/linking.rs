//! Which user a login is.

use super::{
    fake::{Fake, query},
    shop::provider,
};
use carboy::{ExtensionFuture, Method, prelude::*, testing::TestClient};
use carboy_ext::oauth::{self, Authorize, Identity, IdentityStore, Linked, LinkedIdentity, OAuth};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

/// Identities and verified addresses of the users, a set for each test.
#[derive(Default)]
struct Users {
    identities: HashMap<(String, String), String>,
    addresses: HashMap<String, String>,
}

static USERS: LazyLock<Mutex<HashMap<String, Users>>> = LazyLock::new(Mutex::default);

struct Store(String);

impl Store {
    fn with<T>(&self, f: impl FnOnce(&mut Users) -> T) -> T {
        f(USERS.lock().unwrap().entry(self.0.clone()).or_default())
    }
}

impl IdentityStore for Store {
    fn user_of<'a>(
        &'a self,
        provider: &'a str,
        subject: &'a str,
    ) -> ExtensionFuture<'a, carboy::Result<Option<String>>> {
        let key = (provider.to_owned(), subject.to_owned());
        Box::pin(async move { Ok(self.with(|users| users.identities.get(&key).cloned())) })
    }

    fn link<'a>(&'a self, identity: &'a Identity, user: &'a str) -> ExtensionFuture<'a, carboy::Result<()>> {
        let key = (identity.provider.clone(), identity.subject.clone());
        Box::pin(async move {
            self.with(|users| users.identities.insert(key, user.to_owned()));
            Ok(())
        })
    }

    fn identities_of<'a>(
        &'a self,
        user: &'a str,
    ) -> ExtensionFuture<'a, carboy::Result<Vec<LinkedIdentity>>> {
        let of = move |users: &mut Users| {
            let keys = users.identities.iter().filter(|(_, owner)| *owner == user).map(|(key, _)| key);
            keys.map(|(provider, subject)| LinkedIdentity::new(provider, subject, None)).collect()
        };
        Box::pin(async move { Ok(self.with(of)) })
    }

    fn unlink<'a>(
        &'a self,
        user: &'a str,
        provider: &'a str,
        subject: &'a str,
    ) -> ExtensionFuture<'a, carboy::Result<bool>> {
        let key = (provider.to_owned(), subject.to_owned());
        Box::pin(async move {
            Ok(self.with(|users| match users.identities.get(&key).is_some_and(|owner| owner == user) {
                true => users.identities.remove(&key).is_some(),
                false => false,
            }))
        })
    }

    fn user_with_verified_email<'a>(
        &'a self,
        email: &'a str,
    ) -> ExtensionFuture<'a, carboy::Result<Option<String>>> {
        Box::pin(async move { Ok(self.with(|users| users.addresses.get(email).cloned())) })
    }
}

#[route("/login", methods = ["GET", "POST"])]
async fn login() -> carboy::Result<Redirect> {
    let mut options = Authorize::new();
    if let Some(user) = request().args().get::<String>("link") {
        options = options.linking(user);
    }
    oauth::client("fake")?.authorize_redirect_with("http://localhost/callback", options).await
}

#[get("/callback")]
async fn callback() -> carboy::Result<String> {
    let login = oauth::client("fake")?.authorize_access_token().await?;
    let current: Option<String> = session().get("user");
    let linked = match request().args().get("store") {
        Some(name) => login.link(&Store(name), current.as_deref()).await?,
        None => login.user(current.as_deref()).await?,
    };
    Ok(format!("{linked:?}"))
}

struct Case {
    fake: Fake,
    client: TestClient,
    store: Store,
}

impl Case {
    fn new(name: &str) -> Self {
        let fake = Fake::start();
        let mut app = App::new("shop");
        app.config().set("SECRET_KEY", "dev").set("PROPAGATE_EXCEPTIONS", false);
        let oauth = OAuth::new().register("fake", provider(&fake)).identity_store(Store(name.to_owned()));
        app.ext(oauth).routes(routes![login, callback]);
        Case { fake, client: app.test_client(), store: Store(name.to_owned()) }
    }

    /// Who is logged in when the login ends.
    fn user(&self, user: &str) {
        self.client.session(|session| session.set("user", user));
    }

    fn log_in(&self, target: &str, claims: Value) -> String {
        let params = super::shop::begin(&self.client, target);
        self.end(&params, claims)
    }

    fn begin_link(&self, user: &str) -> HashMap<String, String> {
        let response = self.client.post("/login").query([("link", user)]).send();
        query(response.location().unwrap().split_once('?').unwrap().1)
    }

    fn link(&self, user: &str, claims: Value) -> String {
        let params = self.begin_link(user);
        self.end(&params, claims)
    }

    fn end(&self, params: &HashMap<String, String>, claims: Value) -> String {
        self.fake.claims(claims).nonce(&params["nonce"]);
        let args = [
            ("state", params["state"].as_str()),
            ("code", "c"),
            ("iss", &self.fake.issuer),
            ("store", &self.store.0),
        ];
        self.client.get("/callback").query(args).send().text()
    }
}

fn text(linked: Linked) -> String {
    format!("{linked:?}")
}

#[test]
fn somebody_new_is_unknown_and_a_known_identity_is_its_user() {
    let case = Case::new("new");
    assert_eq!(case.log_in("/login", json!({})), text(Linked::Unknown));
    case.store.with(|users| users.identities.insert(("fake".into(), "u1".into()), "ann".into()));
    assert_eq!(case.log_in("/login", json!({})), text(Linked::Known("ann".into())));
    assert_eq!(case.log_in("/login", json!({"sub": "u2"})), text(Linked::Unknown));
}

#[test]
fn the_registered_store_is_asked() {
    let case = Case::new("registered");
    case.store.with(|users| users.identities.insert(("fake".into(), "u1".into()), "ann".into()));
    let params = super::shop::begin(&case.client, "/login");
    case.fake.nonce(&params["nonce"]);
    let args = [("state", params["state"].as_str()), ("code", "c"), ("iss", &case.fake.issuer)];
    assert_eq!(case.client.get("/callback").query(args).send().text(), text(Linked::Known("ann".into())));
}

#[test]
fn an_address_links_only_when_both_sides_have_verified_it() {
    let case = Case::new("address");
    case.store.with(|users| users.addresses.insert("ann@example.com".into(), "ann".into()));
    for claims in [
        json!({"email_verified": false}),
        json!({"email_verified": null}),
        json!({"email_verified": 1}),
        json!({"email_verified": "yes"}),
        json!({"email": "other@example.com"}),
        json!({"email": null}),
    ] {
        assert_eq!(case.log_in("/login", claims.clone()), text(Linked::Unknown), "{claims}");
    }
    assert_eq!(case.log_in("/login", json!({})), text(Linked::New("ann".into())));
    assert_eq!(
        case.log_in("/login", json!({"email": "moved@example.com"})),
        text(Linked::Known("ann".into()))
    );
}

#[test]
fn a_link_is_for_the_user_who_asked_for_it_and_for_nobody_else() {
    let case = Case::new("link");
    // Nobody is logged in, or somebody else by then.
    assert_eq!(case.link("ann", json!({})), text(Linked::Taken));
    let begun = case.begin_link("ann");
    case.user("eve");
    assert_eq!(case.end(&begun, json!({})), text(Linked::Taken));
    assert!(case.store.with(|users| users.identities.is_empty()));

    case.user("ann");
    assert_eq!(case.link("ann", json!({})), text(Linked::New("ann".into())));
    assert_eq!(case.link("ann", json!({})), text(Linked::Known("ann".into())));
    case.user("bob");
    assert_eq!(case.link("bob", json!({})), text(Linked::Taken));
    // A login that was not begun as a link gives nothing to whoever is logged in.
    assert_eq!(case.log_in("/login", json!({"sub": "u9", "email_verified": false})), text(Linked::Unknown));
}

#[test]
fn a_link_that_a_page_can_make_the_browser_follow_links_nothing() {
    let case = Case::new("followed");
    case.user("ann");
    for method in [Method::GET, Method::HEAD] {
        let answer = case.client.open(method, "/login?link=ann").send();
        assert_eq!((answer.status().as_u16(), answer.location()), (500, None));
    }
    // Nor does a form on a page of another site.
    let post = || case.client.post("/login").query([("link", "ann")]);
    let answer = post().header("sec-fetch-site", "cross-site").send();
    assert_eq!((answer.status().as_u16(), answer.location()), (403, None));
    assert_eq!(case.client.session(|session| session.len()), 1);
    assert_eq!(post().header("sec-fetch-site", "same-origin").send().status(), 302);
}

#[test]
fn a_subject_that_no_store_could_keep_is_nobody() {
    let case = Case::new("subject");
    let login = |subject: &str| {
        let params = super::shop::begin(&case.client, "/login");
        case.fake.claims(json!({"sub": subject})).nonce(&params["nonce"]);
        let args = [("state", params["state"].as_str()), ("code", "c"), ("iss", &case.fake.issuer)];
        case.client.get("/callback").query(args).send().status().as_u16()
    };
    assert_eq!(login(&"x".repeat(255)), 200);
    for subject in ["", "a\0b", &"x".repeat(256)] {
        assert_eq!(login(subject), 502, "{subject:?}");
    }
}
