//! Passkeys: WebAuthn, by `webauthn-rs`.
//!
//! What a ceremony begins with waits in the session, dated; the challenge is spent when it is answered, so that a kept cookie and a kept
//! answer log nobody in again.

use std::time::{Duration, SystemTime};

use carboy::security::signing::base64_encode;
use carboy::view::Args;
use carboy::{
    Blueprint, Error, HeaderValue, IntoResponse, Json, Response, Result, gettext, request, session,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
};

use super::error::{AccountError, AccountErrorKind};
use super::events::AccountEventKind;
use super::extension::{Accounts, accounts};
use super::hosts;
use super::mails::{self, Mailing};
use super::stores::{Account, StoredPasskey};
use super::views::add;
use super::views::page::{Page, is_post, next_url, only_if, or_login, tell, to};

/// As many passkeys as an account may have: all of them go into the session while another is made.
const MAX_PASSKEYS: usize = 10;

/// How long a browser may take to answer, in seconds.
const WITHIN: i64 = 300;

const REGISTERING: &str = "_accounts_passkey_new";
const LOGGING_IN: &str = "_accounts_passkey";

/// What waits in the session for the browser's answer.
#[derive(Serialize, Deserialize)]
struct Begun {
    since: i64,
    account: String,
    state: String,
}

impl Accounts {
    /// Begins to make a passkey for the account that is logged in: the options of `navigator.credentials.create`, as JSON.
    ///
    /// # Errors
    ///
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn), also when the login is not fresh; [`TooManyPasskeys`](AccountErrorKind::TooManyPasskeys).
    pub async fn begin_passkey(&self) -> Result<Value, AccountError> {
        let account = self.required_fresh()?;
        hosts::check()?;
        let webauthn = self.webauthn()?;
        let known = self.store().passkeys(&account.id).await?;
        if known.len() >= MAX_PASSKEYS {
            return Err(AccountErrorKind::TooManyPasskeys.into());
        }
        let known: Vec<CredentialID> =
            known.iter().filter_map(|passkey| read(passkey).ok()).map(|key| key.cred_id().clone()).collect();
        let handle = Uuid::parse_str(&account.handle)
            .map_err(|_| Error::msg("an account's handle is not 32 hexadecimal digits"))?;
        let (options, state) = webauthn
            .start_passkey_registration(handle, &account.email, &account.email, Some(known))
            .map_err(|error| Error::msg(format!("a passkey cannot be made: {error}")))?;
        self.begun(REGISTERING, &account.id, &state)?;
        let mut options = json(&options)?;
        // Without it some authenticators keep nothing that is found without an address.
        let selection = &mut options["publicKey"]["authenticatorSelection"];
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
        Ok(options)
    }

    /// Adds the passkey that the browser has made, under a name.
    ///
    /// # Errors
    ///
    /// [`Passkey`](AccountErrorKind::Passkey) when the answer is not good; [`NotWaiting`](AccountErrorKind::NotWaiting),
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn), [`TooManyPasskeys`](AccountErrorKind::TooManyPasskeys).
    pub async fn finish_passkey(&self, credential: &Value, name: &str) -> Result<(), AccountError> {
        let account = self.required_fresh()?;
        hosts::check()?;
        let begun = self.begun_before(REGISTERING, &account.id)?;
        let credential: RegisterPublicKeyCredential = parse(credential)?;
        let state: PasskeyRegistration = self.spent(&begun).await?;
        let passkey = self.webauthn()?.finish_passkey_registration(&credential, &state).map_err(refused)?;
        if self.store().passkeys(&account.id).await?.len() >= MAX_PASSKEYS {
            return Err(AccountErrorKind::TooManyPasskeys.into());
        }
        let data = serde_json::to_string(&passkey).map_err(Error::from)?;
        let id = base64_encode(passkey.cred_id());
        let stored = StoredPasskey::new(id, &account.id, named(name), data, self.now());
        if !self.store().add_passkey(stored).await? {
            return Err(AccountErrorKind::Passkey.into());
        }
        self.tell(AccountEventKind::PasskeyAdded, Some(&account));
        self.notify(Mailing::new(&mails::PASSKEY_ADDED, &account.email));
        Ok(())
    }

    /// Begins to log somebody in by a passkey, whoever it is: the options of `navigator.credentials.get`, as JSON.
    ///
    /// # Errors
    ///
    /// [`Disabled`](AccountErrorKind::Disabled), [`Throttled`](AccountErrorKind::Throttled).
    pub async fn begin_passkey_login(&self) -> Result<Value, AccountError> {
        let webauthn = self.webauthn()?;
        self.count_client().await?;
        let (options, state) = webauthn
            .start_discoverable_authentication()
            .map_err(|error| Error::msg(format!("logging in by a passkey cannot begin: {error}")))?;
        self.begun(LOGGING_IN, "", &state)?;
        let mut options = json(&options)?;
        // A button asks for it, not the field for the address.
        if let Some(options) = options.as_object_mut() {
            options.remove("mediation");
        }
        Ok(options)
    }

    /// Logs in whose passkey the browser has asked. The device has verified its user, so no other factor is asked.
    ///
    /// # Errors
    ///
    /// [`Passkey`](AccountErrorKind::Passkey), [`NotWaiting`](AccountErrorKind::NotWaiting), [`Inactive`](AccountErrorKind::Inactive),
    /// [`Throttled`](AccountErrorKind::Throttled).
    pub async fn finish_passkey_login(&self, credential: &Value) -> Result<Account, AccountError> {
        let webauthn = self.webauthn()?;
        self.count_client().await?;
        // The store is asked last: who sends nonsense costs it nothing.
        let begun = self.begun_before(LOGGING_IN, "")?;
        let credential: PublicKeyCredential = parse(credential)?;
        let state: DiscoverableAuthentication = self.spent(&begun).await?;
        let outcome = self.passkey_login(&webauthn, credential, state).await;
        if outcome.is_err() {
            self.tell(AccountEventKind::LoginFailed, None);
        }
        let account = outcome?;
        self.log_in(&account, false)?;
        Ok(account)
    }

    async fn passkey_login(
        &self,
        webauthn: &Webauthn,
        credential: PublicKeyCredential,
        state: DiscoverableAuthentication,
    ) -> Result<Account, AccountError> {
        let (handle, id) = webauthn.identify_discoverable_authentication(&credential).map_err(refused)?;
        let id = base64_encode(id);
        let stored = self.store().passkey(&id).await?.ok_or(AccountErrorKind::Passkey)?;
        let account = self.store().find(&stored.account_id).await?.ok_or(AccountErrorKind::Passkey)?;
        if Uuid::parse_str(&account.handle).ok() != Some(handle) {
            return Err(AccountErrorKind::Passkey.into());
        }
        let mut passkey = read(&stored)?;
        // A counter that does not go up is refused, too: the passkey may be a copy.
        let result = webauthn
            .finish_discoverable_authentication_v2(&credential, state, DiscoverableKey::from(&passkey))
            .map_err(refused)?;
        if !account.active {
            return Err(AccountErrorKind::Inactive.into());
        }
        passkey.update_credential(&result);
        let data = serde_json::to_string(&passkey).map_err(Error::from)?;
        self.store().use_passkey(&id, data, self.now()).await?;
        Ok(account)
    }

    /// Names a passkey of the account that is logged in; false when it has no such passkey.
    ///
    /// # Errors
    ///
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn).
    pub async fn rename_passkey(&self, credential_id: &str, name: &str) -> Result<bool, AccountError> {
        let account = self.required()?;
        Ok(self.store().rename_passkey(&account.id, credential_id, &named(name)).await?)
    }

    /// Removes a passkey of the account that is logged in; false when it has no such passkey.
    ///
    /// # Errors
    ///
    /// [`NotLoggedIn`](AccountErrorKind::NotLoggedIn), also when the login is not fresh.
    pub async fn delete_passkey(&self, credential_id: &str) -> Result<bool, AccountError> {
        let account = self.required_fresh()?;
        hosts::check()?;
        let deleted = self.store().delete_passkey(&account.id, credential_id).await?;
        if deleted {
            self.tell(AccountEventKind::PasskeyDeleted, Some(&account));
            self.notify(Mailing::new(&mails::PASSKEY_DELETED, &account.email));
        }
        Ok(deleted)
    }

    fn webauthn(&self) -> Result<Webauthn, AccountError> {
        let settings = self.settings()?;
        if !settings.webauthn {
            return Err(AccountErrorKind::Disabled.into());
        }
        let origins = match settings.passkey_origins.is_empty() {
            false => settings.passkey_origins.clone(),
            true => {
                hosts::check()?;
                vec![request().host_url()]
            }
        };
        let wrong = |what: &str, error: &dyn std::fmt::Display| {
            AccountError::from(Error::msg(format!("passkeys cannot be used: {what}: {error}")))
        };
        let origins = origins
            .iter()
            .map(|origin| Url::parse(origin).map_err(|error| wrong("SECURITY_WAN_ORIGINS", &error)))
            .collect::<Result<Vec<_>, _>>()?;
        let domain = settings.passkey_domain.as_deref().or(origins[0].domain());
        let domain = domain.ok_or(AccountErrorKind::NoDomain)?;
        let mut builder = WebauthnBuilder::new(domain, &origins[0])
            .map_err(|error| wrong("SECURITY_WAN_RP_ID", &error))?
            .timeout(Duration::from_secs(WITHIN.unsigned_abs()))
            .rp_name(&settings.issuer);
        for origin in &origins[1..] {
            builder = builder.append_allowed_origin(origin);
        }
        builder.build().map_err(|error| wrong("SECURITY_WAN_ORIGINS", &error))
    }

    fn begun(&self, key: &str, account: &str, state: &impl Serialize) -> Result<()> {
        let state = serde_json::to_string(state)?;
        Ok(session().try_set(key, Begun { since: self.now(), account: account.to_owned(), state })?)
    }

    /// What was begun, which is not waited for any more.
    fn begun_before(&self, key: &str, account: &str) -> Result<Begun, AccountError> {
        let begun: Begun = session().pop(key).ok_or(AccountErrorKind::NotWaiting)?;
        let age = self.now().saturating_sub(begun.since);
        match begun.account == account && (0..=WITHIN).contains(&age) {
            true => Ok(begun),
            false => Err(AccountErrorKind::NotWaiting.into()),
        }
    }

    /// The state of what was begun, once: a cookie can be sent again.
    async fn spent<T: DeserializeOwned>(&self, begun: &Begun) -> Result<T, AccountError> {
        let state = serde_json::from_str(&begun.state).map_err(|_| AccountErrorKind::NotWaiting)?;
        // Its challenge is random, and so names it.
        let name = base64_encode(Sha256::digest(&begun.state));
        let until = SystemTime::now() + Duration::from_secs(WITHIN.unsigned_abs());
        match self.tokens().spend(&name, until).await? {
            true => Ok(state),
            false => Err(AccountErrorKind::NotWaiting.into()),
        }
    }
}

fn read(stored: &StoredPasskey) -> Result<Passkey> {
    serde_json::from_str(&stored.data)
        .map_err(|error| Error::msg(format!("a stored passkey cannot be read: {error}")))
}

fn json(value: &impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(value)?)
}

fn parse<T: DeserializeOwned>(credential: &Value) -> Result<T, AccountError> {
    T::deserialize(credential).map_err(|_| AccountErrorKind::Passkey.into())
}

/// Why it was refused is for who runs the app.
fn refused(error: webauthn_rs::prelude::WebauthnError) -> AccountError {
    tracing::info!(target: "carboy::accounts", "a passkey was refused: {error}");
    AccountErrorKind::Passkey.into()
}

/// A name to show: no control characters, at most a hundred, and never none.
fn named(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    match name.trim() {
        "" => gettext("Passkey"),
        name => name.to_owned(),
    }
}

// The pages

pub(super) fn views(bp: &mut Blueprint) {
    add(bp, "/passkeys", "passkeys", &["GET"], list);
    add(bp, "/passkeys/<id>/rename", "passkey_rename", &["POST"], rename);
    add(bp, "/passkeys/<id>/delete", "passkey_delete", &["POST"], delete);
    add(bp, "/passkeys/new", "passkey_register_begin", &["POST"], register_begin);
    add(bp, "/passkeys/new/finish", "passkey_register_finish", &["POST"], register_finish);
    add(bp, "/passkeys/login", "passkey_login_begin", &["POST"], login_begin);
    add(bp, "/passkeys/login/finish", "passkey_login_finish", &["POST"], login_finish);
    add(bp, "/passkeys.js", "passkeys_js", &["GET"], |_: Args| script());
}

fn script() -> Result<Response> {
    let mut response = include_str!("passkeys.js").into_response()?;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("text/javascript; charset=utf-8"));
    headers.insert("cache-control", HeaderValue::from_static("public, max-age=3600"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    Ok(response)
}

#[derive(Serialize)]
struct Shown {
    id: String,
    name: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

async fn list(_: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.webauthn)?;
    let account = match accounts.required_fresh() {
        Ok(account) => account,
        Err(error) => return or_login(error),
    };
    let passkeys: Vec<Shown> = accounts
        .store()
        .passkeys(&account.id)
        .await?
        .into_iter()
        .map(|passkey| Shown {
            id: passkey.credential_id,
            name: passkey.name,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        })
        .collect();
    Page::new(&accounts, "accounts/passkeys.html").with("passkeys", &passkeys).render()
}

async fn rename(args: Args) -> Result<Response> {
    let accounts = accounts();
    let id: String = args.get("id")?;
    let name = request().form().get_str("name").unwrap_or_default().to_owned();
    match accounts.rename_passkey(&id, &name).await {
        Ok(true) => to("accounts.passkeys"),
        Ok(false) => carboy::abort(404),
        Err(error) => or_login(error),
    }
}

async fn delete(args: Args) -> Result<Response> {
    let accounts = accounts();
    let id: String = args.get("id")?;
    match accounts.delete_passkey(&id).await {
        Ok(true) => {
            tell("The passkey is deleted. Delete it on your device, too.", "success");
            to("accounts.passkeys")
        }
        Ok(false) => carboy::abort(404),
        Err(error) => or_login(error),
    }
}

/// What the script understands: the answer, or a sentence about what is wrong.
fn answer(outcome: Result<Value, AccountError>) -> Result<Response> {
    let mut response = match outcome {
        Ok(value) => Json(value).into_response()?,
        Err(error) if matches!(error.kind(), AccountErrorKind::Internal(_) | AccountErrorKind::Disabled) => {
            return Err(error.into());
        }
        Err(error) => {
            let said = Json(json!({ "error": gettext(&error.message()) }));
            let mut response = said.into_response()?.with_status(error.status());
            if let AccountErrorKind::Throttled(wait) = error.kind() {
                response.headers_mut().insert("retry-after", HeaderValue::from(wait.as_secs().max(1)));
            }
            response
        }
    };
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    Ok(response)
}

/// What the script sent.
fn sent() -> Result<Value> {
    debug_assert!(is_post());
    Ok(request().json::<Value>()?)
}

async fn register_begin(_: Args) -> Result<Response> {
    answer(accounts().begin_passkey().await)
}

async fn register_finish(_: Args) -> Result<Response> {
    let sent = sent()?;
    let name = sent["name"].as_str().unwrap_or_default();
    answer(accounts().finish_passkey(&sent["credential"], name).await.map(|()| json!({})))
}

async fn login_begin(_: Args) -> Result<Response> {
    answer(accounts().begin_passkey_login().await)
}

async fn login_finish(_: Args) -> Result<Response> {
    let (accounts, sent) = (accounts(), sent()?);
    let next = sent["next"].as_str().filter(|next| carboy::is_safe_redirect(next)).map(str::to_owned);
    let outcome = accounts.finish_passkey_login(&sent["credential"]).await;
    let next = match next {
        Some(next) => next,
        None => next_url(&accounts)?,
    };
    answer(outcome.map(|_| json!({ "next": next })))
}
