//! Logging in by another provider: those that the configuration names.
//!
//! OIDC_ISSUER with OIDC_CLIENT_ID and OIDC_CLIENT_SECRET is one that speaks OpenID Connect; OIDC_NAME is what its button says.

use carboy::{Result, prelude::*, redirect_target};
use carboy_db::{Db, db};
use carboy_ext::translations::gettext;
use carboy_ext::{
    accounts::{Account, Created, NewAccount, accounts},
    login::current_user,
    oauth::{self, Authorize, Identity, IdentityStore, Linked, OAuth, Provider},
};
use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};

/// A button.
#[derive(Clone, Serialize)]
pub(crate) struct Offered {
    name: &'static str,
    label: String,
}

/// The buttons of the first page.
pub(crate) fn offered() -> Vec<Offered> {
    let label = current_app().config().get_str("OIDC_NAME").ok().flatten().unwrap_or("OpenID").to_owned();
    let clients = ext::<OAuth>().clients().len();
    (0..clients).map(|_| Offered { name: "oidc", label: label.clone() }).collect()
}

pub(crate) fn register(app: &mut App, db: Db) {
    let text = |app: &mut App, key: &str| app.config().get::<String>(key).ok().flatten();
    let mut oauth = OAuth::new().identity_store(db);
    if let (Some(issuer), Some(id)) = (text(app, "OIDC_ISSUER"), text(app, "OIDC_CLIENT_ID")) {
        let secret = text(app, "OIDC_CLIENT_SECRET").unwrap_or_default();
        oauth = oauth.register("oidc", Provider::discover(&issuer).client(id, secret).scope("openid email"));
    }
    app.ext(oauth);
    let mut bp = Blueprint::new("providers");
    bp.url_prefix("/login").routes(routes![login, callback]);
    app.register(bp);
}

/// Sends the visitor to the provider. Who is logged in links the identity to the account.
#[get("/<provider>")]
async fn login(provider: String) -> Result<Redirect> {
    let back = url_for!(callback, provider = &provider, _external = true);
    let mut options = Authorize::new().next(redirect_target("next"));
    if let Some(account) = current_user::<Account>() {
        options = options.linking(&account.id);
    }
    oauth::client(&provider)?.authorize_redirect_with(&back, options).await
}

/// Where the provider sends the visitor back to. An account that has a second factor is asked for it, as behind the password.
#[get("/<provider>/callback")]
async fn callback(provider: String) -> Result<Redirect> {
    let login = oauth::client(&provider)?.authorize_access_token().await?;
    let current = current_user::<Account>();
    let account = match login.user(current.as_ref().map(|account| account.id.as_str())).await? {
        // Who links an identity is logged in already.
        Linked::New(id) if current.as_ref().is_some_and(|account| account.id == id) => {
            return Ok(redirect(login.next.unwrap_or_else(|| url_for!("accounts.account"))));
        }
        Linked::Known(id) | Linked::New(id) => accounts().store().find(&id).await?.or_404()?,
        Linked::Taken => {
            flash(gettext("This login belongs to another account."), "error");
            return Ok(redirect(url_for!("accounts.account")));
        }
        _ => match sign_up(&login.identity).await? {
            Some(account) => account,
            None => {
                flash(gettext("Log in as usual first, then link this login to your account."), "error");
                return Ok(redirect(url_for!("accounts.login")));
            }
        },
    };
    let step = accounts().first_factor(&account, false)?;
    Ok(redirect(accounts().url_after(&step, login.next.as_deref())?))
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
