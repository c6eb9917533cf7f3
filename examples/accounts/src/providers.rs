//! Logging in by another provider: those that the configuration names; and which of these logins an account has.
//!
//! OIDC_ISSUER with OIDC_CLIENT_ID and OIDC_CLIENT_SECRET is one that speaks OpenID Connect; OIDC_NAME is what its button says.

use carboy::{
    Result,
    prelude::*,
    redirect_target,
    security::{SecurityHeaders, change_security_headers},
    try_ext,
};
use carboy_db::{Db, db};
use carboy_ext::translations::gettext;
use carboy_ext::{
    accounts::{Account, Created, NewAccount, accounts},
    login::{CurrentUser, current_user, fresh_login_required, is_authenticated, login_fresh},
    oauth::{self, Authorize, Identity, IdentityStore, Linked, LinkedIdentity, Login, OAuth, Provider},
};
use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};

/// A provider that one may log in by.
#[derive(Clone, Serialize)]
struct Offered {
    name: &'static str,
    label: String,
}

fn offered() -> Vec<Offered> {
    let label = current_app().config().get_str("OIDC_NAME").ok().flatten().unwrap_or("OpenID").to_owned();
    let clients = ext::<OAuth>().clients().len();
    (0..clients).map(|_| Offered { name: "oidc", label: label.clone() }).collect()
}

/// What users know a provider by.
fn label_of(provider: &str) -> String {
    let known = offered().into_iter().find(|one| one.name == provider);
    known.map_or_else(|| provider.to_owned(), |one| one.label)
}

pub(crate) fn register(app: &mut App, db: Db) {
    let text = |app: &mut App, key: &str| app.config().get::<String>(key).ok().flatten();
    let mut oauth = OAuth::new().identity_store(db);
    if let (Some(issuer), Some(id)) = (text(app, "OIDC_ISSUER"), text(app, "OIDC_CLIENT_ID")) {
        let secret = text(app, "OIDC_CLIENT_SECRET").unwrap_or_default();
        oauth = oauth.register("oidc", Provider::discover(&issuer).client(id, secret).scope("openid email"));
    }
    app.ext(oauth);
    app.template_global("providers", offered);
    let mut bp = Blueprint::new("providers");
    bp.routes(routes![login, callback, logins, link, unlink]);
    app.register(bp);
}

/// Sends the visitor to the provider. It links nothing, whoever is logged in: any page can make a browser come here.
#[get("/login/<provider>")]
async fn login(provider: String) -> Result<Redirect> {
    authorize(&provider, Authorize::new().next(redirect_target("next"))).await
}

async fn authorize(provider: &str, options: Authorize) -> Result<Redirect> {
    let back = url_for!(callback, provider, _external = true);
    oauth::client(provider)?.authorize_redirect_with(&back, options).await
}

/// Where the provider sends the visitor back to.
#[get("/login/<provider>/callback")]
async fn callback(provider: String) -> Result<Redirect> {
    let login = oauth::client(&provider)?.authorize_access_token().await?;
    let current = current_user::<Account>();
    let current = current.as_ref().map(|account| account.id.as_str());
    match login.user(current).await? {
        Linked::Known(id) if current.is_none_or(|current| current == id) => {
            let account = accounts().store().find(&id).await?.or_404()?;
            log_in(&account, &login)
        }
        // Only who is logged in gets here by a new identity, since no address links one.
        Linked::New(id) => {
            let account = accounts().store().find(&id).await?.or_404()?;
            accounts().identity_linked(&account, &label_of(&provider))?;
            flash(gettext("This login is yours now."), "success");
            Ok(redirect(url_for!(logins)))
        }
        Linked::Known(_) | Linked::Taken if current.is_some() => {
            refuse(gettext("This login belongs to another account."))
        }
        Linked::Unknown if current.is_none() => match sign_up(&login.identity).await? {
            Some(account) => log_in(&account, &login),
            None => refuse(gettext("Log in as usual first, then link this login to your account.")),
        },
        Linked::Unknown => refuse(gettext("This login is not linked to your account yet: link it here.")),
        _ => refuse(gettext("Log in first.")),
    }
}

/// An account that has a second factor is asked for it, as behind the password.
fn log_in(account: &Account, login: &Login) -> Result<Redirect> {
    let step = accounts().first_factor(account, false)?;
    Ok(redirect(accounts().url_after(&step, login.next.as_deref())?))
}

/// Back to where the account's logins are; whoever is not logged in comes by the page to log in.
fn refuse(why: String) -> Result<Redirect> {
    flash(why, "error");
    Ok(redirect(if is_authenticated() { url_for!(logins) } else { url_for!("accounts.login") }))
}

/// A new account for somebody whose address the provider has verified; `None` when the address is unknown, or has an account.
async fn sign_up(identity: &Identity) -> Result<Option<Account>> {
    let Some(email) = identity.verified_email() else { return Ok(None) };
    let mut new = NewAccount::new(carboy_ext::accounts::normalize_email(email).or_abort(400)?)?;
    new.confirmed_at = Some(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs().try_into()?);
    match accounts().store().create(new).await? {
        Created::Account(account) => {
            db().link(identity, &account.id).await?;
            Ok(Some(account))
        }
        Created::Taken => Ok(None),
    }
}

/// How one logs in to an account.
struct Ways {
    has_password: bool,
    passkeys: usize,
    identities: Vec<LinkedIdentity>,
}

impl Ways {
    async fn of(account: &Account) -> Result<Ways> {
        Ok(Ways {
            has_password: account.password.is_some(),
            passkeys: accounts().store().passkeys(&account.id).await?.len(),
            identities: db().identities_of(&account.id).await?,
        })
    }

    /// Whether there is a way besides this one. A provider that is not offered any more is none.
    fn others_than(&self, provider: &str, subject: &str) -> bool {
        let usable = |one: &LinkedIdentity| ext::<OAuth>().client(&one.provider).is_some();
        let others =
            self.identities.iter().filter(|one| (&*one.provider, &*one.subject) != (provider, subject));
        self.has_password || self.passkeys > 0 || others.into_iter().any(usable)
    }
}

/// A line of the list.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    identity: LinkedIdentity,
    can_go: bool,
}

/// The logins of who is logged in.
#[get("/account/logins", guard = fresh_login_required)]
async fn logins(account: CurrentUser<Account>) -> Result<Html> {
    let ways = Ways::of(&account).await?;
    let line = |identity: &LinkedIdentity| Line {
        can_go: ways.others_than(&identity.provider, &identity.subject),
        identity: identity.clone(),
    };
    let lines: Vec<Line> = ways.identities.iter().map(line).collect();
    forms_lead_to_the_provider()?;
    render!("account/logins.html", lines)
}

/// A browser asks the page's policy also about where the answer to its form leads.
fn forms_lead_to_the_provider() -> Result<()> {
    let issuer = current_app().config().get_str("OIDC_ISSUER")?.unwrap_or_default().to_owned();
    let origin: Vec<&str> = issuer.split('/').take(3).collect();
    match try_ext::<SecurityHeaders>().is_some() && !issuer.is_empty() {
        true => change_security_headers(|policy| {
            policy.change_content_security_policy(|csp| csp.add("form-action", &origin.join("/")))
        }),
        false => Ok(()),
    }
}

/// Lets in whose login is fresh. The others begin at the page with the buttons: a form is not sent again behind a login.
fn from_the_page() -> Option<Redirect> {
    let is_fresh = is_authenticated() && login_fresh();
    (!is_fresh).then(|| redirect(url_for!(logins)))
}

/// Begins to link a login to the account: the provider says which one it is.
#[post("/account/link/<provider>", guard = from_the_page)]
async fn link(provider: String, account: CurrentUser<Account>) -> Result<Redirect> {
    authorize(&provider, Authorize::new().linking(&account.id)).await
}

/// Takes a login from the account, unless nobody could log in then.
#[post("/account/unlink/<provider>", guard = from_the_page)]
async fn unlink(provider: String, account: CurrentUser<Account>) -> Result<Redirect> {
    let subject: String = request().form().get_required("subject")?;
    if !Ways::of(&account).await?.others_than(&provider, &subject) {
        let why = gettext(
            "This is the only way to log in to your account: choose a password or add a passkey first.",
        );
        return refuse(why);
    }
    if !db().unlink(&account.id, &provider, &subject).await? {
        return abort(404);
    }
    accounts().identity_unlinked(&account, &label_of(&provider))?;
    flash(gettext("This login is not yours any more."), "success");
    Ok(redirect(url_for!(logins)))
}
