//! Blueprints in which nobody may do what no rule allows.

use super::rule;
use carboy::{Blueprint, Guard, Result, abort, current_app, request};

/// Marks the guard of a blueprint that denies by default.
pub(super) struct DeniesByDefault;

/// Blueprints in which nobody may do what no rule allows.
pub trait DenyByDefault {
    /// Answers every view of this blueprint, and of those nested in it, with 403 unless it or a blueprint around it has a rule: a guard of this module,
    /// an argument that brings one along, [`login_required`](crate::login::login_required) or
    /// [`fresh_login_required`](crate::login::fresh_login_required). Views for everybody say so, with [`public`](super::public).
    ///
    /// A view that somebody forgot is locked, not open, and `check` lists it. The automatic rule for a static folder of the blueprint has no
    /// rule either; keep what pages for everybody need in the app's.
    ///
    /// ```
    /// use carboy::prelude::*;
    /// use carboy_ext::roles::{DenyByDefault, public, require_role};
    ///
    /// #[route("/", guard = require_role("admin"))]
    /// fn index() -> &'static str { "for admins" }
    ///
    /// #[route("/help", guard = public())]
    /// fn help() -> &'static str { "for everybody" }
    ///
    /// #[route("/forgotten")]
    /// fn forgotten() -> &'static str { "for nobody" }
    ///
    /// let mut admin = Blueprint::new("admin");
    /// admin.url_prefix("/admin").deny_by_default().routes(routes![index, help, forgotten]);
    /// ```
    fn deny_by_default(&mut self) -> &mut Self;
}

impl DenyByDefault for Blueprint {
    fn deny_by_default(&mut self) -> &mut Self {
        self.guard(Guard::new(deny_without_rule).about(DeniesByDefault))
    }
}

fn deny_without_rule() -> Result<()> {
    let app = current_app();
    let endpoint = request().endpoint().map(str::to_owned).unwrap_or_default();
    if rule::has_rule(app.guards(&endpoint)) { Ok(()) } else { abort(403) }
}
