//! `my-app announcements add|list|clear`.

use crate::{Announcements, Level};
use carboy::{Result, cli::echo, command, ext};
use carboy_db::{Db, db};

/// Announces something to all visitors.
#[command]
pub(crate) async fn add(text: String, level: Option<Level>) -> Result<()> {
    ext::<Announcements>().add(&db(), &text, level.unwrap_or_default()).await?;
    echo("Announced.");
    Ok(())
}

/// Lists what is announced, the newest first.
#[command]
pub(crate) async fn list() -> Result<()> {
    ext::<Announcements>().list.load(&db()).await?;
    for announcement in ext::<Announcements>().list.all() {
        echo(format!("{:>4}  {:<7}  {}", announcement.id, announcement.level.name(), announcement.text));
    }
    Ok(())
}

/// Takes all announcements back.
#[command]
pub(crate) async fn clear() -> Result<()> {
    let db = Db::clone(&db());
    echo(format!("{} taken back.", ext::<Announcements>().clear(&db).await?));
    Ok(())
}
