//! Refresh tokens of `carboy-ext` in a database.
#![cfg(feature = "jwt")]

mod common;

use carboy::{App, AppService, Ext, Extension, ext};
use carboy_db::Db;
use carboy_ext::jwt::{Claims, Jwt, JwtErrorKind, Key};
use common::Folder;

/// Two processes of one app: the same key, the same database.
async fn two(url: &str) -> (AppService, AppService, Db) {
    let key = Key::generate().unwrap();
    let start = || {
        let db = Db::open(url);
        let mut app = App::new("api");
        app.ext(db.clone()).ext(Jwt::new().key(key.clone()).refresh_store(db.clone()));
        (app.testing(), db)
    };
    let (mut first, db) = start();
    let (mut second, _) = start();
    assert_eq!(db.upgrade(None).await.unwrap(), ["carboy_jwt_0001"]);
    (first.build().unwrap(), second.build().unwrap(), db)
}

fn jwt(app: &AppService) -> Ext<Jwt> {
    app.app_context(ext::<Jwt>)
}

/// What two processes share of their tokens, whichever database it is.
async fn shares_tokens(url: &str) {
    let (first, second, db) = two(url).await;
    let (here, there) = (jwt(&first), jwt(&second));
    let token = here.begin_refresh(&Claims::new("ann")).await.unwrap();
    let next = there.rotate_refresh(&token).await.unwrap();
    assert_eq!(next.claims.sub.as_deref(), Some("ann"));
    assert_eq!(here.rotate_refresh(&token).await.unwrap_err().kind(), &JwtErrorKind::Reused);
    assert_eq!(there.rotate_refresh(&next.refresh_token).await.unwrap_err().kind(), &JwtErrorKind::Revoked);

    let raced = here.begin_refresh(&Claims::new("bob")).await.unwrap();
    let (one, two) = tokio::join!(here.rotate_refresh(&raced), there.rotate_refresh(&raced));
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|ok| **ok).count(), 1);

    let ended = here.begin_refresh(&Claims::new("eve")).await.unwrap();
    there.end_refresh(&ended).await.unwrap();
    assert_eq!(here.rotate_refresh(&ended).await.unwrap_err().kind(), &JwtErrorKind::Revoked);

    let count = || async { db.query_value::<i64>("SELECT COUNT(*) FROM jwt_refresh", ()).await.unwrap() };
    let before = count().await;
    db.execute("INSERT INTO jwt_refresh (family, token, expires) VALUES ('old', 'x', 1)", ()).await.unwrap();
    here.begin_refresh(&Claims::new("carl")).await.unwrap();
    assert_eq!(count().await, before.map(|rows| rows + 1), "what is over is swept");
}

#[tokio::test]
async fn a_token_that_one_process_gave_is_good_once_in_all_of_them() {
    let folder = Folder::new();
    shares_tokens(&folder.url("app.sqlite")).await;
    assert!(folder.path().join("app.sqlite").is_file());
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn in_postgresql_a_token_that_one_process_gave_is_good_once_in_all_of_them() {
    let postgres = carboy_testkit::Postgres::start();
    shares_tokens(&postgres.url()).await;
}

#[tokio::test]
async fn a_database_that_is_away_refuses_the_token_and_says_why() {
    let db = Db::memory();
    let jwt = Jwt::new().key(Key::generate().unwrap()).refresh_store(db.clone());
    assert_eq!(jwt.name(), "Jwt");
    let mut app = App::new("api");
    app.ext(db.clone()).ext(jwt);
    let service = app.testing().build().unwrap();
    // Its table was never made.
    let error = self::jwt(&service).begin_refresh(&Claims::new("ann")).await.unwrap_err();
    assert!(matches!(error.kind(), JwtErrorKind::Store(_)) && !error.is_token(), "{error}");
}
