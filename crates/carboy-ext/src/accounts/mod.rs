//! Sign-up, confirmation, reset, second factors, passkeys: Flask-Security's job.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_ext::accounts::{Account, Accounts, MemoryStore};
//! use carboy_ext::login::CurrentUser;
//! use carboy_ext::mail::Mail;
//!
//! #[route("/")]
//! fn index(account: CurrentUser<Account>) -> String {
//!     format!("Hello, {}!", account.email)
//! }
//!
//! let mut app = App::new("shop");
//! app.config().set("SECRET_KEY", "dev").set("MAIL_DEFAULT_SENDER", "shop@example.com");
//! app.ext(Mail::new()).ext(Accounts::new(MemoryStore::new()));
//! app.routes(routes![index]);
//! let client = app.test_client();
//! assert_eq!(client.get("/").send().location(), Some("/login?next=%2F"));
//! assert!(client.get("/register").send().text().contains("Create an account"));
//! ```
//!
//! # What it brings
//!
//! | page | endpoint | function for views of your own |
//! |---|---|---|
//! | `/register` | `accounts.register` | [`Accounts::register`] |
//! | `/confirm`, `/confirm/<token>` | `accounts.resend_confirmation`, `accounts.confirm_email` | [`Accounts::resend_confirmation`], [`Accounts::confirm`] |
//! | `/login`, `/two-factor` | `accounts.login`, `accounts.second_factor` | [`Accounts::login`], [`Accounts::first_factor`], [`Accounts::second_factor`] |
//! | `/logout` | `accounts.logout` | [`Accounts::logout`] |
//! | `/reset`, `/reset/<token>` | `accounts.forgot_password`, `accounts.reset_password` | [`Accounts::forgot`], [`Accounts::reset`] |
//! | `/change` | `accounts.change_password` | [`Accounts::change_password`] |
//! | `/change-email`, `/change-email/<token>` | `accounts.change_email`, `accounts.confirm_new_email` | [`Accounts::change_email`], [`Accounts::confirm_new_email`] |
//! | `/account` | `accounts.account` | [`Accounts::current`] |
//! | `/two-factor/setup`, `/two-factor/disable` | `accounts.setup_totp`, `accounts.disable_totp` | [`Accounts::setup_totp`], [`Accounts::enable_totp`], [`Accounts::replace_totp`], [`Accounts::disable_totp`] |
//! | `/recovery-codes` | `accounts.recovery_codes` | [`Accounts::regenerate_recovery_codes`] |
//! | `/passkeys`, with the feature `passkeys` | `accounts.passkeys` | `Accounts::begin_passkey`, `finish_passkey`, `begin_passkey_login`, `finish_passkey_login`, `rename_passkey`, `delete_passkey` |
//!
//! The pages extend the app's `base.html` (blocks `title` and `content`), and an app's template of the same name, such as `accounts/login.html`,
//! takes the place of one. Their forms are [those of this crate](mod@crate::forms): `form` in a template. [`Accounts::without_views`] leaves the pages
//! to the app: the endpoints above are what mails link to and logins lead to, so a blueprint `accounts` of the app's has them.
//!
//! # Configuration
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `SECURITY_REGISTERABLE`, `…_CONFIRMABLE`, `…_RECOVERABLE`, `…_CHANGEABLE`, `…_CHANGE_EMAIL`, `…_TWO_FACTOR`, `…_WEBAUTHN` | what there is | all on |
//! | `SECURITY_URL_PREFIX` | a prefix of the pages | none |
//! | `SECURITY_CONFIRM_EMAIL_WITHIN`, `…_RESET_PASSWORD_WITHIN`, `…_CHANGE_EMAIL_WITHIN` | how long a link is good: `5 days`, or seconds | 5 days, 1 day, 2 hours |
//! | `SECURITY_TWO_FACTOR_WITHIN` | how long a login waits for its second factor | 10 minutes |
//! | `SECURITY_POST_LOGIN_VIEW`, `…_POST_LOGOUT_VIEW` | where one goes then, as a path | `/` |
//! | `SECURITY_DEFAULT_REMEMBER_ME` | whether the box is ticked | off |
//! | `SECURITY_PASSWORD_LENGTH_MIN`, `…_PASSWORD_CHECK_COMMON` | see [`PasswordRules`] | 8, on |
//! | `SECURITY_PASSWORD_ARGON2_MEMORY`, `…_TIME`, `…_PARALLELISM` | see [`Passwords`] | 19456, 2, 1 |
//! | `SECURITY_DEPRECATED_PASSWORD_SCHEMES` | the other kinds of hashes that are in use, see [`Passwords`] | `["auto"]`: found out |
//! | `SECURITY_THROTTLE_STORAGE_URI` | where attempts are counted: `redis://…` with the feature `redis`, for several processes | `memory://` |
//! | `SECURITY_TOTP_ISSUER` | the name that authenticator apps show | the app's |
//! | `SECURITY_WAN_RP_ID`, `…_WAN_ORIGINS` | the domain of passkeys, and the origins that may use them | those of the request |
//!
//! Mailed links name a host, so TRUSTED_HOSTS or SERVER_NAME (with [host matching](carboy::App::host_matching) TRUSTED_HOSTS) must be set, except on this
//! machine and in tests: otherwise whoever asks for somebody's reset would choose where its link leads.
//!
//! # What it promises
//!
//! * Nobody learns who has an account: the answers for an address that has one and one that has none are the same, and take as long.
//! * A mailed link is good once, for its purpose and its time, and ends with what it is about: the address, the password.
//! * A new password or address ends every session and every remember-me cookie of the account, except the one that made it.
//! * Whatever changes how one logs in takes a fresh login or the password, and the owner of the account gets a mail about it.
//! * Links in mails show a button: programs that look through mails change nothing.
//! * A second factor that is switched on is asked for, also when another provider logs its user in ([`Accounts::first_factor`]).
//! * A database that somebody else reads logs nobody in: it has hashes of passwords, digests of recovery codes, and secrets of authenticator apps
//!   encrypted by a key of SECRET_KEY, each for its account alone. Whoever writes into it can give an account a password and a plain secret of their
//!   own: see to who may.
//! * A code of an authenticator app and a recovery code are good once, also when two requests race.
//! * Guessing is slowed down, by [`Throttle`], and no client makes others wait by it; hashing is bounded, by [`Passwords`].

mod email;
mod error;
mod events;
mod extension;
mod flows;
mod hosts;
mod links;
mod mails;
#[cfg(feature = "passkeys")]
mod passkeys;
mod passwords;
mod random;
mod recovery;
mod sealed;
mod session;
mod settings;
mod stores;
mod throttle;
mod totp;
mod views;

pub use email::normalize_email;
pub use error::{AccountError, AccountErrorKind};
pub use events::{AccountEvent, AccountEventKind};
pub use extension::{Accounts, CaptchaFor, accounts};
pub use flows::LoginStep;
pub use passwords::{OwnData, PasswordCheck, PasswordProblem, PasswordRules, Passwords, is_common};
pub use stores::{
    Account, AccountUpdate, Created, MemoryStore, NewAccount, StoreFuture, StoredPasskey, TokenStore,
    Updated, UserStore,
};
#[cfg(feature = "redis")]
pub use throttle::RedisThrottle;
pub use throttle::{Attempt, MemoryThrottle, Throttle};
pub use totp::TotpSetup;
