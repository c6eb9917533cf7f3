//! For admins: who has an account, and who is an admin.

use carboy::{Result, cli::echo, prelude::*};
use carboy_db::db;
use carboy_ext::{
    accounts::{Account, AccountUpdate, Updated, accounts},
    login::CurrentUser,
    roles::{DenyByDefault, require_permission},
};
use serde::{Deserialize, Serialize};

pub(crate) fn bp() -> Blueprint {
    let mut bp = Blueprint::new("admin");
    bp.url_prefix("/admin").deny_by_default().routes(routes![people, change_role]);
    bp
}

/// A line of the list.
#[derive(Serialize)]
struct Person {
    id: String,
    email: String,
    confirmed: bool,
    second_factor: bool,
    roles: Vec<String>,
}

#[derive(Deserialize)]
struct Id {
    id: i64,
}

/// Everybody who has an account.
#[route("/people", guard = require_permission("account:list"))]
async fn people() -> Result<Html> {
    let ids: Vec<Id> = db().query_as("SELECT id FROM account ORDER BY email LIMIT 1000", ()).await?;
    let mut people = Vec::with_capacity(ids.len());
    for Id { id } in ids {
        if let Some(account) = accounts().store().find(&id.to_string()).await? {
            people.push(Person {
                confirmed: account.is_confirmed(),
                second_factor: account.totp_secret.is_some(),
                id: account.id,
                email: account.email,
                roles: account.roles,
            });
        }
    }
    render!("admin/people.html", people)
}

/// Makes somebody an admin, or takes that back. Nobody changes their own role.
#[post("/people/<id>/role", guard = require_permission("account:change"))]
async fn change_role(id: String, admin: CurrentUser<Account>) -> Result<Redirect> {
    if id == admin.id {
        return abort(403);
    }
    let account = accounts().store().find(&id).await?.or_404()?;
    give(account, request().form().get::<String>("admin").as_deref() == Some("yes")).await?;
    Ok(redirect(url_for!(people)))
}

async fn give(account: Account, admin: bool) -> Result<()> {
    let mut roles = account.roles;
    roles.retain(|role| role != "admin");
    if admin {
        roles.push("admin".to_owned());
    }
    let mut update = AccountUpdate::default();
    update.roles = Some(roles);
    match accounts().store().update(&account.id, account.stamp.expose(), update).await? {
        Updated::Done => Ok(()),
        // Somebody else was faster: the page shows how it is now.
        Updated::Stale | Updated::Taken => abort(409),
    }
}

/// Makes an account an admin.
#[command]
pub(crate) async fn make_admin(email: String) -> Result<()> {
    let account = accounts().store().find_by_identifier(&email.to_lowercase()).await?;
    let Some(account) = account else {
        return Err(Error::msg(format!("nobody has signed up as {email}")));
    };
    give(account, true).await?;
    echo(format!("{email} is an admin."));
    Ok(())
}
