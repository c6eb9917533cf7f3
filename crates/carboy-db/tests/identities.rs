//! Identities of `carboy-ext` in a database.
#![cfg(feature = "oauth")]

use carboy::App;
use carboy_db::{Db, DbError};
use carboy_ext::oauth::{Identity, IdentityStore, OAuth};
use serde_json::json;

fn identity(provider: &str, subject: &str) -> Identity {
    let claims = json!({
        "provider": provider, "subject": subject, "email": "ann@example.com", "email_verified": true, "claims": {},
    });
    serde_json::from_value(claims).unwrap()
}

/// What the extension asks of a database, whichever it is.
async fn keeps_identities(db: &Db) {
    App::new("shop").ext(db.clone()).ext(OAuth::new().identity_store(db.clone()));
    assert_eq!(db.upgrade(None).await.unwrap(), ["carboy_oauth_0001", "carboy_oauth_0002"]);
    let store: &dyn IdentityStore = db;
    assert_eq!(store.user_of("google", "1").await.unwrap(), None);
    store.link(&identity("google", "1"), "7").await.unwrap();
    store.link(&identity("github", "1"), "8").await.unwrap();
    store.link(&identity("google", "2"), "7").await.unwrap();
    for (provider, subject, user) in [("google", "1", "7"), ("github", "1", "8"), ("google", "2", "7")] {
        assert_eq!(store.user_of(provider, subject).await.unwrap().as_deref(), Some(user));
    }
    let error = store.link(&identity("google", "1"), "8").await.unwrap_err();
    assert!(error.downcast_ref::<DbError>().is_some_and(DbError::is_unique_violation), "{error}");
    assert_eq!(store.user_of("google", "1").await.unwrap().as_deref(), Some("7"));
    assert_eq!(store.user_with_verified_email("ann@example.com").await.unwrap(), None);

    // A list for each user, and only the owner unlinks.
    let listed = async |user| {
        let list = store.identities_of(user).await.unwrap().into_iter();
        list.map(|one| (one.provider, one.subject, one.label.unwrap())).collect::<Vec<_>>()
    };
    let entry = |provider: &str, subject: &str| {
        (provider.to_owned(), subject.to_owned(), "ann@example.com".to_owned())
    };
    assert_eq!(listed("7").await, [entry("google", "1"), entry("google", "2")]);
    assert_eq!(listed("9").await, []);
    for (user, subject) in [("8", "1"), ("7", "3"), ("7", ""), ("7", "1\0"), ("7", "' OR 1=1 --")] {
        assert!(!store.unlink(user, "google", subject).await.unwrap(), "{user} {subject}");
    }
    assert!(store.unlink("7", "google", "1").await.unwrap());
    assert!(!store.unlink("7", "google", "1").await.unwrap());
    assert_eq!(store.user_of("google", "1").await.unwrap(), None);
    assert_eq!(listed("7").await, [entry("google", "2")]);
    store.link(&identity("google", "1"), "8").await.unwrap();
    assert_eq!(listed("8").await, [entry("github", "1"), entry("google", "1")]);

    // What the provider says is shown, however long.
    let mut long = identity("google", "3");
    long.email = Some(format!("\0{}", "ü".repeat(300)));
    store.link(&long, "9").await.unwrap();
    assert_eq!(listed("9").await[0].2, "ü".repeat(255));
}

#[tokio::test]
async fn an_identity_belongs_to_one_user_and_a_user_may_have_several() {
    keeps_identities(&Db::memory()).await;
}

#[tokio::test]
async fn the_tables_come_and_go() {
    let db = Db::memory();
    App::new("shop").ext(db.clone()).ext(OAuth::new().identity_store(db.clone()));
    assert_eq!(db.upgrade(None).await.unwrap().len(), 2);
    assert_eq!(db.downgrade(2).await.unwrap(), ["carboy_oauth_0002", "carboy_oauth_0001"]);
    assert_eq!(db.upgrade(None).await.unwrap().len(), 2);
}

/// What becomes of the identities of accounts in the same database.
#[cfg(feature = "accounts")]
async fn forgets_identities_of_accounts_that_are_gone(db: &Db) {
    use carboy_ext::accounts::{Accounts, Created, NewAccount, UserStore};
    use carboy_ext::mail::Mail;

    let oauth = OAuth::new().identity_store(db.clone());
    App::new("shop").ext(db.clone()).ext(Mail::new()).ext(Accounts::new(db.clone())).ext(oauth);
    db.upgrade(None).await.unwrap();
    let sign_up = async |email| match db.create(NewAccount::new(email).unwrap()).await.unwrap() {
        Created::Account(account) => account.id,
        Created::Taken => panic!("{email} is taken"),
    };
    let (ann, bob) = (sign_up("ann@example.com").await, sign_up("bob@example.com").await);
    let owner = async |subject| db.user_of("google", subject).await.unwrap();
    db.link(&identity("google", "1"), &ann).await.unwrap();
    db.link(&identity("google", "2"), &bob).await.unwrap();
    assert_eq!(owner("1").await.as_ref(), Some(&ann));

    assert!(db.delete(&ann).await.unwrap());
    assert_eq!((owner("1").await, owner("2").await.as_ref()), (None, Some(&bob)));
    let left = async || db.query_value::<i64>("SELECT COUNT(*) FROM oauth_identity", ()).await.unwrap();
    assert_eq!(left().await, Some(1));

    // An account that went another way leaves its identity to whoever has it next, and its key to nobody.
    db.execute("DELETE FROM account", ()).await.unwrap();
    assert_eq!((owner("2").await, left().await), (None, Some(1)));
    let eve = sign_up("eve@example.com").await;
    db.link(&identity("google", "2"), &eve).await.unwrap();
    assert_eq!(owner("2").await, Some(eve));
    assert!(db.link(&identity("google", "2"), &bob).await.is_err());
}

#[cfg(feature = "accounts")]
#[tokio::test]
async fn the_identities_of_an_account_that_is_gone_are_nobodys() {
    forgets_identities_of_accounts_that_are_gone(&Db::memory()).await;
}

#[cfg(all(feature = "accounts", feature = "postgres"))]
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn in_postgresql_the_identities_of_an_account_that_is_gone_are_nobodys() {
    let postgres = carboy_testkit::Postgres::start();
    let db = Db::open(postgres.url());
    forgets_identities_of_accounts_that_are_gone(&db).await;
    db.close().await.unwrap();
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn in_postgresql_an_identity_belongs_to_one_user_and_a_user_may_have_several() {
    let postgres = carboy_testkit::Postgres::start();
    let db = Db::open(postgres.url());
    keeps_identities(&db).await;
    assert_eq!(db.downgrade(2).await.unwrap(), ["carboy_oauth_0002", "carboy_oauth_0001"]);
    db.close().await.unwrap();
}
