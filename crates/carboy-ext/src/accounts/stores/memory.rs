//! Accounts in memory, for tests and first steps.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use carboy::Secret;

use super::{
    Account, AccountUpdate, Created, NewAccount, StoreFuture, StoredPasskey, TokenStore, Updated, UserStore,
};

/// Accounts in memory: gone with the process. Clones share them.
///
/// ```
/// use carboy_ext::accounts::{Created, MemoryStore, NewAccount, UserStore};
///
/// # async fn example() -> carboy::Result<()> {
/// let store = MemoryStore::new();
/// assert!(matches!(store.create(NewAccount::new("ada@example.com")?).await?, Created::Account(_)));
/// assert!(matches!(store.create(NewAccount::new("ada@example.com")?).await?, Created::Taken));
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Data>>);

#[derive(Default)]
struct Data {
    next: u64,
    accounts: BTreeMap<String, Account>,
    steps: HashMap<String, i64>,
    codes: HashMap<String, HashSet<String>>,
    passkeys: Vec<StoredPasskey>,
    spent: HashMap<String, SystemTime>,
}

impl MemoryStore {
    /// No accounts.
    pub fn new() -> Self {
        Self::default()
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.0.lock().unwrap_or_else(|error| error.into_inner())
    }

    fn found(&self, is: impl Fn(&Account) -> bool) -> Option<Account> {
        self.data().accounts.values().find(|account| is(account)).cloned()
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> StoreFuture<'a, T> {
    Box::pin(async move { Ok(value) })
}

impl UserStore for MemoryStore {
    fn find<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<Account>> {
        ready(self.data().accounts.get(id).cloned())
    }

    fn find_by_stamp<'a>(&'a self, stamp: &'a str) -> StoreFuture<'a, Option<Account>> {
        ready(self.found(|account| account.stamp.expose() == stamp))
    }

    fn find_by_identifier<'a>(&'a self, identifier: &'a str) -> StoreFuture<'a, Option<Account>> {
        ready(self.found(|account| account.email == identifier))
    }

    fn create<'a>(&'a self, new: NewAccount) -> StoreFuture<'a, Created> {
        let mut data = self.data();
        if data.accounts.values().any(|account| account.email == new.email) {
            return ready(Created::Taken);
        }
        data.next += 1;
        let mut account =
            Account::new(data.next.to_string(), new.email, new.stamp.into_exposed(), new.handle);
        account.password = new.password;
        account.confirmed_at = new.confirmed_at;
        account.roles = new.roles;
        data.accounts.insert(account.id.clone(), account.clone());
        ready(Created::Account(account))
    }

    fn update<'a>(&'a self, id: &'a str, stamp: &'a str, update: AccountUpdate) -> StoreFuture<'a, Updated> {
        let mut data = self.data();
        if let Some(email) = &update.email
            && data.accounts.values().any(|other| other.id != id && other.email == *email)
        {
            return ready(Updated::Taken);
        }
        let Some(account) = data.accounts.get_mut(id).filter(|account| account.stamp.expose() == stamp)
        else {
            return ready(Updated::Stale);
        };
        fn set<T>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        set(&mut account.email, update.email);
        if update.password.is_some() {
            account.password = update.password;
        }
        set(&mut account.active, update.active);
        set(&mut account.confirmed_at, update.confirmed_at);
        set(&mut account.stamp, update.stamp);
        set(&mut account.totp_secret, update.totp_secret);
        set(&mut account.roles, update.roles);
        ready(Updated::Done)
    }

    fn delete<'a>(&'a self, id: &'a str) -> StoreFuture<'a, bool> {
        let mut data = self.data();
        data.codes.remove(id);
        data.steps.remove(id);
        data.passkeys.retain(|passkey| passkey.account_id != id);
        ready(data.accounts.remove(id).is_some())
    }

    fn spend_totp_step<'a>(&'a self, id: &'a str, step: i64) -> StoreFuture<'a, bool> {
        let mut data = self.data();
        let last = data.steps.entry(id.to_owned()).or_insert(i64::MIN);
        let is_new = step > *last;
        *last = step.max(*last);
        ready(is_new)
    }

    fn replace_totp_secret<'a>(
        &'a self,
        id: &'a str,
        former: &'a Secret<String>,
        secret: Secret<String>,
    ) -> StoreFuture<'a, bool> {
        let mut data = self.data();
        let kept = data.accounts.get_mut(id).and_then(|account| account.totp_secret.as_mut());
        let kept = kept.filter(|kept| kept.expose() == former.expose());
        ready(kept.map(|kept| *kept = secret).is_some())
    }

    fn set_recovery_codes<'a>(&'a self, id: &'a str, digests: Vec<String>) -> StoreFuture<'a, ()> {
        self.data().codes.insert(id.to_owned(), digests.into_iter().collect());
        ready(())
    }

    fn spend_recovery_code<'a>(&'a self, id: &'a str, digest: &'a str) -> StoreFuture<'a, bool> {
        ready(self.data().codes.get_mut(id).is_some_and(|codes| codes.remove(digest)))
    }

    fn recovery_codes_left<'a>(&'a self, id: &'a str) -> StoreFuture<'a, usize> {
        ready(self.data().codes.get(id).map_or(0, HashSet::len))
    }

    fn passkeys<'a>(&'a self, account_id: &'a str) -> StoreFuture<'a, Vec<StoredPasskey>> {
        let data = self.data();
        ready(data.passkeys.iter().filter(|passkey| passkey.account_id == account_id).cloned().collect())
    }

    fn passkey<'a>(&'a self, credential_id: &'a str) -> StoreFuture<'a, Option<StoredPasskey>> {
        let data = self.data();
        ready(data.passkeys.iter().find(|passkey| passkey.credential_id == credential_id).cloned())
    }

    fn add_passkey<'a>(&'a self, passkey: StoredPasskey) -> StoreFuture<'a, bool> {
        let mut data = self.data();
        let is_new = data.passkeys.iter().all(|other| other.credential_id != passkey.credential_id);
        if is_new {
            data.passkeys.push(passkey);
        }
        ready(is_new)
    }

    fn use_passkey<'a>(&'a self, credential_id: &'a str, state: String, at: i64) -> StoreFuture<'a, ()> {
        let mut data = self.data();
        if let Some(passkey) = data.passkeys.iter_mut().find(|passkey| passkey.credential_id == credential_id)
        {
            passkey.data = state;
            passkey.last_used_at = Some(at);
        }
        ready(())
    }

    fn rename_passkey<'a>(
        &'a self,
        account_id: &'a str,
        credential_id: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, bool> {
        let mut data = self.data();
        let passkey = data
            .passkeys
            .iter_mut()
            .find(|passkey| passkey.account_id == account_id && passkey.credential_id == credential_id);
        ready(passkey.map(|passkey| name.clone_into(&mut passkey.name)).is_some())
    }

    fn password_of_another_kind<'a>(&'a self, kinds: &'a [String]) -> StoreFuture<'a, Option<String>> {
        let data = self.data();
        let mut hashes = data.accounts.values().filter_map(Account::password_hash);
        let other = hashes.find(|hash| kinds.iter().all(|kind| !hash.starts_with(kind.as_str())));
        ready(other.map(str::to_owned))
    }

    fn delete_passkey<'a>(&'a self, account_id: &'a str, credential_id: &'a str) -> StoreFuture<'a, bool> {
        let mut data = self.data();
        let before = data.passkeys.len();
        data.passkeys.retain(|p| p.account_id != account_id || p.credential_id != credential_id);
        ready(data.passkeys.len() < before)
    }
}

impl TokenStore for MemoryStore {
    fn spend<'a>(&'a self, token: &'a str, until: SystemTime) -> StoreFuture<'a, bool> {
        let now = SystemTime::now();
        let mut data = self.data();
        data.spent.retain(|_, until| *until > now);
        ready(data.spent.insert(token.to_owned(), until).is_none())
    }
}
