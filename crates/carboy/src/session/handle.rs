//! The session as views see it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bridge::ConversionError;
use super::value::{Dict, Value};

/// What Flask says when a session without secret key is written to.
pub const NO_SECRET_KEY: &str = "The session is unavailable because no secret key was set.  Set the secret_key on the \
                                 application to something unique and secret.";

const PERMANENT: &str = "_permanent";

/// The session of a request: a dict that follows the visitor.
///
/// A cheap handle with all locks inside; clones are the same session. Every use of it marks the session as accessed,
/// which adds `Vary: Cookie` to the response; changes to its keys mark it as modified, which saves it (spec of Flask's
/// `SecureCookieSession`).
///
/// Values are anything that serde knows. What only Python tells apart, such as tuples and bytes, is set and read as a
/// [`Value`].
///
/// ```
/// use carboy::session::Session;
///
/// let session = Session::default();
/// session.set("user_id", 7);
/// session.update("cart", |cart: &mut Vec<String>| cart.push("apple".to_owned()));
/// assert_eq!(session.get("user_id"), Some(7));
/// assert_eq!(session.get::<Vec<String>>("cart").unwrap(), ["apple"]);
/// assert!(session.modified());
/// ```
///
/// Without SECRET_KEY reading gives an empty session. The methods that write panic then with Flask's sentence, which
/// makes the answer a 500; [`try_set`](Self::try_set) returns it.
#[derive(Clone, Default)]
pub struct Session(Arc<Inner>);

#[derive(Default)]
struct Inner {
    accessed: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    data: Data,
    modified: bool,
    new: bool,
    id: Option<String>,
    former_id: Option<String>,
}

enum Data {
    /// Not read yet.
    Closed(Box<dyn FnOnce() -> Dict + Send>),
    Open(Dict),
    /// There is no secret key.
    Null,
}

impl Default for Data {
    fn default() -> Self {
        Self::Open(Dict::new())
    }
}

impl Data {
    /// The items, read now if nobody did before; `None` without secret key.
    fn open(&mut self) -> Option<&mut Dict> {
        if let Self::Closed(_) = self
            && let Self::Closed(open) = std::mem::take(self)
        {
            *self = Self::Open(open());
        }
        match self {
            Self::Open(dict) => Some(dict),
            Self::Closed(_) | Self::Null => None,
        }
    }
}

impl Session {
    /// A session with these items, as a store found it.
    pub fn from_dict(dict: Dict) -> Self {
        Self::with_data(Data::Open(dict))
    }

    /// A session whose items are read when it is first used.
    pub fn lazy(open: impl FnOnce() -> Dict + Send + 'static) -> Self {
        Self::with_data(Data::Closed(Box::new(open)))
    }

    /// The session of an app without secret key: empty, and refuses to be written.
    pub fn null() -> Self {
        Self::with_data(Data::Null)
    }

    fn with_data(data: Data) -> Self {
        let state = State { data, ..State::default() };
        Self(Arc::new(Inner { accessed: AtomicBool::new(false), state: Mutex::new(state) }))
    }

    /// Marks the session as one that its store has just made.
    #[must_use]
    pub fn with_new(self, new: bool) -> Self {
        self.lock().new = new;
        self
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in a critical section can leave the state half changed.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) -> MutexGuard<'_, State> {
        self.0.accessed.store(true, Ordering::Relaxed);
        self.lock()
    }

    fn read<R>(&self, f: impl FnOnce(&Dict) -> R) -> R {
        match self.touch().data.open() {
            Some(dict) => f(dict),
            None => f(&Dict::new()),
        }
    }

    /// Changes the items; `f` says with its result whether it did.
    fn change<R>(&self, f: impl FnOnce(&mut Dict) -> (bool, R)) -> Result<R, SessionError> {
        let mut state = self.touch();
        let (changed, result) = f(state.data.open().ok_or(SessionError(Reason::NoSecretKey))?);
        state.modified |= changed;
        Ok(result)
    }

    /// The value under a key; `None` if there is none, or one of another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.try_get(key).ok().flatten()
    }

    /// The value under a key; `None` if there is none.
    ///
    /// # Errors
    ///
    /// A value of another type.
    pub fn try_get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ConversionError> {
        // Converted after the lock is gone: code of the user's own may run, and use the session.
        self.read(|dict| dict.get(key).cloned()).map(Value::deserialize_into).transpose()
    }

    /// Puts a value under a key, even if it is there already, and marks the session as modified.
    ///
    /// # Panics
    ///
    /// Without secret key, and when the value cannot be serialised; [`try_set`](Self::try_set) does not.
    #[track_caller]
    pub fn set(&self, key: impl Into<String>, value: impl Serialize) {
        done(self.try_set(key, value));
    }

    /// Puts a value under a key and marks the session as modified.
    ///
    /// # Errors
    ///
    /// A session without secret key, and a value that cannot be serialised.
    pub fn try_set(&self, key: impl Into<String>, value: impl Serialize) -> Result<(), SessionError> {
        let value = Value::from_serialize(&value).map_err(|error| SessionError(Reason::Value(error)))?;
        let key = key.into();
        self.change(|dict| {
            dict.insert(key, value);
            (true, ())
        })
    }

    /// Takes a value out. Marks the session as modified if the key was there.
    ///
    /// The value is gone also when it is of another type, and `None` is returned.
    ///
    /// # Panics
    ///
    /// Without secret key.
    #[track_caller]
    pub fn pop<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let taken = self.change(|dict| {
            let value = dict.shift_remove(key);
            (value.is_some(), value)
        });
        done(taken)?.deserialize_into().ok()
    }

    /// Takes a value out and says whether it was there, in which case the session is modified.
    ///
    /// # Panics
    ///
    /// Without secret key.
    #[track_caller]
    pub fn remove(&self, key: &str) -> bool {
        let removed = self.change(|dict| {
            let there = dict.shift_remove(key).is_some();
            (there, there)
        });
        done(removed)
    }

    /// Takes everything out and marks the session as modified, even if it was empty: the cookie is deleted.
    ///
    /// # Panics
    ///
    /// Without secret key.
    #[track_caller]
    pub fn clear(&self) {
        let cleared = self.change(|dict| {
            dict.clear();
            (true, ())
        });
        done(cleared);
    }

    /// Changes the value under a key in place and marks the session as modified.
    ///
    /// Starts from the default if there is no value, or one of another type. Other threads that change the same key
    /// meanwhile are overwritten.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set).
    #[track_caller]
    pub fn update<T, R>(&self, key: &str, f: impl FnOnce(&mut T) -> R) -> R
    where
        T: Default + Serialize + DeserializeOwned,
    {
        let mut value = self.get(key).unwrap_or_default();
        let result = f(&mut value);
        self.set(key, value);
        result
    }

    /// The value under a key, which is put there if the key is missing; only then is the session modified.
    ///
    /// A value of another type is left alone, and the default returned.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set).
    #[track_caller]
    pub fn setdefault<T: Serialize + DeserializeOwned>(&self, key: &str, default: T) -> T {
        let value = done(Value::from_serialize(&default).map_err(|error| SessionError(Reason::Value(error))));
        let found = self.change(|dict| match dict.get(key) {
            Some(found) => (false, Some(found.clone())),
            None => {
                dict.insert(key.to_owned(), value);
                (true, None)
            }
        });
        let found = done(found);
        found.and_then(|found| found.deserialize_into().ok()).unwrap_or(default)
    }

    /// Puts several values in and marks the session as modified; `dict.update()`.
    ///
    /// # Panics
    ///
    /// Without secret key.
    #[track_caller]
    pub fn extend(&self, items: impl IntoIterator<Item = (String, Value)>) {
        // Collected first: the iterator may use the session itself.
        let items: Vec<_> = items.into_iter().collect();
        let extended = self.change(|dict| {
            dict.extend(items);
            (true, ())
        });
        done(extended);
    }

    /// Whether there is a value under a key.
    pub fn contains(&self, key: &str) -> bool {
        self.read(|dict| dict.contains_key(key))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.read(Dict::len)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.read(Dict::is_empty)
    }

    /// The keys.
    pub fn keys(&self) -> Vec<String> {
        self.read(|dict| dict.keys().cloned().collect())
    }

    /// A copy of all items.
    pub fn to_dict(&self) -> Dict {
        self.read(Dict::clone)
    }

    /// Whether the session outlives the browser, for PERMANENT_SESSION_LIFETIME.
    pub fn permanent(&self) -> bool {
        self.read(is_permanent)
    }

    /// Says whether the session outlives the browser. Kept under the key `_permanent`.
    ///
    /// # Panics
    ///
    /// Without secret key.
    #[track_caller]
    pub fn set_permanent(&self, permanent: bool) {
        self.set(PERMANENT, permanent);
    }

    /// Whether the session was modified, so that it is saved.
    pub fn modified(&self) -> bool {
        self.touch().modified
    }

    /// Says whether the session is saved, whatever was changed.
    pub fn set_modified(&self, modified: bool) {
        self.touch().modified = modified;
    }

    /// Whether the session was used. Asking is no use of it.
    pub fn accessed(&self) -> bool {
        self.0.accessed.load(Ordering::Relaxed)
    }

    /// Whether its store has just made the session. Cookies cannot tell, so those sessions are never new.
    pub fn is_new(&self) -> bool {
        self.lock().new
    }

    /// Whether there is no secret key, so that the session cannot be written.
    pub fn is_null(&self) -> bool {
        matches!(self.lock().data, Data::Null)
    }

    /// What its store knows the session by. Sessions in cookies have none.
    pub fn id(&self) -> Option<String> {
        self.lock().id.clone()
    }

    /// Gives the session another name in its store. For stores.
    pub fn set_id(&self, id: Option<String>) {
        self.lock().id = id;
    }

    /// Asks the store to know the session by another id from now on, as after a login: who knew the former one has nothing. The items stay.
    ///
    /// The session has no [`id`](Self::id) then and is modified, so its store makes an id when it saves the session, and forgets what it keeps under
    /// the [former one](Self::former_id). A session in a cookie is the cookie: it is only written anew.
    pub fn renew(&self) {
        let state = &mut *self.touch();
        if let Some(id) = state.id.take() {
            state.former_id.get_or_insert(id);
        }
        state.modified = true;
    }

    /// What its store knew the session by before it was [renewed](Self::renew).
    pub fn former_id(&self) -> Option<String> {
        self.lock().former_id.clone()
    }

    /// Shows the items and whether they were modified to the [`SessionInterface`](super::SessionInterface) that saves
    /// them, without marking the session as accessed.
    ///
    /// `f` runs under the session's lock and must not use the session.
    pub fn peek<R>(&self, f: impl FnOnce(&Dict, bool) -> R) -> R {
        let state = &mut *self.lock();
        match state.data.open() {
            Some(dict) => f(dict, state.modified),
            None => f(&Dict::new(), state.modified),
        }
    }
}

/// What was done, or a panic that names the line of the caller, as a closure's would not.
#[track_caller]
fn done<T>(result: Result<T, SessionError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

/// Whether items say that their session outlives the browser.
pub(super) fn is_permanent(dict: &Dict) -> bool {
    dict.get(PERMANENT).is_some_and(Value::is_truthy)
}

impl fmt::Debug for Session {
    /// Shows no values: they belong to a visitor.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let mut shown = f.debug_struct("Session");
        match &state.data {
            Data::Closed(_) => shown.field("keys", &"not read yet"),
            Data::Open(dict) => shown.field("keys", &dict.keys().collect::<Vec<_>>()),
            Data::Null => shown.field("keys", &"no secret key"),
        };
        shown.field("accessed", &self.accessed()).field("modified", &state.modified).finish_non_exhaustive()
    }
}

/// Why a session was not written.
#[derive(Debug)]
pub struct SessionError(Reason);

#[derive(Debug)]
enum Reason {
    NoSecretKey,
    Value(ConversionError),
}

impl SessionError {
    /// Whether there is no secret key.
    pub fn is_unavailable(&self) -> bool {
        matches!(self.0, Reason::NoSecretKey)
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::NoSecretKey => f.write_str(NO_SECRET_KEY),
            Reason::Value(error) => write!(f, "the value cannot be kept in a session: {error}"),
        }
    }
}

impl std::error::Error for SessionError {}
