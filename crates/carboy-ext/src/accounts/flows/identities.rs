//! Logins at other providers that lead to an account: its owner is told when one comes or goes.

use carboy::Result;

use crate::accounts::events::AccountEventKind;
use crate::accounts::extension::Accounts;
use crate::accounts::hosts;
use crate::accounts::mails::{self, Mailing};
use crate::accounts::stores::Account;

impl Accounts {
    /// Tells the owner of an account by mail, and whoever listens to [`events`](Self::events), that a login at a provider was linked to it. Whoever links
    /// it calls this afterwards. `provider` is the name that users know it by.
    ///
    /// # Errors
    ///
    /// The mail would link to a host that the client chose.
    pub fn identity_linked(&self, account: &Account, provider: &str) -> Result<()> {
        self.identity(account, provider, &mails::IDENTITY_LINKED, AccountEventKind::IdentityLinked)
    }

    /// As [`identity_linked`](Self::identity_linked), when such a link was taken away.
    ///
    /// # Errors
    ///
    /// The mail would link to a host that the client chose.
    pub fn identity_unlinked(&self, account: &Account, provider: &str) -> Result<()> {
        self.identity(account, provider, &mails::IDENTITY_UNLINKED, AccountEventKind::IdentityUnlinked)
    }

    fn identity(
        &self,
        account: &Account,
        provider: &str,
        letter: &'static mails::Letter,
        event: AccountEventKind,
    ) -> Result<()> {
        hosts::check()?;
        self.tell(event, Some(account));
        self.notify(Mailing { provider: provider.to_owned(), ..Mailing::new(letter, &account.email) });
        Ok(())
    }
}
