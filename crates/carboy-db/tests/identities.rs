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
    assert_eq!(db.upgrade(None).await.unwrap(), ["carboy_oauth_0001"]);
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
}

#[tokio::test]
async fn an_identity_belongs_to_one_user_and_a_user_may_have_several() {
    keeps_identities(&Db::memory()).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn in_postgresql_an_identity_belongs_to_one_user_and_a_user_may_have_several() {
    let postgres = carboy_testkit::Postgres::start();
    let db = Db::open(postgres.url());
    keeps_identities(&db).await;
    assert_eq!(db.downgrade(1).await.unwrap(), ["carboy_oauth_0001"]);
    db.close().await.unwrap();
}
