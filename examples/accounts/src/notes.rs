//! The notes, and the pages about them.

use carboy::{Result, prelude::*};
use carboy_db::db;
use carboy_ext::{
    accounts::Account,
    cache::memoize,
    forms::{Form, FormState},
    login::{CurrentUser, login_required},
};
use serde::{Deserialize, Serialize};

/// A note as its owner sees it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) id: i64,
    pub(crate) text: String,
    /// In UTC.
    pub(crate) created: String,
}

impl Note {
    /// The notes of an account, the newest first.
    pub(crate) async fn of(account: &str) -> Result<Vec<Note>> {
        let sql = "SELECT id, text, created FROM note WHERE account = ? ORDER BY id DESC LIMIT 500";
        Ok(db().query_as(sql, (account,)).await?)
    }

    /// Keeps a note; its number.
    pub(crate) async fn keep(account: &str, text: &str) -> Result<u64> {
        let done = db().execute("INSERT INTO note (account, text) VALUES (?, ?)", (account, text)).await?;
        Ok(done.last_insert_id().unwrap_or_default())
    }

    /// Forgets a note; 404 when the account has no such note.
    pub(crate) async fn forget(account: &str, id: i64) -> Result<()> {
        let done = db().execute("DELETE FROM note WHERE account = ? AND id = ?", (account, id)).await?;
        if done.rows_affected() == 0 { abort(404) } else { Ok(()) }
    }
}

/// How many notes there are: for everybody's eyes, so it may be a minute old, and nobody makes the database count again and again.
#[memoize(timeout = 60)]
pub(crate) async fn kept() -> Result<u64> {
    Ok(u64::try_from(db().query_value("SELECT COUNT(*) FROM note", ()).await?.unwrap_or(0_i64))?)
}

pub(crate) fn bp() -> Blueprint {
    let mut bp = Blueprint::new("notes");
    bp.url_prefix("/notes").guard(login_required).routes(routes![index, delete]);
    bp
}

#[derive(Form)]
struct NewNote {
    #[field(
        label = "A new note",
        widget = "textarea",
        filter(strip),
        validate(data_required, length(max = 2000))
    )]
    text: String,
}

/// The notes, and the form for a new one.
#[route("/", methods = ["GET", "POST"])]
async fn index(mut form: FormState<NewNote>, account: CurrentUser<Account>) -> Result<Response> {
    if let Some(new) = form.validate_on_submit() {
        Note::keep(&account.id, &new.text).await?;
        return redirect(url_for!(index)).into_response();
    }
    render!("notes/index.html", form, notes = Note::of(&account.id).await?)?.into_response()
}

/// Forgets a note.
#[post("/<int:id>/delete")]
async fn delete(id: i64, account: CurrentUser<Account>) -> Result<Redirect> {
    Note::forget(&account.id, id).await?;
    Ok(redirect(url_for!(index)))
}
