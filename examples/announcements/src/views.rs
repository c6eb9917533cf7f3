//! What visitors ask for.

use crate::{Announcement, Announcements};
use carboy::{prelude::*, redirect_target};

/// How many dismissed ones a session remembers: it is a cookie.
const REMEMBERED: usize = 50;
const KEY: &str = "announcements_dismissed";

pub(crate) fn bp() -> Blueprint {
    let mut bp = Blueprint::new("announcements");
    bp.url_prefix("/announcements").template_folder("templates").static_folder("static");
    bp.routes(routes![current, dismiss]);
    bp
}

/// The numbers of those that this visitor has dismissed.
pub(crate) fn dismissed() -> Vec<i64> {
    session().get(KEY).unwrap_or_default()
}

/// What this visitor has to see, as JSON.
#[route("/")]
fn current(announcements: Ext<Announcements>) -> Json<Vec<Announcement>> {
    Json(announcements.for_visitor())
}

/// Does not show an announcement to this visitor again, and goes back to the page it was on.
#[post("/<int:id>/dismiss")]
fn dismiss(id: i64) -> Redirect {
    let mut dismissed = dismissed();
    if !dismissed.contains(&id) {
        dismissed.push(id);
        let superfluous = dismissed.len().saturating_sub(REMEMBERED);
        dismissed.drain(..superfluous);
        session().set(KEY, dismissed);
    }
    redirect(redirect_target("next").unwrap_or_else(|| "/".to_owned()))
}
