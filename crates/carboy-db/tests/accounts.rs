//! The accounts of `carboy-ext` in a database.
#![cfg(feature = "accounts")]

mod common;

use std::time::{Duration, SystemTime};

use carboy::prelude::*;
use carboy_db::{Db, db};
use carboy_ext::accounts::{
    Account, AccountUpdate, Accounts, Created, MemoryStore, NewAccount, StoredPasskey, TokenStore, Updated,
    UserStore,
};
use carboy_ext::mail::Mail;
use common::Folder;

fn run<T>(future: impl Future<Output = carboy::Result<T>>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future).unwrap()
}

const MIGRATIONS: [&str; 2] = ["carboy_accounts_0001", "carboy_accounts_0002"];

/// The database of an app with accounts, with their tables.
async fn opened(db: Db) -> carboy::Result<Db> {
    db.init(&mut App::new("shop"))?;
    assert_eq!(db.upgrade(None).await?, MIGRATIONS);
    Ok(db)
}

async fn created(store: &impl UserStore, email: &str) -> carboy::Result<Account> {
    let mut new = NewAccount::new(email)?;
    new.password = Some("$argon2id$…".to_owned().into());
    new.roles = vec!["admin".to_owned(), "editor of news".to_owned()];
    match store.create(new).await? {
        Created::Account(account) => Ok(account),
        Created::Taken => panic!("{email} is taken"),
    }
}

fn update(change: impl FnOnce(&mut AccountUpdate)) -> AccountUpdate {
    let mut update = AccountUpdate::default();
    change(&mut update);
    update
}

/// What accounts ask of a store, whichever it is.
async fn keeps_accounts<S: UserStore + TokenStore + Clone>(store: S) -> carboy::Result<()> {
    let ada = created(&store, "ada@example.com").await?;
    let bob = created(&store, "bob@example.com").await?;
    assert_ne!((&ada.id, &ada.handle), (&bob.id, &bob.handle));
    assert!(matches!(store.create(NewAccount::new("ada@example.com")?).await?, Created::Taken));

    // Found by all of its names, as it was written.
    let stamp = ada.stamp.expose().clone();
    for found in [
        store.find(&ada.id).await?,
        store.find_by_stamp(&stamp).await?,
        store.find_by_identifier("ada@example.com").await?,
    ] {
        let found = found.unwrap();
        assert_eq!((&found.id, found.email.as_str()), (&ada.id, "ada@example.com"));
        assert_eq!((found.password_hash(), found.active), (Some("$argon2id$…"), true));
        assert_eq!(found.roles, ["admin", "editor of news"]);
        assert!(!found.is_confirmed() && found.totp_secret.is_none());
    }
    for nobody in ["", "x", "999999", "-1", "99999999999999999999", "\0", "ada@example.com\0"] {
        assert!(store.find(nobody).await?.is_none(), "{nobody:?}");
        assert!(store.find_by_identifier(nobody).await?.is_none(), "{nobody:?}");
    }

    // Changed only as long as the stamp is known, and never to an address that is taken.
    let confirmed = update(|u| u.confirmed_at = Some(Some(7)));
    assert_eq!(store.update(&ada.id, "another", confirmed.clone()).await?, Updated::Stale);
    assert_eq!(store.update("999", &stamp, confirmed.clone()).await?, Updated::Stale);
    assert_eq!(store.update(&ada.id, &stamp, confirmed).await?, Updated::Done);
    let taken = update(|u| u.email = Some("bob@example.com".to_owned()));
    assert_eq!(store.update(&ada.id, &stamp, taken).await?, Updated::Taken);
    let all = update(|u| {
        u.email = Some("countess@example.com".to_owned());
        u.password = Some("new".to_owned().into());
        u.active = Some(false);
        u.stamp = Some("new stamp".to_owned().into());
        u.totp_secret = Some(Some("SECRET".to_owned().into()));
        u.roles = Some(Vec::new());
    });
    assert_eq!(store.update(&ada.id, &stamp, all.clone()).await?, Updated::Done);
    assert_eq!(store.update(&ada.id, &stamp, all).await?, Updated::Stale);
    assert_eq!(store.update(&ada.id, "new stamp", AccountUpdate::default()).await?, Updated::Done);
    assert!(store.find_by_stamp(&stamp).await?.is_none());
    let changed = store.find(&ada.id).await?.unwrap();
    assert_eq!((changed.email.as_str(), changed.password_hash()), ("countess@example.com", Some("new")));
    assert_eq!((changed.active, changed.confirmed_at, changed.roles.len()), (false, Some(7), 0));
    assert_eq!(changed.totp_secret.unwrap().expose(), "SECRET");
    // Another form of a secret takes its place only where it still is.
    let (former, secret) = ("SECRET".to_owned().into(), || "OTHER".to_owned().into());
    assert!(!store.replace_totp_secret(&bob.id, &former, secret()).await?);
    assert!(store.replace_totp_secret(&ada.id, &former, secret()).await?);
    assert!(!store.replace_totp_secret(&ada.id, &former, secret()).await?);
    assert_eq!(store.find(&ada.id).await?.unwrap().totp_secret.unwrap().expose(), "OTHER");
    assert!(store.find(&bob.id).await?.unwrap().totp_secret.is_none());
    let off = update(|u| u.totp_secret = Some(None));
    assert_eq!(store.update(&ada.id, "new stamp", off).await?, Updated::Done);
    assert!(store.find(&ada.id).await?.unwrap().totp_secret.is_none());

    // The kinds of hashes that there are.
    let kinds = |known: &[&str]| known.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>();
    let scrypt = update(|u| u.password = Some("scrypt:32768:8:1$salt$00".to_owned().into()));
    assert_eq!(store.update(&bob.id, bob.stamp.expose(), scrypt).await?, Updated::Done);
    let another = store.password_of_another_kind(&kinds(&["new"])).await?;
    assert_eq!(another.as_deref(), Some("scrypt:32768:8:1$salt$00"));
    assert_eq!(store.password_of_another_kind(&kinds(&["new", "scrypt:32768:8:1"])).await?, None);
    assert!(store.password_of_another_kind(&[]).await?.is_some());

    // A step of time is used once, and none before it.
    let mut spent = Vec::new();
    for step in [5, 5, 4, 6, 6] {
        spent.push(store.spend_totp_step(&ada.id, step).await?);
    }
    assert_eq!(spent, [true, false, false, true, false]);
    assert!(store.spend_totp_step(&bob.id, 5).await?);

    // So is a recovery code.
    store.set_recovery_codes(&ada.id, vec!["a".into(), "b".into()]).await?;
    store.set_recovery_codes(&bob.id, vec!["a".into()]).await?;
    assert_eq!(store.recovery_codes_left(&ada.id).await?, 2);
    assert!(store.spend_recovery_code(&ada.id, "a").await?);
    assert!(!store.spend_recovery_code(&ada.id, "a").await?);
    assert_eq!(store.recovery_codes_left(&ada.id).await?, 1);
    store.set_recovery_codes(&ada.id, vec!["c".into()]).await?;
    assert!(!store.spend_recovery_code(&ada.id, "b").await?);
    assert_eq!(store.recovery_codes_left(&bob.id).await?, 1);

    // Passkeys belong to their account.
    assert!(store.add_passkey(StoredPasskey::new("key-1", &ada.id, "phone", "{}", 1)).await?);
    assert!(store.add_passkey(StoredPasskey::new("key-2", &ada.id, "laptop", "{}", 2)).await?);
    assert!(!store.add_passkey(StoredPasskey::new("key-1", &bob.id, "stolen", "{}", 3)).await?);
    assert!(!store.rename_passkey(&bob.id, "key-1", "stolen").await?);
    assert!(!store.delete_passkey(&bob.id, "key-1").await?);
    for nothing in ["", "key", "key-1\0", "\0"] {
        assert!(store.passkey(nothing).await?.is_none(), "{nothing:?}");
        assert!(!store.rename_passkey(&ada.id, nothing, "x").await?, "{nothing:?}");
        assert!(!store.delete_passkey(&ada.id, nothing).await?, "{nothing:?}");
    }
    assert!(store.rename_passkey(&ada.id, "key-1", "old phone").await?);
    store.use_passkey("key-1", "{\"counter\":1}".to_owned(), 9).await?;
    let names: Vec<String> = store.passkeys(&ada.id).await?.into_iter().map(|passkey| passkey.name).collect();
    assert_eq!(names, ["old phone", "laptop"]);
    let used = store.passkey("key-1").await?.unwrap();
    assert_eq!(
        (used.account_id, used.data.as_str(), used.last_used_at),
        (ada.id.clone(), "{\"counter\":1}", Some(9))
    );
    assert!(store.delete_passkey(&ada.id, "key-2").await?);
    assert!(store.passkey("key-2").await?.is_none());

    // A token is used once.
    let soon = SystemTime::now() + Duration::from_secs(60);
    assert!(store.spend("token", soon).await?);
    assert!(!store.spend("token", soon).await?);
    assert!(store.spend("another", soon).await?);

    // What belongs to an account goes with it.
    assert!(store.delete(&ada.id).await?);
    assert!(!store.delete(&ada.id).await?);
    assert!(store.find(&ada.id).await?.is_none() && store.passkey("key-1").await?.is_none());
    assert_eq!(store.recovery_codes_left(&ada.id).await?, 0);
    assert!(store.find(&bob.id).await?.is_some());

    // Of many that race, one succeeds.
    let mut tasks = Vec::new();
    for n in 0..8 {
        let (store, id, stamp) = (store.clone(), bob.id.clone(), bob.stamp.expose().clone());
        tasks.push(tokio::spawn(async move {
            let new = update(|u| u.stamp = Some(format!("stamp {n}").into()));
            let code = store.spend_recovery_code(&id, "a").await?;
            let step = store.spend_totp_step(&id, 77).await?;
            let stamp = store.update(&id, &stamp, new).await? == Updated::Done;
            carboy::Result::<_>::Ok([code, step, stamp, store.spend("race", soon).await?])
        }));
    }
    let mut winners = [0; 4];
    for task in tasks {
        for (count, won) in winners.iter_mut().zip(task.await.unwrap()?) {
            *count += usize::from(won);
        }
    }
    assert_eq!(winners, [1; 4]);
    Ok(())
}

#[test]
fn accounts_are_kept_in_memory() {
    run(keeps_accounts(MemoryStore::new()));
}

#[test]
fn accounts_are_kept_in_sqlite() {
    let folder = Folder::new();
    for url in ["sqlite::memory:".to_owned(), folder.url("accounts.sqlite")] {
        run(async { keeps_accounts(opened(Db::open(url)).await?).await });
    }
    assert!(folder.path().join("accounts.sqlite").is_file());
}

#[cfg(feature = "postgres")]
#[test]
#[ignore = "needs PostgreSQL"]
fn accounts_are_kept_in_postgresql() {
    let postgres = carboy_testkit::Postgres::start();
    run(async {
        let db = opened(Db::open(postgres.url())).await?;
        keeps_accounts(db.clone()).await?;
        assert_eq!(
            db.downgrade(2).await?,
            MIGRATIONS.map(str::to_owned).into_iter().rev().collect::<Vec<_>>()
        );
        db.close().await?;
        Ok(())
    });
}

#[test]
fn sql_in_what_somebody_types_is_a_text_like_any_other() {
    run(async {
        let db = opened(Db::memory()).await?;
        let ada = created(&db, "ada@example.com").await?;
        let texts =
            ["' OR '1'='1", "x'; DROP TABLE account; --", "\" OR 1=1 --", "$1", "?", "a\\' OR 1=1 #", "%"];
        for text in texts {
            assert!(db.find(text).await?.is_none(), "{text}");
            assert!(db.find_by_stamp(text).await?.is_none(), "{text}");
            assert!(db.find_by_identifier(text).await?.is_none(), "{text}");
            assert!(!db.spend_recovery_code(&ada.id, text).await?, "{text}");
            let odd = created(&db, text).await?;
            assert_eq!(db.find_by_identifier(text).await?.unwrap().id, odd.id, "{text}");
            let renamed = update(|u| u.roles = Some(vec![text.to_owned()]));
            assert_eq!(db.update(&odd.id, odd.stamp.expose(), renamed).await?, Updated::Done, "{text}");
            assert_eq!(db.find(&odd.id).await?.unwrap().roles, [text]);
        }
        assert_eq!(
            db.query_value::<i64>("SELECT COUNT(*) FROM account", ()).await?,
            Some(1 + texts.len() as i64)
        );
        assert_eq!(db.find(&ada.id).await?.unwrap().email, "ada@example.com");
        Ok(())
    });
}

#[test]
fn the_tables_come_and_go() {
    run(async {
        let db = opened(Db::memory()).await?;
        assert!(UserStore::check(&db).await.is_empty());
        let plan = "EXPLAIN QUERY PLAN DELETE FROM account_spent_token WHERE good_until < 1";
        let plan: String = db.query_one(plan, ()).await?.expect("a plan").get("detail")?;
        assert!(plan.contains("USING INDEX account_spent_token_good_until"), "{plan}");
        assert_eq!(
            db.downgrade(2).await?,
            MIGRATIONS.map(str::to_owned).into_iter().rev().collect::<Vec<_>>()
        );
        assert!(UserStore::check(&db).await[0].starts_with("the accounts cannot be read: "));
        Ok(())
    });
}

#[test]
fn registering_accounts_brings_their_tables_and_people_sign_up() {
    let (db, mail) = (Db::memory(), Mail::new());
    let mut app = App::new("shop");
    app.config()
        .set("SECRET_KEY", "dev")
        .set("SECURITY_PASSWORD_ARGON2_MEMORY", 64)
        .set("MAIL_DEFAULT_SENDER", "shop@example.com");
    app.ext(db.clone()).ext(mail.clone()).ext(Accounts::new(db));
    let client = app.test_client();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(client.app().in_app_context(async { crate::db().upgrade(None).await })).unwrap();

    let form = [("email", "ada@example.com"), ("password", "violet umbrella")];
    assert_eq!(client.post("/register").form(form).send().location(), Some("/login"));
    let mut link = None;
    for _ in 0..500 {
        link = mail.outbox().first().and_then(|message| {
            let text = message.body.clone()?;
            text.split_whitespace().find_map(|word| word.strip_prefix("http://localhost")).map(str::to_owned)
        });
        if link.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(client.post(&link.unwrap()).send().location(), Some("/login"));
    assert_eq!(client.post("/login").form(form).send().location(), Some("/"));
    assert!(client.get("/account").send().text().contains("ada@example.com"));
}
