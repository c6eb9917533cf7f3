//! Whether the host that a request names may be believed: mailed links and passkeys are made of it.

use carboy::{Error, Result, State, current_app, try_request};

pub(super) const UNKNOWN: &str =
    "accounts mail links to this app, whose host the client would choose: set TRUSTED_HOSTS or SERVER_NAME";

/// Refuses to go on where the client chooses the host, other than on this machine.
pub(super) fn check() -> Result<()> {
    if are_known(&current_app()) || is_local() { Ok(()) } else { Err(Error::msg(UNKNOWN)) }
}

/// Whether the configuration says what the app's hosts are.
pub(super) fn are_known(app: &State) -> bool {
    let is_set = |key: &str| app.config().value(key).is_some_and(|value| !value.is_null());
    // Where hosts are matched URLs are made of the request's, whatever SERVER_NAME says.
    app.testing() || is_set("TRUSTED_HOSTS") || is_set("SERVER_NAME") && !app.host_matching()
}

/// Whether the request came from this machine for this machine: development.
fn is_local() -> bool {
    try_request().is_some_and(|request| {
        let host = request.host();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        request.remote_addr().is_some_and(|address| address.is_loopback())
            && matches!(name, "localhost" | "127.0.0.1" | "[::1]")
    })
}
